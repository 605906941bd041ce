// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRecorderLink
import CSwiftRuntime
import TraceABI

// Who can still resume a task? Once all threads rest, the memory of the process is searched as leak detectors do: what
// only tasks refer to that wait themselves, nobody else can end. A word that looks like a reference is one, so a mistake
// can only lead to "unknown".

/// When the memory is looked at again.
private enum Schedule {
  nonisolated(unsafe) static var number: UInt64 = 0
  nonisolated(unsafe) static var ticks = 0
  nonisolated(unsafe) static var pause = 0
  nonisolated(unsafe) static var turns: UInt64 = .max
  nonisolated(unsafe) static var isOver = false
}

private let tick = 50

/// By the watchdog, every 50 ms.
@c @implementation
func probe_snapshot_if_due(_ stall_ms: UInt32) {
  if Schedule.isOver { return }
  Schedule.ticks += 1
  if Schedule.pause == 0 { Schedule.pause = Int(stall_ms) / tick }
  guard Schedule.ticks >= Schedule.pause else { return }
  // Asked again soon, but not so often that it costs anything.
  Schedule.ticks -= 5
  guard let threads = Threads() else { return }
  defer { threads.free() }
  guard threads.turns != Schedule.turns else { return }
  let began = probe_now()
  Schedule.number += 1
  record(CORONER_SNAPSHOT_BEGIN, Schedule.number, 0, value: CORONER_SNAPSHOT_STALL.rawValue)
  var snapshot = Snapshot()
  let isComplete = snapshot?.take(threads) ?? false
  // Nobody has moved what was looked for, from where it was not looked yet to where it was.
  let isTrue = isComplete && threads.haveStood
  if isTrue { snapshot?.tell() }
  record(
    CORONER_SNAPSHOT_END, Schedule.number, UInt64(snapshot?.pieceCount ?? 0), value: isTrue ? 0 : 1)
  snapshot?.free()
  // There is too much, or it cannot be read: that will not change.
  if snapshot == nil { Schedule.isOver = true }
  if isTrue { Schedule.turns = threads.turns }
  let cost = Int(probe_microseconds_since(began)) / 1000
  Schedule.ticks = 0
  Schedule.pause = max(Int(stall_ms), cost * 50) / tick
}

struct Snapshot {
  var graph: HeapGraph
  var reader: MemoryReader
  private var window: Window
  private let regions: UnsafePointer<probe_region>
  private let regionCount: Int
  /// Who reaches what only those that wait can reach.
  private var found: Scratch<Found>
  private(set) var pieceCount = 0

  private struct Found {
    var number: UInt64
    var task: UInt64
  }

  init?() {
    var count = 0
    guard let regions = probe_regions(&count), count > 0 else { return nil }
    (self.regions, regionCount) = (regions, count)
    var bytes: UInt = 0
    for index in 0..<count where regions[index].kind == PROBE_REGION_HEAP {
      bytes += regions[index].end - regions[index].start
    }
    guard let graph = HeapGraph(bytes: bytes), let reader = MemoryReader(), let window = Window(),
      let found = Scratch<Found>(capacity: 1 << 16)
    else { return nil }
    (self.graph, self.reader, self.window, self.found) = (graph, reader, window, found)
  }

  func free() {
    graph.free()
    reader.free()
    window.free()
    found.free()
  }

  /// False if not all of it could be looked at in time.
  mutating func take(_ threads: Threads) -> Bool {
    findHeaps()
    guard findWaiters() else { return false }
    guard hasTargets else { return true }
    threads.leaveOutDoneWork(&graph)
    guard graph.connect(&reader), reachFromRoots(threads), graph.follow(by: HeapGraph.byAll, reader)
    else { return false }
    return attribute()
  }

