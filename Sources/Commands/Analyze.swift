import Analysis
import ArgumentParser
import Findings
import Rendering

struct Analyze: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what is stuck in a trace, and why.",
    discussion: "Exit status: 0 nothing is stuck, 1 something is, 2 usage, 3 unreadable trace.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Argument(
    help: ArgumentHelp(
      "Traces of one run; or folders, whose traces are looked at one by one and their faults counted.",
      valueName: "trace"))
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
    let loading = TraceLoading(source: files, binaries: binaries.folders)
    if traces.contains(where: Folder.isOne) { return try runMany(loading) }
    let report = try loading.report(
      of: traces, until: at?.instant, predicting: hazards)
    let options = options(files)
    switch format {
    case .text:
      let text = TextReport(options: options).render(report)
      try output.write(text.render(color: color.isOn(file: output.file)))
    case .json:
      try output.write(JSONReport(options: options).render(report))
    }
    if report.hasStuck { throw Status.somethingStuck }
  }

  private func options(_ files: SourceFiles) -> ReportOptions {
    var options = ReportOptions()
    options.verbose = verbose
    options.all = all
    options.hazards = hazards
    options.places = Places(currentFolder: Path.currentFolder)
    options.source = { files.lines(of: $0) }
    return options
  }

  /// Each trace by itself, and each fault once.
  private func runMany(_ loading: TraceLoading) throws {
    let options = options(loading.source)
    let paths = traces.flatMap(Folder.traces)
    if paths.isEmpty {
      throw Failure(
        message: "there are no traces in '\(traces.joined(separator: " "))'",
        help: ["traces of a folder are its files that end in .coroner"], status: .unreadableTrace)
    }
    var table = FaultTable()
    for path in paths {
      do {
        let analysis = try loading.analysis(of: path, until: at?.instant, predicting: hazards)
        table.add(options.shown(analysis.report.findings), of: path)
      } catch let failure as Failure {
        table.addUnreadable(path, why: failure.message)
      }
    }
    table.sort()
    switch format {
    case .text:
      let text = FaultList(options: options).render(table)
      try output.write(text.render(color: color.isOn(file: output.file)))
    case .json: try output.write(JSONReport(options: options).render(table))
    }
    if table.stuckCount > 0 { throw Status.somethingStuck }
    if table.traceCount == 0 { throw Status.unreadableTrace }
  }
}
