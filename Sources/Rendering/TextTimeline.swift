package import Findings
import TraceFormat

/// The timeline as text: a rail for each party, and beside the rails what happens.
package struct TextTimeline {
  package var places: Places
  package init(places: Places) { self.places = places }

  /// Rails that still leave room for text beside them; of more lanes none has one.
  private static let railLimit = 20

  package func render(_ timeline: Timeline) -> StyledText {
    var text = StyledText()
    guard !timeline.entries.isEmpty else {
      text.add("nothing happened in this trace.")
      return text
    }
    let hasRails = timeline.lanes.count <= Self.railLimit
    for (lane, info) in timeline.lanes.enumerated() {
      let state = info.isCause ? "stuck, the cause" : info.isStuck ? "stuck behind it" : "not stuck"
      let rail = hasRails ? rails(timeline, at: lane, sign: "o", states: [:]) : []
      text.add(
        rail + [
          Span(visible(info.name), .task), Span(" [\(info.kind.rawValue), \(state)]"),
        ])
    }
    text.addBlank()
    let times = timeline.entries.map { instant($0.time) }
    let timeWidth = times.map { displayWidth($0) }.max() ?? 0
    let nameWidth = min(24, timeline.lanes.map { displayWidth(visible($0.name)) }.max() ?? 0)
    var states: [Int: Timeline.Entry.Role] = [:]
    var lastTime = ""
    for (index, entry) in timeline.entries.enumerated() {
      let time = times[index] == lastTime ? "" : times[index]
      lastTime = times[index]
      let rail =
        hasRails ? rails(timeline, at: entry.lane, sign: sign(entry.role), states: states) : []
      var line = [Span(time.paddedLeft(to: timeWidth), .faint), Span("  ")] + rail
      let name = visible(timeline.lanes[entry.lane].name, limit: nameWidth)
      line += [
        Span(name, .task),
        Span(String(repeating: " ", count: nameWidth - displayWidth(name) + 1)),
        Span(visible(entry.text, limit: 60), role(entry.role)),
      ]
      if let site = entry.site {
        line += [Span("  "), Span(Places.short(site), .location)]
      }
      text.add(line)
      states[entry.lane] = entry.role
    }
    return text
  }

  /// One character for each lane: its sign where something happens, else how it stands.
  private func rails(
    _ timeline: Timeline, at lane: Int, sign: String, states: [Int: Timeline.Entry.Role]
  ) -> [Span] {
    var spans: [Span] = []
    for index in timeline.lanes.indices {
      let isHere = index == lane
      let mark = isHere ? sign : states[index].map(standing) ?? " "
      let stuck = timeline.lanes[index].isCause
      let style: Role = isHere ? (stuck ? .primaryMark : .heading) : .faint
      spans += [Span(mark, style), Span(" ")]
    }
    return spans + [Span(" ")]
  }

  private func sign(_ role: Timeline.Entry.Role) -> String {
    switch role {
    case .spawn: "o"
    case .runs, .wakes: "*"
    case .takes: "+"
    case .releases: "-"
    case .waits: "?"
    case .ends: "x"
    case .stuck: "#"
    }
  }

  /// How a lane's rail looks after an entry of this role.
  private func standing(_ role: Timeline.Entry.Role) -> String {
    switch role {
    case .spawn, .runs, .takes, .releases, .wakes: "|"
    case .waits, .stuck: ":"
    case .ends: " "
    }
  }

  private func role(_ role: Timeline.Entry.Role) -> Role {
    switch role {
    case .stuck: .error
    case .waits: .warning
    case .takes: .resource
    case .spawn, .runs, .releases, .wakes, .ends: .plain
    }
  }
}
