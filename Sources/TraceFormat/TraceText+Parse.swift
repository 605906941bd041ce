extension TraceText {
  /// The trace that a text describes. Things must be defined above the lines that name them.
  package static func parse(_ text: String) throws(TraceTextError) -> MemoryTrace {
    var parser = TraceTextParser()
    var number = 0
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      number += 1
      try parser.read(TraceTextLine(line, number: number))
    }
    return parser.trace
  }
}

/// What has been read of a text so far, and the names in it.
private struct TraceTextParser {
  var trace = MemoryTrace()
  private var strings: [String: UInt32] = [:]
  private var sites: [String: UInt32] = [:]
  private var stacks: [String: UInt32] = [:]
  private var modules: [String: UInt32] = [:]

  mutating func read(_ read: TraceTextLine) throws(TraceTextError) {
    var line = read
    guard let first = line.words.popFirst() else { return }
    switch first {
    case "program":
      trace.header.program = try line.content(line.next("the program's name"))
    case "process":
      trace.header.process = try line.integer(line.next("a process id"), "a process id")
    case "parent":
      trace.header.parent = try line.integer(line.next("a process id"), "a process id")
    case "wall-start":
      trace.header.wallStart = try line.integer(line.next("a Unix time"), "a Unix time in ns")
    case "lost-events":
      trace.header.lostEvents = try line.integer(line.next("a number"), "a number")
    case "clean-end": trace.header.cleanEnd = true
    case "loss": try readLoss(&line)
    case "string": try readString(&line)
    case "site": try readSite(&line)
    case "module": try readModule(&line)
    case "address": try readAddress(&line)
    case "stack": try readStack(&line)
    case "thread": try readThread(&line)
    case "fact":
      let key = try line.content(line.next("the fact's name"))
      trace.definitions.facts.append((key, try line.content(line.next("the fact's value"))))
    default:
      guard first.hasPrefix("+") else {
        throw line.error("'\(first)' begins neither a definition nor an event (+time)")
      }
      try readEvent(first.dropFirst(), &line)
    }
    try line.end()
  }

  private mutating func readLoss(_ line: inout TraceTextLine) throws(TraceTextError) {
    var loss = Loss(what: try line.content(line.next("what is lost")))
    while let word = line.words.popFirst() {
      switch line.pair(word) {
      case ("offset", let value)?: loss.byteOffset = try line.integer(value, "a byte offset")
      case ("events", let value)?: loss.events = try line.integer(value, "a number of events")
      default: throw line.error("'\(word)' is neither offset=… nor events=…")
      }
    }
    trace.losses.append(loss)
  }

  private mutating func readString(_ line: inout TraceTextLine) throws(TraceTextError) {
    let name = try line.next("the string's name")
    let string = try line.content(line.next("the string"))
    let id = try newID(name, taken: trace.definitions.strings, names: &strings, line)
    trace.definitions.strings[id] = string
  }

  private mutating func readSite(_ line: inout TraceTextLine) throws(TraceTextError) {
    let name = try line.next("the site's name")
    var site = try place(line.next("file:line"), line)
    site.function = try line.content(line.next("the function"))
    switch line.words.popFirst() {
    case nil: break
    case "runtime"?: site.ownership = .runtime
    case "library"?: site.ownership = .library
    case let word?:
      guard let role = Site.Role(rawValue: String(word)) else {
        throw line.error("'\(word)' is none of 'runtime', 'library', 'ending', 'limit'")
      }
      (site.ownership, site.role) = (.runtime, role)
    }
    let id = try newID(name, taken: trace.definitions.sites, names: &sites, line)
    trace.definitions.sites[id] = site
  }

  private mutating func readModule(_ line: inout TraceTextLine) throws(TraceTextError) {
    let name = try line.next("the module's name")
    var module = Module(path: try line.content(line.next("the module's path")), buildID: [])
    if let word = line.words.popFirst() {
      guard case ("build-id", let digits)? = line.pair(word), let bytes = bytes(digits) else {
        throw line.error("'\(word)' is not build-id= and pairs of hexadecimal digits")
      }
      module.buildID = bytes
    }
    let id = try newID(name, taken: trace.definitions.modules, names: &modules, line)
    trace.definitions.modules[id] = module
  }

