/// The text form of a trace: one definition or event a line, for tests and for people.
///
/// ```
/// site s1 app.py:17:13-40 Store.put           # file:line[-line][:column[-column]] function [whose]
/// stack k1 s1                                 # innermost first
/// thread 1 tid=100 "MainThread"
/// +2.10ms  1  task-create  0xa1  site=k1 value=s1
/// ```
///
/// Names of strings, sites, modules and stacks are free; `%7` is the one whose id is 7. docs/format.md
/// specifies it.
package enum TraceText {
  /// The text form of everything that a source has; `parse` gives the same trace back.
  /// Throws what reading the source throws.
  package static func print(_ source: some EventSource) throws -> String {
    let printer = TraceTextPrinter(source.definitions)
    var text = headerLines(source.header)
    text += printer.definitionLines()
    var events = ""
    let losses = try source.forEachEvent { events += printer.line($0) + "\n" }
    for loss in losses {
      text += "loss \(quoted(loss.what))"
      if let offset = loss.byteOffset { text += " offset=\(offset)" }
      if let count = loss.events { text += " events=\(count)" }
      text += "\n"
    }
    return text + events
  }

  private static func headerLines(_ header: TraceHeader) -> String {
    var text = ""
    if !header.program.isEmpty { text += "program \(quoted(header.program))\n" }
    if header.process != 0 { text += "process \(header.process)\n" }
    if header.parent != 0 { text += "parent \(header.parent)\n" }
    if header.wallStart != 0 { text += "wall-start \(header.wallStart)\n" }
    if header.lostEvents != 0 { text += "lost-events \(header.lostEvents)\n" }
    if header.cleanEnd { text += "clean-end\n" }
    return text
  }

  /// In quotes, on one line, with everything escaped that a terminal or an editor may act on.
  package static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\r": text += "\\r"
      default:
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
          text += "\\u{\(String(scalar.value, radix: 16))}"
        default: text.unicodeScalars.append(scalar)
        }
      }
    }
    return text + "\""
  }

  /// As it is if it can stand as one word, else in quotes.
  static func word(_ string: String) -> String {
    let plain = string.unicodeScalars.allSatisfy {
      $0.isASCII && $0.value > 0x20 && $0.value < 0x7f && !"\"#:=\\%".unicodeScalars.contains($0)
    }
    return plain && !string.isEmpty ? string : quoted(string)
  }
}

/// Writes one line each for definitions and events.
struct TraceTextPrinter {
  private let definitions: Definitions
  /// Strings that a quoted text stands for: those whose content no other id has.
  private let unambiguous: Set<UInt32>

  init(_ definitions: Definitions) {
    self.definitions = definitions
    var ids: [String: [UInt32]] = [:]
    for (id, string) in definitions.strings { ids[string, default: []].append(id) }
    unambiguous = Set(ids.values.filter { $0.count == 1 }.map { $0[0] })
  }

  func definitionLines() -> String {
    var text = ""
    for (id, string) in definitions.strings.sorted(by: { $0.key < $1.key }) {
      text += "string %\(id) \(TraceText.quoted(string))\n"
    }
    for (id, module) in definitions.modules.sorted(by: { $0.key < $1.key }) {
      text += "module %\(id) \(TraceText.word(module.path))\(buildID(module))\n"
    }
    for (id, address) in definitions.addresses.sorted(by: { $0.key < $1.key }) {
      let offset = String(address.offset, radix: 16)
      text += "address %\(id) %\(address.module) 0x\(offset)\(address.isReturn ? " return" : "")\n"
    }
    for (id, site) in definitions.sites.sorted(by: { $0.key < $1.key })
    where definitions.addresses[id] == nil {
      text += "site %\(id) \(place(site)) \(TraceText.word(site.function))\(whose(site))\n"
    }
    for (id, sites) in definitions.stacks.sorted(by: { $0.key < $1.key }) {
      text += "stack %\(id)\(sites.map { " %\($0)" }.joined())\n"
    }
    for (slot, thread) in definitions.threads.sorted(by: { $0.key < $1.key }) {
      text += "thread \(slot.number) tid=\(thread.tid) \(TraceText.quoted(thread.name))\n"
    }
    for fact in definitions.facts {
      text += "fact \(TraceText.word(fact.key)) \(TraceText.quoted(fact.value))\n"
    }
    return text
  }

  private func place(_ site: Site) -> String {
    var text = "\(TraceText.word(site.file)):\(site.line)"
    if site.endLine != site.line { text += "-\(site.endLine)" }
    if site.column != nil || site.endColumn != nil { text += ":\(site.column ?? 0)" }
    if let end = site.endColumn { text += "-\(end)" }
    return text
  }

  private func buildID(_ module: Module) -> String {
    module.buildID.isEmpty ? "" : " build-id=" + hexadecimal(module.buildID)
  }

  private func whose(_ site: Site) -> String {
    switch site.ownership {
    case .user: ""
    case .library: " library"
    case .runtime: " " + (site.role?.rawValue ?? "runtime")
    }
  }

  func line(_ event: Event) -> String {
    let specification = event.kind.specification
    var text = "+\(milliseconds(event.time))ms \(event.thread.number) \(specification.name)"
    text += " \(field(event.subject, specification.subject.meaning))"
    if let object = shown(event.object, specification.object) { text += " object=\(object)" }
    if let site = event.site { text += " site=%\(site.number)" }
    let isNone = specification.value?.meaning == .limit && event.value == .max
    let number = isNone ? UInt64.max : UInt64(event.value)
    if let value = shown(number, specification.value) { text += " value=\(value)" }
    return text
  }

  /// Nothing for a 0 that needs no word.
  private func shown(_ number: UInt64, _ specified: EventField?) -> String? {
    let meaning = specified?.meaning ?? .number
    if number == 0 && meaning.word(for: 0) == nil { return nil }
    return field(number, meaning)
  }

  private func field(_ number: UInt64, _ meaning: FieldMeaning) -> String {
    switch meaning {
    case .party, .resource, .any: return "0x" + String(number, radix: 16)
    case .site, .stack: return "%\(number)"
    case .string:
      guard let id = UInt32(exactly: number), unambiguous.contains(id),
        let string = definitions.strings[id]
      else { return "%\(number)" }
      return TraceText.quoted(string)
    case .limit where number == .max: return "none"
    case .number, .tid, .ticks, .milliseconds, .limit, .outcome, .resourceKind, .operation,
      .dependency, .referrer, .processLink, .reason, .io:
      return meaning.word(for: number) ?? "\(number)"
    }
  }

  private func milliseconds(_ time: TraceInstant) -> String {
    let (whole, rest) = time.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000)
    guard rest != 0 else { return "\(whole)" }
    let digits = String(String(rest + 1_000_000).dropFirst())
    return "\(whole).\(digits.prefix(through: digits.lastIndex { $0 != "0" } ?? digits.startIndex))"
  }
}
