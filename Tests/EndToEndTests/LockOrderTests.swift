import Foundation
import Testing

/// Orders in which threads take locks, recorded with --locks.
@Suite(.enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"))
struct LockOrderTests {
  /// Two threads take turns, which no event tells.
  private func program(_ body: String) -> String {
    """
    import asyncio, threading, time

    first, second, around = threading.Lock(), threading.RLock(), threading.Lock()
    turn = 0

    def forth():
    \(body)
    def work(number, section):
        global turn
        for _ in range(3):
            while turn != number:
                time.sleep(0.005)
            section()
            turn = 1 - number

    def run(forth, back):
        threads = [threading.Thread(target=work, args=(i, f)) for i, f in enumerate((forth, back))]
        for thread in threads: thread.start()
        for thread in threads: thread.join()

    run(forth, back)
    """
  }

  private func hazards(of program: String, options: [String] = ["--locks"]) async throws -> String {
    let folder = try TemporaryFolder()
    let file = folder.path("locks.py")
    try Data(program.utf8).write(to: URL(filePath: file))
    let python = try #require(Interpreter.installed.last)
    let trace = folder.path("t.coroner")
    let run = try await Command.run(
      Distribution.coroner,
      ["record"] + options + ["--output", trace, "--", python.path, file])
    #expect(run.status == 0, "\(run)")
    return try await Command.run(Distribution.coroner, ["analyze", "--hazards", trace]).output
  }

  private static let opposite = """
        with first:
            with second: pass

    def back():
        second.acquire()
        first.acquire()
        first.release()
        second.release()

    """

  @Test func oppositeOrdersOfThreadsAreTold() async throws {
    let report = try await hazards(of: program(Self.opposite))
    #expect(report.contains("warning[lock-order-inversion]"), "\(report)")
    #expect(report.contains("locks.py:8"), "\(report)")
    #expect(report.contains("locks.py:12"), "\(report)")
  }

  @Test func withoutTheOptionUncontendedLocksAreNotRecorded() async throws {
    let report = try await hazards(of: program(Self.opposite), options: [])
    #expect(!report.contains("warning"), "\(report)")
  }

  @Test(arguments: [
    // Below a third lock.
    """
        with around:
            with first:
                with second: pass

    def back():
        with around:
            with second:
                with first: pass

    """,
    // Whoever does not get the second one gives up.
    """
        with first:
            if second.acquire(timeout=1): second.release()

    def back():
        with second:
            if first.acquire(blocking=False): first.release()

    """,
    // Taken again by the one who has it.
    """
        with second:
            with first:
                with second: pass

    def back():
        with second:
            with first: pass

    """,
  ])
  func safeOnesAreNot(_ body: String) async throws {
    let report = try await hazards(of: program(body))
    #expect(!report.contains("warning"), "\(report)")
  }
}
