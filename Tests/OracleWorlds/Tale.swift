import History
import TraceFormat

/// What a recorder writes of a small world: the events of asyncio's own primitives, replayed as they come.
struct Tale {
  enum Thing {
    case lock(Int)
    case semaphore(Int)
    case event(Int)
    case queue(Int)
    case condition(Int)
    var number: UInt64 {
      switch self {
      case .lock(let index): 0xb000 + 16 * UInt64(index)
      case .semaphore(let index): 0xb400 + 16 * UInt64(index)
      case .event(let index): 0xb800 + 16 * UInt64(index)
      case .queue(let index): 0xbc00 + 16 * UInt64(index)
      case .condition(let index): 0xd000 + 16 * UInt64(index)
      }
    }
  }

  static let loop: UInt64 = 0x10
  static let thread = ThreadSlot(1)

  var trace: MemoryTrace
  private(set) var world: World
  private(set) var time: UInt64 = 1_000_000
  private var isIdle = false
  private let mainParty: Int

  // MARK: What is known of threads

  /// The one that acts.
  var thread = Self.thread
  let hosts: [Host]
  /// Who has which lock of threads.
  var holds: [Int: Hold] = [:]
  var idleWorkers: [ThreadSlot] = []
  var started: Set<ThreadSlot> = []
  /// Where each job runs, what each thread waits for, and the loop's futures of jobs.
  var places: [Int: ThreadSlot] = [:]
  var blocked: [Int: UInt64] = [:]
  var waits: [Int: [UInt64]] = [:]
  /// Ends of jobs of which the loop has not heard.
  var relays: [(Int, Outcome)] = []
  var isGathered = false

  init(_ blueprint: Blueprint) {
    var trace = MemoryTrace()
    trace.definitions.threads[Self.thread] = .init(tid: 100, name: "MainThread")
    Self.defineThreads(blueprint, in: &trace)
    let stacks = blueprint.all.indices.map { party in
      let site = Site(file: "world.py", function: "party\(party)", line: party + 1)
      return trace.intern(stack: [trace.intern(site)])
    }
    world = World(definitions: trace.definitions)
    self.trace = trace
    mainParty = blueprint.programs.count
    hosts = blueprint.hosts
    tell(.taskCreate, task(mainParty), object: 1, site: stacks[mainParty], value: site(mainParty))
    tell(.loopStart, Self.loop)
    tell(.taskResume, task(mainParty))
    for index in 0..<blueprint.lockCount {
      make(.lock(index), .lock)
      make(.condition(index), .condition, capacity: Thing.lock(index).number)
    }
    for (index, permits) in blueprint.permits.enumerated() {
      make(.semaphore(index), .semaphore, capacity: UInt64(permits))
    }
    for index in 0..<blueprint.eventCount { make(.event(index), .event) }
    for (index, room) in blueprint.rooms.enumerated() {
      make(.queue(index), .queue, capacity: UInt64(room))
    }
    for index in 0..<blueprint.futureCount {
      tell(.resourceCreate, future(index), value: ResourceKind.future.rawValue)
    }
    for party in blueprint.programs.indices where blueprint.host(of: party) == .task {
      tell(
        .taskCreate, task(party), object: UInt64(party) + 2, site: stacks[mainParty],
        value: site(party))
    }
    startThreads(blueprint)
    tell(.taskSuspend, task(mainParty))
  }

  // MARK: Numbers

  /// The index of a party in the replayed world: thread first, then the main task.
  func index(of party: Int) -> Int? {
    switch party < hosts.count ? hosts[party] : .task {
    case .task: world.livingParty(task(party))
    case .thread: world.threads[Self.slot(ofThread: party)]?.party
    case .job: world.jobs[result(party)]
    }
  }

  func task(_ party: Int) -> UInt64 { 0xa000 + 16 * UInt64(party) }
  private func future(_ index: Int) -> UInt64 { 0xe000 + 16 * UInt64(index) }
  /// The future that a party waits on: at the same address each time, as happens.
  private func wait(_ party: Int) -> UInt64 { 0xf000 + 16 * UInt64(party) }
  func site(_ party: Int) -> UInt32 { UInt32(party) + 1 }
  private let group: UInt64 = 0xe800

  private mutating func make(_ thing: Thing, _ kind: ResourceKind, capacity: UInt64 = 0) {
    make(thing.number, kind, capacity: capacity)
  }

  mutating func make(_ number: UInt64, _ kind: ResourceKind, capacity: UInt64 = 0) {
    tell(.resourceCreate, number, object: capacity, value: kind.rawValue)
  }

