/// Everything that decides what can happen next in a small world: a value, so that a search can keep it.
package struct Situation: Hashable, Sendable {
  package enum Mode: Hashable, Sendable {
    /// It takes its next step as soon as it has its turn.
    case ready
    /// In its next step, which it began and cannot end yet.
    case waiting
    /// The wait is over; it has not had its turn since.
    case woken
    case ended(failed: Bool)
  }

  struct Party: Hashable, Sendable {
    var mode = Mode.ready
    /// The number of its next step.
    var place = 0
    /// It was asked to end, and does so when it has its turn: while it waited, or when that was over.
    var isCancelled = false, isBrokenOff = false
    /// It is done with a condition's wait but for the lock.
    var isBackFromCondition = false
    /// Its thread waits with it.
    var isBlocking = false
    /// A worker of the pool runs it.
    var hasBegun = false
  }

  struct Lock: Hashable, Sendable {
    var holder: Int?
    var waiters: [Int] = []
    /// Who waits for a signal under it.
    var sleepers: [Int] = []
  }

  struct Semaphore: Hashable, Sendable {
    var free: Int
    var holders: [Int] = []
    var waiters: [Int] = []
    /// The one who took a permit has given it back so far; somebody else has.
    var isReturned = false, isSent = false
  }

  struct Queue: Hashable, Sendable {
    var items = 0
    var unfinished = 0
    var getters: [Int] = []
    var putters: [Int] = []
    var joiners: [Int] = []
    var takers: Set<Int> = []
  }

  struct Flag: Hashable, Sendable {
    var isSet = false
    var waiters: [Int] = []
  }

  /// What another thread, or an end, has given the loop to do.
  enum Callback: Hashable, Sendable {
    case tell(Int)
    case resolve(Int)
  }

  var parties: [Party]
  var locks: [Lock]
  var semaphores: [Semaphore]
  var events: [Flag]
  var queues: [Queue]
  var futures: [Flag]
  /// Who has each lock of threads.
  var mutexes: [Int?]
  var flags: [Bool]
  /// Permits of threads.
  var tokens: [Semaphore]
  /// Who waits for a signal under each lock of threads.
  var listeners: [[Int]]
  /// What is in each stock.
  var stocks: [Int]
  var callbacks: [Callback] = []
  /// Tasks that other threads know to have ended.
  var told: Set<Int> = []

  package init(_ blueprint: Blueprint) {
    parties = Array(repeating: Party(), count: blueprint.all.count)
    locks = Array(repeating: Lock(), count: blueprint.lockCount)
    semaphores = blueprint.permits.map { Semaphore(free: $0) }
    events = Array(repeating: Flag(), count: blueprint.eventCount)
    queues = Array(repeating: Queue(), count: blueprint.rooms.count)
    futures = Array(repeating: Flag(), count: blueprint.futureCount)
    mutexes = Array(repeating: nil, count: blueprint.mutexCount)
    flags = Array(repeating: false, count: blueprint.flagCount)
    tokens = blueprint.tokens.map { Semaphore(free: $0) }
    listeners = Array(repeating: [], count: blueprint.mutexCount)
    stocks = Array(repeating: 0, count: blueprint.stocks.count)
  }

  package func mode(of party: Int) -> Mode { parties[party].mode }

  package func hasEnded(_ party: Int) -> Bool {
    if case .ended = parties[party].mode { true } else { false }
  }
}
