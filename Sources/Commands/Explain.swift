import ArgumentParser
import Findings
import Rendering

struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Explains a kind of finding: what it means, how it comes about, how to mend it.")

  @Argument(help: ArgumentHelp("The kind, as in error[kind]; without it, all are listed."))
  var kind: String?

  func run() throws {
    guard let kind else { return Console.standardOutput.write(Self.list()) }
    guard let found = FindingKind(rawValue: kind) else {
      throw Failure(
        message: "there is no kind of finding named '\(visible(kind))'",
        help: ["coroner explain lists them"])
    }
    Console.standardOutput.write(found.explanation.page)
  }

  static func list() -> String {
    let width = FindingKind.allCases.map(\.rawValue.count).max() ?? 0
    return FindingKind.allCases.map { kind in
      kind.rawValue.padded(to: width) + "   " + kind.explanation.summary + "\n"
    }.joined()
  }
}
