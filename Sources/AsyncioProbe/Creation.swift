import CPythonABI

/// Where locks and C queues are made: they have no `__init__`.

nonisolated(unsafe) private var originalAllocate: MethodFunction! = nil
nonisolated(unsafe) private var lockNew: CallFunction! = nil
nonisolated(unsafe) private var reentrantNew: CallFunction! = nil
nonisolated(unsafe) private var queueNew: CallFunction! = nil
private let typeNewOffset = 312

/// Hooks `_thread.allocate_lock` and what makes a lock from its type, from 3.13 on.
func installLockCreation(allocate: Object?, lock: Object?, reentrant: Object?) -> Bool {
  guard originalAllocate == nil, let allocate,
    let definition = load(Raw(allocate), Offset.builtinMethodDef),
    let original = swapDefinition(definition, "allocate_lock", allocateHook)
  else { return false }
  originalAllocate = original
  if minorVersion >= 13, let lock { lockNew = swapNew(Raw(lock), lockNewHook) }
  if let reentrant { reentrantNew = swapNew(Raw(reentrant), reentrantNewHook) }
  return true
}

func installQueueCreation(_ queue: Object) { queueNew = swapNew(Raw(queue), queueNewHook) }

private func swapNew(_ type: Raw, _ hook: CallFunction) -> CallFunction? {
  guard let old = load(type, typeNewOffset) else { return nil }
  type.storeBytes(
    of: unsafeBitCast(hook, to: Raw.self), toByteOffset: typeNewOffset, as: Raw.self)
  return unsafeBitCast(old, to: CallFunction.self)
}

private let allocateHook: MethodFunction = { module, a, b, c, d in
  made(originalAllocate(module, a, b, c, d), CORONER_RESOURCE_THREAD_LOCK)
}
private let lockNewHook: CallFunction = { type, arguments, keywords in
  made(lockNew(type, arguments, keywords), CORONER_RESOURCE_THREAD_LOCK)
}
private let reentrantNewHook: CallFunction = { type, arguments, keywords in
  made(reentrantNew(type, arguments, keywords), CORONER_RESOURCE_THREAD_LOCK)
}
private let queueNewHook: CallFunction = { type, arguments, keywords in
  made(queueNew(type, arguments, keywords), CORONER_RESOURCE_QUEUE)
}

@inline(__always)
private func made(_ new: Object?, _ kind: coroner_resource_kind) -> Object? {
  if let new, isHere(), !callerIsRuntime() {
    record(CORONER_RESOURCE_CREATE, address(new), site: currentStack(), value: kind.rawValue)
  }
  return new
}
