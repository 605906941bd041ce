/// What a field of an event holds, and so how the text form writes it.
package enum FieldMeaning: String, CaseIterable, Sendable {
  /// Address of a task, loop, job or coroutine.
  case party
  /// Address of a resource; a task is one too, for who awaits it.
  case resource
  /// A party or a resource, or 0.
  case any
  case number
  /// The kernel's number of a thread.
  case tid
  /// Duration in the recorder's ticks; nanoseconds in the text form.
  case ticks
  /// Duration in milliseconds.
  case milliseconds
  /// A limit in milliseconds; all bits set for none.
  case limit
  /// Id of a string, 0 for none.
  case string
  /// Id of a site (not of a stack), 0 for none.
  case site
  /// Id of a stack, 0 for none.
  case stack
  case outcome
  case resourceKind
  case operation
  case dependency
  case referrer
  case processLink
  /// Why a snapshot was taken.
  case reason
  /// A set of `coroner_io` flags.
  case io
}

/// One field of an event kind: what it holds, and its name in documents and JSON.
package struct EventField: Equatable, Sendable {
  package var meaning: FieldMeaning
  package var label: String
  init(_ meaning: FieldMeaning, _ label: String) {
    self.meaning = meaning
    self.label = label
  }
}

/// One entry of the table of events; absent fields are 0 in the file.
package struct EventSpecification: Sendable {
  package var kind: EventKind
  /// As in the text form: "task-create".
  package var name: String
  package var subject: EventField
  package var object: EventField?
  /// What the stack in the site field says; nothing if the kind has none.
  package var site: String?
  package var value: EventField?
  package var summary: String

  fileprivate init(
    _ kind: EventKind, _ name: String, _ subject: EventField, object: EventField? = nil,
    site: String? = nil, value: EventField? = nil, _ summary: String
  ) {
    self.kind = kind
    self.name = name
    self.subject = subject
    self.object = object
    self.site = site
    self.value = value
    self.summary = summary
  }
}

extension EventKind {
  package var specification: EventSpecification {
    guard let found = Self.byNumber[Int(rawValue)] else {
      fatalError("\(self) is not in the table")
    }
    return found
  }

  /// As in the text form: "task-create".
  package var name: String { specification.name }

  package init?(name: String) {
    guard let kind = Self.byName[name] else { return nil }
    self = kind
  }

  private static let byNumber: [EventSpecification?] = {
    var entries = [EventSpecification?](repeating: nil, count: 256)
    for entry in table { entries[Int(entry.kind.rawValue)] = entry }
    return entries
  }()
  private static let byName = Dictionary(
    table.map { ($0.name, $0.kind) }, uniquingKeysWith: { first, _ in first })

