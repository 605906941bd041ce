import Findings
import History
import OrderedCollections
import TraceFormat

/// What is true of a cause, for the sentences about it. The headline is in Wording+Headline.swift, what is advised in
/// Advice.swift.
struct Wording {
  let explainer: Explainer
  let cause: Cause
  let kind: FindingKind
  let hops: [Explainer.Hop]
  let parties: [Int]
  var leak: LeakedSlot?

  var namer: Namer { explainer.namer }
  var world: World { explainer.world }

  var connections: ConnectionWording {
    ConnectionWording(explainer: explainer, cause: cause)
  }
  var children: ChildWording { ChildWording(explainer: explainer, cause: cause) }
  var terms: RuntimeTerms { speaksSwift ? .swift : .asyncio }
  var peers: PeerWording { PeerWording(explainer: explainer, cause: cause) }
  var waiting: [Int] { hops.map(\.party) }
  var subject: String { list(waiting.map(namer.quoted(party:))) }
  var resource: String {
    let resources = explainer.resources(cause)
    // Several of one origin have become one cause; of a ring the first is named.
    if !cause.isRing(kind) { return list(resources.map(namer.name(resource:)), or: "something") }
    return resources.first.map(namer.name(resource:)) ?? "something"
  }
  /// What a pool lends, one and several of it.
  var lent: (one: String, many: String) {
    let kinds = Set(explainer.resources(cause).map { world.resources[$0].kind })
    if kinds.contains(.queue) { return ("an item", "items") }
    return kinds.contains(.condition) ? ("a place", "places") : ("a permit", "permits")
  }
  var probably: String { cause.isStructural ? "" : "probably " }
  var verb: String {
    waiting.count == 1 && namer.crowds.crowd(party: waiting[0]) == nil ? "waits" : "wait"
  }

  /// What is all taken, with some who wait for it.
  var permits: Int? {
    explainer.resources(cause).first { index in
      !world.resources[index].holds.isEmpty && waiting.contains { waits($0, for: index) }
    }
  }

  /// Holders of permits if none of them waits for another one itself.
  var idleHolders: [Int] {
    guard let permits else { return [] }
    let holders = holders(of: permits)
    return holders.contains { waits($0, for: permits) } ? [] : holders
  }

  func holders(of resource: Int) -> [Int] { world.resources[resource].holds.map(\.party) }

  private func waits(_ party: Int, for resource: Int) -> Bool {
    explainer.wait(of: party)?.primitive?.resource == resource
  }

  /// Whether each waits for a lock, and none for the end of another.
  var holdsOnly: Bool {
    hops.allSatisfy { hop in
      guard let index = hop.resource else { return false }
      return !world.resources[index].holds.isEmpty
    }
  }

  /// Who holds a lock while awaiting the end of a task that waits for it, the task, and the lock.
  var heldWhileAwaiting: (holder: Int, waiter: Int, lock: String)? {
    guard hops.count == 2,
      let hop = hops.first(where: {
        $0.resource.map { !world.resources[$0].holds.isEmpty } ?? false
      }), let lock = hop.resource, let holder = hop.provider, holder != hop.party
    else { return nil }
    return (holder, hop.party, namer.name(resource: lock))
  }

  /// What a party waits for that is no party's end, and what ends such a wait.
  func signal(of party: Int) -> (name: String, ending: String)? {
    guard let index = hops.first(where: { $0.party == party })?.resource,
      world.resources[index].members.isEmpty, world.jobs[world.resources[index].number] == nil
    else { return nil }
    let kind = world.resources[index].kind
    guard kind == .future || kind == .event else { return nil }
    return (namer.name(resource: index), namer.end(index).base)
  }

  /// Whether a thread that a fork left behind holds what is waited for.
  var isInherited: Bool {
    explainer.resources(cause).contains { index in
      world.resources[index].holds.contains { world.parties[$0.party].isLeftBehind }
    }
  }

  /// Whether the holder was collected while it waited.
  var wasCollected: Bool {
    explainer.resources(cause).contains { index in
      world.resources[index].holds.contains { world.parties[$0.party].isDestroyed }
    }
  }

  /// To whom a wake-up went in vain.
  var wasted: Int? {
    explainer.resources(cause).lazy.compactMap { world.resources[$0].wasted?.task }.first
  }

  /// Whether a condition was notified while somebody waited, and that did not help.
  var wasInVain: Bool {
    explainer.resources(cause).contains { index in
      let resource = world.resources[index]
      return resource.kind == .condition && resource.signalledWaiters > 0
        && resource.wastedOn == nil
    }
  }

  /// Whether all that wait look at what they wait for each time that they are woken.
  var waitsForPredicate: Bool {
    waiting.allSatisfy { namer.waitsForPredicate(explainer.wait(of: $0)?.site) }
  }

  /// Whether the connections of a server are waited for.
  var isClosing: Bool {
    explainer.resources(cause).contains { namer.isClosing(resource: $0) }
  }

  /// Whether who made what is waited for has ended, asked to before.
  var makerGaveUp: Bool {
    explainer.resources(cause).contains { index in
      let resource = world.resources[index]
      guard resource.kind == .future, let maker = resource.created?.party else { return false }
      return world.parties[maker].isEnded && explainer.interruption(ofMaker: maker, resource) != nil
    }
  }

  /// Those that block their thread, as against those that it keeps from running.
  var blockers: [Int] {
    let blocking = waiting.filter { party in
      guard let thread = world.threads[world.parties[party].thread] else { return false }
      return explainer.model.synchronousWait(of: world.parties[party].thread) != nil
        && thread.actor == party && !thread.loops.isEmpty
    }
    return blocking.isEmpty ? waiting : blocking
  }

  /// Whether the circle goes through a connection of the process to itself.
  var crossesConnection: Bool {
    cause.nodes.contains { node in
      if case .descriptor = explainer.model.nodes[node] { true } else { false }
    } && waiting.contains { explainer.operation(of: $0) == .read }
  }

  /// Who keeps all loops from running, without running one.
  var keeper: Keeper? { explainer.keeper(of: cause) }

  var busy: String {
    guard let party = waiting.first,
      let thread = world.threads[world.parties[party].thread]
    else { return "long" }
    return Clock.duration(world.now.since(thread.lastEvent))
  }

  /// Each name once.
  func list(_ names: [String], or none: String = "the loop") -> String {
    names.isEmpty ? none : Array(OrderedSet(names)).listed()
  }
}
