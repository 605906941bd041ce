import Glibc

/// What a compiler's name for a function says to a person.
struct SwiftName: Equatable {
  /// "closure #1 in Bank.transfer(to:)".
  var text: String
  /// The module that the function is of; nothing if the name does not say.
  var module: String?
  /// What the compiler put between a caller and a function.
  var isThunk: Bool
  /// What @main stands for: it calls the program's own main function.
  var isEntry: Bool { text.hasSuffix(".$main()") }
  /// Whether the function may be suspended.
  var isAsync: Bool

  /// Nothing if it is no mangled name of Swift.
  init?(mangled: String) {
    guard ["$s", "_$s", "$S", "_T0"].contains(where: mangled.hasPrefix),
      let full = Self.demangle(mangled)
    else { return nil }
    self.init(demangled: full)
  }

  /// - Parameter demangled: the whole text, with types and modules.
  init(demangled: String) {
    var reader = NameReader(Array(demangled.utf8.prefix(Self.limit)))
    let parts = reader.entities()
    text = parts.joined(separator: " in ")
    if text.isEmpty || reader.isProse { text = String(demangled.prefix(Self.proseLimit)) }
    module = reader.module
    isAsync = reader.isAsync
    isThunk = Self.thunks.contains { demangled.contains($0) }
    if demangled.hasPrefix("merged ") { text += " or one like it" }
    // A thunk made for one closure alone goes by that.
    let sign = "[Constant Propagated Function : "
    if isThunk, let start = demangled.firstRange(of: sign)?.upperBound,
      let end = demangled[start...].firstRange(of: "]>")?.lowerBound
    {
      text = SwiftName(demangled: String(demangled[start..<end])).text
    }
  }

  private static let thunks = [
    "partial apply forwarder for ", " thunk helper ", " thunk of ", " thunk for ",
    "protocol witness for ",
  ]

  /// Longer names are cut: nobody reads them.
  private static let limit = 4096
  private static let proseLimit = 120

  private static func demangle(_ name: String) -> String? {
    guard let text = swiftDemangle(name, name.utf8.count, nil, nil, 0) else { return nil }
    defer { free(text) }
    let full = String(cString: text)
    return full == name ? nil : full
  }
}

