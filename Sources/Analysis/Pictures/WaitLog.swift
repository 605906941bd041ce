import History
import TraceFormat

/// Waits that have ended, with who ended them.
struct WaitLog {
  struct Entry {
    var party: UInt64
    var since: TraceInstant
    /// When the party went on.
    var until: TraceInstant
    var resource: UInt64?
    /// The task whose end it was.
    var awaited: UInt64?
    var operation: Operation?
    var site: StackID?
    /// Who ended it; nothing for a timer, somebody outside, or what is not told.
    var waker: Waker?

    struct Waker {
      var party: UInt64
      var time: TraceInstant
      var site: StackID?
      /// Whether it was by its own end.
      var isEnd = false
    }

    var duration: UInt64 { until.since(since) }
    /// Whether somebody had something, or was to do something, that the party needed.
    var isForOthers: Bool {
      switch operation {
      case .sleep, .read, .drain, .accept, .connect, .process, .queueGet: false
      default: true
      }
    }
  }

  /// Calls for each wait that ends, and at last for those that last.
  static func forEach(
    in trace: any EventSource, process: UInt64, until: TraceInstant?,
    _ body: (Entry, World) -> Void
  ) throws {
    var world = World(definitions: trace.definitions)
    world.process = process
    _ = try trace.forEachEvent { event in
      if let until, event.time > until { return }
      switch event.kind {
      case .taskResume:
        if let task = world.livingParty(event.subject), let wait = world.parties[task].wait {
          body(entry(task, wait, until: event.time, in: world), world)
        }
      case .taskReady:
        // Whose turn an executor gives later is woken here.
        if let task = world.livingParty(event.subject), let wait = world.parties[task].wait {
          var entry = entry(task, wait, until: event.time, in: world)
          if let actor = world.threads[event.thread]?.actor {
            entry.waker = Entry.Waker(
              party: world.parties[actor].serial, time: event.time, site: event.site)
          }
          body(entry, world)
        }
      case .blockEnd:
        if let thread = world.threads[event.thread], let wait = thread.block {
          body(entry(thread.actor, wait, until: event.time, in: world), world)
        }
      default: break
      }
      world.apply(event)
    }
    if let last = until ?? trace.header.lastInstant { world.advance(to: last) }
    for index in world.parties.indices {
      guard let wait = world.parties[index].wait else { continue }
      body(entry(index, wait, until: world.now, in: world, isOver: false), world)
    }
    for thread in world.threads.values {
      guard let wait = thread.block else { continue }
      body(entry(thread.actor, wait, until: world.now, in: world, isOver: false), world)
    }
  }

  private static func entry(
    _ party: Int, _ wait: Wait, until: TraceInstant, in world: World, isOver: Bool = true
  ) -> Entry {
    let resource = wait.primitive?.resource
    var entry = Entry(
      party: world.parties[party].serial, since: wait.since, until: until,
      resource: resource.map { world.resources[$0].serial },
      operation: wait.primitive?.operation, site: wait.site)
    switch wait.future {
    case .party(let task): entry.awaited = world.parties[task].serial
    case .resource(let future) where resource == nil:
      entry.resource = world.resources[future].serial
    case .resource, nil: break
    }
    if isOver, entry.operation != .sleep {
      entry.waker = waker(of: wait, by: party, in: world)
    }
    return entry
  }

  private static func waker(
    of wait: Wait, by party: Int, in world: World
  ) -> Entry.Waker? {
    func end(of task: Int, at time: TraceInstant) -> Entry.Waker {
      Entry.Waker(party: world.parties[task].serial, time: time, site: nil, isEnd: true)
    }
    var what: Occurrence?
    switch wait.future {
    case .party(let task):
      guard case .ended(_, let at) = world.parties[task].state else { return nil }
      return end(of: task, at: at)
    case .resource(let future):
      // A group is done when the last of its members is.
      let last = world.resources[future].members.compactMap { member -> (Int, TraceInstant)? in
        guard case .party(let task) = member, let at = world.doneTime(member), at >= wait.since
        else { return nil }
        return (task, at)
      }.max { $0.1 < $1.1 }
      if let (task, at) = last { return end(of: task, at: at) }
      what = world.resources[future].done?.by
    case nil:
      guard let resource = wait.primitive?.resource else { return nil }
      let record = world.resources[resource]
      if let slot = record.thread, let thread = world.threads[slot] {
        return end(of: thread.party, at: thread.lastEvent)
      }
      what = [record.released, record.signalled, record.lastPut, record.done?.by]
        .compactMap { $0 }.max { $0.time < $1.time }
    }
    guard let what, what.time >= wait.since, what.party != party else { return nil }
    let waker = world.parties[what.party]
    // A callback of a loop does what a timer or somebody outside brings.
    if waker.kind == .thread, !(world.threads[waker.thread]?.loops.isEmpty ?? true) { return nil }
    return Entry.Waker(party: waker.serial, time: what.time, site: what.site)
  }
}
