import Findings
import TraceFormat

/// The whole stacks of a finding's parties, library frames too, as `--verbose` shows them.
struct StackListing {
  var parties: [Party]
  var places: Places

  func render() -> StyledText {
    var text = StyledText()
    text.add("stacks, innermost first:", .heading)
    for party in parties {
      let since = party.since.map { " since \(instant($0))" } ?? ""
      text.add([
        Span("   "), Span(visible(party.name, limit: 40), .task),
        Span(" [\(party.kind.rawValue), \(visible(party.state))\(since)]"),
      ])
      add(party.stack, to: &text)
      if !party.createdAt.isEmpty {
        text.add("      made by", .faint)
        add(party.createdAt, to: &text)
      }
    }
    return text
  }

  private func add(_ stack: [Site], to text: inout StyledText) {
    for site in stack {
      text.add([
        Span("      "), Span(places.line(site), .location), Span(" in \(visible(site.function))"),
      ])
    }
  }
}
