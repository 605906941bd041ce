import CPythonABI

// The stack of a thread that keeps the interpreter to itself, in a regular expression say: read by the
// watchdog's thread without the GIL. Nothing stands still for it, so that memory is read by the kernel,
// which refuses a bad address, and a stack counts if it is the same after a pause.

/// Where a code object keeps what a site consists of; found at start, with an object made for it.
private struct CodeParts {
  var file, function, lines, firstLine: UInt
  /// Where an ASCII string has its characters.
  var characters: UInt
}
nonisolated(unsafe) private var parts: CodeParts? = nil

/// Where strings have their length, and bytes objects length and content.
private let lengthOffset: UInt = 16
private let bytesOffset: UInt = 32

/// Finds the parts of a code object that has a file, a function's name, a line table and a first line of its
/// own; false if they are not in plain sight. `size`: how far to look.
func findCodeParts(
  _ code: Object, file: Object, function: Object, lines: Object, firstLine: Int, size: Int
) -> Bool {
  let base = Raw(code)
  func place(of part: Object) -> UInt? {
    var found: UInt?
    for offset in stride(from: 16, to: size - 7, by: 8) where load(base, offset) == Raw(part) {
      if found != nil { return nil }
      found = UInt(offset)
    }
    return found
  }
  var line: UInt?
  for offset in stride(from: 16, to: size - 3, by: 4)
  where base.load(fromByteOffset: offset, as: Int32.self) == firstLine {
    if line != nil { return false }
    line = UInt(offset)
  }
  guard let file = place(of: file), let name = place(of: function), let lines = place(of: lines),
    let line, let text = PyUnicode_AsUTF8AndSize(function, nil)
  else {
    PyErr_Clear()
    return false
  }
  parts = CodeParts(
    file: file, function: name, lines: lines, firstLine: line,
    characters: UInt(bitPattern: text) - UInt(bitPattern: function))
  return true
}

private struct UnheldFrame: Equatable {
  var code: UInt
  var instruction: Int
}

/// For the watchdog's thread alone.
nonisolated(unsafe) private var first: UnsafeMutablePointer<UnheldFrame>? = nil
nonisolated(unsafe) private var second: UnsafeMutablePointer<UnheldFrame>? = nil

/// The id of a thread's stack, by its PyThreadState; 0 if it does not stand still or cannot be read.
func unheldStack(_ thread: Raw) -> UInt32 {
  guard readsStacks, let parts else { return 0 }
  if first == nil {
    let size = Int(CORONER_STACK_LIMIT) * MemoryLayout<UnheldFrame>.stride
    first = calloc(2, size)?.assumingMemoryBound(to: UnheldFrame.self)
    second = first.map { $0 + Int(CORONER_STACK_LIMIT) }
  }
  guard let first, let second else { return 0 }
  let count = walk(thread, into: first)
  guard count > 0 else { return 0 }
  guard probe_watch_pause(5), walk(thread, into: second) == count else { return 0 }
  for index in 0..<count where first[index] != second[index] { return 0 }
  return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: count) { sites in
    for index in 0..<count { sites[index] = site(first[index], parts) }
    return probe_define_stack(sites.baseAddress, count)
  }
}

/// As `walkRunning`; how many frames there are, 0 if one cannot be read.
private func walk(_ thread: Raw, into frames: UnsafeMutablePointer<UnheldFrame>) -> Int {
  var next = word(UInt(bitPattern: thread) + UInt(layout.current.0))
  if let step = layout.current.1 { next = next.flatMap { word($0 + UInt(step)) } }
  var count = 0
  while let base = next, base != 0, count < Int(CORONER_STACK_LIMIT) {
    next = word(base + UInt(layout.previous))
    guard next != nil, let tagged = word(base + UInt(layout.code)),
      let owner = byte(base + UInt(layout.owner))
    else { return 0 }
    if minorVersion >= 12, Int8(bitPattern: owner) >= 3 { continue }
    let code = tagged & ~3
    if code == UInt(bitPattern: stackBottom) { break }
    guard let last = word(base + UInt(layout.lastInstruction)) else { return 0 }
    var instruction: Int
    if layout.inline {
      instruction = Int(bitPattern: last &- code) - layout.bytecode
    } else {
      let units = Int(Int32(truncatingIfNeeded: last))
      instruction = units < 0 ? -1 : minorVersion == 10 ? units * 2 : units
    }
    frames[count] = UnheldFrame(code: code, instruction: instruction)
    count += 1
  }
  return count
}

private func site(_ frame: UnheldFrame, _ parts: CodeParts) -> UInt32 {
  guard let table = word(frame.code + parts.lines), let start = word(frame.code + parts.firstLine)
  else { return 0 }
  var place = LinePlace(line: Int(Int32(truncatingIfNeeded: start)))
  if frame.instruction >= 0 {
    var lines = LineTable(table + bytesOffset, size: word(table + lengthOffset) ?? 0)
    place = lines.place(of: frame.instruction, from: place.line)
  }
  let limit = Int(CORONER_STRING_LIMIT)
  return withUnsafeTemporaryAllocation(of: CChar.self, capacity: limit + 1) { text in
    let buffer = text.baseAddress!
    let length = read(word(frame.code + parts.file), into: buffer, limit, parts)
    let (file, flags) = length > 0 ? defineFile(buffer, length) : (0, 0)
    let nameLength = read(word(frame.code + parts.function), into: buffer, limit, parts)
    let function = nameLength > 0 ? probe_define_string(buffer, nameLength) : 0
    return probe_define_site(
      file, function, UInt32(clamping: place.line),
      UInt32(clamping: max(place.endLine, place.line)), narrow(Int32(clamping: place.column)),
      narrow(Int32(clamping: place.endColumn)), flags)
  }
}

/// Reads a string, ended by a zero; its length, 0 if it is not ASCII or not to be read.
private func read(
  _ string: UInt?, into buffer: UnsafeMutablePointer<CChar>, _ limit: Int, _ parts: CodeParts
) -> Int {
  guard let string, let length = word(string + lengthOffset), length > 0, length <= UInt(limit),
    probe_peek(string + parts.characters, buffer, Int(length))
  else { return 0 }
  // Another kind of string has its characters elsewhere: what is here then is no text.
  for index in 0..<Int(length) where buffer[index] < 0x20 || buffer[index] == 0x7f { return 0 }
  buffer[Int(length)] = 0
  return Int(length)
}

func word(_ address: UInt) -> UInt? {
  var value: UInt = 0
  return probe_peek(address, &value, 8) ? value : nil
}

private func byte(_ address: UInt) -> UInt8? {
  var value: UInt8 = 0
  return probe_peek(address, &value, 1) ? value : nil
}
