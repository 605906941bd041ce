import CPythonABI

/// A method's C function of any calling convention that takes at most five words: the flags of the
/// method decide what they mean, a hook only passes them on.
typealias MethodFunction =
  @convention(c) (Object?, Raw?, Raw?, Raw?, Raw?) -> Object?
typealias CallFunction = @convention(c) (Object?, Object?, Object?) -> Object?
typealias InitFunction = @convention(c) (Object?, Object?, Object?) -> Int32
typealias GetFunction = @convention(c) (Object?, Raw?) -> Object?

/// The interpreter that is recorded. Others of the process share what is hooked, but not their GIL.
nonisolated(unsafe) private var recorded: Raw? = nil

/// Whether the calling interpreter is the process's first, which is the one that is recorded.
func beginHere() -> Bool {
  guard let current = PyInterpreterState_Get(), current == PyInterpreterState_Main(),
    let thread = PyThreadState_Get(), load(thread, Offset.interpreter) == current
  else { return false }
  recorded = current
  return true
}

/// Whether the calling thread runs in the interpreter that is recorded.
@inline(__always) func isHere() -> Bool { here() != nil }

/// The calling thread's state, if it runs in the interpreter that is recorded.
@inline(__always) func here() -> Raw? {
  guard let thread = PyThreadState_Get() else { return nil }
  return load(thread, Offset.interpreter) == recorded ? thread : nil
}

/// Replaces the C function of a method, given its descriptor; the old one, or nothing if the method is
/// not named as expected or has a convention that a hook cannot pass on.
func swapMethod(
  _ descriptor: Raw, _ name: StaticString, _ hook: MethodFunction
) -> MethodFunction? {
  guard let definition = load(descriptor, Offset.descriptorBody) else { return nil }
  return swapDefinition(definition, name, hook)
}

/// The C function of a method; nothing if its name or convention is not as expected.
func methodFunction(
  _ descriptor: Object?, _ name: StaticString, flags: Int32
) -> MethodFunction? {
  guard let descriptor, let definition = load(Raw(descriptor), Offset.descriptorBody),
    let found = load(definition, 0), let function = load(definition, Offset.methodDefFunction),
    strcmp(found.assumingMemoryBound(to: CChar.self), cString(name)) == 0,
    definition.load(fromByteOffset: 16, as: Int32.self) == flags
  else { return nil }
  return unsafeBitCast(function, to: MethodFunction.self)
}

/// As `swapMethod`, for a PyMethodDef.
func swapDefinition(
  _ definition: Raw, _ name: StaticString, _ hook: MethodFunction
) -> MethodFunction? {
  guard let found = load(definition, 0), let old = load(definition, Offset.methodDefFunction),
    strcmp(found.assumingMemoryBound(to: CChar.self), cString(name)) == 0
  else { return nil }
  // VARARGS, VARARGS | KEYWORDS, NOARGS, O, FASTCALL, FASTCALL | KEYWORDS, METHOD | FASTCALL | KEYWORDS
  switch definition.load(fromByteOffset: 16, as: Int32.self) {
  case 0x1, 0x3, 0x4, 0x8, 0x80, 0x82, 0x282: break
  default: return nil
  }
  definition.storeBytes(
    of: unsafeBitCast(hook, to: Raw.self), toByteOffset: Offset.methodDefFunction, as: Raw.self)
  return unsafeBitCast(old, to: MethodFunction.self)
}

/// Replaces a type's `tp_init`, and what its `__init__` descriptor calls, which subclasses reach. The
/// two must be the same function.
func swapInit(_ type: Raw, _ descriptor: Raw, _ hook: InitFunction) -> InitFunction? {
  guard let old = load(type, Offset.typeInit),
    load(descriptor, Offset.wrapperDescriptorFunction) == old
  else { return nil }
  let new = unsafeBitCast(hook, to: Raw.self)
  type.storeBytes(of: new, toByteOffset: Offset.typeInit, as: Raw.self)
  descriptor.storeBytes(of: new, toByteOffset: Offset.wrapperDescriptorFunction, as: Raw.self)
  return unsafeBitCast(old, to: InitFunction.self)
}

/// Replaces a type's `tp_call`.
func swapCall(_ type: Raw, _ hook: CallFunction) -> CallFunction? {
  guard let old = load(type, Offset.typeCall) else { return nil }
  type.storeBytes(
    of: unsafeBitCast(hook, to: Raw.self), toByteOffset: Offset.typeCall, as: Raw.self)
  return unsafeBitCast(old, to: CallFunction.self)
}

/// A C getter behind an attribute descriptor.
struct Getter {
  var function: GetFunction
  var closure: Raw?

  init?(_ descriptor: Raw, _ name: StaticString) {
    guard let definition = load(descriptor, Offset.descriptorBody), let found = load(definition, 0),
      strcmp(found.assumingMemoryBound(to: CChar.self), cString(name)) == 0,
      let getter = load(definition, Offset.getterFunction)
    else { return nil }
    function = unsafeBitCast(getter, to: GetFunction.self)
    closure = load(definition, Offset.getterClosure)
  }

  /// A new reference; nothing, with no error left behind, if it fails.
  @inline(__always) func callAsFunction(_ on: Object) -> Object? {
    let found = function(on, closure)
    if found == nil { PyErr_Clear() }
    return found
  }
}

@inline(__always)
func record(
  _ kind: coroner_event_kind, _ subject: UInt64, _ object: UInt64 = 0, site: UInt32 = 0,
  value: UInt32 = 0
) {
  probe_record(UInt8(truncatingIfNeeded: kind.rawValue), subject, object, site, value)
}
