import ArgumentParser
import Findings
import Rendering

struct Analyze: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what is stuck in a trace, and why.",
    discussion: "Exit status: 0 nothing is stuck, 1 something is, 2 usage, 3 unreadable trace.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Argument(help: ArgumentHelp("Traces of one run.", valueName: "trace"))
  var traces: [String]

  @Option(help: "How the report is written.")
  var format = Format.text

  @Option(help: "Whether the text is coloured.")
  var color = ColorChoice.auto

  @Flag(help: "Show library frames and whole stacks, too.")
  var verbose = false

  @Flag(help: "Show everything that waits behind a cause.")
  var all = false

  @Flag(help: "Show what did not hang this run but may hang another.")
  var hazards = false

  @Option(help: ArgumentHelp("Analyze as of this instant: 2.1ms, 3s.", valueName: "time"))
  var at: InstantArgument?

  @OptionGroup var binaries: Binaries

  @OptionGroup var output: Output

  func run() throws {
    let files = SourceFiles()
    let report = try TraceLoading(source: files, binaries: binaries.folders).report(
      of: traces, until: at?.instant, predicting: hazards)
    var options = ReportOptions()
    options.verbose = verbose
    options.all = all
    options.hazards = hazards
    options.places = Places(currentFolder: Path.currentFolder)
    options.source = { files.lines(of: $0) }
    switch format {
    case .text:
      let text = TextReport(options: options).render(report)
      try output.write(text.render(color: color.isOn(file: output.file)))
    case .json:
      try output.write(JSONReport(options: options).render(report))
    }
    if report.hasStuck { throw Status.somethingStuck }
  }
}
