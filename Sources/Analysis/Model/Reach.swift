import History
import TraceFormat

/// Who can act on what, by the latest snapshot, as far as it still holds when the trace ends.
///
/// A snapshot lists all that could reach a thing. Parties that wait cannot pass it on, so the list still
/// holds for those that have not moved since; one that has moved may have told anybody.
struct Reach {
  let world: World
  private let snapshot: Snapshot?
  /// Marks a descriptor among the numbers that a snapshot has referrers of.
  private static let descriptorBit: UInt64 = 1 << 63

  init(_ world: World) {
    self.world = world
    snapshot = world.snapshot
  }

  /// Who can act on a resource; nothing if no snapshot says.
  func actors(on resource: Int) -> [WaitModel.Node]? {
    let record = world.resources[resource]
    guard let snapshot, record.created?.time ?? .start <= snapshot.time else { return nil }
    return actors(number: record.number)
  }

  /// Who can make a descriptor ready: those that can reach its other end in this process; nothing if it
  /// is not known to be in this process.
  func actors(onOtherEndOf descriptor: UInt64) -> [WaitModel.Node]? {
    guard let peer = snapshot?.peers[descriptor] else { return nil }
    return actors(number: peer | Self.descriptorBit)
  }

  /// Who can read from a descriptor of this process, write into it or close it; nothing if no snapshot says.
  func actors(onDescriptor descriptor: UInt64) -> [WaitModel.Node]? {
    actors(number: descriptor | Self.descriptorBit)
  }

  /// What a child process waits for this one to do; nothing if it may go on without.
  func needs(ofProcess resource: Int) -> [Snapshot.ChildWait]? {
    let process = world.resources[resource].capacity
    guard let snapshot, world.processes[process] == resource else { return nil }
    let needs = snapshot.children.filter { $0.process == process && $0.link != .alone }
    return needs.isEmpty ? nil : needs
  }

  /// The descriptor, watched by a loop of this process, that serves a connection at which a thread waits.
  func peer(ofConnection resource: Int) -> UInt64? {
    let record = world.resources[resource]
    guard record.isConnection, let peer = snapshot?.peers[record.capacity],
      world.descriptors[reading: peer] != nil
    else { return nil }
    return peer
  }

  /// The children without which a descriptor does not become ready.
  func children(holding descriptor: UInt64) -> [WaitModel.Node]? {
    let children = snapshot?.children.filter {
      $0.link == .alone && $0.descriptor == descriptor
    }
    guard let children, !children.isEmpty else { return nil }
    return children.compactMap { world.processes[$0.process] }.map { .resource($0, .process) }
  }

  /// The ways from what runs to a resource, such as a module's name for it.
  func ways(to resource: Int) -> [String] {
    (snapshot?.referrers[world.resources[resource].number] ?? []).compactMap { reach in
      if case .root(let way) = reach { way } else { nil }
    }
  }

  /// What a thread waits for that records nothing itself, if it has not moved since.
  func stand(of slot: ThreadSlot) -> Snapshot.ThreadStand? {
    guard let snapshot, let tid = world.definitions.threads[slot]?.tid,
      let thread = world.threads[slot], thread.lastEvent <= snapshot.time
    else { return nil }
    return snapshot.threads[UInt64(tid)]
  }

  private func actors(number: UInt64) -> [WaitModel.Node]? {
    guard let reached = snapshot?.referrers[number] else { return nil }
    var nodes: [WaitModel.Node] = []
    for node in reached.map(node) where !nodes.contains(node) { nodes.append(node) }
    return nodes
  }

  private func node(_ reach: Snapshot.Reach) -> WaitModel.Node {
    switch reach {
    case .party(let index): hasMoved(index) ? .anything : .party(index)
    case .thread(let slot): node(ofThread: slot)
    case .descriptor(let number): isRegistered(number) ? .descriptor(number) : .anything
    case .timer(let number): world.timers[number] == nil ? .anything : .outside
    case .root: .anything
    }
  }

  /// A thread that runs a loop goes on when the loop's main task has ended.
  private func node(ofThread slot: ThreadSlot) -> WaitModel.Node {
    guard let snapshot, let thread = world.threads[slot] else { return .anything }
    if let stand = stand(of: slot), stand.isInKernel(world) { return .thread(slot) }
    if let loop = thread.loops.first { return loop.mainTask.map { .party($0) } ?? .anything }
    return thread.lastEvent > snapshot.time ? .anything : .party(thread.party)
  }

  private func hasMoved(_ party: Int) -> Bool {
    guard let snapshot, let wait = world.parties[party].wait else { return true }
    return wait.since > snapshot.time
  }

  private func isRegistered(_ descriptor: UInt64) -> Bool {
    world.descriptors[reading: descriptor] != nil || world.descriptors[writing: descriptor] != nil
  }
}

extension Snapshot.ThreadStand {
  /// Whether the thread is blocked in a call of the kernel, for a child process or at a connection.
  func isInKernel(_ world: World) -> Bool {
    guard case .resource(let index)? = resource else { return false }
    return world.resources[index].kind == .process || world.resources[index].isConnection
  }
}
