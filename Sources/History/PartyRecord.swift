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
  /// How many parties were made before it.
  package internal(set) var serial: UInt64 = 0
  package var state: State = .ready
  /// The name it was given, if any.
  package var name: String?
  /// The N of a default name such as Task-N; 0 if it has a name of its own.
  package var ordinal: UInt64 = 0
  /// The function that it runs.
  var code: FunctionCode?
  package var created: Occurrence
  /// The thread that it runs on, or ran on last.
  package var thread: ThreadSlot
  package var lastRun: TraceInstant?
  /// The latest wait, also when it is over.
  package var lastWait: Wait?
  /// Since when, and how often, it has done nothing but sleep at one place and look again.
  package internal(set) var polling: (since: TraceInstant, rounds: Int)?
  /// What a wait-begin event said, until the suspend that follows it.
  var announced: Wait?
  var request: EndRequest?
  /// How often it has run since the latest request to end.
  package var runsSinceCancel: UInt32 = 0
  var failure: Failure?
  var executorIndex = PackedIndex(nil)
  /// Whether executors give it its turns, and not the loop of a thread.
  package var isScheduled = false
  package var isDestroyed = false
  /// Whether it is a thread that a fork did not take along.
  package internal(set) var isLeftBehind = false
  /// Whether somebody has waited for its end.
  package internal(set) var isAwaited = false
  /// What a task waits for that could go on: its turn of an executor, nothing if that is not known.
  package var turn: Wait?
  /// Where it suspended last, whatever for.
  var suspendedAt: StackID?

  package init(kind: Kind, number: UInt64, created: Occurrence, thread: ThreadSlot) {
    self.kind = kind
    self.number = number
    self.created = created
    self.thread = thread
  }

  package var function: Site? { code?.site }
  package var cancelRequested: Occurrence? { request?.asked }
  /// The wait that the latest request to end broke off.
  package var brokenWait: Wait? { request?.broken }
  /// The type of the exception that ended it, and where it was raised.
  package var error: (type: String, site: StackID?)? { failure.map { ($0.type, $0.site) } }
  /// The executor of a job; of a task the one whose turn it has or had last, nothing for one that a
  /// loop runs.
  package var executor: Int? {
    get { executorIndex.index }
    set { executorIndex.index = newValue }
  }

  package var isEnded: Bool {
    if case .ended = state { true } else { false }
  }
  package var wait: Wait? {
    if case .waiting(let wait) = state { wait } else { nil }
  }
}

/// A function that parties run: one for all that do.
final class FunctionCode: Sendable {
  let site: Site
  /// The place among all of them.
  let number: Int
  init(site: Site, number: Int) {
    self.site = site
    self.number = number
  }
}

/// A party was asked to end.
final class EndRequest: Sendable {
  let asked: Occurrence
  let broken: Wait?
  init(asked: Occurrence, broken: Wait?) {
    self.asked = asked
    self.broken = broken
  }
}

/// What ended a party.
final class Failure: Sendable {
  let type: String
  let site: StackID?
  init(type: String, site: StackID?) {
    self.type = type
    self.site = site
  }
}

/// A party or a resource: a task can be waited for like a future.
package enum Entity: Hashable, Sendable {
  case party(Int)
  case resource(Int)

  var resource: Int? { if case .resource(let index) = self { index } else { nil } }
}