  private func bytes(_ digits: Substring) -> [UInt8]? {
    let digits = Array(digits)
    guard digits.count % 2 == 0 else { return nil }
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...($0 + 1)]), radix: 16)
    }
    return bytes.count * 2 == digits.count ? bytes : nil
  }

  private mutating func readAddress(_ line: inout TraceTextLine) throws(TraceTextError) {
    let name = try line.next("the address's name")
    let module = try knownID(line.next("its module"), names: modules, "a module", line)
    let offset = try line.integer(line.next("its offset"), "an offset", as: UInt64.self)
    var address = CodeAddress(module: module, offset: offset, isReturn: false)
    switch line.words.popFirst() {
    case nil: break
    case "return"?: address.isReturn = true
    case let word?: throw line.error("'\(word)' is not 'return'")
    }
    let id = try newID(name, taken: trace.definitions.sites, names: &sites, line)
    trace.definitions.addresses[id] = address
    trace.definitions.sites[id] = trace.definitions.unnamed(address)
  }

  /// `file:line[-line][:column[-column]]`, the file in quotes if it has a colon.
  private func place(_ word: Substring, _ line: TraceTextLine) throws(TraceTextError) -> Site {
    let after = word.unicodeScalars.lastIndex(of: "\"") ?? word.startIndex
    guard let colon = word[after...].firstIndex(of: ":") else {
      throw line.error("'\(word)' is not file:line")
    }
    let file = try line.content(word[..<colon])
    let parts = word[word.index(after: colon)...].split(
      separator: ":", omittingEmptySubsequences: false)
    guard parts.count <= 2 else { throw line.error("'\(word)' is not file:line:column") }
    let lines = try range(parts[0], line)
    var site = Site(file: file, function: "", line: lines.from, endLine: lines.to)
    if parts.count == 2 {
      let columns = try range(parts[1], line)
      site.column = columns.from == 0 ? nil : columns.from
      site.endColumn = columns.to
    }
    return site
  }

  private func range(
    _ text: Substring, _ line: TraceTextLine
  ) throws(TraceTextError) -> (from: Int, to: Int?) {
    let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    let from = try line.integer(ends[0], "a line or column", as: UInt32.self)
    guard ends.count == 2 else { return (Int(from), nil) }
    return (Int(from), Int(try line.integer(ends[1], "a line or column", as: UInt32.self)))
  }

  private mutating func readStack(_ line: inout TraceTextLine) throws(TraceTextError) {
    let name = try line.next("the stack's name")
    var frames: [UInt32] = []
    while let word = line.words.popFirst() {
      frames.append(try knownID(word, names: sites, "a site", line))
    }
    let id = try newID(name, taken: trace.definitions.stacks, names: &stacks, line)
    trace.definitions.stacks[id] = frames
  }

  private mutating func readThread(_ line: inout TraceTextLine) throws(TraceTextError) {
    let slot = ThreadSlot(try line.integer(line.next("the thread's number"), "a thread's number"))
    guard case ("tid", let tid)? = line.pair(try line.next("tid=…")) else {
      throw line.error("tid=… is missing")
    }
    let number: UInt64 = try line.integer(tid, "a thread id")
    let name = try line.content(line.next("the thread's name"))
    guard trace.definitions.threads.updateValue(.init(tid: number, name: name), forKey: slot) == nil
    else { throw line.error("thread \(slot.number) is defined twice") }
  }

  private mutating func readEvent(
    _ time: Substring, _ line: inout TraceTextLine
  ) throws(TraceTextError) {
    let thread = ThreadSlot(try line.integer(line.next("the thread"), "a thread's number"))
    let name = try line.next("the event's kind")
    guard let kind = EventKind(name: String(name)) else {
      throw line.error("'\(name)' is no kind of event")
    }
    let table = kind.specification
    let subject = try field(line.next(table.subject.label), table.subject.meaning, line)
    var event = Event(time: try instant(time, line), thread: thread, kind: kind, subject: subject)
    while let word = line.words.popFirst() {
      guard let (key, value) = line.pair(word) else {
        throw line.error("'\(word)' is no key=value")
      }
      switch key {
      case "object": event.object = try field(value, table.object?.meaning ?? .number, line)
      case "site": event.site = try stack(value, line)
      case "value":
        let meaning = table.value?.meaning ?? .number
        let number = try field(value, meaning, line)
        let isNone = meaning == .limit && number == .max
        guard let small = isNone ? UInt32.max : UInt32(exactly: number) else {
          throw line.error("\(number) does not fit into value")
        }
        event.value = small
      default: throw line.error("'\(key)' is none of object, site, value")
      }
    }
    trace.events.append(event)
  }

  private func instant(
    _ text: Substring, _ line: TraceTextLine
  ) throws(TraceTextError) -> TraceInstant {
    let units: [(name: String, digits: Int)] = [
      ("ns", 0), ("us", 3), ("µs", 3), ("ms", 6), ("s", 9),
    ]
    guard let unit = units.first(where: { text.hasSuffix($0.name) }) else {
      throw line.error("'\(text)' has no unit (ns, us, ms, s)")
    }
    let parts = text.dropLast(unit.name.count).split(
      separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
    let decimals = parts.count == 2 ? parts[1] : ""
    guard decimals.count <= unit.digits else { throw line.error("'\(text)' is finer than 1 ns") }
    let zeros = String(repeating: "0", count: unit.digits - decimals.count)
    return TraceInstant(
      nanoseconds: try line.integer((parts[0] + decimals + zeros)[...], "a time"))
  }

  private mutating func field(
    _ word: Substring, _ meaning: FieldMeaning, _ line: TraceTextLine
  ) throws(TraceTextError) -> UInt64 {
    switch meaning {
    case .string:
      if word.unicodeScalars.first == "\"" { return UInt64(trace.intern(try line.content(word))) }
      return try reference(word, names: strings, "a string", line)
    case .site: return try reference(word, names: sites, "a site", line)
    case .stack where word.hasPrefix("%"):
      return try line.integer(word.dropFirst(), "the id of a stack")
    case .stack: return UInt64(try stack(word, line)?.number ?? 0)
    case .limit where word == "none": return UInt64.max
    case .party, .resource, .any, .number, .tid, .ticks, .milliseconds, .limit, .outcome,
      .resourceKind, .operation, .dependency, .referrer, .processLink, .reason, .io:
      if let number = meaning.number(for: String(word)) { return number }
      return try line.integer(word, "a number or a word for \(meaning.rawValue)")
    }
  }

  /// A stack by name; the name of a site stands for a stack of that one frame.
  private mutating func stack(
    _ word: Substring, _ line: TraceTextLine
  ) throws(TraceTextError) -> StackID? {
    if stacks[String(word)] == nil, let site = sites[String(word)], !word.hasPrefix("%") {
      return trace.intern(stack: [site])
    }
    return StackID(try knownID(word, names: stacks, "a stack", line))
  }

  private func reference(
    _ word: Substring, names: [String: UInt32], _ what: String, _ line: TraceTextLine
  ) throws(TraceTextError) -> UInt64 {
    if word.hasPrefix("%") { return try line.integer(word.dropFirst(), "the id of \(what)") }
    return UInt64(try knownID(word, names: names, what, line))
  }

  private func knownID(
    _ word: Substring, names: [String: UInt32], _ what: String, _ line: TraceTextLine
  ) throws(TraceTextError) -> UInt32 {
    if word.hasPrefix("%") { return try line.integer(word.dropFirst(), "the id of \(what)") }
    if let id = names[String(word)] { return id }
    guard word.first?.isNumber == true else {
      throw line.error("\(what) named '\(word)' is not defined above")
    }
    return try line.integer(word, "the id of \(what)")
  }

  /// The id for a new name: `%7` asks for 7, any other name gets the lowest free one.
  private func newID<Value>(
    _ name: Substring, taken: [UInt32: Value], names: inout [String: UInt32], _ line: TraceTextLine
  ) throws(TraceTextError) -> UInt32 {
    let isNumber = name.hasPrefix("%")
    let id: UInt32 =
      isNumber ? try line.integer(name.dropFirst(), "an id") : MemoryTrace.freeID(taken)
    guard taken[id] == nil, names.updateValue(id, forKey: String(name)) == nil else {
      throw line.error("'\(name)' is defined twice")
    }
    return id
  }
}
