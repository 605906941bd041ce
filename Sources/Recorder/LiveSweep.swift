import TraceABI

/// Lets go of what does not matter any more: nothing says when a lock or a future is collected, and what has
/// ended matters for as long as somebody has not noticed.
enum LiveSweep {
  private typealias Table = LiveTable

  /// - Parameter now: ticks; timers that were due before are gone.
  static func run(now: UInt64) {
    mark()
    // With room to spare, what is idle is kept: it may be waited for some day.
    let isHard = Table.nodeCount > Table.capacity / 2 || Table.isTight
    for i in 0..<Table.entityEnd where Table.entities[i].kind != .free {
      if isDispensable(Int32(truncatingIfNeeded: i), now: now, isHard: isHard) {
        if Table.entities[i].space == .thing, !Table.entities[i].isOver {
          LiveState.forgetHabit(of: Int32(truncatingIfNeeded: i))
        }
        Table.free(Int32(truncatingIfNeeded: i))
      }
    }
    Table.age &+= 1
  }

  /// Lets go of threads that are gone, and of which nothing is left. Changes the indices of threads.
  static func forgetThreads() {
    for i in 0..<LiveState.threadCount { Table.entities[thread(i)].isMarked = false }
    for i in 0..<Table.entityEnd
    where Table.entities[i].kind != .free && Table.entities[i].kind != .thread {
      var node = Table.entities[i].first
      while node >= 0 {
        let entity = Table.peek(.thread, UInt64(Table.nodes[Int(node)].thread))
        if entity >= 0 { Table.entities[Int(entity)].isMarked = true }
        node = Table.nodes[Int(node)].next
      }
    }
    var index = LiveState.threadCount &- 1
    while index >= 0 {
      let it = Table.entities[thread(index)]
      if it.isOver, !it.isMarked { LiveState.forget(thread: index) }
      index &-= 1
    }
  }

  private static func thread(_ index: Int) -> Int { Int(LiveState.threads[index].entity) }

  private static func isDispensable(_ entity: Int32, now: UInt64, isHard: Bool) -> Bool {
    let it = Table.entities[Int(entity)]
    guard it.holds == 0, !it.isMarked else { return false }
    let isIdle = isHard && it.age < Table.age
    switch it.kind {
    case .free, .thread, .job: return false
    case .task: return it.isOver
    case .resource: break
    }
    switch it.space {
    case .thing:
      return it.isOver || isIdle && Table.node(entity, .hold) < 0
    case .timer:
      let timer = Table.node(entity, .timer)
      return timer < 0 || LiveState.deadline(Table.nodes[Int(timer)].record) < now
    case .loop, .sample: return isIdle
    default: return false
    }
  }

  /// Marks what somebody waits for, and what that depends on.
  private static func mark() {
    for i in 0..<Table.entityEnd { Table.entities[i].isMarked = false }
    for i in 0..<Table.entityEnd where Table.entities[i].kind != .free {
      markAwaited(by: Int32(truncatingIfNeeded: i))
    }
    var isNew = true
    while isNew {
      isNew = false
      for i in 0..<Table.entityEnd
      where Table.entities[i].isMarked && Table.entities[i].kind == .resource {
        if markParts(of: Int32(truncatingIfNeeded: i)) { isNew = true }
      }
    }
  }

  private static func markAwaited(by entity: Int32) {
    let it = Table.entities[Int(entity)]
    var node = it.first
    while node >= 0 {
      let kept = Table.nodes[Int(node)]
      switch kept.slot {
      case .run where kept.record.timeKind & 0xff != UInt64(CORONER_TASK_RESUME.rawValue),
        .announcement, .ready, .block:
        _ = mark(kept.record.object)
        _ = mark(kept.record.subject)
      case .timer, .handler: _ = mark(kept.record.object)
      case .create where it.kind == .job: _ = mark(kept.record.object)
      case .member where !it.isOver: Table.entities[Int(entity)].isMarked = true
      default: break
      }
      node = kept.next
    }
  }

  private static func markParts(of entity: Int32) -> Bool {
    var isNew = false
    var node = Table.entities[Int(entity)].first
    while node >= 0 {
      let kept = Table.nodes[Int(node)]
      if kept.slot == .member || kept.slot == .guarded, mark(kept.record.object) { isNew = true }
      node = kept.next
    }
    return isNew
  }

  private static func mark(_ number: UInt64) -> Bool {
    let entity = Table.peek(.thing, number)
    guard entity >= 0, !Table.entities[Int(entity)].isMarked else { return false }
    Table.entities[Int(entity)].isMarked = true
    return true
  }
}
