import Analysis
import ArgumentParser
import Rendering

struct ShowGraph: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph", abstract: "Draws who waits for whom at an instant, for Graphviz.",
    discussion: "As a picture: coroner graph TRACE | dot -Tsvg -o graph.svg")

  enum Format: String, ExpressibleByArgument, CaseIterable { case dot }

  @Argument(help: ArgumentHelp("The trace.", valueName: "trace"))
  var trace: String

  @Option(help: "How the graph is written.")
  var format = Format.dot

  @Option(
    help: ArgumentHelp("The instant: 2.1ms, 3s; the trace's end if not said.", valueName: "time"))
  var at: InstantArgument?

  @Flag(help: "Draw every party and resource, not only what is stuck.")
  var all = false

  @OptionGroup var binaries: Binaries

  @OptionGroup var output: Output

  func run() throws {
    let loading = TraceLoading(source: SourceFiles(), binaries: binaries.folders)
    let analysis = try loading.analysis(of: trace, until: at?.instant)
    TraceLoading.tellNotes(of: analysis)
    let graph = analysis.graph(all: all)
    try output.write(
      DotGraph(places: Places(currentFolder: Path.currentFolder)).render(graph))
  }
}
