import History
import TraceFormat

/// The wait-for graph of a world at an instant, and what of it can still go on.
///
/// Parties and the resources that are waited for are nodes. What the trace does not bind to a party may
/// come from whatever is live: the node `anything`. So "unknown" counts as live while something moves,
/// and as nobody in a process that is at rest.
struct WaitModel {
  /// What a node stands for.
  enum Node: Hashable {
    case party(Int)
    case resource(Int, Operation?)
    case thread(ThreadSlot)
    case executor(Int)
    /// A descriptor that a loop watches.
    case descriptor(UInt64)
    /// What comes by itself or from outside of the process.
    case outside
    /// Somebody, as long as anything in the process can still move.
    case anything
  }

  let world: World
  var graph = LivenessGraph()
  var nodes: [Node] = []
  var live: [Bool] = []
  var components: [Int?] = []
  private(set) var numbers = NodeNumbers()
  /// Whether the trace shows that something is missing from it, although nothing says so.
  let contradictsItself: Bool
  /// Parties that wait for each resource, in the order in which they came.
  var waiters: [Int: [Int]] = [:]
  /// Parties that were woken at a resource and have not run yet.
  var woken: [Int: [Int]] = [:]
  /// Who keeps the loops' threads from running without being one of them.
  let keeper: Keeper?
  /// Loop threads that are inside one step for too long, and not in a wait that the trace explains.
  var busyThreads: Set<ThreadSlot> = []
  /// Who can reach what, by the latest snapshot.
  let reach: Reach
  /// Nodes whose edges are what a snapshot found to be the only ones that can act.
  var proved: Set<Int> = []
  /// Nodes bound to those that have acted so far: others might, but nobody waits like this by design.
  var habitual: Set<Int> = []
  /// Whether what habits tell counts where nothing is proved, and nodes for which it does.
  let isLearned: Bool
  var learned: Set<Int> = []
  /// Of some resources the tasks to which alone it is left to end waits for them.
  let signallers: [Int: [Int]]
  /// Tasks that another thread made ready without waking their loop.
  var unheard: Set<Int> = []
  var pending: [Int] = []
  /// What a timer or a signal handler can act on.
  var timed: Set<Entity> = []
  /// What a timer can act on.
  private(set) var paused: Set<Entity> = []

  /// A loop that has not been back in its selector for this long is reported as blocked: shorter steps
  /// are ordinary, and what interactive users call a hang starts at about a second.
  static let blockedLoopThreshold: UInt64 = 1_000_000_000
  /// A thread's wait that would end by itself only after so long is looked at like one without a limit:
  /// nobody waits for five minutes to see whether a program hangs.
  static let patience: UInt64 = 300_000_000_000

  /// - Parameter learning: from what was done before, who has to act where anybody could.
  /// - Parameter signallers: of some resources, who has to act where anybody could.
  init(_ world: World, learning: Bool = false, signallers: [Int: [Int]] = [:]) {
    self.init(world, blocked: [], learning, signallers)
    let blocked = blockedLoops().union(blockedMainActors())
    if !blocked.isEmpty { self.init(world, blocked: blocked, learning, signallers) }
  }

  /// - Parameter blocked: threads of loops to take as busy although they wait.
  private init(
    _ world: World, blocked: Set<ThreadSlot>, _ learning: Bool, _ signallers: [Int: [Int]]
  ) {
    self.world = world
    isLearned = learning
    self.signallers = signallers
    busyThreads = blocked
    reach = Reach(world)
    keeper = Self.keeper(in: world)
    contradictsItself =
      world.unseenEvents > 0 || world.snapshot?.hasUnseenTimer == true || world.leavesUnseen
    numbers = NodeNumbers(parties: world.parties.count)
    findBusyThreads()
    for timer in liveTimers { timed.formUnion(timer.targets) }
    passOnTimeouts()
    paused = timed
    for targets in world.signalHandlers.values { timed.formUnion(targets) }
    passOnTimeouts()
    for index in world.parties.indices {
      guard let wait = world.parties[index].wait else { continue }
      if world.isWoken(wait) {
        if let resource = wait.primitive?.resource { woken[resource, default: []].append(index) }
      } else {
        if let resource = wait.primitive?.resource { waiters[resource, default: []].append(index) }
        if case .resource(let future)? = wait.future, future != wait.primitive?.resource {
          waiters[future, default: []].append(index)
        }
      }
    }
    for slot in world.threadSlots {
      if let (resource, _) = synchronousWait(of: slot), let resource {
        waiters[resource, default: []].append(world.threads[slot]!.actor)
      }
    }
    for index in world.parties.indices where !world.parties[index].isEnded {
      _ = number(.party(index))
    }
    _ = number(.anything)
    while let node = pending.popLast() { connect(node) }
    live = graph.live()
    var causal = live
    causal[number(.anything)] = true
    components = graph.components(among: causal)
  }

