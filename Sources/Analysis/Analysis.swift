package import Findings
package import History
import TraceFormat

/// What an analysis found, with the pictures that show it.
package struct Analysis {
  package var report: Report
  let model: WaitModel
  let namer: Namer
  let causes: [Cause]
  let trace: any EventSource
  let until: TraceInstant?

  /// The wait-for graph at the end of the analysis.
  /// - Parameter all: also what waits for something that may come; otherwise what is stuck, and if
  ///   nothing is, everything.
  package func graph(all: Bool) -> WaitGraph {
    GraphBuilder(model: model, namer: namer, causes: causes).graph(all: all || causes.isEmpty)
  }

  /// - Parameter all: every party; otherwise those of the findings, and if there are none, every one.
  /// - Parameter finding: only those of this one, while it came about.
  package func timeline(all: Bool, around finding: Finding? = nil) throws -> Timeline {
    let builder = TimelineBuilder(model: model, namer: namer, causes: causes)
    if let finding {
      return try builder.timeline(of: trace, until: until, all: false, around: finding)
    }
    return try builder.timeline(of: trace, until: until, all: all || causes.isEmpty)
  }

  /// Adds what could have hung: locks that were taken in opposite orders, unless that is what hung.
  mutating func predict() throws {
    let told = report.findings.map { Set($0.resources.map(\.key)) }
    let inversions = try OrderPrediction(namer: namer, trace: trace, until: until).findings()
    report.findings += inversions.filter { inversion in
      !told.contains { $0.isSuperset(of: inversion.resources.map(\.key)) }
    }
    for index in report.findings.indices where report.findings[index].fingerprint.isEmpty {
      report.findings[index].setFingerprint()
    }
    report.findings.sort(by: Finding.isWorse)
  }

  /// Whether a party can never go on, by its index in the replayed world.
  package func isStuck(_ party: Int) -> Bool {
    !model.world.parties[party].isEnded && !model.isLive(.party(party))
  }

  /// The parties that each cause keeps from going on, and whether that rests on the trace alone.
  package var causeParties: [(parties: Set<Int>, isCertain: Bool)] {
    causes.map { cause in
      var parties = Set(cause.behind)
      for node in cause.nodes {
        switch model.nodes[node] {
        case .party(let index): parties.insert(index)
        case .resource(let index, _): parties.formUnion(model.waiters[index, default: []])
        case .thread, .executor, .descriptor, .outside, .anything: break
        }
      }
      return (parties, model.isCertain(cause))
    }
  }

  /// What the trace was replayed to.
  package var world: World { model.world }
}