  func tell() {
    var index = 0
    while index < graph.waiters.count {
      let waiter = graph.waiters[index]
      index += 1
      guard waiter.number != 0, !graph.isReached(waiter.node, by: HeapGraph.byAll) else { continue }
      var count: UInt64 = 0
      for place in 0..<found.count where found[place].number == waiter.number {
        record(
          CORONER_REFERRER, waiter.number, found[place].task,
          value: CORONER_REFERRER_TASK.rawValue)
        count += 1
      }
      record(CORONER_REFERRERS, waiter.number, count)
    }
  }

  // MARK: What there is

  /// Heaps of the C library; what only looks like one is searched like any other memory.
  private mutating func findHeaps() {
    for index in 0..<regionCount where regions[index].kind == PROBE_REGION_HEAP {
      let region = regions[index]
      let isMain = region.start % UInt(PROBE_ARENA) != 0
      _ = graph.add(region.start, region.end, isMain: isMain, &window)
    }
    for index in 0..<graph.heaps.count { pieceCount += graph.heaps[index].pieces.count }
  }

  private func isHeap(_ region: probe_region) -> Bool {
    for index in 0..<graph.heaps.count where graph.heaps[index].start == region.start {
      return true
    }
    return false
  }

  private var hasTargets: Bool {
    for index in 0..<graph.waiters.count where graph.waiters[index].number != 0 { return true }
    return false
  }

  // MARK: What can be reached

  /// All memory but heaps.
  private mutating func reachFromRoots(_ threads: Threads) -> Bool {
    for index in 0..<regionCount {
      let region = regions[index]
      var start = region.start
      var end = region.end
      if isHeap(region) {
        // Its description.
        end = start
        for place in 0..<graph.heaps.count where graph.heaps[place].start == start {
          end = graph.heaps[place].first
        }
      }
      if region.kind == PROBE_REGION_STACK, let stand = stand(region, threads) {
        if stand.is_gone { continue }
        start = stand.stack
      }
      guard reach(start, end, isShared: region.is_shared, by: HeapGraph.byAll) else { return false }
    }
    return reachFromKernel()
  }

  /// What the kernel gives back when a descriptor is ready.
  private mutating func reachFromKernel() -> Bool {
    guard let kept = Scratch<UInt64>(capacity: 1 << 16) else { return false }
    defer { kept.free() }
    var count = 0
    guard probe_kept(kept.base, &count, kept.capacity) else { return false }
    return kept.base.withMemoryRebound(to: UInt.self, capacity: kept.capacity) {
      graph.reach($0, count, by: HeapGraph.byAll)
    }
  }

  /// Whose stack a region is.
  private func stand(_ region: probe_region, _ threads: Threads) -> probe_stand? {
    for index in 0..<threads.count
    where region.start <= threads.stands[index].stack && threads.stands[index].stack < region.end {
      return threads.stands[index]
    }
    return nil
  }

  private mutating func reach(
    _ start: UInt, _ end: UInt, isShared: Bool, by mark: UInt32
  ) -> Bool {
    var reader = reader
    defer { self.reader = reader }
    return reader.read(from: start, to: end, isShared: isShared) { graph.reach($1, $2, by: mark) }
  }

  /// Finds those that wait which reach what nobody else does.
  private mutating func attribute() -> Bool {
    var mark = HeapGraph.byAll
    for index in 0..<graph.waiters.count {
      let waiter = graph.waiters[index]
      mark += 1
      guard graph.reach(fromPiece: Int(waiter.piece), by: mark), graph.follow(by: mark, reader),
        note(by: mark, waiter.task)
      else { return false }
    }
    return true
  }

  private mutating func note(by mark: UInt32, _ task: UInt) -> Bool {
    for index in 0..<graph.waiters.count {
      let waiter = graph.waiters[index]
      // It waits, whether or not it could reach what it waits for itself.
      guard waiter.number != 0, waiter.task != task, graph.isReached(waiter.node, by: mark),
        !graph.isReached(waiter.node, by: HeapGraph.byAll)
      else { continue }
      guard found.append(Found(number: waiter.number, task: UInt64(task))) else { return false }
    }
    return true
  }
}