  /// Every event kind, by number. Reader, text form and docs/format.md are tested against it.
  package static let table: [EventSpecification] = {
    typealias E = EventSpecification
    typealias F = EventField
    let task = F(.party, "task")
    let loop = F(.party, "loop")
    let job = F(.party, "job")
    let queue = F(.resource, "queue")
    let timer = F(.number, "timer")
    let snapshot = F(.number, "snapshot")
    let fd = F(.number, "descriptor")
    let outcome = F(.outcome, "outcome")
    return [
      E(
        .gap, "gap", F(.number, "lost"), object: F(.ticks, "duration"),
        "events of this thread were lost"),
      E(.threadStart, "thread-start", F(.tid, "tid"), "the thread records its first event"),
      E(.threadEnd, "thread-end", F(.tid, "tid"), "the thread ends"),
      E(.loopStart, "loop-start", loop, "the loop begins to run on this thread"),
      E(.loopStop, "loop-stop", loop, "the loop no longer runs"),
      E(
        .loopIdle, "loop-idle", loop, value: F(.limit, "limit"),
        "the thread is about to sleep in the selector, for at most limit milliseconds"),
      E(
        .loopWake, "loop-wake", loop, value: F(.number, "ready"),
        "the selector returned with that many ready descriptors"),
      E(.loopWakeup, "loop-wakeup", loop, "another thread asks the loop to look at its callbacks"),
      E(
        .stackSample, "stack-sample", F(.tid, "tid"), object: F(.milliseconds, "busy"),
        site: "what the thread seen is doing", "the watchdog looked at a busy thread"),

      E(
        .taskCreate, "task-create", task, object: F(.number, "number"), site: "who creates it",
        value: F(.site, "function"),
        "a task is created; number is the one in its default name, 0 if it has a name of its own"),
      E(
        .taskResume, "task-resume", task, object: F(.any, "executor"),
        "the task runs now on this thread, in its turn of the executor"),
      E(
        .taskSuspend, "task-suspend", task, object: F(.resource, "future"), site: "await stack",
        "the task suspends; future is what it waits on, 0 if it only yielded"),
      E(
        .taskEnd, "task-end", task, object: F(.string, "exception"), site: "where it was raised",
        value: outcome, "the task ends"),
      E(
        .taskCancel, "task-cancel", task, site: "who asks", "the task is asked to end"),
      E(
        .waitBegin, "wait-begin", task, object: F(.resource, "resource"), site: "await stack",
        value: F(.operation, "operation"), "says what the task-suspend that follows waits for"),
      E(
        .taskWait, "task-wait", F(.resource, "resource"), object: F(.resource, "future"),
        site: "await stack", value: F(.operation, "operation"),
        "the thread's task suspends; it waits for the resource, on the future"),
      E(
        .taskWaitOwn, "task-wait-own", F(.resource, "resource"), object: F(.resource, "future"),
        site: "await stack", value: F(.operation, "operation"),
        "the same; the future was made for this wait, and its life begins here"),
      E(
        .taskSpawn, "task-spawn", task, object: F(.resource, "group"), site: "stack",
        value: F(.site, "function"),
        "task-create, depends and task-ready in one: a member of the group, for the executor that this thread's latest task-ready named"
      ),

      E(
        .taskReady, "task-ready", task, object: F(.any, "executor"), site: "who makes it ready",
        "the task could go on, and waits for its turn of the executor"),
      E(
        .resourceCreate, "resource-create", F(.resource, "resource"), object: F(.any, "capacity"),
        site: "who creates it", value: F(.resourceKind, "kind"),
        "a resource is created; capacity is its permits, items, parties, a condition's lock, or the "
          + "number of a process"),
      E(
        .depends, "depends", F(.any, "outer"), object: F(.any, "inner"),
        value: F(.dependency, "dependency"), "the outer goes on, or is filled, by the inner"),
      E(.name, "name", F(.any, "named"), value: F(.string, "name"), "gives a name"),
      E(
        .futureDone, "future-done", F(.resource, "future"), site: "who resolves it", value: outcome,
        "the future is resolved"),
      E(
        .exceptionUnretrieved, "exception-unretrieved", F(.any, "future"),
        "a task or future was collected with an exception that nobody read"),
      E(
        .neverAwaited, "never-awaited", F(.any, "coroutine"), site: "where it was collected",
        value: F(.site, "function"), "a coroutine was collected that never began"),
      E(.taskDestroyed, "task-destroyed", task, "the task was collected while it was pending"),
      E(
        .futureLost, "future-lost", F(.resource, "future"), site: "stack",
        "nobody can resolve the future any more: the last way to it is gone"),
      E(
        .callbackFailed, "callback-failed", loop, object: F(.string, "exception"),
        site: "where it was raised", "a callback that is no task's step raised an exception"),

      E(
        .acquired, "acquired", F(.resource, "resource"), object: F(.party, "for"), site: "stack",
        "a lock or permit is taken, or handed over to the task that is named"),
      E(
        .released, "released", F(.resource, "resource"), object: F(.party, "of"), site: "stack",
        "a lock or permit is given back, on behalf of the task if one is named"),
      E(.eventSet, "event-set", F(.resource, "event"), site: "stack", "the event is set"),
      E(
        .eventCleared, "event-cleared", F(.resource, "event"), site: "stack", "the event is cleared"
      ),
      E(
        .notified, "notified", F(.resource, "condition"), object: F(.number, "asked"),
        site: "stack",
        value: F(.number, "waiters"), "asks to wake that many of so many waiters"),
      E(
        .queuePut, "queue-put", queue, object: F(.number, "more"), site: "stack",
        value: F(.number, "items"),
        "an item was put, and so many more in the same turn; items are now in it"),
      E(
        .queueGot, "queue-got", queue, object: F(.number, "more"), site: "stack",
        value: F(.number, "items"),
        "an item was taken, and so many more in the same turn; items are now in it"),
      E(
        .queueTaskDone, "queue-task-done", queue, object: F(.number, "more"), site: "stack",
        value: F(.number, "unfinished"),
        "an item is done, and so many more in the same turn; so many still are not"),
      E(
        .barrierPassed, "barrier-passed", F(.resource, "barrier"), site: "stack",
        value: F(.number, "index"), "a party passes the barrier"),

      E(
        .blockBegin, "block-begin", F(.resource, "resource"), object: F(.limit, "limit"),
        site: "stack", value: F(.operation, "operation"),
        "the thread, with all that runs on it, waits synchronously"),
      E(.blockEnd, "block-end", F(.resource, "resource"), "the thread goes on"),
      E(
        .jobQueue, "job-queue", job, object: F(.resource, "executor"), site: "who submits it",
        value: F(.site, "function"), "a job is queued in an executor"),
      E(.jobStart, "job-start", job, "the job runs now on this thread"),
      E(.jobEnd, "job-end", job, "the job ends"),
      E(
        .threadBind, "thread-bind", F(.resource, "handle"),
        "the handle, which a join waits for, stands for this thread"),
      E(
        .held, "held", F(.resource, "lock"), object: F(.tid, "tid"), site: "where it was taken",
        value: F(.number, "microseconds"),
        "the thread (0: one of the parent process, when that forked) has held the lock for so long "
          + "(2³² − 1: since before all that it runs now), which somebody is about to wait for"),
      E(
        .past, "past", F(.resource, "resource"), object: F(.number, "taken"),
        site: "the put that filled it", value: F(.number, "flags"),
        "what was done with the resource before a key frame; only there"),
      E(
        .habit, "habit", F(.stack, "made"), object: F(.number, "done"), site: "where last",
        value: F(.resourceKind, "kind"),
        "who acts has ended, set or filled what was made there, before a key frame; only there"),

      E(
        .timerArm, "timer-arm", timer, object: F(.any, "target"), value: F(.milliseconds, "delay"),
        "a timer is armed; target is what it can act on, or the loop that acts, 0 if none is known"),
      E(.timerCancel, "timer-cancel", timer, "the timer is cancelled"),
      E(
        .ioRegister, "io-register", fd, object: F(.party, "loop"), site: "who makes it listen",
        value: F(.io, "interest"),
        "the loop watches a descriptor"),
      E(
        .ioUnregister, "io-unregister", fd, object: F(.party, "loop"), value: F(.io, "interest"),
        "the loop no longer watches it"),
      E(
        .signalHandler, "signal-handler", F(.number, "signal"), object: F(.any, "target"),
        value: F(.number, "added"),
        "a signal handler is added (1) or removed (0); of signal 0: native code can call the program"
      ),

      E(
        .snapshotBegin, "snapshot-begin", snapshot, object: F(.milliseconds, "still"),
        value: F(.reason, "reason"), "the watchdog looks at a process of which nothing has moved"),
      E(
        .snapshotEnd, "snapshot-end", snapshot, object: F(.number, "objects"),
        value: F(.number, "incomplete"), "the snapshot is done (0), or ran out of time (1)"),
      E(
        .threadWait, "thread-wait", F(.tid, "tid"), object: F(.any, "resource"),
        site: "its stack", value: F(.operation, "operation"),
        "where a thread stands, and what it waits for, as far as that is known"),
      E(
        .taskStack, "task-stack", task, site: "await stack", value: F(.number, "unhandled"),
        "the whole await stack, where that of the suspension was cut short; 1: the task was asked to "
          + "end, and handles no exception"),
      E(
        .referrer, "referrer", F(.any, "reached"), object: F(.any, "by"),
        value: F(.referrer, "kind"),
        "who can reach what somebody waits for"),
      E(
        .referrers, "referrers", F(.any, "reached"), object: F(.number, "count"),
        "so many referrer events of it came before; nothing else can reach it"),
      E(
        .ioPeer, "io-peer", fd, object: F(.number, "peer"),
        "both ends of a connection belong to this process, or the peer is where it waits to be accepted"
      ),
      E(
        .processWait, "process-wait", F(.number, "process"), object: F(.number, "descriptor"),
        value: F(.processLink, "link"),
        "a child goes on only when this process does something with the descriptor"),
    ]
  }()
}
