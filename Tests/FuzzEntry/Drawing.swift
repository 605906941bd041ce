import Analysis
import Findings
import Rendering
import TraceFormat

/// Everything that the tool can say about a trace.
enum Drawing {
  static func draw(_ trace: some EventSource) {
    let analyzer = Analyzer { _ in ["lock = Lock()", "a, b = Lock(), Queue()"] }
    guard let analysis = try? analyzer.analyze(trace, path: "fuzz", predicting: true) else {
      return
    }
    var options = ReportOptions()
    options.verbose = true
    options.all = true
    options.hazards = true
    options.source = { _ in ["one line", "another"] }
    _ = TextReport(options: options).render(analysis.report).render(color: true)
    _ = JSONReport(options: options).render(analysis.report)
    for all in [true, false] {
      _ = DotGraph(places: Places()).render(analysis.graph(all: all))
      guard let timeline = try? analysis.timeline(all: all) else { continue }
      _ = TextTimeline(places: Places()).render(timeline).render(color: false)
      _ = DotTimeline(places: Places()).render(timeline)
    }
    if let finding = analysis.report.findings.first {
      _ = try? analysis.timeline(all: false, around: finding)
    }
    if let paths = try? WaitPaths(analysis, choice: WaitPaths.Choice()).paths() {
      _ = WaitList().render(paths).render(color: true)
      _ = WaitList().renderJSON(paths)
    }
    var table = FaultTable()
    table.add(analysis.report.findings, of: "fuzz")
    _ = FaultList(options: options).render(table).render(color: true)
    let middle = TraceInstant(nanoseconds: analysis.report.traces[0].duration.nanoseconds / 2)
    _ = try? analyzer.analyze(trace, path: "fuzz", until: middle)
  }
}
