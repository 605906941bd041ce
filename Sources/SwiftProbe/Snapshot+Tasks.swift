import CSwiftRuntime

/// Tasks as they lie in memory: which of them wait, and what in them is no reference of theirs.
extension Snapshot {
  mutating func findWaiters() -> Bool {
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
}
