import CPythonABI

/// `_thread.lock` and `_thread.RLock`, on which all of `threading` and `queue` is built: a thread that
/// waits for any of it waits in an acquire of one of these.

/// From 3.15 on their methods take arguments as an array, not as a tuple.
private var isFast: Bool { minorVersion >= 15 }

private struct LockMethods {
  var acquire, enter, release, exit: MethodFunction

  init?(_ parts: UnsafePointer<Object?>) {
    guard let acquire = methodFunction(parts[0], "acquire", flags: isFast ? 0x82 : 0x3),
      let enter = methodFunction(parts[1], "__enter__", flags: isFast ? 0x4 : 0x3),
      let release = methodFunction(parts[2], "release", flags: 0x4),
      let exit = methodFunction(parts[3], "__exit__", flags: isFast ? 0x80 : 0x1)
    else { return nil }
    self.acquire = acquire
    self.enter = enter
    self.release = release
    self.exit = exit
  }
}

nonisolated(unsafe) private var plain: LockMethods! = nil
nonisolated(unsafe) private var reentrant: LockMethods! = nil
nonisolated(unsafe) private var originalSave: MethodFunction! = nil
nonisolated(unsafe) private var originalRestore: MethodFunction! = nil

/// In a lock: whether it is locked. In an RLock: its owner, and how often that has taken it. Compared
/// with a lock and an RLock before anything is hooked.
private enum Field {
  static let locked = 32
  static let owner = 24
  static let count = 32
  /// From 3.14 on both begin with a byte whose lowest bit says that it is locked, and an RLock counts
  /// what is beyond the first take.
  static let mutex = 16
}
private var hasMutex: Bool { minorVersion >= 14 }

@inline(__always) private func isLocked(_ lock: Object) -> Bool {
  let at = hasMutex ? Field.mutex : Field.locked
  return Raw(lock).load(fromByteOffset: at, as: UInt8.self) & 1 != 0
}
@inline(__always) private func takes(_ lock: Object) -> UInt64 {
  let count = Raw(lock).load(fromByteOffset: Field.count, as: UInt64.self)
  if hasMutex { return isLocked(lock) ? count + 1 : 0 }
  return count
}
@inline(__always) private func isMine(_ lock: Object) -> Bool {
  Raw(lock).load(fromByteOffset: Field.owner, as: UInt64.self) == probe_thread_ident()
}

// MARK: Installation

/// Hooks `_thread.lock`, given the descriptors of acquire, __enter__, release and __exit__, and a lock
/// that is free.
func installLocks(_ parts: UnsafePointer<Object?>, example: Object) -> Bool {
  guard plain == nil, readsStacks, let methods = LockMethods(parts), !isLocked(example),
    call(example, "acquire"), isLocked(example), call(example, "release"), !isLocked(example)
  else { return false }
  plain = methods
  tellsNested = probe_is_set(cString("CORONER_LOCKS"))
  _ = swapMethod(Raw(parts[0]!), "acquire", acquireHook)
  _ = swapMethod(Raw(parts[1]!), "__enter__", enterHook)
  _ = swapMethod(Raw(parts[2]!), "release", releaseHook)
  _ = swapMethod(Raw(parts[3]!), "__exit__", exitHook)
  return true
}

/// Hooks `_thread.RLock`: the same, with _release_save and _acquire_restore.
func installRLocks(_ parts: UnsafePointer<Object?>, example: Object) -> Bool {
  guard reentrant == nil, readsStacks, let methods = LockMethods(parts),
    let save = methodFunction(parts[4], "_release_save", flags: 0x4),
    let restore = methodFunction(parts[5], "_acquire_restore", flags: isFast ? 0x8 : 0x1),
    takes(example) == 0, call(example, "acquire"), call(example, "acquire"), takes(example) == 2,
    isMine(example), call(example, "release"), takes(example) == 1, call(example, "release"),
    takes(example) == 0
  else { return false }
  reentrant = methods
  originalSave = save
  originalRestore = restore
  _ = swapMethod(Raw(parts[0]!), "acquire", reacquireHook)
  _ = swapMethod(Raw(parts[1]!), "__enter__", reenterHook)
  _ = swapMethod(Raw(parts[2]!), "release", rereleaseHook)
  _ = swapMethod(Raw(parts[3]!), "__exit__", reexitHook)
  _ = swapMethod(Raw(parts[4]!), "_release_save", saveHook)
  _ = swapMethod(Raw(parts[5]!), "_acquire_restore", restoreHook)
  return true
}

private func call(_ on: Object, _ name: StaticString) -> Bool {
  guard let method = attribute(on, name) else { return false }
  defer { Py_DecRef(method) }
  guard let answer = PyObject_CallObject(method, nil) else {
    PyErr_Clear()
    return false
  }
  Py_DecRef(answer)
  return true
}

// MARK: Locks

private let acquireHook: MethodFunction = { lock, arguments, keywords, c, d in
  guard let lock, isLocked(lock) || anyLockIsWaitedFor else {
    let result = plain.acquire(lock, arguments, keywords, c, d)
    if isTrue(result) {
      took(address(lock), scoped: false)
      if tellsNested, limit(arguments, keywords, c) == .max { tellNested() }
    }
    return result
  }
  return acquiring(lock, isFree: !isLocked(lock), limit(arguments, keywords, c)) {
    plain.acquire(lock, arguments, keywords, c, d)
  }
}
private let enterHook: MethodFunction = { lock, arguments, keywords, c, d in
  guard let lock, isLocked(lock) || anyLockIsWaitedFor else {
    let result = plain.enter(lock, arguments, keywords, c, d)
    if isTrue(result) {
      took(address(lock), scoped: true)
      if tellsNested { tellNested() }
    }
    return result
  }
  return acquiring(lock, isFree: !isLocked(lock), .max, scoped: true) {
    plain.enter(lock, arguments, keywords, c, d)
  }
}
private let releaseHook: MethodFunction = { lock, a, b, c, d in
  let result = plain.release(lock, a, b, c, d)
  if result != nil { gaveBack(address(lock)) }
  return result
}
private let exitHook: MethodFunction = { lock, a, b, c, d in
  let result = plain.exit(lock, a, b, c, d)
  if result != nil { gaveBack(address(lock)) }
  return result
}