  /// What a task awaits ends with it: a timeout or a cancellation goes down to the tasks of its group.
  mutating func passOnTimeouts() {
    var next = Array(timed)
    while let entity = next.popLast() {
      var awaited: [Entity?] = []
      switch entity {
      case .party(let index):
        guard let wait = world.parties[index].wait else { continue }
        awaited = [wait.future]
        if let (resource, operation) = wait.primitive, let resource, operation == .group {
          awaited.append(.resource(resource))
        }
      case .resource(let index): awaited = world.resources[index].members
      }
      for entity in awaited.compactMap({ $0 }) where timed.insert(entity).inserted {
        next.append(entity)
      }
    }
  }

  func isLive(_ node: Node) -> Bool { numbers[node].map { live[$0] } ?? true }

  func targets(of node: Int) -> [Int] { graph.edges[node] }

  mutating func number(_ node: Node) -> Int {
    if let number = numbers[node] { return number }
    let number = graph.addNode(.all)
    numbers[node] = number
    nodes.append(node)
    pending.append(number)
    return number
  }

  mutating func need(_ from: Int, _ mode: LivenessGraph.Mode, _ targets: [Node]) {
    graph.setMode(mode, of: from)
    for target in targets { graph.addEdge(from, number(target)) }
  }

  mutating func connect(_ node: Int) {
    switch nodes[node] {
    case .party(let index): connectParty(node, index)
    case .thread(let slot): connectThread(node, slot)
    case .executor(let index):
      if world.resources[index].kind == .actor {
        connectActor(node, index)
      } else {
        connectExecutor(node, index)
      }
    case .resource(let index, let operation): connectResource(node, index, operation)
    case .descriptor(let number):
      need(
        node, .any,
        reach.actors(onOtherEndOf: number) ?? reach.children(holding: number) ?? [.outside])
    case .outside: need(node, .all, [])
    case .anything: connectAnything(node)
    }
  }

  /// Connects a resource with those that a snapshot found able to act on it; false if none did say.
  mutating func connectByReach(_ node: Int, _ index: Int) -> Bool {
    if connectByHeirs(node, index) { return true }
    guard let actors = reach.actors(on: index) else { return false }
    if !actors.contains(.anything) { proved.insert(node) }
    need(node, .any, actors)
    return true
  }

  /// Whether nothing that moves could act besides these.
  func isKnown(_ actors: [Node]?) -> Bool {
    actors.map { !$0.contains(.anything) } ?? false
  }

  // MARK: Parties

  mutating func connectParty(_ node: Int, _ index: Int) {
    let party = world.parties[index]
    switch party.kind {
    case .thread: need(node, .all, hosted(index, on: party.thread))
    case .job:
      switch party.state {
      case .ready: need(node, .all, party.executor.map { [.executor($0)] } ?? [])
      case .running: need(node, .all, hosted(index, on: party.thread))
      case .waiting(let wait): need(node, .all, [waitNode(wait)].compactMap { $0 })
      case .ended: need(node, .all, [])
      }
    case .task:
      if isLostSight(of: index) { return need(node, .all, []) }
      let hosts = hosts(ofTask: index)
      guard let wait = party.wait, !timed.contains(.party(index)) else {
        return need(node, .all, hosts + awaitedThreads(index))
      }
      if world.isWoken(wait) {
        guard world.isUnheard(wait, on: party.thread) else { return need(node, .all, hosts) }
        unheard.insert(index)
        return need(node, .all, [.anything] + hosts)
      }
      need(node, .all, [waitNode(wait)].compactMap { $0 } + hosts)
    }
  }

