import Analysis
import ArgumentParser
import Rendering

struct ShowTimeline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "timeline", abstract: "Shows what the tasks of a finding did, a lane for each.",
    discussion: "As a picture: coroner timeline TRACE --format dot | dot -Tsvg -o timeline.svg")

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, dot }

  @Argument(help: ArgumentHelp("The trace.", valueName: "trace"))
  var trace: String

  @Option(help: "How the timeline is written.")
  var format = Format.text

  @Option(help: "Whether the text is coloured.")
  var color = ColorChoice.auto

  @Flag(help: "Show every task, not only those of the findings.")
  var all = false

  @Option(help: ArgumentHelp("Show it as of this instant: 2.1ms, 3s.", valueName: "time"))
  var at: InstantArgument?

  @OptionGroup var binaries: Binaries

  @OptionGroup var output: Output

  func run() throws {
    let loading = TraceLoading(source: SourceFiles(), binaries: binaries.folders)
    let analysis = try loading.analysis(of: trace, until: at?.instant)
    TraceLoading.tellNotes(of: analysis)
    let timeline = try analysis.timeline(all: all)
    let places = Places(currentFolder: Path.currentFolder)
    switch format {
    case .text:
      let text = TextTimeline(places: places).render(timeline)
      try output.write(text.render(color: color.isOn(file: output.file)))
    case .dot: try output.write(DotTimeline(places: places).render(timeline))
    }
  }
}
