/* The slice of CPython's C interface that the probe uses, declared by hand: it is built without Python's
 * headers and one library serves every version. All of it is in the stable ABI or exported by every
 * CPython from 3.9 on; what only some versions have is looked up at run time (see probe_runtime.h). */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "probe_runtime.h"
#include "recorder_link.h"

typedef ptrdiff_t Py_ssize_t;
/* Builds with a GIL: a free-threaded build has another header, the probe refuses it. */
typedef struct _object {
  Py_ssize_t ob_refcnt;
  void *ob_type;
} PyObject;

typedef struct {
  const char *ml_name;
  void *ml_meth;
  int ml_flags;
  const char *ml_doc;
} PyMethodDef;

typedef struct {
  PyObject ob_base;
  PyObject *(*m_init)(void);
  Py_ssize_t m_index;
  PyObject *m_copy;
} PyModuleDef_Base;

typedef struct {
  PyModuleDef_Base m_base;
  const char *m_name;
  const char *m_doc;
  Py_ssize_t m_size;
  PyMethodDef *m_methods;
  void *m_slots, *m_traverse, *m_clear, *m_free;
} PyModuleDef;

#define METH_O 0x08
#define METH_FASTCALL 0x80

extern PyObject *PyModule_Create2(PyModuleDef *, int);
extern PyObject _Py_NoneStruct;
extern void Py_IncRef(PyObject *);
extern void Py_DecRef(PyObject *);
extern void PyErr_Fetch(PyObject **, PyObject **, PyObject **);
extern void PyErr_Restore(PyObject *, PyObject *, PyObject *);
extern void PyErr_Clear(void);
extern PyObject *PyErr_Occurred(void);
extern long PyLong_AsLong(PyObject *);
extern unsigned long long PyLong_AsUnsignedLongLongMask(PyObject *);
extern PyObject *PyLong_FromLong(long);
extern PyObject *PyLong_FromVoidPtr(void *);
extern PyObject *PyBool_FromLong(long);
extern double PyFloat_AsDouble(PyObject *);
extern PyObject *PyUnicode_FromString(const char *);
extern const char *PyUnicode_AsUTF8AndSize(PyObject *, Py_ssize_t *);
extern PyObject *PyObject_Str(PyObject *);
extern PyObject *PyUnicode_InternFromString(const char *);
extern PyObject *PyObject_GetAttr(PyObject *, PyObject *);
extern PyObject *PyObject_GetAttrString(PyObject *, const char *);
extern PyObject *PyObject_CallObject(PyObject *, PyObject *);
extern PyObject *PyObject_CallFunctionObjArgs(PyObject *, ...);
extern Py_ssize_t PyObject_Size(PyObject *);
extern PyObject *PyObject_GetIter(PyObject *);
extern PyObject *PyIter_Next(PyObject *);
extern int PyObject_IsTrue(PyObject *);
extern int PyObject_AsFileDescriptor(PyObject *);
extern PyObject *PyDict_GetItemWithError(PyObject *, PyObject *);
extern PyObject *PyDict_GetItemString(PyObject *, const char *);
extern PyObject *PyList_New(Py_ssize_t);
extern int PyList_Append(PyObject *, PyObject *);
extern Py_ssize_t PyTuple_Size(PyObject *);
extern PyObject *PyTuple_New(Py_ssize_t);
extern int PyTuple_SetItem(PyObject *, Py_ssize_t, PyObject *);
extern PyObject *PyTuple_GetItem(PyObject *, Py_ssize_t);
extern int PyType_IsSubtype(void *, void *);
extern unsigned long PyType_GetFlags(void *);
extern void *PyType_GetSlot(void *, int);
extern void *PyThreadState_Get(void);
extern void *PyInterpreterState_Get(void);
extern void *PyInterpreterState_Main(void);
extern int PyGILState_Ensure(void);
extern void PyGILState_Release(int);
extern int Py_IsInitialized(void);
extern void *PyEval_SaveThread(void);
extern int Py_AddPendingCall(int (*)(void *), void *);
extern void PyEval_RestoreThread(void *);
extern void *PyInterpreterState_Get(void);
extern void *PyInterpreterState_ThreadHead(void *);
extern void *PyThreadState_Next(void *);
extern PyObject *PyImport_GetModuleDict(void);
extern PyObject *PyModule_GetDict(PyObject *);
extern PyObject *PyDict_GetItem(PyObject *, PyObject *);
extern PyObject *PyObject_GenericGetAttr(PyObject *, PyObject *);
extern PyObject *PyFunction_GetCode(PyObject *);
extern int PyCode_Addr2Line(void *, int);

static inline PyObject *py_none(void) { return &_Py_NoneStruct; }
