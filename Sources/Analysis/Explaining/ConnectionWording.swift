import Findings
import History
import TraceFormat

/// What is said of threads that wait at connections of this process to itself.
struct ConnectionWording {
  let explainer: Explainer
  let cause: Cause

  private var world: World { explainer.world }
  private var namer: Namer { explainer.namer }
  private var connections: [Int] {
    explainer.allResources(cause).filter { world.resources[$0].isConnection }
  }

  /// "an answer from 127.0.0.1:8080"; nothing if it is not about a connection.
  var answer: String? { connections.first.map(namer.name(resource:)) }

  func facts() -> [String] {
    connections.flatMap { index -> [String] in
      guard let peer = explainer.model.reach.peer(ofConnection: index) else { return [] }
      let address = world.resources[index].name ?? "the other end"
      let isAccepted = world.descriptors[reading: peer]?.listener == nil
      var fact = "\(address) is served by this process"
      if let listener = listener(peer) {
        fact += ", since \(Clock.instant(listener.time))"
        if let site = namer.userSite(listener.site) { fact += " at \(Namer.place(site))" }
      }
      return isAccepted ? [fact] : [fact, "the connection is made, and not accepted"]
    }
  }

  func marks() -> [Mark] {
    connections.compactMap { index in
      guard let peer = explainer.model.reach.peer(ofConnection: index),
        let listener = listener(peer), let site = namer.userSite(listener.site)
      else { return nil }
      let address = world.resources[index].name ?? "the other end"
      return Mark(
        site: site, role: .secondary,
        label: "\(address) is served from here on, \(Clock.instant(listener.time))",
        party: namer.name(party: listener.party))
    }
  }

  /// The listening socket that a descriptor is, or was accepted from as far as there is but one.
  private func listener(_ descriptor: UInt64) -> Occurrence? {
    let watch = world.descriptors[reading: descriptor]
    if let own = watch?.listener { return own }
    let all = world.descriptors.listening.filter { $0.loop == watch?.loop }
    return all.count == 1 ? all.first?.listener : nil
  }
}
