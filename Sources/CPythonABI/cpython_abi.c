#define _GNU_SOURCE
#include "cpython_abi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

_Thread_local struct probe_thread probe_thread_storage PROBE_HIDDEN
    __attribute__((tls_model("initial-exec")));

static uint64_t clock_ns(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t probe_monotonic_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

uint64_t probe_own_ns(void) { return clock_ns(CLOCK_THREAD_CPUTIME_ID); }

bool probe_is_listening(int descriptor) {
  int answer = 0;
  socklen_t size = sizeof answer;
  return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &answer, &size) == 0 && answer;
}

bool probe_code_location(void *code, int offset, int *line, int *column, int *end_line,
                         int *end_column) {
  static int (*locate)(void *, int, int *, int *, int *, int *);
  static bool looked;
  if (!looked) {
    locate = dlsym(RTLD_DEFAULT, "PyCode_Addr2Location");
    looked = true;
  }
  return locate && locate(code, offset, line, column, end_line, end_column);
}

void *probe_call(void *callable, void *argument) {
  return PyObject_CallFunctionObjArgs(callable, argument, (void *)0);
}

void *probe_function_part(void *function, int defaults) {
  static void *(*parts[2])(void *);
  static bool looked;
  if (!looked) {
    parts[0] = dlsym(RTLD_DEFAULT, "PyFunction_GetClosure");
    parts[1] = dlsym(RTLD_DEFAULT, "PyFunction_GetDefaults");
    looked = true;
  }
  return parts[defaults] ? parts[defaults](function) : NULL;
}

size_t probe_absolute(const char *path, char *into, size_t size) {
  static char start[4096];
  if (!start[0] && !getcwd(start, sizeof start)) start[0] = '/';
  int length = snprintf(into, size, "%s/%s", start, path);
  return length < 0 ? 0 : (size_t)length < size ? (size_t)length : size - 1;
}

bool probe_is_set(const char *name) {
  const char *value = getenv(name);
  return value && *value && strcmp(value, "0") != 0;
}
