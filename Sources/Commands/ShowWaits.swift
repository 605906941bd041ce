import Analysis
import ArgumentParser
import Rendering

struct ShowWaits: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "waits", abstract: "Shows the longest waits, and what each one's time went into.",
    discussion: """
      Without --of or --at, waits for timers, for clients and servers, and for work are left out.
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, json }

  @Argument(help: ArgumentHelp("The trace.", valueName: "trace"))
  var trace: String

  @Option(help: ArgumentHelp("Only waits of the task of this name.", valueName: "name"))
  var of: String?

  @Option(
    help: ArgumentHelp("Only waits that lasted at this instant: 2.1ms, 3s.", valueName: "time"))
  var at: InstantArgument?

  @Option(help: ArgumentHelp("As many waits are shown.", valueName: "number"))
  var count = 5

  @Option(help: "How they are written.")
  var format = Format.text

  @Option(help: "Whether the text is coloured.")
  var color = ColorChoice.auto

  @OptionGroup var binaries: Binaries

  @OptionGroup var output: Output

  func validate() throws {
    guard (1...1000).contains(count) else { throw ValidationError("--count is from 1 to 1000") }
  }

  func run() throws {
    let loading = TraceLoading(source: SourceFiles(), binaries: binaries.folders)
    let analysis = try loading.analysis(of: trace)
    TraceLoading.tellNotes(of: analysis)
    var choice = WaitPaths.Choice()
    choice.party = of
    choice.at = at?.instant
    choice.count = count
    let paths = try WaitPaths(analysis, choice: choice).paths()
    switch format {
    case .text:
      try output.write(WaitList().render(paths).render(color: color.isOn(file: output.file)))
    case .json: try output.write(WaitList().renderJSON(paths))
    }
  }
}
