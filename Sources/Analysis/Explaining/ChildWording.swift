import Findings
import History
import TraceFormat

/// What is said of child processes that wait for this one.
struct ChildWording {
  let explainer: Explainer
  let cause: Cause

  private var world: World { explainer.world }
  private var namer: Namer { explainer.namer }
  private var processes: [Int] { explainer.processes(cause) }
  private var needs: [Snapshot.ChildWait] {
    processes.flatMap { explainer.model.reach.needs(ofProcess: $0) ?? [] }
  }
  private var links: Set<ProcessLink> { Set(needs.map(\.link)) }

  func headline(_ subject: String, _ verb: String, _ waiting: [Int]) -> String {
    let child = processes.first.map(namer.name(resource:)) ?? "a child process"
    let what =
      switch waiting.lazy.compactMap({ explainer.operation(of: $0) }).first {
      case .read: "to write"
      case .drain: "to read"
      default: "to end"
      }
    return "\(subject) \(verb) for \(child) \(what), which waits \(childsWait)"
  }

  private var childsWait: String {
    switch (links.contains(.writes), links.contains(.reads)) {
    case (true, false): "until its output is read"
    case (true, true): "until its output is read, and for input"
    default: "for input"
    }
  }

  func help() -> [String] {
    var help: [String] = []
    if links.contains(.writes), isMultiprocessing {
      help.append("take all that the child puts into its queue before joining the child")
    } else if links.contains(.writes) {
      help.append(
        "use communicate(), or read the output until it ends, before wait(); DEVNULL if nobody wants it"
      )
    }
    if links.contains(.reads) {
      help.append(
        "send all that it reads (whole lines, drained) and close stdin before waiting for it, or use "
          + "communicate()")
    }
    return help
  }

  /// Whether the child is one of the library's that exchange objects: their output goes into queues.
  private var isMultiprocessing: Bool {
    explainer.hops(of: cause, .pipeCycle).contains { hop in
      world.definitions.frames(explainer.wait(of: hop.party)?.site).contains(
        where: \.isOfChildProcess)
    }
  }

  func facts() -> [String] {
    needs.map { wait in
      let child = world.processes[wait.process].map(namer.name(resource:)) ?? "the child process"
      let descriptor = "descriptor \(wait.descriptor)"
      switch wait.link {
      case .writes, .alone:
        return
          "\(child) is blocked in a write; the pipe is full, and \(descriptor) of this process, "
          + "its other end, is not read" + since(wait, " any more")
      case .reads:
        return
          "\(child) is blocked in a read; \(descriptor) of this process is the other end, and is "
          + "open"
      }
    }
  }

  /// Since when no loop watches a descriptor that one did watch.
  private func since(_ wait: Snapshot.ChildWait, _ word: String) -> String {
    world.descriptors.unread(wait.descriptor).map { "\(word) since \(Clock.instant($0))" } ?? ""
  }
}
