import Findings
import TraceFormat

/// The chain of who waits for whom, a row for each edge: its "held by" is the next row's task.
struct WaitTable {
  var edges: [Edge]
  var end: TraceInstant
  /// Whether the waits go on.
  var isOver = false

  private static let indent = 3
  private static let gap = 3

  func render() -> StyledText {
    let relations = Set(edges.map(\.relation))
    let relation = relations.count == 1 ? relations.first ?? "" : "by"
    let head = ["task", "waits for", relation, "waiting at", "since", isOver ? "for" : "so far"]
    let roles: [Role] = [.task, .resource, .task, .location, .plain, .plain]
    var rows = edges.map(row)
    fit(&rows, head: head)
    let widths = head.indices.map { column in
      ([head] + rows).map { displayWidth($0[column]) }.max() ?? 0
    }

    var text = StyledText()
    func add(_ cells: [String], _ role: (Int) -> Role) {
      var spans = [Span(String(repeating: " ", count: Self.indent))]
      for (column, cell) in cells.enumerated() {
        spans.append(Span(cell, role(column)))
        if column < cells.count - 1 {
          let fill = widths[column] - displayWidth(cell) + Self.gap
          spans.append(Span(String(repeating: " ", count: fill)))
        }
      }
      text.add(spans)
    }
    add(head) { _ in .faint }
    for row in rows { add(row) { roles[$0] } }
    return text
  }

  private func row(_ edge: Edge) -> [String] {
    [
      visible(edge.from), visible(edge.resource), edge.to.map { visible($0) } ?? "nobody",
      edge.site.map(Places.short) ?? "?", edge.since.map(instant) ?? "?",
      edge.since.map { duration(end.since($0)) } ?? "?",
    ]
  }

  /// Cuts the widest names until a row fits into the report.
  private func fit(_ rows: inout [[String]], head: [String]) {
    func width(_ column: Int) -> Int {
      ([head] + rows).map { displayWidth($0[column]) }.max() ?? 0
    }
    while true {
      let total = head.indices.reduce(Self.indent + Self.gap * (head.count - 1)) { $0 + width($1) }
      guard total > reportWidth else { return }
      let widest = [0, 1, 2, 3].max { width($0) < width($1) } ?? 0
      let limit = max(8, width(widest) - (total - reportWidth))
      guard limit < width(widest) else { return }
      // Cut no further than the next widest: all give before one gives everything.
      let next = [0, 1, 2, 3].filter { $0 != widest }.map(width).max() ?? 0
      let target = max(limit, min(next, width(widest) - 1))
      for index in rows.indices { rows[index][widest] = cut(rows[index][widest], target) }
    }
  }

  /// The cells are visible text already.
  private func cut(_ cell: String, _ limit: Int) -> String {
    guard displayWidth(cell) > limit else { return cell }
    var result = cell
    while displayWidth(result) > limit - 1 { result.removeLast() }
    return result + "…"
  }
}
