package import Findings
import TraceFormat

/// Long waits, each with what its time went into.
package struct WaitList {
  package init() {}

  package func render(_ paths: [WaitPath]) -> StyledText {
    var text = StyledText()
    if paths.isEmpty { text.add("no such wait in this trace.") }
    for (index, path) in paths.enumerated() {
      if index > 0 { text.addBlank() }
      let wait = path.wait
      text.add([
        Span(duration(wait.duration), .heading), Span("  "), Span(visible(wait.party), .task),
        Span(" \(visible(wait.text))"),
      ])
      var line = "from \(instant(wait.from)) to \(instant(wait.until))"
      if let site = wait.site { line = "at \(Places.short(site)), " + line }
      if !wait.end.isEmpty { line += ", " + visible(wait.end, limit: 200) }
      text.add("  " + line, .faint)
      add(path.parts, to: &text)
    }
    return text
  }

  private func add(_ parts: [WaitPath.Part], to text: inout StyledText) {
    let times = parts.map { instant($0.from) }
    let lengths = parts.map { $0.duration == 0 ? "" : duration($0.duration) }
    let timeWidth = times.map { displayWidth($0) }.max() ?? 0
    let lengthWidth = lengths.map { displayWidth($0) }.max() ?? 0
    for (index, part) in parts.enumerated() {
      var line = [
        Span("    " + times[index].paddedLeft(to: timeWidth), .faint),
        Span("  " + lengths[index].paddedLeft(to: lengthWidth) + "  "),
        Span(visible(part.party), .task), Span(" \(visible(part.text, limit: 120))"),
      ]
      if let site = part.site { line += [Span("  "), Span(Places.short(site), .location)] }
      text.add(line)
    }
  }

  /// docs/waits.schema.json is its description.
  package func renderJSON(_ paths: [WaitPath]) -> String {
    let document: JSONValue = [
      "schema": .integer(JSONReport.schemaVersion),
      "waits": .array(
        paths.map { path in
          .object(
            members(path.wait) + [
              ("ended", .string(path.wait.end)),
              ("path", .array(path.parts.map { .object(members($0)) })),
            ])
        }),
    ]
    return document.render(indented: true) + "\n"
  }

  private func members(_ part: WaitPath.Part) -> [(String, JSONValue)] {
    [
      ("party", .string(part.party)), ("text", .string(part.text)),
      ("from", .unsigned(part.from.nanoseconds)), ("until", .unsigned(part.until.nanoseconds)),
      (
        "site",
        part.site.map { site in
          [
            "file": .string(site.file), "line": .integer(site.line),
            "function": .string(site.function),
          ]
        } ?? .null
      ),
    ]
  }
}