/// The runtime's own, which every program in Swift has.
@_silgen_name("swift_demangle")
private func swiftDemangle(
  _ name: UnsafePointer<CChar>?, _ length: Int, _ buffer: UnsafeMutablePointer<CChar>?,
  _ bufferSize: UnsafeMutablePointer<Int>?, _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?

/// Reads a demangled name from left to right: what is declared, in what, and so on.
private struct NameReader {
  private let bytes: [UInt8]
  private var at = 0
  private(set) var module: String?
  /// What was read is no declaration: "outlined destroy of Swift.String".
  private(set) var isProse = false
  private(set) var isAsync = false

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// What the compiler made of a function stands before it. It is the function that people know.
  private static let prefixes = [
    "partial apply forwarder for ", "merged ", "async function pointer to ", "dispatch thunk of ",
    "distributed thunk ", "protocol witness for ", "back deployment fallback for ",
    "back deployment thunk for ", "@objc ", "@nonobjc ", "static ", "dynamic ", "override ",
    "variable initialization expression of ", "one-time initialization function for ",
  ]
  private static let specializations = [
    "generic specialization ", "generic partial specialization ",
    "generic not re-abstracted specialization ", "function signature specialization ",
    "inlined generic function ", "generic pre-specialization ",
  ]

  mutating func entities() -> [String] {
    var parts: [String] = []
    repeat {
      skipPrefixes()
      // Neither a conformance nor what it is declared in.
      if has("conformance ") { break }
      let part = entity()
      let isFirst = parts.isEmpty
      if !part.isEmpty { parts.append(part) }
      let type = at
      let goesOn = skipTo(" in ")
      if isFirst { isAsync = text(type..<at).contains(" async") }
      if !goesOn { break }
    } while true
    return parts
  }

  private mutating func skipPrefixes() {
    while true {
      if let prefix = Self.prefixes.first(where: has) {
        at += prefix.utf8.count
      } else if let prefix = Self.specializations.first(where: has) {
        at += prefix.utf8.count
        if byte == UInt8(ascii: "<") { at = endOfGroup(at) }
        if !skipTo("of ") { return }
      } else if byte == UInt8(ascii: "("), let end = endOfResumption() {
        at = end
      } else if has("(extension in ") {
        at = endOfGroup(at)
        if byte == UInt8(ascii: ":") { at += 1 }
      } else {
        return
      }
    }
  }

  /// Behind "(3) suspend resume partial function for ".
  private func endOfResumption() -> Int? {
    var place = at + 1
    while place < bytes.count, (0x30...0x39).contains(bytes[place]) { place += 1 }
    guard place > at + 1 else { return nil }
    for kind in ["suspend", "await"] {
      let text = ") \(kind) resume partial function for "
      if bytes[place...].starts(with: text.utf8) { return place + text.utf8.count }
    }
    return nil
  }

  /// One declaration: its path without the module, with labels in the place of parameters.
  private mutating func entity() -> String {
    for kind in ["closure #", "implicit closure #", "$defer #"] where has(kind) {
      let start = at
      at += kind.utf8.count
      while let digit = byte, (0x30...0x39).contains(digit) { at += 1 }
      return kind == "$defer #" ? "defer" : text(start..<at)
    }
    var components: [String] = []
    var labels = ""
    var isLocal = false
    path: while let byte {
      switch byte {
      case UInt8(ascii: "."):
        at += 1
        continue
      case UInt8(ascii: "(") where components.isEmpty || bytes[at - 1] == UInt8(ascii: "."):
        // Private: "(name in _1234)"; the number says which file's.
        let end = endOfGroup(at)
        var inner = NameReader(Array(bytes[(at + 1)..<max(at + 1, end - 1)]))
        components.append(inner.component())
        at = max(at + 1, end)
      case UInt8(ascii: "("):
        labels = self.labels()
        break path
      case UInt8(ascii: "<") where !components.isEmpty && bytes[at - 1] != UInt8(ascii: "."):
        let end = endOfGroup(at)
        if end == at { break path }
        at = end
      case UInt8(ascii: " "):
        // A local function has a number, and then its parameters.
        guard has(" #") else {
          isProse = isProse || components.count == 1 && !hasAfterName()
          break path
        }
        isLocal = true
        at += 2
        while let digit = self.byte, (0x30...0x39).contains(digit) { at += 1 }
        if has(" <") { at = endOfGroup(at + 1) }
        if has(" (") { at += 1 }
        if self.byte == UInt8(ascii: "(") { labels = self.labels() }
        break path
      case UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: ")"), UInt8(ascii: "@"): break path
      default: components.append(component())
      }
    }
    // A macro's expansion has a mangled name for its name.
    components.removeAll { $0.hasPrefix("$s") }
    if components.count > 1, !isLocal {
      let first = components.removeFirst()
      module = module ?? first
    }
    if let last = components.last, let plain = Self.plain[last] {
      components[components.count - 1] = plain
    }
    return components.joined(separator: ".") + labels
  }

  /// Whether what stands here may follow a declaration's name.
  private func hasAfterName() -> Bool {
    [
      " : ", " -> ", " in ", " async", " throws", " infix", " prefix", " postfix",
      " with unmangled",
    ]
    .contains(where: has)
  }

  private static let plain = [
    "__allocating_init": "init", "__deallocating_deinit": "deinit",
    "__isolated_deallocating_deinit": "deinit",
  ]

  /// One name, or the signs of an operator.
  private mutating func component() -> String {
    let start = at
    if byte == UInt8(ascii: "`") {
      at += 1
      while let byte, byte != UInt8(ascii: "`") { at += 1 }
      at = min(at + 1, bytes.count)
      return text(start..<at)
    }
    if let byte, Self.isOfName(byte) {
      while let byte = self.byte, Self.isOfName(byte) { at += 1 }
    } else {
      while let byte, !Self.isOfName(byte), byte != UInt8(ascii: " ") { at += 1 }
    }
    if at == start { at = min(at + 1, bytes.count) }
    return text(start..<at)
  }

  private static func isOfName(_ byte: UInt8) -> Bool {
    byte >= 0x80 || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
      || (0x61...0x7a).contains(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$")
  }

  /// "(to: Swift.Int, Swift.Bool)" as "(to:_:)".
  private mutating func labels() -> String {
    let end = endOfGroup(at)
    guard end > at else { return "" }
    var result = "("
    var start = at + 1
    while start < end - 1 {
      var stop = start
      while stop < end - 1, bytes[stop] != UInt8(ascii: ",") {
        stop = max(stop + 1, endOfGroup(stop))
      }
      result += label(start..<stop)
      start = stop + 1
    }
    at = end
    return result + ")"
  }

  private func label(_ range: Range<Int>) -> String {
    let start = range.first { bytes[$0] != UInt8(ascii: " ") } ?? range.lowerBound
    var end = start
    while end < range.upperBound, Self.isOfName(bytes[end]) || bytes[end] == UInt8(ascii: "`") {
      end += 1
    }
    let isLabel = end > start && end + 1 < range.upperBound && bytes[end] == UInt8(ascii: ":")
    return isLabel ? text(start..<end) + ":" : "_:"
  }

  /// Behind the bracket that closes what opens at `start`; `start` if nothing opens or closes.
  private func endOfGroup(_ start: Int) -> Int {
    var depth = 0
    var place = start
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "<"): depth += 1
      case UInt8(ascii: ")"), UInt8(ascii: "]"): depth -= 1
      // The head of an arrow closes nothing.
      case UInt8(ascii: ">") where place == 0 || bytes[place - 1] != UInt8(ascii: "-"): depth -= 1
      default: break
      }
      if depth <= 0 { return place == start ? start : place + 1 }
      place += 1
    }
    return start
  }

  private var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

  private func has(_ text: String) -> Bool { bytes[at...].starts(with: text.utf8) }

  /// Goes behind the next such text outside of brackets; whether there is one.
  private mutating func skipTo(_ text: String) -> Bool {
    while at < bytes.count {
      if has(text) {
        at += text.utf8.count
        return true
      }
      at = max(at + 1, endOfGroup(at))
    }
    return false
  }

  private func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }
}
