import History
import TraceFormat

/// Connections of this process to itself at which its threads wait.
extension WaitModel {
  /// What a thread waits for at a connection comes from whoever has the other end here. A loop that is to see
  /// what was sent to it does so when its thread is back.
  mutating func connectConnection(_ node: Int, _ index: Int) {
    guard let peer = reach.peer(ofConnection: index) else { return need(node, .all, []) }
    let actors = reach.actors(onDescriptor: peer)
    if let actors, isKnown(actors) {
      proved.insert(node)
      return need(node, .any, actors.map(onBusyLoop))
    }
    let host = world.descriptors[reading: peer].flatMap { world.thread(ofLoop: $0.loop) }
    need(node, .any, [host.map { .thread($0) } ?? .anything])
  }

  private func onBusyLoop(_ actor: Node) -> Node {
    guard case .descriptor(let number) = actor,
      let host = world.descriptors[reading: number].flatMap({ world.thread(ofLoop: $0.loop) }),
      world.threads[host]?.loops.last?.idle == nil
    else { return actor }
    return .thread(host)
  }
}
