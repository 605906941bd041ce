import History
import TraceFormat

/// Child processes that wait for this one.
extension WaitModel {
  /// A child that a snapshot saw waiting goes on when somebody reads what it writes, or writes what it
  /// reads. What does not wait for this process goes on by itself.
  mutating func connectProcess(_ node: Int, _ index: Int) {
    guard let needs = reach.needs(ofProcess: index) else { return need(node, .all, []) }
    var actors: [Node] = []
    for wait in needs {
      if let host = host(of: wait) {
        actors.append(.thread(host))
      } else {
        actors += reach.actors(onDescriptor: wait.descriptor) ?? [.anything]
      }
    }
    if isKnown(actors) { proved.insert(node) }
    need(node, .any, actors)
  }

  /// The thread whose loop does by itself what a child waits for: it watches the descriptor.
  private func host(of wait: Snapshot.ChildWait) -> ThreadSlot? {
    let watch =
      wait.link == .reads
      ? world.descriptors[writing: wait.descriptor] : world.descriptors[reading: wait.descriptor]
    return watch.flatMap { world.thread(ofLoop: $0.loop) }
  }

  /// Nobody lets a child wait on purpose for its output to be read; for input one may.
  func isStuckChild(_ index: Int) -> Bool {
    reach.needs(ofProcess: index)?.contains { $0.link == .writes } ?? false
  }

  /// Whether a wait is for a child that waits for this process.
  func isBoundToChild(_ wait: Wait) -> Bool {
    guard wait.primitive?.operation == .process, let resource = wait.primitive?.resource else {
      return false
    }
    return reach.needs(ofProcess: resource) != nil
  }
}
