import Findings
import History
import TraceFormat

/// A call that has waited beyond the line at which another call of the same function waits for ever, and came back.
struct EarlierCall {
  /// The function that both are calls of.
  var function: Site
  /// Serial number of the task that called it.
  var caller: UInt64
  var stack: StackID?
  var since: TraceInstant
}

/// Whether functions that wait for ever are such that come back.
///
/// That nobody can end a wait is no fault in a main task that serves for ever. It is one within a function that was
/// called before, waited at another of its lines, and was left, or came round; the one that waits, or one of the same class. The trace is replayed once more for this, so
/// that nothing has to keep where each task has been.
struct EarlierCalls {
  private let definitions: Definitions
  /// By function, the waits that it is on the stack of, and the line where it is.
  private var wanted: [Function: [(wait: Int, line: Int)]] = [:]
  private var passages: [StackID: [Passage]] = [:]
  /// By the serial number of a task, the calls that it is in.
  private var open: [UInt64: [(passage: Passage, stack: StackID, since: TraceInstant)]] = [:]
  /// For each wait the earlier call that was found.
  private(set) var found: [EarlierCall?]

  private struct Function: Hashable {
    var file: String
    var name: String
    init(_ site: Site) { (file, name) = (site.file, site.function) }
  }

  /// A function on a stack, and who has called it: the same call has the same frames outside of it.
  private struct Passage {
    var wait: Int
    /// Where the function is in that wait.
    var line: Int
    var site: Site
    var outside: [Site]

    /// Whether a stack does not have this call any more, or has it where only a new one or a loop within it can have
    /// led: ahead of the line where it was, at that of the wait.
    func isOver(_ frames: [Site]) -> Bool {
      let depth = frames.count - outside.count - 1
      guard depth >= 0, Function(frames[depth]) == Function(site),
        Array(frames[(depth + 1)...]) == outside
      else { return true }
      return frames[depth].line == line && line < site.line
    }
  }

  init(
    of waits: [Wait], in world: World, _ trace: any EventSource, until: TraceInstant?
  ) throws {
    definitions = trace.definitions
    found = Array(repeating: nil, count: waits.count)
    for (index, wait) in waits.enumerated() {
      let frames = definitions.frames(wait.site).filter { $0.ownership != .runtime }
      // Who merely runs what it is given, as a wrapper does, runs what ends and what does not.
      for frame in frames where frames.first.map(frame.isSameObject) == true {
        wanted[Function(frame), default: []].append((index, frame.line))
      }
    }
    guard !wanted.isEmpty else { return }
    var replay = World(definitions: trace.definitions)
    replay.process = world.process
    _ = try trace.forEachEvent { event in
      if let until, event.time > until { return }
      let acting: Int?
      switch event.kind {
      case .taskWait, .taskWaitOwn: acting = replay.threads[event.thread]?.actor
      case .taskSuspend, .taskEnd: acting = replay.livingParty(event.subject)
      default: acting = nil
      }
      let serial = acting.map { replay.parties[$0].serial }
      replay.apply(event)
      guard let serial, let party = replay.party(serial: serial) else { return }
      switch replay.parties[party].state {
      case .ended(.value, _): leave(serial) { _ in true }
      case .ended: open[serial] = nil
      default:
        guard let wait = replay.parties[party].lastWait, wait.since == event.time else { return }
        note(wait, of: serial)
      }
    }
  }

  private mutating func note(_ wait: Wait, of serial: UInt64) {
    guard let stack = wait.site else { return }
    if open[serial] != nil {
      let frames = definitions.frames(stack)
      leave(serial) { $0.isOver(frames) }
    }
    for passage in passages(of: stack) where found[passage.wait] == nil {
      open[serial, default: []].append((passage, stack, wait.since))
    }
  }

  /// A task is not any more in those of its calls that fit.
  private mutating func leave(_ serial: UInt64, where fits: (Passage) -> Bool) {
    guard let calls = open[serial] else { return }
    for call in calls where fits(call.passage) && found[call.passage.wait] == nil {
      found[call.passage.wait] = EarlierCall(
        function: call.passage.site, caller: serial, stack: call.stack, since: call.since)
    }
    let rest = calls.filter { !fits($0.passage) }
    open[serial] = rest.isEmpty ? nil : rest
  }

  /// Functions of the waits that a stack is in, at other lines than theirs.
  private mutating func passages(of stack: StackID) -> [Passage] {
    if let known = passages[stack] { return known }
    let frames = definitions.frames(stack)
    let result = frames.indices.flatMap { depth in
      wanted[Function(frames[depth]), default: []].filter { $0.line != frames[depth].line }.map {
        Passage(
          wait: $0.wait, line: $0.line, site: frames[depth], outside: Array(frames[(depth + 1)...]))
      }
    }
    passages[stack] = result
    return result
  }
}

extension WaitModel {
  /// Waits that nobody can end, in a function of which an earlier call has come back, where nothing else says that they
  /// are a fault.
  func causesInCallsThatComeBack(
    _ earlier: ([Wait]) throws -> [EarlierCall?]
  ) rethrows -> [Cause] {
    let mains = mains
    var causes: [Cause] = []
    var waits: [Wait] = []
    for cause in sinks().filter(concernsWork).map(noting)
    where cause.isProved && keeps(cause, mains) {
      guard let wait = waitingTask(of: cause).flatMap({ world.parties[$0].wait }) else { continue }
      causes.append(cause)
      waits.append(wait)
    }
    guard !causes.isEmpty else { return [] }
    return zip(causes, try earlier(waits)).compactMap { cause, call in
      guard let call else { return nil }
      var cause = cause
      cause.earlier = call
      return cause
    }
  }

  private func waitingTask(of cause: Cause) -> Int? {
    cause.nodes.lazy.compactMap { node -> Int? in
      guard case .resource(let index, _) = nodes[node] else { return nil }
      return waiters[index, default: []].first { world.parties[$0].kind == .task }
    }.first
  }
}
