import CPythonABI

nonisolated(unsafe) private var siteTable = Table()
nonisolated(unsafe) private var stackTable = Table()

/// Directory of the standard library, with a slash at its end; whose files are the runtime's.
nonisolated(unsafe) var runtimePrefix: UnsafeMutablePointer<CChar>? = nil
nonisolated(unsafe) var probePrefix: UnsafeMutablePointer<CChar>? = nil

/// The id of a place in a code object, 0 if it cannot be defined. `instruction` -1: its first line.
/// Keeps the code object alive: the id stands for its address.
func siteID(_ code: Raw, _ instruction: Int) -> UInt32 {
  let key = siteKey(code, instruction)
  if let known = siteTable.find(key) { return known.pointee.id }
  Py_IncRef(object(code))
  let (id, flags) = defineSite(code, instruction)
  siteTable.insert(StackEntry(key: key, id: id, operation: UInt8(truncatingIfNeeded: flags)))
  return id
}

/// Functions of the library that only pass on what their caller does, such as `Condition.__enter__`.
nonisolated(unsafe) private var passages = Table()

func addPassage(_ code: Raw) {
  guard passages.find(address(code)) == nil else { return }
  Py_IncRef(object(code))
  passages.insert(StackEntry(key: address(code), id: 1))
}

/// Whether the code that called into C is the interpreter's own library.
func callerIsRuntime() -> Bool { runtimeActs(skipping: 0) }

/// Whether the running code, past `count` of its frames, is the interpreter's own library.
func runtimeActs(skipping count: Int) -> Bool {
  guard readsStacks, let thread = PyThreadState_Get() else { return true }
  var running = RunningFrames(of: thread)
  for _ in 0..<count { _ = running.frame() }
  while let frame = running.frame() {
    if !isRuntime(frame.code) { return false }
    if passages.find(address(frame.code)) == nil { return true }
  }
  return true
}

func isRuntime(_ code: Raw) -> Bool { siteFlags(code, -1) & CORONER_SITE_RUNTIME.rawValue != 0 }

private func siteFlags(_ code: Raw, _ instruction: Int) -> UInt32 {
  let key = siteKey(code, instruction)
  if let known = siteTable.find(key) { return UInt32(known.pointee.operation) }
  _ = siteID(code, instruction)
  return siteTable.find(key).map { UInt32($0.pointee.operation) }
    ?? CORONER_SITE_RUNTIME.rawValue
}

/// How far to look for a frame that is not the library's own, and for one of the user's.
private let placeLimit = 6
private let outerLimit = 40

/// The code that called into C, and the innermost place outside of the interpreter's own library.
@inline(__always)
func callerPlace() -> (code: Raw, site: UInt32, outer: UInt32)? {
  guard let thread = PyThreadState_Get() else { return nil }
  var running = RunningFrames(of: thread)
  guard let first = running.frame() else { return nil }
  if let known = siteTable.find(siteKey(first.code, first.instruction)),
    known.pointee.operation == 0
  {
    return (first.code, known.pointee.id, 0)
  }
  let place = outerPlace(first, &running)
  return (first.code, place.site, place.outer)
}

@inline(never)
private func outerPlace(
  _ first: Frame, _ running: inout RunningFrames
) -> (site: UInt32, outer: UInt32) {
  var next: Frame? = first
  var site: UInt32 = 0
  var count = 0
  while let frame = next, count < (site == 0 ? placeLimit : outerLimit) {
    let flags = siteFlags(frame.code, frame.instruction)
    if flags == 0 {
      let id = siteID(frame.code, frame.instruction)
      return site == 0 ? (id, 0) : (site, id)
    }
    if site == 0, flags & CORONER_SITE_RUNTIME.rawValue == 0 {
      site = siteID(frame.code, frame.instruction)
    }
    count += 1
    next = running.frame()
  }
  return (site == 0 ? siteID(first.code, first.instruction) : site, 0)
}

/// The innermost line of the user's in an await chain; 0 if there is none.
func userSite(awaitedBy coroutine: Raw) -> UInt32 {
  var hash: UInt64 = 0
  var index = walkAwaits(coroutine, &hash) - 1
  while index >= 0 {
    let frame = frames[index]
    if siteFlags(frame.code, frame.instruction) == 0 {
      return siteID(frame.code, frame.instruction)
    }
    index -= 1
  }
  return 0
}

