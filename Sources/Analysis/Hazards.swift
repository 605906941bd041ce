import Findings
import History
import TraceFormat

/// What did not stop the program by itself, reported when it helps to explain what did.
struct Hazards {
  let world: World
  let namer: Namer

  func neverAwaited() -> [Finding] {
    world.neverAwaited.prefix(3).map { coroutine in
      let name = coroutine.function?.function ?? "a coroutine"
      var finding = Finding(
        kind: .neverAwaited, severity: .warning, certainty: .possible,
        headline: "the coroutine '\(name)' was made and never awaited, so it never ran")
      if let site = namer.userSite(coroutine.site) {
        finding.marks = [
          Mark(
            site: site, role: .primary,
            label: "dropped here at \(Clock.instant(coroutine.at))", party: nil)
        ]
      }
      finding.help = ["await it, or give it to asyncio.create_task(...)"]
      return finding
    }
  }
}
