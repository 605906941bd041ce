import CPythonABI

/// The references that running frames hold. The collector does not see them; so what a waiting thread's
/// frames refer to would pass for held by something that acts. Only what certainly is a reference
/// counts; what is missed leaves an object held elsewhere, which proves nothing.

/// Where a minor version keeps what a frame refers to.
private struct ReferenceLayout {
  /// In a code object. Up to 3.10: number of locals, tuples of cells and of free variables; later: number
  /// of all of them, exception table.
  var locals, cells, free, exceptions: Int
  /// In a frame. Up to 3.10: value stack, number of blocks, blocks; later: the function.
  var values, blockCount, blocks, function: Int

  static func row(minor: Int) -> ReferenceLayout? {
    switch minor {
    case 9:
      return ReferenceLayout(
        locals: 28, cells: 88, free: 80, exceptions: 0, values: 64, blockCount: 112, blocks: 120,
        function: 0)
    case 10:
      return ReferenceLayout(
        locals: 28, cells: 88, free: 80, exceptions: 0, values: 64, blockCount: 104, blocks: 112,
        function: 0)
    case 11:
      return ReferenceLayout(
        locals: 76, cells: 0, free: 0, exceptions: 40, values: 0, blockCount: 0, blocks: 0,
        function: 0)
    case 12, 13, 14, 15:
      return ReferenceLayout(
        locals: 72, cells: 0, free: 0, exceptions: 40, values: 0, blockCount: 0, blocks: 0,
        function: 16)
    default: return nil
    }
  }
}

nonisolated(unsafe) private var references: ReferenceLayout? = nil

/// Whether the references of running frames are known in this version.
func knowsFrameReferences() -> Bool {
  if references == nil { references = ReferenceLayout.row(minor: minorVersion) }
  return references != nil
}

/// A frame of a thread: where it is, its code, the offset of its last instruction.
struct RunningFrame {
  var base, code: Raw
  var instruction: Int
}

/// Calls `body` with a thread's frames, innermost first, until it returns false.
func eachRunningFrame(_ thread: Raw, _ body: (RunningFrame) -> Bool) {
  var next = load(thread, layout.current.0)
  if let second = layout.current.1 { next = next.flatMap { load($0, second) } }
  var count = 0
  while let base = next, count < 1000 {
    next = load(base, layout.previous)
    count += 1
    if isMark(base) { continue }
    guard let code = untagged(load(base, layout.code)) else { continue }
    var instruction = -1
    if layout.inline {
      if let last = load(base, layout.lastInstruction) {
        instruction = last - (code + layout.bytecode)
      }
    } else {
      instruction = Int(base.load(fromByteOffset: layout.lastInstruction, as: Int32.self))
    }
    if !body(RunningFrame(base: base, code: code, instruction: instruction)) { return }
  }
}

/// A reference, if it counts: one that is tagged (3.14+) is borrowed, or no reference.
@inline(__always) private func owned(_ base: Raw, _ offset: Int) -> Raw? {
  guard let reference = load(base, offset), UInt(bitPattern: reference) & 3 == 0 else { return nil }
  return reference
}

/// Calls `body` with each reference that a running frame certainly holds.
func eachReference(of frame: RunningFrame, _ body: (Raw) -> Void) {
  guard let references else { return }
  let locals = frame.base + layout.locals
  let count = localCount(frame.code)
  for index in 0..<count {
    if let value = owned(locals, index * 8) { body(value) }
  }
  if layout.inline {
    if let function = owned(frame.base, references.function) { body(function) }
    for index in 0..<certainDepth(frame, references) {
      if let value = owned(locals, (count + index) * 8) { body(value) }
    }
  } else if let values = load(frame.base, references.values) {
    for index in 0..<blockDepth(frame.base, references) {
      if let value = owned(values, index * 8) { body(value) }
    }
  }
}

/// Calls `body` with the objects that a running frame is a part of: the coroutine; up to 3.10 the frame.
func eachKeeper(of frame: RunningFrame, _ body: (Raw) -> Void) {
  if layout.inline {
    let isGenerators = frame.base.load(fromByteOffset: layout.owner, as: Int8.self) == 1
    if isGenerators { body(frame.base - layout.generatorFrame) }
  } else {
    body(frame.base)
    // The field before the last instruction is the generator whose frame it is.
    if let generator = load(frame.base, layout.lastInstruction - 8) { body(generator) }
  }
}

/// How many locals, with cells and free variables, the frames of a code object have.
func localCount(_ code: Raw) -> Int {
  guard knowsFrameReferences(), let references else { return 0 }
  var count = int(code, references.locals)
  if !layout.inline {
    count += tupleSize(load(code, references.cells))
    count += tupleSize(load(code, references.free))
  }
  return max(0, count)
}

@inline(__always) private func int(_ base: Raw, _ offset: Int) -> Int {
  Int(base.load(fromByteOffset: offset, as: Int32.self))
}

private func tupleSize(_ tuple: Raw?) -> Int {
  tuple.map { $0.load(fromByteOffset: 16, as: Int.self) } ?? 0
}

/// Up to 3.10: what lies below the innermost block is on the stack.
private func blockDepth(_ frame: Raw, _ references: ReferenceLayout) -> Int {
  let count = int(frame, references.blockCount)
  guard count > 0, count <= 20 else { return 0 }
  return max(0, int(frame, references.blocks + (count - 1) * 12 + 8))
}

/// From 3.11 on: the depth to which the exception table would unwind at this instruction.
private func certainDepth(_ frame: RunningFrame, _ references: ReferenceLayout) -> Int {
  guard frame.instruction >= 0, let table = load(frame.code, references.exceptions) else {
    return 0
  }
  let unit = frame.instruction / 2
  let end = 32 + table.load(fromByteOffset: 16, as: Int.self)
  var at = 32
  // Six bits a byte, the highest first; 64: more follow; 128: an entry begins.
  func number() -> Int {
    var value = 0
    while at < end {
      let byte = Int(table.load(fromByteOffset: at, as: UInt8.self))
      at += 1
      value = value << 6 | byte & 63
      if byte & 64 == 0 { break }
    }
    return value
  }
  while at < end {
    let start = number()
    let length = number()
    _ = number()
    let depth = number() >> 1
    if unit < start { return 0 }
    if unit < start + length { return depth }
  }
  return 0
}