// MARK: RLocks

private let reacquireHook: MethodFunction = { lock, arguments, keywords, c, d in
  guard let lock else { return reentrant.acquire(lock, arguments, keywords, c, d) }
  return retaking(lock, limit(arguments, keywords, c)) {
    reentrant.acquire(lock, arguments, keywords, c, d)
  }
}
private let reenterHook: MethodFunction = { lock, arguments, keywords, c, d in
  guard let lock else { return reentrant.enter(lock, arguments, keywords, c, d) }
  return retaking(lock, .max) { reentrant.enter(lock, arguments, keywords, c, d) }
}
private let rereleaseHook: MethodFunction = { lock, a, b, c, d in
  let result = reentrant.release(lock, a, b, c, d)
  if result != nil, let lock, takes(lock) == 0 { gaveBack(address(lock)) }
  return result
}
private let reexitHook: MethodFunction = { lock, a, b, c, d in
  let result = reentrant.exit(lock, a, b, c, d)
  if result != nil, let lock, takes(lock) == 0 { gaveBack(address(lock)) }
  return result
}
/// A condition gives its lock back for the time of a wait, and takes it again.
private let saveHook: MethodFunction = { lock, a, b, c, d in
  let result = originalSave(lock, a, b, c, d)
  if result != nil { gaveBack(address(lock)) }
  return result
}
private let restoreHook: MethodFunction = { lock, a, b, c, d in
  guard let lock else { return originalRestore(lock, a, b, c, d) }
  return acquiring(lock, isFree: takes(lock) == 0, .max, scoped: true, isCondition: true) {
    originalRestore(lock, a, b, c, d)
  }
}

@inline(__always)
private func retaking(
  _ lock: Object, _ limit: @autoclosure () -> UInt64, _ acquire: () -> Object?
) -> Object? {
  let takes = takes(lock)
  if takes != 0, isMine(lock) { return acquire() }
  if takes == 0, !anyLockIsWaitedFor {
    let result = acquire()
    if isTrue(result) {
      took(address(lock), scoped: true)
      if tellsNested, limit() == .max { tellNested() }
    }
    return result
  }
  return acquiring(lock, isFree: takes == 0, limit(), scoped: true, acquire)
}

// MARK: Waiting

/// An acquire that may have to wait. Up to the wait itself the GIL is held, so what is seen here holds
/// then; only a lock that is free and waited for may have been handed over already.
@inline(never)
private func acquiring(
  _ lock: Object, isFree: Bool, _ limit: UInt64, scoped: Bool = false, isCondition: Bool = false,
  _ acquire: () -> Object?
) -> Object? {
  guard isHere() else { return acquire() }
  let number = address(lock)
  if limit == 0 || (isFree && !isWaitedFor(number)) {
    let result = acquire()
    if isCondition ? result != nil : isTrue(result) {
      took(number, scoped: scoped)
      if tellsNested, limit == .max { tellNested() }
    }
    return result
  }
  let wait = isCondition ? BlockedStack(id: currentStack()) : blockedStack(number)
  guard wait.resource == 0 || tellImporter(of: wait.resource) == false else {
    // It is only the means of a condition, a join, an import …
    return blocking(on: wait.resource, limit, wait, acquire)
  }
  tellHolder(of: number)
  let result = whileWaiting(for: number) {
    blocking(on: number, limit, wait, acquire)
  }
  if isCondition ? result != nil : isTrue(result) {
    took(number, scoped: scoped, told: true)
    record(CORONER_ACQUIRED, number, site: wait.id)
  }
  return result
}

/// Records a wait of the calling thread around it.
func blocking(
  on resource: UInt64, _ limit: UInt64, _ wait: BlockedStack, _ body: () -> Object?
) -> Object? {
  record(
    CORONER_BLOCK_BEGIN, resource, limit, site: wait.id,
    value: wait.operation == 0 ? CORONER_OP_ACQUIRE.rawValue : UInt32(wait.operation))
  let result = body()
  record(CORONER_BLOCK_END, resource)
  return result
}

@inline(__always) private func isTrue(_ result: Object?) -> Bool {
  guard let result else { return false }
  return PyObject_IsTrue(result) == 1
}

/// How long acquire(blocking, timeout) may wait, in ms: 0 for not at all, UInt64.max for ever.
private func limit(_ arguments: Raw?, _ keywords: Raw?, _ names: Raw?) -> UInt64 {
  func argument(_ index: Int, _ name: StaticString) -> Object? {
    if let arguments, PyTuple_Size(object(arguments)) > index {
      return PyTuple_GetItem(object(arguments), index)
    }
    guard let keywords else { return nil }
    return PyDict_GetItemString(object(keywords), cString(name))
  }
  let (blocking, timeout) =
    isFast
    ? fastArguments(arguments, keywords, names, "blocking")
    : (argument(0, "blocking"), argument(1, "timeout"))
  if let blocking, PyObject_IsTrue(blocking) != 1 {
    PyErr_Clear()
    return 0
  }
  guard let timeout, let ms = milliseconds(timeout) else { return .max }
  return UInt64(ms)
}
