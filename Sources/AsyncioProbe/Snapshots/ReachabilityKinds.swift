import CPythonABI

/// What the walks of a snapshot know about types of objects, and how they read attributes without running
/// code of the program.

enum ObjectKind: UInt8 {
  case other, task, future, weak, timer, key, loop, file, server
  /// Native code has its address, and may call it or come by it to what it was made for.
  case native
}

nonisolated(unsafe) private var taskType: Raw? = nil
nonisolated(unsafe) private var futureType: Raw? = nil
nonisolated(unsafe) private var weakTypes: (Raw?, Raw?, Raw?) = (nil, nil, nil)
nonisolated(unsafe) private var timerType: Raw? = nil
nonisolated(unsafe) private var keyType: Raw? = nil
nonisolated(unsafe) private var loopType: Raw? = nil
nonisolated(unsafe) private var fileTypes: (Raw?, Raw?) = (nil, nil)
nonisolated(unsafe) private var serverType: Raw? = nil
/// `run_until_complete` and `run_forever`.
nonisolated(unsafe) private var runsUntil: Object? = nil
nonisolated(unsafe) private var runs: Object? = nil

nonisolated(unsafe) var transportsName: Object! = nil
nonisolated(unsafe) var serverWaitersName: Object! = nil
nonisolated(unsafe) var callbackName: Object! = nil
nonisolated(unsafe) var argumentsName: Object! = nil
nonisolated(unsafe) var keywordsName: Object! = nil
nonisolated(unsafe) private var scheduledName: Object! = nil
nonisolated(unsafe) private var cancelledName: Object! = nil
nonisolated(unsafe) private var trueObject: Object! = nil

nonisolated(unsafe) private(set) var hasSnapshotTypes = false

/// module, lock, task, future, weak reference, proxy, callable proxy, timer handle, selector key, loop,
/// run_until_complete, run_forever, socket, file, server
func setSnapshotTypes(_ types: Object) {
  guard PyTuple_Size(types) == 15 else { return }
  func type(_ index: Int) -> Raw? { PyTuple_GetItem(types, index).map { Raw($0) } }
  taskType = type(2)
  futureType = type(3)
  weakTypes = (type(4), type(5), type(6))
  timerType = type(7)
  keyType = type(8)
  loopType = type(9)
  fileTypes = (type(12), type(13))
  serverType = type(14)
  runsUntil = PyTuple_GetItem(types, 10)
  runs = PyTuple_GetItem(types, 11)
  transportsName = PyUnicode_FromString(cString("_transports"))
  serverWaitersName = PyUnicode_FromString(cString("_waiters"))
  callbackName = PyUnicode_FromString(cString("_callback"))
  keywordsName = PyUnicode_FromString(cString("_kwargs"))
  argumentsName = PyUnicode_FromString(cString("_args"))
  scheduledName = PyUnicode_FromString(cString("_scheduled"))
  cancelledName = PyUnicode_FromString(cString("_cancelled"))
  trueObject = PyBool_FromLong(1)
  hasSnapshotTypes = taskType != nil && futureType != nil && cancelledName != nil
}

// MARK: Types

private struct KnownKind {
  var type: UInt
  var kind: ObjectKind
}
private let kindCount = 4096
nonisolated(unsafe) private var kinds: UnsafeMutablePointer<KnownKind>? = nil

/// Types may come and go between snapshots.
func forgetKinds() {
  if kinds == nil {
    kinds = calloc(kindCount, MemoryLayout<KnownKind>.stride)?.assumingMemoryBound(
      to: KnownKind.self)
  }
  guard let kinds else { return }
  for index in 0..<kindCount { kinds[index].type = 0 }
}

@inline(__always) func kind(of type: Raw) -> ObjectKind {
  guard let kinds else { return find(type) }
  let key = UInt(bitPattern: type)
  let index = Int(key >> 5) & (kindCount - 1)
  if kinds[index].type == key { return kinds[index].kind }
  let kind = find(type)
  kinds[index] = KnownKind(type: key, kind: kind)
  return kind
}

private func find(_ type: Raw) -> ObjectKind {
  func isA(_ known: Raw?) -> Bool { known != nil && PyType_IsSubtype(type, known) != 0 }
  if isA(taskType) { return .task }
  if isA(futureType) { return .future }
  if isA(weakTypes.0) || type == weakTypes.1 || type == weakTypes.2 { return .weak }
  if isA(timerType) { return .timer }
  if isA(keyType) { return .key }
  if isA(fileTypes.0) || isA(fileTypes.1) { return .file }
  if isA(loopType) { return .loop }
  if isA(serverType) { return .server }
  return isNative(type) ? .native : .other
}

