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
  /// Innermost ones in which threads have waited until somebody gave a signal who is no task.
  private var signalled: Set<Int> = []

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
    let function = innermost(stack)
    let number = direct[function] ?? direct.count
    direct[function] = number
    directNumbers[key] = UInt32(number)
    return number
  }

  mutating func noteSignal(at stack: StackID?) { signalled.insert(direct(stack)) }

  func isSignalled(at stack: StackID?) -> Bool {
    direct[innermost(stack)].map(signalled.contains) ?? false
  }

  private func innermost(_ stack: StackID?) -> [String] {
    let frame = definitions.frames(stack).first { $0.ownership != .runtime }
    return frame.map { [$0.file, $0.function] } ?? []
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
