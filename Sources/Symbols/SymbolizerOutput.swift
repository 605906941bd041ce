/// What llvm-symbolizer writes: for each address two lines a frame, innermost first, and an empty line.
struct SymbolizerOutput {
  struct Frame: Equatable {
    /// As the compiler has it, or demangled if that is not Swift's; nothing if it is not known.
    var function: String?
    /// Nothing if no line is known.
    var file: String?
    var line = 0
    var column: Int?
    /// Code that the compiler made, which has no place in a source.
    var isGenerated = false
  }

  /// One list for each address; nothing if the text does not have as many as were asked for.
  static func frames(_ text: String, count: Int) -> [[Frame]]? {
    var result: [[Frame]] = []
    var frames: [Frame] = []
    var function: Substring?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if let name = function {
        frames.append(frame(name, line))
        function = nil
      } else if !line.isEmpty {
        function = line
      } else if !frames.isEmpty {
        result.append(frames)
        frames = []
      }
    }
    if !frames.isEmpty { result.append(frames) }
    return result.count == count ? result : nil
  }

  /// - Parameter place: "file:line:column", with 0 or ?? for what is not known.
  private static func frame(_ function: Substring, _ place: Substring) -> Frame {
    var frame = Frame(function: function == "??" ? nil : String(function))
    var rest = place
    guard let column = takeNumber(&rest), let line = takeNumber(&rest) else { return frame }
    if rest.contains("<compiler-generated>") {
      frame.isGenerated = true
    } else if line > 0, rest != "??", !rest.isEmpty {
      frame.file = String(rest)
      frame.line = line
      frame.column = column > 0 ? column : nil
    }
    return frame
  }

  private static func takeNumber(_ text: inout Substring) -> Int? {
    guard let colon = text.lastIndex(of: ":") else { return nil }
    let digits = text[text.index(after: colon)...]
    text = text[..<colon]
    return digits == "?" || digits == "??" ? 0 : Int(digits)
  }
}