@inline(__always) private func siteKey(_ code: Raw, _ instruction: Int) -> UInt64 {
  (address(code) >> 3) << 20 | UInt64((instruction + 1) & 0xF_FFFF)
}

/// Functions of the library whose places are marked with what they are there for.
nonisolated(unsafe) private var roles = Table()

func setRole(_ code: Raw, _ flag: UInt32) {
  guard roles.find(address(code)) == nil else { return }
  roles.insert(StackEntry(key: address(code), id: flag))
}

private func defineSite(_ code: Raw, _ instruction: Int) -> (id: UInt32, flags: UInt32) {
  let file = attribute(object(code), "co_filename")
  var function = attribute(object(code), "co_qualname")
  if function == nil { function = attribute(object(code), "co_name") }
  defer {
    Py_DecRef(file)
    Py_DecRef(function)
  }
  var line: Int32 = 0
  var column: Int32 = -1
  var endLine: Int32 = 0
  var endColumn: Int32 = -1
  if instruction < 0
    || !probe_code_location(code, Int32(instruction), &line, &column, &endLine, &endColumn)
    || line <= 0
  {
    line = PyCode_Addr2Line(code, Int32(instruction))
    endLine = line
    column = -1
    endColumn = -1
  }
  let (fileID, flags) = defineFile(file)
  let role = roles.find(address(code))?.pointee.id ?? 0
  let id = probe_define_site(
    fileID, defineText(function), UInt32(max(line, 0)), UInt32(max(endLine, line, 0)),
    narrow(column), narrow(endColumn), flags | role)
  return (id, flags)
}

/// From 0-based, -1 unknown, to 1-based, 0 unknown.
func narrow(_ column: Int32) -> UInt16 {
  column < 0 || column >= 65535 ? 0 : UInt16(column + 1)
}

/// The string id of a str; 0 if it has no UTF-8 form.
func defineText(_ text: Object?) -> UInt32 {
  guard let text else { return 0 }
  var length = 0
  guard let bytes = PyUnicode_AsUTF8AndSize(text, &length) else {
    PyErr_Clear()
    return 0
  }
  return probe_define_string(bytes, length)
}

private func defineFile(_ file: Object?) -> (id: UInt32, flags: UInt32) {
  var length = 0
  guard let file, let bytes = PyUnicode_AsUTF8AndSize(file, &length), length > 0 else {
    PyErr_Clear()
    return (0, 0)
  }
  return defineFile(bytes, length)
}

/// The string id of a file's name, made absolute, and whose file it is. With or without the GIL.
func defineFile(_ bytes: UnsafePointer<CChar>, _ length: Int) -> (id: UInt32, flags: UInt32) {
  let first = UInt8(bitPattern: bytes[0])
  if first == UInt8(ascii: "<") {
    let frozen = strncmp(bytes, cString("<frozen"), 7) == 0
    return (
      probe_define_string(bytes, length), frozen ? CORONER_SITE_RUNTIME.rawValue : 0
    )
  }
  if first == UInt8(ascii: "/") {
    return (probe_define_string(bytes, length), ownership(bytes))
  }
  guard let memory = malloc(8192) else { return (0, 0) }
  defer { free(memory) }
  let buffer = memory.assumingMemoryBound(to: CChar.self)
  let joined = probe_absolute(bytes, buffer, 8192)
  return (probe_define_string(buffer, joined), ownership(buffer))
}

private func ownership(_ path: UnsafePointer<CChar>) -> UInt32 {
  if strstr(path, cString("/site-packages/")) != nil
    || strstr(path, cString("/dist-packages/")) != nil
  {
    return CORONER_SITE_LIBRARY.rawValue
  }
  if let prefix = runtimePrefix, strncmp(path, prefix, strlen(prefix)) == 0 {
    return CORONER_SITE_RUNTIME.rawValue
  }
  if let prefix = probePrefix, strncmp(path, prefix, strlen(prefix)) == 0 {
    return CORONER_SITE_RUNTIME.rawValue
  }
  return 0
}