  /// Whether a turn of a loop's task is over of which the trace does not have the end: it may wait, or have ended.
  private func isLostSight(of task: Int) -> Bool {
    let party = world.parties[task]
    guard !party.isScheduled, case .running = party.state, let thread = world.threads[party.thread]
    else { return false }
    return thread.loops.last?.isSet == false && !thread.running.contains(task)
  }

  /// What a job or a thread that runs a loop of its own needs: the main task of that loop.
  func hosted(_ party: Int, on slot: ThreadSlot) -> [Node] {
    let thread = world.threads[slot]
    if let main = thread?.loops.last?.mainTask, thread?.block == nil,
      thread?.running.last == party || thread?.running.isEmpty == true
    {
      return [.party(main)]
    }
    return [.thread(slot)]
  }

  /// The node of what a wait needs; nothing if it ends by itself.
  func waitNode(_ wait: Wait) -> Node? {
    if isBoundByTimer(wait.future) { return nil }
    if let (resource, operation) = wait.primitive {
      switch operation {
      case .sleep: return nil
      case .process where isBoundToChild(wait):
        return resource.map { .resource($0, operation) }
      case .read, .drain, .accept, .connect, .process:
        // From outside, unless a snapshot knows all that can end it.
        guard case .resource(let future)? = wait.future, isKnown(reach.actors(on: future)) else {
          return nil
        }
        return .resource(future, operation)
      case .acquire, .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait,
        .group, .result, .join, .exit:
        if let resource {
          return isBoundByTimer(.resource(resource)) ? nil : .resource(resource, operation)
        }
      }
    }
    switch wait.future {
    case .party(let task): return .party(task)
    case .resource(let future): return .resource(future, nil)
    case nil: return .anything
    }
  }

  /// Whether a timer or a signal handler can act on it.
  func isBoundByTimer(_ entity: Entity?) -> Bool {
    guard let entity else { return false }
    return timed.contains(entity)
  }

  /// The threads whose end a task with only a far limit waits for: when the program ends, asyncio gives
  /// those of its executor five minutes. Other far limits are often meant, as a pause that can be cut
  /// short is.
  func awaitedThreads(_ task: Int) -> [Node] {
    guard case .resource(let future)? = world.parties[task].wait?.future,
      liveTimers.allSatisfy({
        !$0.targets.contains(.party(task)) || $0.deadline.since(world.now) >= Self.patience / 5 * 4
      })
    else { return [] }
    return world.resources[future].members.compactMap { member in
      guard case .resource(let handle) = member, let slot = world.resources[handle].thread,
        let thread = world.threads[slot], !thread.hasEnded
      else { return nil }
      return .party(thread.party)
    }
  }

  /// Timers that have not run: those to come, and those due on a thread that has not been idle since. Where
  /// threads say that they rest, a timer that is due gives work to one of them at once.
  var liveTimers: [TimerState] {
    let isWorkHandedOut = world.threads.values.contains { $0.isResting != nil }
    return world.timers.values.filter { timer in
      if timer.deadline > world.now { return true }
      guard let loop = loop(of: timer) else {
        return !isWorkHandedOut || world.now.since(timer.deadline) < Self.handOver
      }
      guard let idle = loop.idle else { return true }
      return timer.deadline > idle.since
    }
  }

  /// The loop that acts when a timer is due.
  private func loop(of timer: TimerState) -> LoopState? {
    if let own = timer.loop {
      return world.thread(ofLoop: own).flatMap { world.threads[$0]?.loops.last }
    }
    guard let loop = world.threads[timer.thread]?.loops.last, !loop.isSet else { return nil }
    return loop
  }

  /// So soon after a timer is due, in ns, its work has begun.
  private static let handOver: UInt64 = 100_000_000
}
