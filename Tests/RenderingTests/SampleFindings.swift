import Findings
import TraceFormat

/// The findings of the report's two model cases, as the analysis builds them.
enum SampleFindings {
  static func milliseconds(_ value: Double) -> TraceInstant {
    TraceInstant(nanoseconds: UInt64((value * 1e6).rounded()))
  }

  static func site(
    _ file: String, _ function: String, _ line: Int, _ column: Int? = nil, _ end: Int? = nil,
    endLine: Int? = nil
  ) -> Site {
    Site(
      file: "/home/ana/shop/samples/asyncio/" + file, function: function, line: line,
      endLine: endLine, column: column, endColumn: end)
  }

  static func party(_ index: Int, _ name: String, since: Double, at site: Site) -> Party {
    let library = Site(
      file: "/usr/lib/python3.12/asyncio/locks.py", function: "Lock.acquire", line: 114,
      ownership: .runtime)
    return Party(
      id: PartyKey(index), name: name, kind: .task, state: "waits", since: milliseconds(since),
      stack: [library, site], createdAt: [])
  }

  static let lockCycle: Finding = {
    let file = "lock_cycle.py"
    // The wait in `put` has the span of its whole block, as CPython 3.11 gives it.
    let putWaits = site(file, "Store.put", 17, 13, 29, endLine: 18)
    let putTook = site(file, "Store.put", 14, 9, 36)
    let compactWaits = site(file, "Store.compact", 24, 13, 40)
    let compactTook = site(file, "Store.compact", 21, 9, 38)
    var finding = Finding(
      kind: .lockCycle, severity: .error, certainty: .certain,
      headline: "'put' and 'compact' each wait for the lock the other holds")
    finding.parties = [
      party(2, "put", since: 2.19, at: putWaits),
      party(3, "compact", since: 2.22, at: compactWaits),
    ]
    finding.resources = [
      Resource(
        key: ResourceKey(1), name: "journal_lock", kind: "lock",
        createdAt: [site(file, "Store.__init__", 11)]),
      Resource(
        key: ResourceKey(0), name: "cache_lock", kind: "lock",
        createdAt: [site(file, "Store.__init__", 10)]),
    ]
    finding.edges = [
      Edge(
        from: "put", resource: "journal_lock", to: "compact", relation: "held by", site: putWaits,
        since: milliseconds(2.19)),
      Edge(
        from: "compact", resource: "cache_lock", to: "put", relation: "held by",
        site: compactWaits, since: milliseconds(2.22)),
    ]
    finding.marks = [
      Mark(
        site: putTook, role: .secondary, label: "took cache_lock here at +2.10 ms", party: "put"),
      Mark(site: putWaits, role: .primary, label: "waits here for journal_lock", party: "put"),
      Mark(
        site: compactTook, role: .secondary, label: "took journal_lock here at +2.14 ms",
        party: "compact"),
      Mark(
        site: compactWaits, role: .primary, label: "waits here for cache_lock", party: "compact"),
    ]
    finding.story = [
      Moment(time: milliseconds(2.10), party: "put", text: "takes cache_lock"),
      Moment(time: milliseconds(2.14), party: "compact", text: "takes journal_lock"),
      Moment(time: milliseconds(2.19), party: "put", text: "waits for journal_lock"),
      Moment(time: milliseconds(2.22), party: "compact", text: "waits for cache_lock"),
      Moment(time: milliseconds(12_400), party: nil, text: "the trace ends; both still wait"),
    ]
    finding.behind = [
      BehindParty(
        name: "main", what: "waits for the task group of both", site: site(file, "main", 30))
    ]
    finding.help = [
      "take the two locks in one order everywhere; 'put' takes cache_lock first, so 'compact' could"
        + " take it before journal_lock"
    ]
    finding.notes = [
      "asyncio locks have no names; these are read from the lines that made them, lock_cycle.py:10"
        + " and lock_cycle.py:11"
    ]
    finding.fingerprint = "5f0c"
    return finding
  }()

  static let orphanedFuture: Finding = {
    let file = "orphaned_future.py"
    let waits = site(file, "Client.call", 15, 16, 27)
    var finding = Finding(
      kind: .orphanedFuture, severity: .error, certainty: .certain,
      headline: "'list_users' waits for a future that nothing can resolve any more")
    finding.parties = [party(2, "list_users", since: 1.33, at: waits)]
    finding.resources = [
      Resource(
        key: ResourceKey(0), name: "the future made at orphaned_future.py:13", kind: "future",
        createdAt: [site(file, "Client.call", 13)])
    ]
    finding.edges = [
      Edge(
        from: "list_users", resource: "the future made at orphaned_future.py:13", to: nil,
        relation: "provided by", site: waits, since: milliseconds(1.33))
    ]
    finding.marks = [
      Mark(
        site: waits, role: .primary, label: "waits here for it since +1.33 ms (10.0 s)",
        party: "list_users"),
      Mark(
        site: site(file, "Client.call", 13, 17, 59), role: .secondary,
        label: "made here at +1.31 ms", party: "list_users"),
    ]
    finding.because = [
      "the future was pending, and its only callback was the wakeup of 'list_users'",
      "nothing referred to it but the frame of Client.call that waits for it",
      "no timer, socket or other thread was left that could reach it",
    ]
    finding.behind = [
      BehindParty(name: "main", what: "waits for 'list_users'", site: site(file, "main", 29))
    ]
    finding.help = [
      "end a pending future before letting go of it, with set_exception(...) or cancel(); then the"
        + " waiter gets an error instead of silence"
    ]
    return finding
  }()

  static func report(_ findings: [Finding], seconds: Double, tasks: Int, stuck: Int) -> Report {
    Report(
      traces: [
        TraceSummary(
          path: "hang.coroner", program: "app.py", process: 4711, runtime: "CPython 3.12.1",
          duration: milliseconds(seconds * 1000), events: 61, lostEvents: 0, losses: [],
          cleanEnd: false, tasks: tasks, stuckTasks: stuck)
      ], findings: findings)
  }

  /// The source that the sites point into.
  static let sources: [String: [String]] = [
    "/home/ana/shop/samples/asyncio/lock_cycle.py": lines(
      12,
      """

          async def put(self, key, value):
              async with self.cache_lock:
                  self.cache[key] = value
                  await asyncio.sleep(0)
                  async with self.journal_lock:
                      self.journal.append(key)

          async def compact(self):
              async with self.journal_lock:
                  self.journal.sort()
                  await asyncio.sleep(0)
                  async with self.cache_lock:
                      self.cache.clear()
      """),
    "/home/ana/shop/samples/asyncio/orphaned_future.py": lines(
      12,
      """
          async def call(self):
              reply = asyncio.get_running_loop().create_future()
              self.replies[self.last_id] = reply
              return await reply
      """),
  ]

  /// `text` as the lines of a file, the first of them being number `first`.
  private static func lines(_ first: Int, _ text: String) -> [String] {
    Array(repeating: "", count: first - 1)
      + text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}