/// The await stack of a suspended coroutine, with the primitive that it waits for in it. The entry is
/// valid until the next stack is interned; the locals in `frames` are those of the walk.
@inline(__always)
func awaitStack(_ coroutine: Raw) -> StackEntry {
  guard readsStacks else { return StackEntry() }
  let hash = hashAwaits(coroutine)
  if hash == 0 { return StackEntry() }
  // What awaits could have the frames of what runs.
  if let known = stackTable.find(~hash) { return known.pointee }
  return defineAwaits(coroutine, ~hash)
}

@inline(never)
private func defineAwaits(_ coroutine: Raw, _ hash: UInt64) -> StackEntry {
  var unused: UInt64 = 0
  let count = walkAwaits(coroutine, &unused)
  if count == 0 { return StackEntry() }
  var entry = StackEntry(key: hash, id: 0)
  entry.id = defineStack(count, innermostFirst: false)
  entry.note(findPrimitive(count))
  stackTable.insert(entry)
  return entry
}

/// The stack of the calling thread, down to the loop; 0 if stacks are not read.
@inline(__always)
func currentStack() -> UInt32 {
  guard readsStacks, let thread = PyThreadState_Get() else { return 0 }
  return runningStack(thread)
}
@inline(__always)
func currentStack(_ thread: Raw) -> UInt32 { readsStacks ? runningStack(thread) : 0 }

/// The stack of a thread, by its PyThreadState.
@inline(__always)
func runningStack(_ thread: Raw) -> UInt32 {
  let hash = hashRunning(thread)
  if hash == 0 { return 0 }
  if let known = stackTable.find(hash) { return known.pointee.id }
  return defineRunning(thread, hash)
}

@inline(never)
private func defineRunning(_ thread: Raw, _ hash: UInt64) -> UInt32 {
  var unused: UInt64 = 0
  let count = walkRunning(thread, &unused)
  if count == 0 { return 0 }
  let id = defineStack(count, innermostFirst: true)
  stackTable.insert(StackEntry(key: hash, id: id))
  return id
}

extension StackEntry {
  /// Which of its frames is the primitive that is waited for, if any is.
  fileprivate mutating func note(_ found: (frame: Int, primitive: Primitive)?) {
    guard let found else { return }
    frame = Int16(found.frame)
    operation = found.primitive.operation
    slot = found.primitive.slot
  }
}

/// The stack of a thread that is about to wait, with the primitive that it waits for in it; `frames`
/// holds the walk.
func blockedEntry(_ thread: Raw) -> StackEntry {
  var hash: UInt64 = 0xB10C
  let count = walkRunning(thread, &hash)
  if count == 0 { return StackEntry() }
  if let known = stackTable.find(hash) { return known.pointee }
  var entry = StackEntry(key: hash, id: defineStack(count, innermostFirst: true))
  entry.note(findBlockingPrimitive(count))
  stackTable.insert(entry)
  return entry
}

/// The id of the stack of the first `count` of `frames`.
func defineStack(_ count: Int, innermostFirst: Bool) -> UInt32 {
  let kept = min(count, Int(CORONER_STACK_LIMIT))
  return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: kept) { sites in
    for index in 0..<kept {
      let frame = innermostFirst ? frames[index] : frames[count - 1 - index]
      sites[index] = siteID(frame.code, frame.instruction)
    }
    return probe_define_stack(sites.baseAddress, kept)
  }
}

/// The stack where an exception was raised, from its traceback; 0 if it has none.
func raiseStack(_ exception: Object) -> UInt32 {
  guard readsStacks, var entry = attribute(exception, "__traceback__") else { return 0 }
  var count = 0
  while !isNone(entry), count < frameLimit {
    guard let frame = attribute(entry, "tb_frame"), let code = attribute(frame, "f_code"),
      let last = attribute(entry, "tb_lasti"), let next = attribute(entry, "tb_next")
    else { break }
    frames[count] = Frame(code: Raw(code), instruction: PyLong_AsLong(last), locals: Raw(code))
    count += 1
    Py_DecRef(frame)
    Py_DecRef(code)  // the frame's own reference keeps it
    Py_DecRef(last)
    Py_DecRef(entry)
    entry = next
  }
  Py_DecRef(entry)
  return count == 0 ? 0 : defineStack(count, innermostFirst: false)
}
