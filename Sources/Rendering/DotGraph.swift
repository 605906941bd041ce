package import Findings
import TraceFormat

/// The wait-for graph as a Graphviz document: tasks are boxes, resources rounded, the cycle bold red.
package struct DotGraph {
  package var places: Places
  package init(places: Places) { self.places = places }

  package func render(_ graph: WaitGraph) -> String {
    var dot = DotWriter(name: "waits")
    let title = graph.nodes.isEmpty ? "nothing waits" : "who waits for whom"
    dot.defaults(
      "graph",
      [
        ("label", "\(title), \(instant(graph.time))"), ("labelloc", "t"), ("rankdir", "LR"),
        ("fontname", Ink.font), ("fontsize", "13"), ("fontcolor", Ink.text), ("nodesep", "0.4"),
        ("ranksep", "0.7"), ("bgcolor", "white"), ("pad", "0.3"),
      ])
    dot.defaults(
      "node",
      [
        ("fontname", Ink.font), ("fontsize", "11"), ("fontcolor", Ink.text), ("penwidth", "1.2"),
        ("margin", "0.16,0.08"),
      ])
    dot.defaults(
      "edge",
      [
        ("fontname", Ink.font), ("fontsize", "9"), ("fontcolor", Ink.line), ("color", Ink.line),
        ("arrowsize", "0.8"),
      ])
    for (index, node) in graph.nodes.enumerated() { dot.node("n\(index)", attributes(node)) }
    for edge in graph.edges {
      guard graph.nodes.indices.contains(edge.from), graph.nodes.indices.contains(edge.to) else {
        continue
      }
      dot.edge("n\(edge.from)", "n\(edge.to)", attributes(edge))
    }
    return dot.finished()
  }

  private func attributes(_ node: WaitGraph.Node) -> [(String, String)] {
    var lines = [visible(node.name, limit: 40)]
    if !node.detail.isEmpty { lines.append(visible(node.detail, limit: 48)) }
    // A resource without a name is called after its place already.
    if let site = node.site, !node.name.hasSuffix(Places.short(site)) {
      lines.append(Places.short(site))
    }
    var attributes = [("label", lines.joined(separator: "\n"))]
    switch node.kind {
    case .task, .job: attributes += [("shape", "box"), ("style", "filled")]
    case .thread, .loop: attributes += [("shape", "box3d"), ("style", "filled")]
    case .resource: attributes += [("shape", "box"), ("style", "rounded,filled")]
    }
    let (line, fill) =
      switch node.state {
      case .live: (Ink.live, Ink.liveFill)
      case .stuck: (Ink.stuck, Ink.stuckFill)
      case .cause: (Ink.cause, Ink.causeFill)
      case .ended: (Ink.faint, Ink.plainFill)
      }
    attributes += [("color", line), ("fillcolor", fill)]
    if node.state == .cause { attributes.append(("penwidth", "2")) }
    if let site = node.site { attributes.append(("tooltip", tooltip(site))) }
    return attributes
  }

  private func attributes(_ edge: WaitGraph.Edge) -> [(String, String)] {
    var attributes = [("label", visible(edge.relation, limit: 40))]
    if edge.isCycle {
      attributes += [("color", Ink.cause), ("fontcolor", Ink.cause), ("penwidth", "2")]
    }
    if let site = edge.site { attributes.append(("tooltip", tooltip(site))) }
    return attributes
  }

  private func tooltip(_ site: Site) -> String {
    "\(places.line(site)) in \(visible(site.function))"
  }
}
