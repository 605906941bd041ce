import ArgumentParser
import Glibc
import Rendering

struct Demo: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Records a small program that hangs, kills it, and explains the hang.")

  @Option(help: ArgumentHelp("The interpreter that runs it.", valueName: "path"))
  var python = "python3"

  @Option(help: "Whether the report is coloured.")
  var color = ColorChoice.auto

  func run() throws {
    let installation = try Installation.find()
    try Interpreter(path: python).check()
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let program = Path.joined(folder.path, DemoProgram.fileName)
    let trace = Path.joined(folder.path, "hang.coroner")
    try FileWriter.write(DemoProgram.source, to: program, O_EXCL, 0o600)

    say("$ coroner record --output hang.coroner -- \(python) \(DemoProgram.fileName)")
    let child = try ChildProcess(
      [python, program], variables: installation.variables(output: trace, stall: nil))
    let output = child.read(limit: 4096) { $0.contains(DemoProgram.sign) }
    say(visible(output.trimmed))
    // Long enough to see that nothing moves any more.
    usleep(1_000_000)
    say("$ kill -9 \(child.process)")
    child.kill()
    child.wait()
    say("$ coroner analyze hang.coroner\n")

    let files = SourceFiles()
    let report = try TraceLoading(source: files).report(of: [trace], until: nil)
    var options = ReportOptions()
    options.places = Places(currentFolder: folder.path)
    options.source = { files.lines(of: $0) }
    let text = TextReport(options: options).render(report)
    Console.standardOutput.write(text.render(color: color.isOn(file: nil)))
    guard report.hasStuck else {
      throw Failure(
        message: "the program hung, but its trace does not show it",
        notes: ["the report above is what the trace says"], status: .somethingStuck)
    }
  }

  private func say(_ line: String) { Console.standardOutput.write(line + "\n") }
}

extension String {
  fileprivate var trimmed: String {
    var text = self[...]
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }
}
