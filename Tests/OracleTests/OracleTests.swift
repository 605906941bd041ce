import OracleWorlds
import Testing
import TraceFormat

/// What the analysis calls stuck against a search through all that can happen. Some of them: `oracle quick`, as part
/// of `make test`, compares every small world.
@Suite struct OracleTests {
  private func expectNoDisagreement(in blueprints: some Sequence<Blueprint>) {
    var tally = Trial.Tally()
    let found = Trial.first(in: blueprints, &tally)?.shrunk()
    #expect(tally.hangs > 0)
    guard let found else { return }
    Issue.record("\(found.what)\n\(found.blueprint)\n\(found.schedule)\n\(found.trace.events)")
  }

  @Test func worldsOfThreePartiesAndTwoLocks() {
    expectNoDisagreement(in: every(12, of: Family.locks(upTo: 2)))
  }

  @Test func worldsOfThreePartiesWithOneThingOfEachKind() {
    expectNoDisagreement(in: every(12, of: Family.mixed(upTo: 1, parties: 3)))
  }

  @Test func worldsOfThreePartiesThatAwaitEachOther() {
    expectNoDisagreement(in: every(3, of: Family.awaits(upTo: 1)))
  }

  @Test func randomWorlds() {
    expectNoDisagreement(
      in: sequence(state: SplitMix(seed: 2026)) { Family.random(&$0) }.prefix(20))
  }

  private func every(_ step: Int, of worlds: [Blueprint]) -> [Blueprint] {
    stride(from: 0, to: worlds.count, by: step).map { worlds[$0] }
  }

  @Test(arguments: Shape.hanging) func everyHangOfAKnownShapeHasItsName(_ shape: Shape) {
    let outcome = shape.outcome()
    #expect(outcome.hangs > 0)
    #expect(outcome.named == outcome.hangs, "also called \(outcome.others)")
    #expect(outcome.alarms.isEmpty)
  }

  @Test(arguments: Shape.safe) func safeShapesGetNoFinding(_ shape: Shape) {
    let outcome = shape.outcome()
    #expect(outcome.hangs == 0)
    #expect(outcome.alarms.isEmpty)
  }

  @Test(arguments: Shape.hanging + Shape.safe)
  func whatIsToldToBeMissingCreatesNoCertainty(_ shape: Shape) throws {
    var losses = try Losses(try #require(shape.ends().first))
    try losses.tryAll(.told)
    #expect(losses.count > 20)
    #expect(losses.faults.isEmpty)
  }
}
