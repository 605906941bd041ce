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

  // What each turn reads and writes comes first: with many tasks that is what the memory is waited for.

  package var number: UInt64
  /// The latest wait, also when it is over.
  package internal(set) var lastWait: Wait?
  private var phase = Phase.ready
  package var kind: Kind
  /// Whether executors give it its turns, and not the loop of a thread.
  package var isScheduled = false
  /// Whether somebody has waited for its end.
  package internal(set) var isAwaited = false
  /// The thread that it runs on, or ran on last.
  package var thread: ThreadSlot
  private var suspendedSite: UInt32 = 0
  var executorIndex = PackedIndex(nil)
  var request: EndRequest?
  private var pollingSince = TraceInstant.start
  private var pollingRounds: UInt32 = 0
  private var pollingSite: UInt32 = 0
  private var announcement = BriefWait()
  private var awaitedTurn = BriefWait()

  package var created: Occurrence
  /// How many parties were made before it.
  package internal(set) var serial: UInt64 = 0
  private var ended = TraceInstant.start
  package var lastRun: TraceInstant?
  /// The name it was given, if any.
  package var name: String?
  /// The N of a default name such as Task-N; 0 if it has a name of its own.
  package var ordinal: UInt64 = 0
  /// The function that it runs.
  var code: FunctionCode?
  var failure: Failure?
  /// How often it has run since the latest request to end.
  package var runsSinceCancel: UInt32 = 0
  package var isDestroyed = false
  /// Whether it is a thread that a fork did not take along.
  package internal(set) var isLeftBehind = false

  /// The state without what is kept of it elsewhere.
  private enum Phase: Sendable {
    case ready, running, waiting
    case value, error, cancelled
  }

  package init(kind: Kind, number: UInt64, created: Occurrence, thread: ThreadSlot) {
    self.kind = kind
    self.number = number
    self.created = created
    self.thread = thread
  }

  package var function: Site? { code?.site }
  /// The same number for all that run one function.
  package var functionNumber: Int? { code?.number }
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

  package var state: State {
    get {
      switch phase {
      case .ready: .ready
      case .running: .running
      case .waiting: .waiting(lastWait!)
      case .value: .ended(.value, at: ended)
      case .error: .ended(.error, at: ended)
      case .cancelled: .ended(.cancelled, at: ended)
      }
    }
    set {
      switch newValue {
      case .ready: phase = .ready
      case .running: phase = .running
      case .waiting(let wait):
        phase = .waiting
        lastWait = wait
      case .ended(let outcome, let at):
        ended = at
        switch outcome {
        case .value: phase = .value
        case .error: phase = .error
        case .cancelled: phase = .cancelled
        }
      }
    }
  }

  package var isEnded: Bool {
    switch phase {
    case .ready, .running, .waiting: false
    case .value, .error, .cancelled: true
    }
  }
  package var wait: Wait? {
    if case .waiting = phase { lastWait } else { nil }
  }
  /// What a wait-begin event said, until the suspend that follows it.
  var announced: Wait? {
    get { announcement.wait }
    set { announcement = BriefWait(newValue) }
  }
  /// What a task waits for that could go on: its turn of an executor, nothing if that is not known.
  package var turn: Wait? {
    get { awaitedTurn.wait }
    set { awaitedTurn = BriefWait(newValue) }
  }
  /// Where it suspended last, whatever for.
  var suspendedAt: StackID? { StackID(suspendedSite) }
  /// Since when, and how often, it has done nothing but sleep at one place and look again.
  package var polling: (since: TraceInstant, rounds: Int)? {
    pollingRounds == 0 ? nil : (pollingSince, Int(pollingRounds))
  }
}

extension PartyRecord {
  /// It has its turn on a thread.
  mutating func beginTurn(on slot: ThreadSlot) {
    if !isScheduled { announcement.clear() }
    awaitedTurn.clear()
    phase = .running
    thread = slot
    if request != nil { runsSinceCancel &+= 1 }
  }

  /// Its turn is over; what had been announced of its wait. Of a task that executors run that holds until it is
  /// taken back.
  mutating func endTurn(at site: StackID?) -> Wait? {
    let announced = announcement.wait
    if !isScheduled { announcement.clear() }
    suspendedSite = site?.number ?? 0
    // What made it ready may have been told before its thread let go of it.
    awaitedTurn.site = site?.number ?? 0
    return announced
  }

  mutating func forgetAnnouncement() {
    if !isScheduled { announcement.clear() }
  }

  mutating func wait(_ wait: Wait) {
    lastWait = wait
    phase = .waiting
    guard wait.isSleep else {
      pollingRounds = 0
      return
    }
    let site = wait.site?.number ?? 0
    if pollingRounds > 0, pollingSite == site {
      pollingRounds = pollingRounds.saturatingSum(1)
    } else {
      (pollingSince, pollingRounds, pollingSite) = (wait.since, 1, site)
    }
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
