import TraceFormat

/// Functions, each with one number, found by what names them in events.
struct FunctionTable: Sendable {
  let definitions: Definitions
  /// Those that parties run, and their places by the ids of their sites.
  private var codes: [FunctionCode] = []
  private var codeNumbers = NumberTable()
  /// Innermost functions of stacks, and the stacks for which they are known.
  private var direct: [[String]: Int] = [:]
  private var directNumbers = NumberTable()

  init(definitions: Definitions) { self.definitions = definitions }

  /// Those that parties run.
  var codeCount: Int { codes.count }

  /// What stands for a function: one for all that run it.
  mutating func code(_ site: UInt32) -> FunctionCode? {
    if let known = codeNumbers[UInt64(site)] { return codes[Int(known)] }
    guard let definition = definitions.site(site) else { return nil }
    let code = FunctionCode(site: definition, number: codes.count)
    codeNumbers[UInt64(site)] = UInt32(codes.count)
    codes.append(code)
    return code
  }

  /// A number for file and function of the innermost frame outside of the language's own library.
  mutating func direct(_ stack: StackID?) -> Int {
    let key = UInt64(stack?.number ?? 0)
    if let known = directNumbers[key] { return Int(known) }
    let frame = definitions.frames(stack).first { $0.ownership != .runtime }
    let function = frame.map { [$0.file, $0.function] } ?? []
    let number = direct[function] ?? direct.count
    direct[function] = number
    directNumbers[key] = UInt32(number)
    return number
  }
}

/// A function that parties run: one for all that do.
final class FunctionCode: Sendable {
  let site: Site
  /// The place among all of them.
  let number: Int
  init(site: Site, number: Int) {
    self.site = site
    self.number = number
  }
}
