import Analysis
import ArgumentParser
import Findings
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

  @Option(
    help: ArgumentHelp(
      "Only what the parties of one finding did, while it came about: its number in the report, its kind "
        + "or the beginning of its fingerprint. Hazards count after the others.",
      valueName: "finding"))
  var around: String?

  @OptionGroup var binaries: Binaries

  @OptionGroup var output: Output

  func run() throws {
    let loading = TraceLoading(source: SourceFiles(), binaries: binaries.folders)
    let analysis = try loading.analysis(
      of: trace, until: at?.instant, predicting: around != nil)
    TraceLoading.tellNotes(of: analysis)
    let timeline = try analysis.timeline(all: all, around: around.map { try finding($0, analysis) })
    let places = Places(currentFolder: Path.currentFolder)
    switch format {
    case .text:
      let text = TextTimeline(places: places).render(timeline)
      try output.write(text.render(color: color.isOn(file: output.file)))
    case .dot: try output.write(DotTimeline(places: places).render(timeline))
    }
  }

  private func finding(_ name: String, _ analysis: Analysis) throws -> Finding {
    let findings = analysis.report.findings
    let found =
      Int(name).flatMap { findings.indices.contains($0 - 1) ? findings[$0 - 1] : nil }
      ?? findings.first { $0.kind.rawValue == name }
      ?? findings.first { name.count >= 4 && $0.fingerprint.hasPrefix(name) }
    guard let found else {
      throw Failure(
        message: "there is no finding '\(name)' in this trace",
        notes: findings.enumerated().map { "\($0 + 1): \($1.kind.rawValue), \($1.headline)" })
    }
    return found
  }
}
