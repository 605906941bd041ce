package import TraceFormat

/// One life of a party, as far as the trace has been replayed.
package struct PartyRecord: Sendable {
  package enum Kind: Sendable { case thread, task, job }

  /// What the party does.
  package enum State: Sendable {
    /// It can run, and waits for its thread only.
    case ready
    case running
    case waiting(Wait)
    case ended(Outcome, at: TraceInstant)
  }

  package var kind: Kind
  package var number: UInt64
  package var state: State = .ready
  /// The name it was given, if any.
  package var name: String?
  /// The N of a default name such as Task-N; 0 if it has a name of its own.
  package var ordinal: UInt64 = 0
  /// The function that it runs.
  package var function: Site?
  package var created: Occurrence
  /// The thread that it runs on, or ran on last.
  package var thread: ThreadSlot
  package var lastRun: TraceInstant?
  /// The latest wait, also when it is over.
  package var lastWait: Wait?
  /// Since when, and how often, it has done nothing but sleep at one place and look again.
  package internal(set) var polling: (since: TraceInstant, rounds: Int)?
  package var cancelRequested: Occurrence?
  /// The wait that the latest request to end broke off.
  package var brokenWait: Wait?
  /// How often it has run since that request.
  package var runsSinceCancel = 0
  /// The type of the exception that ended it, and where it was raised.
  package var error: (type: String, site: StackID?)?
  /// The executor of a job; of a task the one whose turn it has or had last, nothing for one that a
  /// loop runs.
  package var executor: Int?
  /// Whether executors give it its turns, and not the loop of a thread.
  package var isScheduled = false
  /// What a task waits for that could go on: its turn of an executor, nothing if that is not known.
  package var turn: Wait?
  /// Where it suspended last, whatever for.
  var suspendedAt: StackID?
  package var isDestroyed = false
  /// Whether somebody has waited for its end.
  package internal(set) var isAwaited = false

  package init(kind: Kind, number: UInt64, created: Occurrence, thread: ThreadSlot) {
    self.kind = kind
    self.number = number
    self.created = created
    self.thread = thread
  }

  package var isEnded: Bool {
    if case .ended = state { true } else { false }
  }
  package var wait: Wait? {
    if case .waiting(let wait) = state { wait } else { nil }
  }
}

/// Something that a party did: when, by whom, where.
package struct Occurrence: Sendable {
  package var time: TraceInstant
  /// Index in `World.parties`.
  package var party: Int
  package var site: StackID?
  /// Who did it on the party's behalf, and not the party itself.
  package var handedBy: Int?
  /// The executor whose turn it was.
  package var executor: Int?
  package init(time: TraceInstant, party: Int, site: StackID?) {
    self.time = time
    self.party = party
    self.site = site
  }
}

/// What a party waits on.
package struct Wait: Sendable {
  /// The bare future or task under the wait; nothing for a thread.
  package var future: Entity?
  /// The primitive that the wait is about, and what is done with it.
  package var primitive: (resource: Int?, operation: Operation)?
  package var site: StackID?
  package var since: TraceInstant
  /// When it ends by itself at the latest.
  package var deadline: TraceInstant?
  package init(
    future: Entity?, primitive: (resource: Int?, operation: Operation)?, site: StackID?,
    since: TraceInstant
  ) {
    self.future = future
    self.primitive = primitive
    self.site = site
    self.since = since
  }
}

/// A party or a resource: a task can be waited for like a future.
package enum Entity: Hashable, Sendable {
  case party(Int)
  case resource(Int)

  var resource: Int? { if case .resource(let index) = self { index } else { nil } }
}
