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

  @Test func worldsOfATaskAndAThreadOrAJob() {
    expectNoDisagreement(in: every(3, of: Family.threads(upTo: 1, parties: 2)))
    expectNoDisagreement(in: every(9, of: Family.mutexes(upTo: 2, parties: 2)))
    expectNoDisagreement(
      in: sequence(state: SplitMix(seed: 2026)) { Family.randomThreads(&$0) }.prefix(20))
  }

  /// What a thread waits for has come, and it has not run since; or the loop, which is to bring it.
  @Test(
    arguments: [
      ([.task, .thread], [[], [.result(0)]]),
      ([.task, .thread], [[.lock(0)], [.lock(0), .unlock(0)]]),
      ([.task, .thread], [[.awaitFuture(0)], [.resolve(0)]]),
      ([.thread, .job], [[.resolve(0)], [.awaitFlag(0)]]),
      ([.thread, .thread], [[.fetch(0)], [.store(0)]]),
      ([.task, .job, .task], [[.result(2)], [.store(0), .store(0)], [.fetch(0), .unlock(0)]]),
    ] as [([Host], [[Step]])])
  func worldsInWhichAThreadIsAboutToGoOn(_ hosts: [Host], _ programs: [[Step]]) {
    var world = Blueprint(programs)
    world.hosts = hosts
    world.mutexCount = 1
    world.flagCount = 1
    world.stocks = [1]
    var trial = Trial(world)
    #expect(trial.run()?.what == nil)
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

  @Test(arguments: Shape.kernels.flatMap { $0.shapes })
  func everyHangOfAKernelHasItsName(_ kernel: Shape) {
    let outcome = kernel.outcome()
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
