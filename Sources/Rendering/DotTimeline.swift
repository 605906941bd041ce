package import Findings
import TraceFormat

/// A space-time diagram: a lane for each party, time runs down, arrows say what hangs on what. The
/// places of the nodes are ours, so that lanes are straight and time never runs backwards.
package struct DotTimeline {
  package var places: Places
  package init(places: Places) { self.places = places }

  /// Entries that still make a picture; of more, the latest are drawn.
  package static let entryLimit = 120

  private static let laneWidth = 210.0
  private static let rowHeight = 46.0
  private static let timeX = -130.0

  package func render(_ timeline: Timeline) -> String {
    let first = max(0, timeline.entries.count - Self.entryLimit)
    let entries = timeline.entries[first...]
    // Lanes without an entry left would be empty lines.
    let lanes = timeline.lanes.indices.filter { lane in entries.contains { $0.lane == lane } }
    let column = Dictionary(uniqueKeysWithValues: zip(lanes, lanes.indices))
    let rows = Dictionary(uniqueKeysWithValues: zip(entries.indices, rowNumbers(entries)))

    var dot = DotWriter(name: "timeline")
    prepare(&dot, cut: first)
    for lane in lanes { header(timeline.lanes[lane], lane, column: column[lane] ?? 0, &dot) }
    var lastRow = -1
    for index in entries.indices {
      let entry = entries[index]
      guard let x = column[entry.lane], let row = rows[index] else { continue }
      if row != lastRow {
        place(
          "t\(index)", x: Self.timeX, row: row,
          [
            ("label", instant(entry.time)), ("shape", "plaintext"), ("style", ""),
            ("fontcolor", Ink.faint),
          ], &dot)
        lastRow = row
      }
      place("e\(index)", x: Double(x) * Self.laneWidth, row: row, attributes(entry), &dot)
    }
    connect(entries, timeline, lanes, &dot)
    for link in timeline.links where link.from >= first && link.to >= first {
      let color = link.isCycle ? Ink.cause : Ink.takes
      dot.edge(
        "e\(link.from)", "e\(link.to)",
        [("color", color), ("penwidth", link.isCycle ? "2" : "1.2"), ("arrowsize", "0.8")])
    }
    return dot.finished()
  }

  /// Entries of one instant in different lanes share a row.
  private func rowNumbers(_ entries: ArraySlice<Timeline.Entry>) -> [Int] {
    var row = 0
    var time: TraceInstant?
    var taken: Set<Int> = []
    return entries.map { entry in
      if entry.time != time || taken.contains(entry.lane) {
        row += 1
        taken = []
      }
      time = entry.time
      taken.insert(entry.lane)
      return row
    }
  }

  private func prepare(_ dot: inout DotWriter, cut: Int) {
    dot.defaults(
      "graph",
      [
        // Places are given: neato draws them as they are, under any of Graphviz's commands.
        ("layout", "neato"), ("inputscale", "72"), ("splines", "true"), ("overlap", "true"),
        ("bgcolor", "white"),
        ("fontname", Ink.font), ("fontsize", "12"), ("fontcolor", Ink.faint), ("pad", "0.3"),
        ("label", cut > 0 ? "\(count(cut)) earlier moments are not drawn" : ""),
      ])
    dot.defaults(
      "node",
      [
        ("fontname", Ink.font), ("fontsize", "11"), ("fontcolor", Ink.text), ("shape", "box"),
        ("style", "rounded,filled"), ("margin", "0.10,0.05"), ("height", "0.3"),
      ])
    dot.defaults("edge", [("color", Ink.line)])
  }

  private func header(
    _ lane: Timeline.Lane, _ index: Int, column: Int, _ dot: inout DotWriter
  ) {
    let color = lane.isCause ? Ink.cause : lane.isStuck ? Ink.stuck : Ink.text
    let word = lane.isCause ? "stuck, the cause" : lane.isStuck ? "stuck behind it" : "goes on"
    place(
      "l\(index)", x: Double(column) * Self.laneWidth, row: 0,
      [
        ("label", "\(visible(lane.name, limit: 28))\n\(lane.kind.rawValue), \(word)"),
        ("shape", "plaintext"), ("style", ""), ("fontcolor", color),
      ], &dot)
  }

  private func place(
    _ id: String, x: Double, row: Int, _ attributes: [(String, String)], _ dot: inout DotWriter
  ) {
    let y = -Double(row) * Self.rowHeight
    dot.node(id, attributes + [("pos", "\(x),\(y)!")])
  }

  private func attributes(_ entry: Timeline.Entry) -> [(String, String)] {
    let (line, fill) =
      switch entry.role {
      case .spawn, .runs: (Ink.line, Ink.plainFill)
      case .takes: (Ink.takes, Ink.takesFill)
      case .releases, .wakes: (Ink.live, Ink.liveFill)
      case .waits: (Ink.stuck, Ink.stuckFill)
      case .ends: (Ink.faint, "#ffffff")
      case .stuck: (Ink.cause, Ink.causeFill)
      }
    let place = entry.site.map { "\n" + Places.short($0) } ?? ""
    var attributes = [
      ("label", visible(entry.text, limit: 34) + place), ("color", line), ("fillcolor", fill),
    ]
    if let site = entry.site {
      attributes.append(("tooltip", "\(places.line(site)) in \(visible(site.function))"))
    }
    return attributes
  }

  /// The line of each lane: dashed where the party waits.
  private func connect(
    _ entries: ArraySlice<Timeline.Entry>, _ timeline: Timeline, _ lanes: [Int],
    _ dot: inout DotWriter
  ) {
    var last: [Int: Int] = [:]
    for index in entries.indices {
      let entry = entries[index]
      let from = last[entry.lane].map { "e\($0)" } ?? "l\(entry.lane)"
      let isWaiting = last[entry.lane].map { entries[$0].role == .waits } ?? false
      let isBefore = last[entry.lane] == nil
      let color = isBefore ? Ink.faint : entry.role == .stuck ? Ink.cause : Ink.line
      dot.edge(
        from, "e\(index)",
        [
          ("arrowhead", "none"), ("color", color),
          ("penwidth", isBefore || isWaiting ? "1.2" : "2"),
          ("style", isBefore ? "dotted" : isWaiting ? "dashed" : "solid"),
        ])
      last[entry.lane] = index
    }
  }
}
