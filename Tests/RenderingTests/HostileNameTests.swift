import Findings
import Rendering
import Testing
import TraceFormat

/// Names come from the observed program: nothing in them may act on a terminal, break a document or
/// fill a screen.
@Suite struct HostileNameTests {
  static let names = [
    "\u{1B}[2J\u{1B}]0;owned\u{07}", "a\nb\r\nc\td", "\"; shutdown [label=\"",
    "<script>alert(1)</script>",
    "\\N\\G\\l", "&lt;&#10;", "left\u{202E}thgir\u{2066}", "nul\u{0}byte", "\u{9B}31m",
    "\u{2028}line",
    "'quoted' and `ticked`", "名前のとても長いタスク", "\u{FEFF}\u{200B}invisible",
    String(repeating: "x", count: 1 << 20), "\u{1B}" + String(repeating: "é\u{301}", count: 5000),
  ]

  static func finding(_ name: String) -> Finding {
    var finding = SampleFindings.lockCycle
    let site = Site(file: "/tmp/\(name).py", function: name, line: 3)
    finding.headline = "'\(name)' and 'compact' each wait for \(name)"
    finding.parties[0].name = name
    finding.parties[0].stack = [site]
    finding.resources[0].name = name
    finding.edges = finding.edges.map { edge in
      var edge = edge
      edge.from = name
      edge.to = name
      edge.resource = name
      edge.site = site
      return edge
    }
    finding.marks = [Mark(site: site, role: .primary, label: "waits for \(name)", party: name)]
    finding.story = [Moment(time: .start, party: name, text: "takes \(name)")]
    finding.because = ["'\(name)' held it"]
    finding.behind = [BehindParty(name: name, what: "waits for \(name)", site: site)]
    finding.help = ["look at \(name)"]
    finding.notes = ["see \(name)"]
    return finding
  }

  /// What may stand in any output: no controls but the newline, nothing that hides or reorders text.
  private func expectHarmless(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let bad = text.unicodeScalars.first { scalar in
      switch scalar.properties.generalCategory {
      case .control: scalar != "\n"
      case .format, .lineSeparator, .paragraphSeparator: true
      default: false
      }
    }
    #expect(bad == nil, sourceLocation: sourceLocation)
  }

  @Test(arguments: names.indices) func textShowsThem(index: Int) {
    var options = ReportOptions()
    options.verbose = true
    options.all = true
    let report = SampleFindings.report(
      [Self.finding(Self.names[index])], seconds: 1, tasks: 2, stuck: 2)
    let text = TextReport(options: options).render(report).render(color: false)
    expectHarmless(text)
    #expect(text.utf8.count < 40_000)
    // Places in the source are not broken, so that they can be copied.
    let widest =
      text.split(separator: "\n").filter { !$0.contains(":3 in ") }
      .map { displayWidth($0) }.max() ?? 0
    #expect(
      widest <= 100,
      "\(text.split(separator: "\n").filter { displayWidth($0) > 100 && !$0.contains(":3 in ") })")
  }

  @Test(arguments: names.indices) func jsonEscapesThem(index: Int) {
    let report = SampleFindings.report(
      [Self.finding(Self.names[index])], seconds: 1, tasks: 2, stuck: 2)
    let text = JSONReport(options: ReportOptions()).render(report)
    expectHarmless(text)
    #expect(!text.contains("<"))
  }

  @Test(arguments: names.indices) func picturesQuoteThem(index: Int) {
    let name = Self.names[index]
    let site = Site(file: "/tmp/\(name).py", function: name, line: 3)
    var graph = WaitGraph(time: .start)
    graph.nodes = [
      .init(name: name, kind: .task, state: .cause, detail: name, site: site),
      .init(name: name, kind: .resource, state: .cause, detail: name, site: site),
    ]
    graph.edges = [.init(from: 0, to: 1, relation: name, site: site, isCycle: true)]
    var timeline = Timeline(end: .start)
    timeline.lanes = [.init(name: name, kind: .task, isStuck: true, isCause: true)]
    timeline.entries = [.init(time: .start, lane: 0, text: name, site: site, role: .waits)]
    let documents = [
      DotGraph(places: Places()).render(graph), DotTimeline(places: Places()).render(timeline),
    ]
    for text in documents {
      expectHarmless(text)
      #expect(text.utf8.count < 20_000)
      // Each statement is one line whose quotes are closed.
      for line in text.split(separator: "\n") {
        let quotes = line.replacing("\\\\", with: "").replacing("\\\"", with: "").count {
          $0 == "\""
        }
        #expect(quotes % 2 == 0)
      }
    }
    expectHarmless(TextTimeline(places: Places()).render(timeline).render(color: false))
  }
}
