import CPythonABI

/// One frame of a stack: its code object, the byte offset of its last instruction (-1: not begun), and
/// where its locals are.
struct Frame {
  var code: Raw
  var instruction: Int
  var locals: Raw
}

/// Frames beyond this are not looked at.
let frameLimit = 128

/// The frames that the last walk found. Guarded by the GIL.
nonisolated(unsafe) var frames: UnsafeMutablePointer<Frame>! = nil

/// Borrowed types of what an await chain is made of.
nonisolated(unsafe) var coroutineType: Raw? = nil
nonisolated(unsafe) var generatorType: Raw? = nil
nonisolated(unsafe) var coroutineWrapperType: Raw? = nil
nonisolated(unsafe) var asyncSendType: Raw? = nil
nonisolated(unsafe) var asyncThrowType: Raw? = nil
/// Code of `Handle._run`: below it there is only the loop.
nonisolated(unsafe) var stackBottom: Raw? = nil

/// Up to 3.10: YIELD_FROM.
private let yieldFrom: UInt8 = 72

/// The frame of a suspended coroutine, generator or async generator, and what it awaits (borrowed).
/// Nothing if it has ended.
@inline(__always)
func suspendedFrame(_ generator: Raw) -> (frame: Frame, awaited: Raw?)? {
  layout.inline ? inlineFrame(generator) : pointedFrame(generator)
}

@inline(__always)
private func inlineFrame(_ generator: Raw) -> (frame: Frame, awaited: Raw?)? {
  let state = generator.load(fromByteOffset: layout.generatorState, as: Int8.self)
  if state >= layout.states.ended { return nil }
  let base = generator + layout.generatorFrame
  guard let code = untagged(load(base, layout.code)), let next = load(base, layout.lastInstruction)
  else { return nil }
  let frame = Frame(
    code: code, instruction: next - (code + layout.bytecode), locals: base + layout.locals)
  guard awaits(state, next), let top = stackTop(base) else { return (frame, nil) }
  let awaited = top - layout.awaitedDepth * 8
  if awaited < frame.locals { return (frame, nil) }
  return (frame, untagged(awaited.load(as: Raw?.self)))
}

/// Whether a generator in this state, at this instruction, is suspended by an await.
@inline(__always)
private func awaits(_ state: Int8, _ next: Raw) -> Bool {
  if let suspendedInAwait = layout.states.suspendedInAwait { return state == suspendedInAwait }
  // An await is a yield whose RESUME says so (2 yield from, 3 await).
  let argument = (next + 2).load(fromByteOffset: 1, as: UInt8.self)
  return state == layout.states.suspended && argument & 3 >= 2
}

/// Behind the last slot of a suspended frame that is in use.
@inline(__always)
private func stackTop(_ base: Raw) -> Raw? {
  if layout.tagged { return load(base, layout.stackTop) }
  let depth = Int(base.load(fromByteOffset: layout.stackTop, as: Int32.self))
  return base + layout.locals + depth * 8
}

@inline(__always)
private func pointedFrame(_ generator: Raw) -> (frame: Frame, awaited: Raw?)? {
  guard let base = load(generator, layout.generatorFrame), let code = load(base, layout.code) else {
    return nil
  }
  let unit = minorVersion == 10 ? 2 : 1
  let last = Int(base.load(fromByteOffset: layout.lastInstruction, as: Int32.self))
  let frame = Frame(
    code: code, instruction: last < 0 ? -1 : last * unit, locals: base + layout.locals)
  guard last >= 0, let bytecode = load(code, layout.bytecode) else { return (frame, nil) }
  // A bytes object's content begins at 32.
  let next = (bytecode + 32 + last * unit + 2).load(as: UInt8.self)
  if next != yieldFrom { return (frame, nil) }
  if minorVersion == 10 {
    let depth = Int(base.load(fromByteOffset: layout.stackTop, as: Int32.self))
    guard depth > 0, let stack = load(base, 64) else { return (frame, nil) }
    return (frame, load(stack, (depth - 1) * 8))
  }
  guard let top = load(base, layout.stackTop) else { return (frame, nil) }
  return (frame, load(top, -8))
}

/// Walks what a suspended coroutine awaits into `frames`, outermost first; returns how many there are
/// and folds them into `hash`.
@inline(__always)
func walkAwaits(_ coroutine: Raw, _ hash: inout UInt64) -> Int {
  var next: Raw? = coroutine
  var count = 0
  while let this = next, count < frameLimit {
    let type = typeOf(this)
    var generator = this
    if type == coroutineWrapperType {
      next = load(this, Offset.firstField)
      continue
    } else if type == asyncSendType || type == asyncThrowType {
      guard let inner = load(this, Offset.firstField) else { break }
      generator = inner
    } else if type != coroutineType && type != generatorType {
      break
    }
    guard let (frame, awaited) = suspendedFrame(generator) else { break }
    frames[count] = frame
    count += 1
    fold(&hash, frame)
    next = awaited
  }
  return count
}

