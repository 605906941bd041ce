import ArgumentParser
import Findings
import Glibc
import Rendering
import TraceFormat

/// What `coroner record --on-stall` starts to look at a trace. A process of its own: whatever a trace
/// holds, the program that is watched goes on.
struct Look: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "The parties that are stuck, a line each; an empty line; the report.",
    shouldDisplay: false)

  /// Before a party that may only be slow.
  static let busy = "busy "

  @Argument var trace: String
  @Option var color = ColorChoice.never

  func run() throws {
    _ = nice(10)
    // The terminal is the program's.
    dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), 2)
    let files = SourceFiles()
    let report = try TraceLoading(source: files).report(of: [trace], until: nil)
    var text = ""
    for finding in report.findings where finding.isStuck {
      for party in finding.parties where party.state != "ended" {
        let line = "\(party.id.index) \(party.since?.nanoseconds ?? 0)"
        text += (finding.kind == .blockedLoop ? Self.busy : "waits ") + line + "\n"
      }
    }
    var options = ReportOptions()
    options.places = Places(currentFolder: Path.currentFolder)
    options.source = { files.lines(of: $0) }
    text += "\n" + TextReport(options: options).render(report).render(color: color == .always)
    Console.standardOutput.write(text)
  }
}
