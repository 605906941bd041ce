import CPythonABI

/// A function of asyncio whose frame in an await chain says what the task waits for.
struct Primitive {
  var operation: UInt8
  /// Which of the function's locals is the resource; `noResource` if it has none.
  var slot: UInt8
  /// It stands for the waits that it makes of other primitives, but not for their acquires.
  var absorbs: Bool
  /// It makes the future that it waits on.
  var makesFuture: Bool
}

let noResource: UInt8 = 255

/// By code object. `operation` in the entry, the slot in `slot`, `absorbs` in `frame`, `makesFuture` in `id`.
nonisolated(unsafe) private var primitives = Table()

func addPrimitive(_ code: Raw, _ primitive: Primitive) {
  guard primitives.find(address(code)) == nil else { return }
  Py_IncRef(object(code))
  primitives.insert(
    StackEntry(
      key: address(code), id: primitive.makesFuture ? 1 : 0, frame: primitive.absorbs ? 1 : 0,
      operation: primitive.operation, slot: primitive.slot))
}

private func primitive(of code: Raw) -> Primitive? {
  guard let entry = primitives.find(address(code)) else { return nil }
  return Primitive(
    operation: entry.pointee.operation, slot: entry.pointee.slot, absorbs: entry.pointee.frame == 1,
    makesFuture: entry.pointee.id == 1)
}

/// Code of `BaseEventLoop.create_future`.
nonisolated(unsafe) var createFutureCode: Raw? = nil

/// Whether a future that is made now is for the wait of a primitive, and of nobody else.
@inline(__always)
func isMadeToWait(_ thread: Raw) -> Bool {
  guard readsStacks else { return false }
  var running = RunningFrames(of: thread)
  guard var code = running.code() else { return false }
  if code == createFutureCode {
    guard let caller = running.code() else { return false }
    code = caller
  }
  return primitives.find(address(code))?.pointee.id == 1
}

/// The primitive among the first `count` of `frames` (outermost first) that the task waits for: the
/// innermost, unless an outer one absorbs it.
func findPrimitive(_ count: Int) -> (frame: Int, primitive: Primitive)? {
  var found: (frame: Int, primitive: Primitive)? = nil
  var index = count - 1
  while index >= 0 {
    defer { index -= 1 }
    guard let candidate = primitive(of: frames[index].code) else { continue }
    if let inner = found {
      let acquires = inner.primitive.operation == UInt8(CORONER_OP_ACQUIRE.rawValue)
      guard candidate.absorbs, !acquires else { break }
    }
    found = (index, candidate)
  }
  return found
}

/// The primitive among the first `count` of `frames` (innermost first) that a blocked thread waits for:
/// the innermost frame's, or the outermost that absorbs it with nothing but the library's own between.
func findBlockingPrimitive(_ count: Int) -> (frame: Int, primitive: Primitive)? {
  guard var found = primitive(of: frames[0].code).map({ (frame: 0, primitive: $0) }) else {
    return nil
  }
  var index = 1
  while index < count, isRuntime(frames[index].code) {
    if let outer = primitive(of: frames[index].code), outer.absorbs {
      if outer.slot == innerResource {
        found.primitive.operation = outer.operation
      } else {
        found = (index, outer)
      }
    }
    index += 1
  }
  return found
}

/// The cell type: a local that a closure captures is in one.
nonisolated(unsafe) var cellType: Raw? = nil

/// The address of the resource that a frame's primitive is about, 0 if none.
@inline(__always)
func resource(_ frame: Frame, slot: UInt8) -> UInt64 {
  if slot == noResource { return 0 }
  guard let local = untagged(load(frame.locals, Int(slot) * 8)) else { return 0 }
  if typeOf(local) == cellType { return address(load(local, Offset.firstField)) }
  return address(local)
}