/// A number for what `walkAwaits` would find, of which only the places of the locals are kept in `frames`;
/// 0 if there is nothing. The same as for `hashRunning` is true of it.
@inline(__always)
func hashAwaits(_ coroutine: Raw) -> UInt64 {
  if !layout.inline { return hashAwaitedObjects(coroutine) }
  let (frameAt, localsAt, instructionAt) = (
    layout.generatorFrame, layout.locals, layout.lastInstruction
  )
  let (stateAt, ended) = (layout.generatorState, layout.states.ended)
  let (coroutines, generators) = (address(coroutineType), address(generatorType))
  let depth = layout.awaitedDepth &* 8
  var next: Raw? = coroutine
  var hash = hashSeed
  var count = 0
  while let this = next, count < frameLimit {
    let type = typeOf(this)
    var generator = this
    if address(type) != coroutines && address(type) != generators {
      if type == coroutineWrapperType {
        next = load(this, Offset.firstField)
        continue
      }
      guard type == asyncSendType || type == asyncThrowType,
        let inner = load(this, Offset.firstField)
      else { break }
      generator = inner
    }
    let state = generator.load(fromByteOffset: stateAt, as: Int8.self)
    let base = generator + frameAt
    guard state < ended, let instruction = load(base, instructionAt) else { break }
    let locals = base + localsAt
    frames[count].locals = locals
    count &+= 1
    fold(&hash, address(instruction))
    guard awaits(state, instruction), let top = stackTop(base) else { break }
    let awaited = top.advanced(by: 0 &- depth)
    next = awaited < locals ? nil : untagged(awaited.load(as: Raw?.self))
  }
  return count == 0 ? 0 : hash
}

/// Calls `body` with each coroutine and generator from a suspended one down to what it waits for, until that returns
/// false; `wrapper` with the objects in between.
private func eachGenerator(
  _ coroutine: Raw, wrapper: (Raw) -> Void = { _ in }, _ body: (Raw) -> Bool
) {
  var next: Raw? = coroutine
  var count = 0
  while let this = next, count < 2 * frameLimit {
    count += 1
    let type = typeOf(this)
    if type == coroutineWrapperType || type == asyncSendType || type == asyncThrowType {
      wrapper(this)
      next = load(this, Offset.firstField)
      if type == coroutineWrapperType { continue }
    } else if type != coroutineType && type != generatorType {
      return
    }
    guard let generator = next, body(generator) else { return }
    next = suspendedFrame(generator)?.awaited
  }
}

/// Calls `body` with what a suspended coroutine consists of, down to what it waits for: itself, what it
/// awaits, their frames where these are objects of their own.
func eachAwaited(_ coroutine: Raw, _ body: (Raw) -> Void) {
  eachGenerator(coroutine, wrapper: body) { generator in
    body(generator)
    if !layout.inline, let frame = load(generator, layout.generatorFrame) { body(frame) }
    return true
  }
}

/// The exception that a suspended coroutine, or what it awaits, handles; the outermost one.
func handledException(of coroutine: Raw) -> Raw? {
  var found: Raw? = nil
  eachGenerator(coroutine) { generator in
    guard let handled = load(generator, layout.handled), !isNone(object(handled)) else {
      return true
    }
    found = handled
    return false
  }
  return found
}

/// Whether a coroutine runs now, on whatever thread; false where that is not known.
func isRunning(_ coroutine: Raw) -> Bool {
  let type = typeOf(coroutine)
  guard type == coroutineType || type == generatorType else { return false }
  switch minorVersion {
  case 9: return coroutine.load(fromByteOffset: 24, as: Int8.self) != 0
  case 10:
    return load(coroutine, layout.generatorFrame)?.load(fromByteOffset: 108, as: Int8.self) == 0
  default:
    return coroutine.load(fromByteOffset: layout.generatorState, as: Int8.self)
      == layout.states.running
  }
}

/// 3.12+: a frame that only marks where C code called in, or where a thread begins.
@inline(__always) func isMark(_ base: Raw) -> Bool {
  minorVersion >= 12 && base.load(fromByteOffset: layout.owner, as: Int8.self) >= 3
}

