import CPythonABI

/// Who imports a module that a thread waits for. Imports take and give back their locks unseen; only when a
/// thread has to wait for one is the interpreter's own record of its owner read.

nonisolated(unsafe) private var moduleLockType: Raw? = nil
/// Whether this process is a fork of one that was recorded.
nonisolated(unsafe) var isForked = false
/// Code of `_find_and_load`, whose first local is the name of the module that is imported in it.
nonisolated(unsafe) private var importCode: Raw? = nil

/// Sets the type of the locks of modules, and the function that imports one.
func setImports(lock: Object, function: Object) {
  Py_IncRef(lock)
  moduleLockType = Raw(lock)
  importCode = typeOf(Raw(function)) == functionType ? code(ofFunction: function) : nil
  if let importCode { Py_IncRef(object(importCode)) }
}

/// Whether what a thread is about to wait for is the lock of a module that another thread imports; the trace
/// then says who does, and where. Nothing if it is anything else.
func tellImporter(of lock: UInt64) -> Bool? {
  guard let found = Raw(bitPattern: UInt(lock)), typeOf(found) == moduleLockType else { return nil }
  guard let owner = attribute(object(found), "owner"), let name = attribute(object(found), "name")
  else { return false }
  defer {
    Py_DecRef(owner)
    Py_DecRef(name)
  }
  if isNone(owner) { return false }
  guard let state = thread(named: PyLong_AsUnsignedLongLongMask(owner)) else {
    PyErr_Clear()
    // Nobody's but of a thread that this process does not have.
    if isForked {
      nameImport(lock, name)
      record(CORONER_HELD, lock, 0, value: .max)
    }
    return isForked
  }
  let tid = probe_tid(state)
  if tid == 0 { return false }
  let place = place(ofImport: name, by: state)
  nameImport(lock, name)
  // Since when is not known; what goes on around a loop began before all that the loop runs.
  record(CORONER_HELD, lock, tid, site: place.site, value: place.isAroundLoop ? .max : 0)
  return true
}

/// The state of the thread that locks know by this number.
private func thread(named ident: UInt64) -> Raw? {
  var next = PyInterpreterState_ThreadHead(PyInterpreterState_Get())
  while let state = next {
    if probe_ident(state) == ident { return state }
    next = PyThreadState_Next(state)
  }
  return nil
}

/// The innermost line outside of the library that a thread imports a module at.
private func place(
  ofImport name: Object, by state: Raw
) -> (site: UInt32, isAroundLoop: Bool) {
  var running = RunningFrames(of: state)
  var isFound = false
  var isAroundLoop = false
  var left = 4096
  while let frame = running.frame(), left > 0 {
    left -= 1
    if isFound {
      if isRuntime(frame.code) { continue }
      var site = siteID(frame.code, frame.instruction)
      return (probe_define_stack(&site, 1), isAroundLoop)
    }
    if frame.code == stackBottom { isAroundLoop = true }
    guard frame.code == importCode, let module = untagged(load(frame.locals, 0)) else { continue }
    isFound = isSame(object(module), name)
  }
  return (0, isFound && isAroundLoop)
}

private func isSame(_ one: Object, _ other: Object) -> Bool {
  guard let first = PyUnicode_AsUTF8AndSize(one, nil),
    let second = PyUnicode_AsUTF8AndSize(other, nil)
  else {
    PyErr_Clear()
    return false
  }
  return strcmp(first, second) == 0
}

private func nameImport(_ lock: UInt64, _ module: Object) {
  var length = 0
  guard let bytes = PyUnicode_AsUTF8AndSize(module, &length), length < 512 else {
    PyErr_Clear()
    return
  }
  let prefix: StaticString = "the import lock of "
  withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 1) { text in
    guard let base = text.baseAddress else { return }
    memcpy(base, prefix.utf8Start, prefix.utf8CodeUnitCount)
    memcpy(base + prefix.utf8CodeUnitCount, bytes, length)
    let name = probe_define_string(
      base.assumingMemoryBound(to: CChar.self), prefix.utf8CodeUnitCount + length)
    record(CORONER_NAME, lock, value: name)
  }
}