/// What ctypes and cffi make of a callback, or of an object that native code is to hand back.
private func isNative(_ type: Raw) -> Bool {
  guard let name = load(type, typeNameOffset)?.assumingMemoryBound(to: CChar.self) else {
    return false
  }
  return strcmp(name, cString("_ctypes.CThunkObject")) == 0
    || strcmp(name, cString("_cffi_backend.__CDataOwnGC")) == 0
    || strcmp(name, cString("_cffi_backend.CDataOwnGC")) == 0
}
private let typeNameOffset = 24

// MARK: Attributes

/// An attribute that lies in the object itself (a new reference): nothing of the program runs, whatever its
/// class says about attributes.
func plainAttribute(_ of: Raw, _ name: Object) -> Object? {
  let found = PyObject_GenericGetAttr(object(of), name)
  if found == nil { PyErr_Clear() }
  return found
}

private func isTrue(_ of: Raw, _ name: Object) -> Bool {
  guard let value = plainAttribute(of, name) else { return false }
  defer { Py_DecRef(value) }
  return value == trueObject
}

/// Whether a timer will still call something.
func isArmed(_ timer: Raw) -> Bool { isTrue(timer, scheduledName) && !isTrue(timer, cancelledName) }

/// The descriptor of a SelectorKey, a tuple whose second item it is.
func descriptor(ofKey key: Raw) -> UInt64? {
  guard let number = PyTuple_GetItem(object(key), 1) else {
    PyErr_Clear()
    return nil
  }
  let value = PyLong_AsLong(number)
  if value == -1, PyErr_Occurred() != nil { PyErr_Clear() }
  return value < 0 ? nil : UInt64(value)
}

/// The descriptor of a socket or file; both keep it first.
func descriptor(ofFile file: Raw) -> Int32 {
  file.load(fromByteOffset: Offset.firstField, as: Int32.self)
}

// MARK: Code

func code(ofFunction function: Object?) -> Raw? {
  function.flatMap { PyFunction_GetCode($0) }.map { Raw($0) }
}

/// The code of `run_until_complete`, and of `run_forever`.
func loopCodes() -> (until: Raw?, forever: Raw?) {
  (code(ofFunction: runsUntil), code(ofFunction: runs))
}

// MARK: Addresses

/// From numbers that are not 0 to indices; for the time of a snapshot.
struct AddressMap {
  private struct Entry {
    var key: UInt64
    var value: Int
  }
  private var entries: UnsafeMutablePointer<Entry>? = nil
  private var capacity = 0
  private var count = 0

  func find(_ key: UInt64) -> Int? {
    guard let entries else { return nil }
    var index = Int(truncatingIfNeeded: mix(key)) & (capacity &- 1)
    while entries[index].key != 0 {
      if entries[index].key == key { return entries[index].value }
      index = (index &+ 1) & (capacity &- 1)
    }
    return nil
  }

  /// A key that is not there yet; false if there is no memory.
  mutating func insert(_ key: UInt64, _ value: Int) -> Bool {
    if (count &+ 1) &* 2 > capacity, !grow() { return false }
    place(Entry(key: key, value: value))
    count &+= 1
    return true
  }

  var isEmpty: Bool { count == 0 }

  /// The value of a key that is there.
  func replace(_ key: UInt64, _ value: Int) {
    guard let entries else { return }
    var index = Int(truncatingIfNeeded: mix(key)) & (capacity &- 1)
    while entries[index].key != key {
      if entries[index].key == 0 { return }
      index = (index &+ 1) & (capacity &- 1)
    }
    entries[index].value = value
  }

  mutating func free() {
    if let entries { probe_unmap(entries, capacity &* MemoryLayout<Entry>.stride) }
    self = AddressMap()
  }

  private func place(_ entry: Entry) {
    var index = Int(truncatingIfNeeded: mix(entry.key)) & (capacity &- 1)
    while entries![index].key != 0 { index = (index &+ 1) & (capacity &- 1) }
    entries![index] = entry
  }

  private mutating func grow() -> Bool {
    let wanted = capacity == 0 ? 1024 : capacity &* 2
    guard let memory = probe_map(wanted &* MemoryLayout<Entry>.stride) else { return false }
    let old = entries
    let oldCapacity = capacity
    entries = memory.assumingMemoryBound(to: Entry.self)
    capacity = wanted
    guard let old else { return true }
    for index in 0..<oldCapacity where old[index].key != 0 { place(old[index]) }
    probe_unmap(old, oldCapacity &* MemoryLayout<Entry>.stride)
    return true
  }
}
