import Findings
import Rendering
import Testing
import TraceFormat

@Suite struct TextReportTests {
  var options: ReportOptions = {
    var options = ReportOptions()
    options.places = Places(currentFolder: "/home/ana/shop")
    options.source = { SampleFindings.sources[$0] }
    return options
  }()

  private func text(_ report: Report, color: Bool = false) -> String {
    TextReport(options: options).render(report).render(color: color)
  }

  @Test func aLockCycleReadsAsAClosedChain() {
    let report = SampleFindings.report(
      [SampleFindings.lockCycle], seconds: 12.4, tasks: 3, stuck: 3)
    expectEqual(
      text(report),
      """
      error[lock-cycle]: 'put' and 'compact' each wait for the lock the other holds

         task      waits for      held by   waiting at         since      so far
         put       journal_lock   compact   lock_cycle.py:17   +2.19 ms   12.4 s
         compact   cache_lock     put       lock_cycle.py:24   +2.22 ms   12.4 s

        --> samples/asyncio/lock_cycle.py:17:13 in Store.put, run by 'put'
         |
      14 |         async with self.cache_lock:
         |         --------------------------- took cache_lock here at +2.10 ms
      ...
      17 |             async with self.journal_lock:
         |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ waits here for journal_lock
         |
        ::: samples/asyncio/lock_cycle.py:24:13 in Store.compact, run by 'compact'
         |
      21 |         async with self.journal_lock:
         |         ----------------------------- took journal_lock here at +2.14 ms
      ...
      24 |             async with self.cache_lock:
         |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^ waits here for cache_lock
         |

      how it came about:
         +2.10 ms   put takes cache_lock
         +2.14 ms                              compact takes journal_lock
         +2.19 ms   put waits for journal_lock
         +2.22 ms                              compact waits for cache_lock
          +12.4 s   the trace ends; both still wait

      also stuck: 'main', which waits for the task group of both, at lock_cycle.py:30
      help: take the two locks in one order everywhere; 'put' takes cache_lock first, so 'compact' could
            take it before journal_lock
      note: asyncio locks have no names; these are read from the lines that made them, lock_cycle.py:10
            and lock_cycle.py:11
      more: coroner explain lock-cycle

      1 error, 0 warnings. Trace of 12.4 s, complete: 3 tasks, 3 stuck (2 in the cycle, 1 behind it).

      """)
  }

  @Test func anOrphanedFutureShowsItsProof() {
    let report = SampleFindings.report(
      [SampleFindings.orphanedFuture], seconds: 10, tasks: 2, stuck: 2)
    expectEqual(
      text(report),
      """
      error[orphaned-future]: 'list_users' waits for a future that nothing can resolve any more

        --> samples/asyncio/orphaned_future.py:15:16 in Client.call, run by 'list_users'
         |
      13 |         reply = asyncio.get_running_loop().create_future()
         |                 ------------------------------------------ made here at +1.31 ms
      14 |         self.replies[self.last_id] = reply
      15 |         return await reply
         |                ^^^^^^^^^^^ waits here for it since +1.33 ms (10.0 s)
         |

      because, when the trace ended at +10.0 s:
         - the future was pending, and its only callback was the wakeup of 'list_users'
         - nothing referred to it but the frame of Client.call that waits for it
         - no timer, socket or other thread was left that could reach it

      also stuck: 'main', which waits for 'list_users', at orphaned_future.py:29
      help: end a pending future before letting go of it, with set_exception(...) or cancel(); then the
            waiter gets an error instead of silence
      more: coroner explain orphaned-future

      1 error, 0 warnings. Trace of 10.0 s, complete: 2 tasks, 2 stuck (1 on the future, 1 behind it).

      """)
  }

  @Test func colorAddsEscapesAndNothingElse() throws {
    let report = SampleFindings.report(
      [SampleFindings.lockCycle, SampleFindings.orphanedFuture], seconds: 12.4, tasks: 5, stuck: 5)
    let colored = text(report, color: true)
    #expect(colored.contains("\u{1B}[1;31merror[lock-cycle]\u{1B}[0m"))
    #expect(colored.contains("'\u{1B}[36mput\u{1B}[0m'"))
    #expect(colored.replacing(try Regex("\u{1B}\\[[0-9;]*m"), with: "") == text(report))
  }

  @Test func nothingStuckIsOneLine() {
    expectEqual(
      text(SampleFindings.report([], seconds: 12.4, tasks: 3, stuck: 0)),
      "nothing is stuck. Trace of 12.4 s, complete: 3 tasks.\n")
  }

  @Test func withoutSourceThePlacesAndWhatHappenedThereAreSaid() {
    var options = options
    options.source = { _ in nil }
    let report = SampleFindings.report(
      [SampleFindings.orphanedFuture], seconds: 10, tasks: 2, stuck: 2)
    let text = TextReport(options: options).render(report).render(color: false)
    #expect(
      text.contains(
        """
          --> samples/asyncio/orphaned_future.py:15 in Client.call, run by 'list_users'
           = line 13: made here at +1.31 ms
           = line 15: waits here for it since +1.33 ms (10.0 s)
        """))
  }

  @Test func lossesStandOnTheLastLine() {
    var report = SampleFindings.report([], seconds: 2, tasks: 1, stuck: 0)
    report.traces[0].lostEvents = 1204
    report.traces[0].losses = [Loss(what: "block 7 of thread 2 is damaged", byteOffset: 73728)]
    expectEqual(
      text(report),
      """
      nothing is stuck. Trace of 2.00 s, incomplete (1,204 events lost; block 7 of thread 2 is damaged at
      byte 73728): 1 task.

      """)
  }

  @Test func thousandsBehindOneCauseAreOneLine() {
    var finding = SampleFindings.orphanedFuture
    finding.behind = (1...1204).map {
      BehindParty(
        name: "worker #\($0)", what: "waits for cache_lock",
        site: SampleFindings.site("app.py", "work", 30))
    }
    let report = SampleFindings.report([finding], seconds: 10, tasks: 1205, stuck: 1205)
    let line = text(report).split(separator: "\n").filter { $0.hasPrefix("also stuck:") }
    #expect(
      line == [
        "also stuck: 1,204 that wait for cache_lock, at app.py:30: 'worker #1', 'worker #2', 'worker #3', …"
      ])
  }

  @Test func hazardsAreCountedUntilTheyAreAskedFor() {
    let hazard = Finding(
      kind: .slowCallback, severity: .warning, certainty: .possible,
      headline: "'main' held its loop for 300 ms")
    let report = SampleFindings.report([hazard], seconds: 1, tasks: 1, stuck: 0)
    expectEqual(
      text(report),
      "nothing is stuck. Trace of 1.00 s, complete: 1 task. 1 hazard besides (--hazards).\n")
    var options = options
    options.hazards = true
    let shown = TextReport(options: options).render(report).render(color: false)
    #expect(shown.hasPrefix("warning[slow-callback]: 'main' held its loop for 300 ms\n"))
    #expect(!report.hasStuck)
  }
}

/// Equal, or the two texts one above the other: a difference in a report is read, not diffed by eye.
func expectEqual(
  _ actual: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(
    actual == expected, "\n--- is\n\(actual)\n--- should be\n\(expected)",
    sourceLocation: sourceLocation)
}
