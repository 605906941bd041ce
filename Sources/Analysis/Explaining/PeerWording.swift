import Findings
import History
import TraceFormat

/// What is said of tasks that wait at a connection or pipe whose other end this process has as well.
struct PeerWording {
  let explainer: Explainer
  let cause: Cause

  private var world: World { explainer.world }
  private var namer: Namer { explainer.namer }

  /// A task, what it waits for at its end, and who could act on the other one.
  private struct Peer {
    var party: Int
    var awaited: Awaited
    var others: [Int]
  }
  private enum Awaited { case data, room, closing }

  func headline(_ subject: String) -> String {
    "\(subject) wait for each other to read: what each sends fills the connection between them"
  }

  func help() -> [String] {
    ["read in a task of its own while sending, or let one side read before it answers"]
  }

  func facts() -> [String] {
    peers().map { peer in
      let name = namer.quoted(party: peer.party)
      let others = peer.others.filter { $0 != peer.party }.prefix(4).map(namer.quoted(party:))
      let who =
        switch others.count {
        case 0 where peer.awaited == .closing && peer.others.contains(peer.party):
          "\(name) itself has the other end"
        case 0: "nobody else has the other end"
        case 1: "\(others[0]) alone has the other end, and waits as well"
        default: "\(others.joined(separator: ", ")) have the other end, and wait as well"
        }
      return switch peer.awaited {
      case .data: "what \(name) reads comes from this same process: \(who)"
      case .room: "what \(name) sends goes to this same process: \(who)"
      case .closing: "a connection of the server to this same process is still open: \(who)"
      }
    }
  }

  private func peers() -> [Peer] {
    (explainer.partyNodes(cause) + cause.behind).compactMap { party in
      guard let wait = world.parties[party].wait, let awaited = awaited(wait),
        let node = explainer.model.numbers[.party(party)], let others = others(node)
      else { return nil }
      return Peer(party: party, awaited: awaited, others: others)
    }
  }

  private func awaited(_ wait: Wait) -> Awaited? {
    switch wait.primitive?.operation {
    case .read: return .data
    case .drain: return .room
    default:
      guard case .resource(let index)? = wait.future else { return nil }
      return namer.isClosing(resource: index) ? .closing : nil
    }
  }

  /// Who can reach the other end of the descriptor that a wait needs, if that is in this process.
  private func others(_ node: Int) -> [Int]? {
    let model = explainer.model
    for resource in model.targets(of: node) {
      for target in model.targets(of: resource) {
        guard case .descriptor(let number) = model.nodes[target],
          let actors = model.reach.actors(onOtherEndOf: number)
        else { continue }
        return actors.compactMap { if case .party(let other) = $0 { other } else { nil } }
      }
    }
    return nil
  }
}