  mutating func tell(
    _ kind: EventKind, _ subject: UInt64, object: UInt64 = 0, site: StackID? = nil,
    value: UInt32 = 0
  ) {
    time += 1000
    let event = Event(
      time: TraceInstant(nanoseconds: time), thread: thread, kind: kind, subject: subject,
      object: object, site: site, value: value)
    trace.events.append(event)
    world.apply(event)
  }

  // MARK: Turns

  mutating func resume(_ party: Int) {
    enterLoop()
    hear()
    tell(.taskResume, task(party))
  }
  mutating func enterLoop() {
    thread = Self.thread
    if isIdle { tell(.loopWake, Self.loop) }
    isIdle = false
  }
  mutating func yield(_ party: Int) {
    tellHolds(of: party)
    tell(.taskSuspend, task(party))
  }
  mutating func end(_ party: Int, _ outcome: Outcome) {
    tellHolds(of: party)
    tell(.taskEnd, task(party), value: outcome.rawValue)
  }
  mutating func cancel(_ party: Int) { tell(.taskCancel, task(party)) }
  mutating func breakOff(waitOf party: Int) {
    tell(.futureDone, wait(party), value: Outcome.cancelled.rawValue)
  }

  /// The loop has nothing to do, and goes to its selector.
  mutating func idle(isForEver: Bool) {
    guard !isIdle else { return }
    thread = Self.thread
    tell(.loopIdle, Self.loop, value: isForEver ? .max : 60_000)
    isIdle = true
  }

  /// Nobody has anything to do, for long.
  mutating func rest() {
    time += 10_000_000_000
    world.advance(to: TraceInstant(nanoseconds: time))
    trace.header.lastInstant = TraceInstant(nanoseconds: time)
  }

  // MARK: Waits

  mutating func wait(_ party: Int, for thing: Thing, _ operation: Operation) {
    tellHolds(of: party)
    tell(
      .taskWaitOwn, thing.number, object: wait(party), site: StackID(site(party)),
      value: operation.rawValue)
  }
  mutating func sleep(_ party: Int) {
    tellHolds(of: party)
    tell(
      .taskWaitOwn, 0, object: wait(party), site: StackID(site(party)),
      value: Operation.sleep.rawValue)
  }
  mutating func wait(_ party: Int, forFuture index: Int) { suspend(party, on: future(index)) }
  mutating func wait(_ party: Int, forTask other: Int) { suspend(party, on: task(other)) }
  mutating func waitForAll(_ party: Int, others: [Int]) {
    tell(.resourceCreate, group, value: ResourceKind.future.rawValue)
    for other in others {
      guard other < hosts.count, hosts[other] == .job else {
        tell(.depends, group, object: task(other))
        continue
      }
      if let member = member(for: other) { tell(.depends, group, object: member) }
    }
    suspend(party, on: group)
  }
  mutating func suspend(_ party: Int, on number: UInt64) {
    tellHolds(of: party)
    tell(.taskSuspend, task(party), object: number, site: StackID(site(party)))
  }

  mutating func resolve(waitOf party: Int) { tell(.futureDone, wait(party)) }
  mutating func resolve(future index: Int) { tell(.futureDone, future(index)) }
  mutating func gathered() { tell(.futureDone, group) }

  // MARK: Operations

  mutating func acquired(_ lock: Int) { tell(.acquired, Thing.lock(lock).number) }
  mutating func released(_ lock: Int) { tell(.released, Thing.lock(lock).number) }
  mutating func took(_ semaphore: Int) { tell(.acquired, Thing.semaphore(semaphore).number) }
  mutating func gave(_ semaphore: Int) { tell(.released, Thing.semaphore(semaphore).number) }
  mutating func set(_ event: Int) { tell(.eventSet, Thing.event(event).number) }
  mutating func clear(_ event: Int) { tell(.eventCleared, Thing.event(event).number) }
  mutating func notify(_ condition: Int, waiters: Int) {
    tell(.notified, Thing.condition(condition).number, object: 1, value: UInt32(waiters))
  }
  mutating func put(_ queue: Int, items: Int) {
    tell(.queuePut, Thing.queue(queue).number, value: UInt32(items))
  }
  mutating func got(_ queue: Int, items: Int) {
    tell(.queueGot, Thing.queue(queue).number, value: UInt32(items))
  }
  mutating func taskDone(_ queue: Int, unfinished: Int) {
    tell(.queueTaskDone, Thing.queue(queue).number, value: UInt32(unfinished))
  }
}
