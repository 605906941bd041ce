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

/// All threads of the program, as they stand.
private struct Threads {
  private static let limit = 512
  let stands: Scratch<probe_stand>
  let count: Int
  private(set) var turns: UInt64 = 0

  /// Nothing if one of them runs, or waits where it is not known with what.
  init?() {
    guard let stands = Scratch<probe_stand>(capacity: Self.limit) else { return nil }
    count = probe_stands(stands.base, Self.limit)
    self.stands = stands
    for index in 0..<count { turns &+= stands[index].turns }
    guard count > 0 else {
      free()
      return nil
    }
  }

  func free() { stands.free() }

  func leaveOutDoneWork(_ graph: inout HeapGraph) {
    for index in 0..<count where stands[index].done_work != 0 {
      var head: UInt = 0
      if probe_peek(stands[index].done_work, &head, MemoryLayout<UInt>.size), head != 0 {
        graph.leaveOutDoneWork(head)
      }
    }
  }

  /// Whether none of them has run since.
  var haveStood: Bool {
    guard let now = Threads() else { return false }
    defer { now.free() }
    guard now.count == count else { return false }
    for index in 0..<count
    where now.stands[index].tid != stands[index].tid
      || now.stands[index].turns != stands[index].turns
      || now.stands[index].stack != stands[index].stack
    { return false }
    return true
  }
}

private struct Snapshot {
  private var graph: HeapGraph
  private var reader: MemoryReader
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

  private mutating func findWaiters() -> Bool {
    let type = UInt(bitPattern: probe_task_type)
    guard type != 0 else { return true }
    var reader = reader
    defer { self.reader = reader }
    for index in 0..<graph.heaps.count {
      let heap = graph.heaps[index]
      let isRead = reader.read(from: heap.first + 16, to: heap.end) { address, words, count in
        for word in 0..<count where words[word] == type {
          if let waiter = waiter(address + UInt(word) * 8), !graph.add(waiter: waiter) {
            return false
          }
        }
        return true
      }
      guard isRead else { return false }
    }
    for index in 0..<graph.waiters.count {
      findLeftovers(graph.waiters[index].task)
      findLinks(graph.waiters[index].task)
    }
    graph.sortLeftovers()
    return true
  }

  /// Where a task's functions that have returned had their variables.
  private mutating func findLeftovers(_ task: UInt) {
    let layout = probe_layout
    var slab = word(task + UInt(layout.slab)) ?? 0
    var count = 0
    while slab != 0, count < 16, let sizes = word(slab + UInt(layout.slab_size)),
      let next = word(slab + UInt(layout.slab_next))
    {
      let size = sizes & 0xffff_ffff
      let used = sizes >> 32
      guard slab % 16 == 0, size <= 1 << 20, used <= size, size % 8 == 0, used % 8 == 0 else {
        return
      }
      let start = slab + UInt(layout.slab_head)
      if used < size { graph.add(leftover: start + used..<start + size) }
      slab = next
      count += 1
    }
  }

  /// Where the runtime links a task with its parent, its children and its group: nobody resumes a task by that.
  private mutating func findLinks(_ task: UInt) {
    let layout = probe_layout
    let word = UInt(MemoryLayout<UInt>.size)
    let flags = self.word(task + UInt(layout.job_flags)) ?? 0
    if flags & UInt(PROBE_JOB_IS_CHILD) != 0 {
      let links: UInt = flags & UInt(PROBE_JOB_IS_IN_GROUP) != 0 ? 3 : 2
      let start = task + UInt(layout.task_size)
      graph.add(leftover: start..<start + links * word)
    }
    var record = self.word(task + UInt(layout.records)) ?? 0
    var count = 0
    while record != 0, count < 64, let kind = self.word(record), let next = self.word(record + word)
    {
      switch UInt32(truncatingIfNeeded: kind & 0xff) {
      case UInt32(PROBE_RECORD_CHILD): graph.add(leftover: record + 2 * word..<record + 3 * word)
      case UInt32(PROBE_RECORD_GROUP): graph.add(leftover: record + 2 * word..<record + 4 * word)
      default: break
      }
      record = next
      count += 1
    }
  }

  /// A task that waits for something else than its turn.
  private func waiter(_ task: UInt) -> HeapGraph.Waiter? {
    let layout = probe_layout
    guard task % 16 == 0, let piece = graph.piece(at: task),
      let flags = word(task + UInt(layout.job_flags)), flags & UInt(PROBE_JOB_KIND) == 0,
      let dependency = word(task + UInt(layout.dependency)), dependency != 0,
      let object = word(dependency + UInt(layout.dependency_object)),
      let kind = word(dependency + UInt(layout.dependency_kind)),
      let context = word(task + UInt(layout.resume_context))
    else { return nil }
    var waiter = HeapGraph.Waiter(task: task, piece: UInt32(piece), number: 0, node: 0)
    switch probe_dependency(UInt32(truncatingIfNeeded: kind)) {
    case PROBE_WAITS_FOR_TASK, PROBE_WAITS_FOR_GROUP: return waiter
    case PROBE_WAITS_FOR_CONTINUATION: break
    default: return nil
    }
    guard object == context else { return waiter }
    switch landmark(context) {
    case (PROBE_ELSEWHERE, _):
      waiter.number = UInt64(object)
      waiter.node = graph.node(ofWaiter: graph.waiters.count)
    case (PROBE_NEXT_ELEMENT, let frame):
      guard let caller = word(frame + UInt(layout.context_parent)),
        let storage = word(caller + UInt(layout.stream_storage)),
        let piece = graph.piece(at: storage)
      else { break }
      waiter.number = UInt64(storage)
      waiter.node = UInt32(piece)
    default: break
    }
    return waiter
  }

  /// As `Suspensions.swift` has it, of a task that may be gone.
  private func landmark(_ context: UInt) -> (probe_landmark, UInt) {
    var frame = context
    for _ in 0..<4 {
      guard let resume = word(frame + UInt(probe_layout.context_resume)) else { break }
      let kind = probe_landmark_of(UnsafeRawPointer(bitPattern: resume))
      guard kind == PROBE_RUNTIME, probe_landmarks.is_complete,
        let caller = word(frame + UInt(probe_layout.context_parent))
      else { return (kind, frame) }
      frame = caller
    }
    return (PROBE_RUNTIME, frame)
  }

  private func word(_ address: UInt) -> UInt? {
    var word: UInt = 0
    return probe_peek(address, &word, MemoryLayout<UInt>.size) ? word : nil
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
