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
  private(set) var graph = LivenessGraph()
  private(set) var nodes: [Node] = []
  private(set) var live: [Bool] = []
  private(set) var components: [Int?] = []
  private(set) var numbers: [Node: Int] = [:]
  /// Parties that wait for each resource, in the order in which they came.
  private(set) var waiters: [Int: [Int]] = [:]
  /// Parties that were woken at a resource and have not run yet.
  private var woken: [Int: [Int]] = [:]
  /// Loop threads that are inside one step for too long, and not in a wait that the trace explains.
  private(set) var busyThreads: Set<ThreadSlot> = []
  /// Who can reach what, by the latest snapshot.
  let reach: Reach
  /// Nodes whose edges are what a snapshot found to be the only ones that can act.
  private(set) var proved: Set<Int> = []
  /// Nodes bound to those that have acted so far: others might, but nobody waits like this by design.
  private(set) var habitual: Set<Int> = []
  /// Tasks that another thread made ready without waking their loop.
  private(set) var unheard: Set<Int> = []
  private var pending: [Int] = []
  /// What a timer or a signal handler can act on.
  private var timed: Set<Entity> = []

  /// A loop that has not been back in its selector for this long is reported as blocked: shorter steps
  /// are ordinary, and what interactive users call a hang starts at about a second.
  static let blockedLoopThreshold: UInt64 = 1_000_000_000
  /// A thread's wait that would end by itself only after so long is looked at like one without a limit:
  /// nobody waits for five minutes to see whether a program hangs.
  static let patience: UInt64 = 300_000_000_000

  init(_ world: World) {
    self.init(world, blocked: [])
    let blocked = blockedLoops()
    if !blocked.isEmpty { self.init(world, blocked: blocked) }
  }

  /// - Parameter blocked: threads of loops to take as busy although they wait.
  private init(_ world: World, blocked: Set<ThreadSlot>) {
    self.world = world
    busyThreads = blocked
    reach = Reach(world)
    findBusyThreads()
    for timer in liveTimers { timed.formUnion(timer.targets) }
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
  private mutating func passOnTimeouts() {
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

  private mutating func number(_ node: Node) -> Int {
    if let number = numbers[node] { return number }
    let number = graph.addNode(.all)
    numbers[node] = number
    nodes.append(node)
    pending.append(number)
    return number
  }

  private mutating func need(_ from: Int, _ mode: LivenessGraph.Mode, _ targets: [Node]) {
    graph.setMode(mode, of: from)
    for target in targets { graph.addEdge(from, number(target)) }
  }

  private mutating func connect(_ node: Int) {
    switch nodes[node] {
    case .party(let index): connectParty(node, index)
    case .thread(let slot): connectThread(node, slot)
    case .executor(let index): connectExecutor(node, index)
    case .resource(let index, let operation): connectResource(node, index, operation)
    case .descriptor(let number):
      need(node, .any, reach.actors(onOtherEndOf: number) ?? [.outside])
    case .outside: need(node, .all, [])
    case .anything: connectAnything(node)
    }
  }

  /// Connects a resource with those that a snapshot found able to act on it; false if none did say.
  private mutating func connectByReach(_ node: Int, _ index: Int) -> Bool {
    guard let actors = reach.actors(on: index) else { return false }
    if !actors.contains(.anything) { proved.insert(node) }
    need(node, .any, actors)
    return true
  }

  /// Whether nothing that moves could act besides these.
  private func isKnown(_ actors: [Node]?) -> Bool {
    actors.map { !$0.contains(.anything) } ?? false
  }

  // MARK: Parties

  private mutating func connectParty(_ node: Int, _ index: Int) {
    let party = world.parties[index]
    switch party.kind {
    case .thread: need(node, .all, hosted(index, on: party.thread))
    case .job:
      switch party.state {
      case .ready: need(node, .all, party.executor.map { [.executor($0)] } ?? [])
      case .running: need(node, .all, hosted(index, on: party.thread))
      case .waiting, .ended: need(node, .all, [])
      }
    case .task:
      let host = Node.thread(party.thread)
      guard let wait = party.wait, !timed.contains(.party(index)) else {
        return need(node, .all, [host] + awaitedThreads(index))
      }
      if world.isWoken(wait) {
        guard world.isUnheard(wait, on: party.thread) else { return need(node, .all, [host]) }
        unheard.insert(index)
        return need(node, .all, [.anything, host])
      }
      need(node, .all, [waitNode(wait), host].compactMap { $0 })
    }
  }

  /// What a job or a thread that runs a loop of its own needs: the main task of that loop.
  private func hosted(_ party: Int, on slot: ThreadSlot) -> [Node] {
    let thread = world.threads[slot]
    if let main = thread?.loops.last?.mainTask, thread?.block == nil,
      thread?.running.last == party || thread?.running.isEmpty == true
    {
      return [.party(main)]
    }
    return [.thread(slot)]
  }

  /// The node of what a wait needs; nothing if it ends by itself.
  private func waitNode(_ wait: Wait) -> Node? {
    if isBoundByTimer(wait.future) { return nil }
    if let (resource, operation) = wait.primitive {
      switch operation {
      case .sleep: return nil
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
  private func isBoundByTimer(_ entity: Entity?) -> Bool {
    guard let entity else { return false }
    return timed.contains(entity)
  }

  /// The threads whose end a task with only a far limit waits for: when the program ends, asyncio gives
  /// those of its executor five minutes. Other far limits are often meant, as a pause that can be cut
  /// short is.
  private func awaitedThreads(_ task: Int) -> [Node] {
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

  /// Timers that have not run: those to come, and those due on a thread that has not been idle since.
  private var liveTimers: [TimerState] {
    world.timers.values.filter { timer in
      if timer.deadline > world.now { return true }
      guard let idle = world.threads[timer.thread]?.loops.last?.idle else { return true }
      return timer.deadline > idle.since
    }
  }

  // MARK: Threads and executors

  private mutating func findBusyThreads() {
    for (slot, thread) in world.threads {
      guard let loop = thread.loops.last, loop.idle == nil, !thread.hasEnded else { continue }
      if let block = thread.block, !endsSoon(block) { continue }
      if world.now.since(thread.lastEvent) >= Self.blockedLoopThreshold {
        busyThreads.insert(slot)
      }
    }
  }

  /// Threads of loops that wait for what anybody may yet do: whether or not that comes, the loop has stood
  /// still for too long.
  private func blockedLoops() -> Set<ThreadSlot> {
    Set(
      world.threads.keys.filter { slot in
        guard let thread = world.threads[slot], let loop = thread.loops.last, loop.idle == nil,
          let block = thread.block, world.now.since(block.since) >= Self.blockedLoopThreshold,
          isLive(.thread(slot))
        else { return false }
        switch block.primitive?.operation {
        case .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait: return true
        case .acquire, .sleep, .group, .read, .drain, .accept, .connect, .process, .result, .join,
          .exit, nil:
          return false
        }
      })
  }

  private mutating func connectThread(_ node: Int, _ slot: ThreadSlot) {
    if busyThreads.contains(slot) { return need(node, .any, []) }
    if let (resource, operation) = synchronousWait(of: slot) {
      return need(node, .all, [resource.map { .resource($0, operation) } ?? .anything])
    }
    need(node, .all, [])
  }

  /// What a thread waits for, as it said itself or as a snapshot found.
  private func synchronousWait(of slot: ThreadSlot) -> (resource: Int?, operation: Operation)? {
    guard let thread = world.threads[slot] else { return nil }
    if let block = thread.block {
      guard !endsSoon(block), let (resource, operation) = block.primitive, let resource else {
        return nil
      }
      return (resource, operation)
    }
    guard thread.loops.isEmpty, let stand = reach.stand(of: slot),
      let operation = stand.operation
    else { return nil }
    if case .resource(let index)? = stand.resource { return (index, operation) }
    return (nil, operation)
  }

  /// Whether a thread's wait ends by itself before anybody would call it a hang.
  func endsSoon(_ block: Wait) -> Bool {
    guard let deadline = block.deadline else { return false }
    return deadline <= world.now || deadline.since(world.now) < Self.patience
  }

  private mutating func connectExecutor(_ node: Int, _ index: Int) {
    let running = world.jobs.values.filter {
      world.parties[$0].executor == index && isRunning($0)
    }.sorted()
    if UInt64(running.count) < world.resources[index].capacity {
      need(node, .all, [])
    } else {
      need(node, .any, running.map { .party($0) })
    }
  }

  private func isRunning(_ party: Int) -> Bool {
    if case .running = world.parties[party].state { true } else { false }
  }

  // MARK: Resources

  private mutating func connectResource(_ node: Int, _ index: Int, _ operation: Operation?) {
    let resource = world.resources[index]
    if timed.contains(.resource(index)) { return need(node, .all, []) }
    if !resource.members.isEmpty { return connectMembers(node, resource) }
    switch resource.kind {
    case .lock, .threadLock, .semaphore: connectPermits(node, index, resource)
    case .queue where resource.isPool && operation == .queueGet:
      connectPermits(node, index, resource)
    case .condition, .event, .barrier, .queue: connectSignal(node, index, resource, operation)
    case .group, .stream, .process: need(node, .all, [])
    case .executor: need(node, .all, [.executor(index)])
    case .thread:
      if let slot = resource.thread, let thread = world.threads[slot] {
        return need(node, .all, thread.hasEnded ? [] : [.party(thread.party)])
      }
      if !connectByReach(node, index) { need(node, .any, [.anything]) }
    case .concurrentFuture:
      if resource.done != nil { return need(node, .all, []) }
      if let job = world.jobs[resource.number] { return need(node, .all, [.party(job)]) }
      if let host = resource.submittedTo.flatMap(world.thread(ofLoop:)) {
        return need(node, .all, [.thread(host)])
      }
      if !connectByReach(node, index) { need(node, .any, [.anything]) }
    case .future:
      if resource.done != nil { return need(node, .all, []) }
      if let job = world.jobs[resource.number] { return need(node, .all, [.party(job)]) }
      if !connectByReach(node, index) { connectFuture(node, resource) }
    }
  }

  private mutating func connectMembers(_ node: Int, _ resource: ResourceRecord) {
    let members = resource.members.filter { !world.isDone($0) }
    if members.isEmpty, resource.kind == .concurrentFuture {
      // What ended still has to tell it, on its own thread.
      return need(node, .all, resource.members.compactMap(thread).map(Node.thread))
    }
    switch resource.dependency {
    case .any where members.count < resource.members.count: need(node, .all, [])
    case .any: need(node, .any, members.map(memberNode))
    case .all, .guarded: need(node, .all, members.map(memberNode))
    }
  }

  private func thread(of entity: Entity) -> ThreadSlot? {
    guard case .party(let task) = entity else { return nil }
    return world.parties[task].thread
  }

  private func memberNode(_ entity: Entity) -> Node {
    switch entity {
    case .party(let index): .party(index)
    case .resource(let index): .resource(index, nil)
    }
  }

  /// A lock or semaphore goes on when one of its holders does, or a waiter that was handed a permit.
  private mutating func connectPermits(_ node: Int, _ index: Int, _ resource: ResourceRecord) {
    var providers = Set(resource.holds.map(\.party)).filter { !world.parties[$0].isEnded }
    providers.formUnion(woken[index, default: []])
    var targets = providers.sorted().map { Node.party($0) }
    if resource.hasForeignRelease || resource.isPool
      || (resource.holds.isEmpty && resource.kind != .lock)
    {
      let others = reach.actors(on: index)
      if let others, !others.contains(.anything) { proved.insert(node) }
      targets += others ?? known(resource.providers) + [.anything]
    }
    need(node, .any, targets)
  }

  private mutating func connectSignal(
    _ node: Int, _ index: Int, _ resource: ResourceRecord, _ operation: Operation?
  ) {
    if connectByHabit(node, index, resource, operation) { return }
    if connectByReach(node, index) { return }
    let actors =
      operation == .queuePut || operation == .queueJoin
      ? resource.takers : resource.providers
    need(node, .any, known(actors) + [.anything])
  }

  /// Who waits to put into a full queue needs those that take from it: only if all of them are gone might
  /// others come. Who waits in join() for items that idle consumers have taken is not helped by them.
  private mutating func connectByHabit(
    _ node: Int, _ index: Int, _ resource: ResourceRecord, _ operation: Operation?
  ) -> Bool {
    let takers = resource.takers.filter { !world.parties[$0].isEnded }.sorted()
    guard !takers.isEmpty, takers.allSatisfy({ world.parties[$0].kind != .thread }) else {
      return false
    }
    switch operation {
    case .queuePut: need(node, .any, takers.map { .party($0) })
    case .queueJoin
    where takers.allSatisfy({ taker in
      let wait = world.parties[taker].wait
      return wait?.primitive?.resource == index && wait?.primitive?.operation == .queueGet
        && !world.isWoken(wait!)
    }):
      need(node, .any, [])
    default: return false
    }
    habitual.insert(node)
    return true
  }

  /// A future may be resolved by anything that moves, but only through the thread of its own loop.
  private mutating func connectFuture(_ node: Int, _ resource: ResourceRecord) {
    guard let created = resource.created,
      let home = world.threads[world.parties[created.party].thread], home.loops.last != nil
    else { return need(node, .any, [.anything]) }
    need(node, .all, [.anything, .thread(world.parties[created.party].thread)])
  }

  private func known(_ parties: Set<Int>) -> [Node] {
    parties.filter { !world.parties[$0].isEnded && world.parties[$0].kind != .thread }.sorted().map
    {
      .party($0)
    }
  }

  // MARK: The rest of the world

  /// Every task, job and thread that may do something, and whatever may come from outside.
  private mutating func connectAnything(_ node: Int) {
    if !world.unknownSignalHandlers.isEmpty || liveTimers.contains(where: \.reachesUnknown)
      || isAnyPeerUnknown
    {
      return need(node, .all, [])
    }
    var targets = world.io.keys.sorted().map { Node.descriptor($0 >> 2) }
    for index in world.parties.indices where !world.parties[index].isEnded {
      switch world.parties[index].kind {
      case .task, .job: targets.append(.party(index))
      case .thread: if mayAct(world.parties[index].thread) { targets.append(.party(index)) }
      }
    }
    need(node, .any, targets)
  }

  /// Waits for a stream or a process that no registered descriptor shows still come from outside.
  private var isAnyPeerUnknown: Bool {
    world.parties.contains { party in
      guard let wait = party.wait, let operation = wait.primitive?.operation else { return false }
      switch operation {
      case .read, .accept, .connect, .drain, .process:
        if case .resource(let future)? = wait.future { return !isKnown(reach.actors(on: future)) }
        return true
      case .acquire, .eventWait, .conditionWait, .queueGet, .queuePut, .queueJoin, .barrierWait,
        .sleep, .group, .result, .join, .exit:
        return false
      }
    }
  }

  /// Whether a thread does something of its own, besides running a loop or jobs.
  private func mayAct(_ slot: ThreadSlot) -> Bool {
    guard let thread = world.threads[slot] else { return false }
    if thread.hasEnded || thread.isRecorder { return false }
    if thread.isWorker && thread.running.isEmpty { return false }
    if thread.loops.last?.idle != nil { return false }
    return !busyThreads.contains(slot)
  }
}