/// Walks the running frames of a thread into `frames`, innermost first, down to the loop.
@inline(__always)
func walkRunning(_ thread: Raw, _ hash: inout UInt64) -> Int {
  var next = load(thread, layout.current.0)
  if let second = layout.current.1 { next = next.flatMap { load($0, second) } }
  var count = 0
  while let base = next, count < frameLimit {
    next = load(base, layout.previous)
    if isMark(base) { continue }
    guard let code = untagged(load(base, layout.code)) else { continue }
    if code == stackBottom { break }
    var instruction: Int
    if layout.inline {
      guard let last = load(base, layout.lastInstruction) else { continue }
      instruction = last - (code + layout.bytecode)
    } else {
      let last = Int(base.load(fromByteOffset: layout.lastInstruction, as: Int32.self))
      instruction = last < 0 ? -1 : minorVersion == 10 ? last * 2 : last
    }
    frames[count] = Frame(code: code, instruction: instruction, locals: base + layout.locals)
    fold(&hash, frames[count])
    count += 1
  }
  return count
}

/// A number for the stack that `walkRunning` would find, without keeping it; 0 if there is none. It is the
/// same only for frames of the same code objects at the same instructions, as far as these live.
@inline(__always)
func hashRunning(_ thread: Raw) -> UInt64 {
  if !layout.inline { return hashRunningObjects(thread) }
  // Read once: the compiler cannot know that nothing below changes them.
  let (previous, codeAt, instructionAt) = (layout.previous, layout.code, layout.lastInstruction)
  let (owner, bottom) = (layout.owner, address(stackBottom))
  var next = load(thread, layout.current.0)
  if let second = layout.current.1 { next = next.flatMap { load($0, second) } }
  var hash = hashSeed
  var left = frameLimit
  while let base = next, left > 0 {
    next = load(base, previous)
    // A mark; 3.11 has none.
    if base.load(fromByteOffset: owner, as: Int8.self) >= 3 { continue }
    guard let code = untagged(load(base, codeAt)) else { continue }
    if address(code) == bottom { break }
    // It points into the code object: so it says both.
    fold(&hash, address(load(base, instructionAt)))
    left &-= 1
  }
  return hash == hashSeed ? 0 : hash
}

private let hashSeed: UInt64 = 0x5EED

/// Up to 3.10 frames are objects.
@inline(never)
private func hashRunningObjects(_ thread: Raw) -> UInt64 {
  var hash = hashSeed
  return walkRunning(thread, &hash) == 0 ? 0 : hash
}

@inline(never)
private func hashAwaitedObjects(_ coroutine: Raw) -> UInt64 {
  var hash = hashSeed
  return walkAwaits(coroutine, &hash) == 0 ? 0 : hash
}

/// The innermost running Python frames of a thread, one after the other.
struct RunningFrames {
  private var next: Raw?

  @inline(__always) init(of thread: Raw) {
    next = load(thread, layout.current.0)
    if let second = layout.current.1 { next = next.flatMap { load($0, second) } }
  }

  /// From this frame on.
  init(from base: Raw?) { next = base }

  @inline(__always) mutating func frame() -> Frame? {
    while let base = next {
      next = load(base, layout.previous)
      if isMark(base) { continue }
      guard let code = untagged(load(base, layout.code)) else { continue }
      return Frame(
        code: code, instruction: instruction(base, code), locals: base + layout.locals)
    }
    return nil
  }

  /// The code of the next frame, and where that is.
  @inline(__always) mutating func place() -> (base: Raw, code: Raw)? {
    while let base = next {
      next = load(base, layout.previous)
      if isMark(base) { continue }
      if let code = untagged(load(base, layout.code)) { return (base, code) }
    }
    return nil
  }

  @inline(__always) mutating func code() -> Raw? { place()?.code }

  @inline(__always) private func instruction(_ base: Raw, _ code: Raw) -> Int {
    if layout.inline {
      return load(base, layout.lastInstruction).map { $0 - (code + layout.bytecode) } ?? -1
    }
    let last = Int(base.load(fromByteOffset: layout.lastInstruction, as: Int32.self))
    return last < 0 ? -1 : minorVersion == 10 ? last * 2 : last
  }
}

@inline(__always) private func fold(_ hash: inout UInt64, _ frame: Frame) {
  // Of the two products only one waits for the frame before.
  fold(
    &hash,
    address(frame.code) &+ UInt64(bitPattern: Int64(frame.instruction)) &* 0xff51_afd7_ed55_8ccd)
}
@inline(__always) private func fold(_ hash: inout UInt64, _ place: UInt64) {
  hash = (hash ^ place) &* 0x9E37_79B9_7F4A_7C15
  hash ^= hash >> 32
}
