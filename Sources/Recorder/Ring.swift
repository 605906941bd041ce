import CPlatform
import TraceABI

/// A bounded file: events go into segments, and the oldest segment is used again when the limit is reached.
/// Each segment begins with a key frame: what of all that came before still matters.
///
/// Hot buffers have a quarter of the limit, the segments the rest; definitions are bounded by themselves and
/// stay. Used by who drains, one thread at a time.
enum Ring {
  /// The smallest limit: a hot section and segments that are worth it.
  static let least: UInt64 = 4 << 20
  /// More segments lose less at once and hold more key frames.
  private static let segmentCount = 6

  /// Bytes; 0: the file is not bounded.
  nonisolated(unsafe) private(set) static var limit: UInt64 = 0
  static var isOn: Bool { limit > 0 }

  nonisolated(unsafe) private static var segmentSize: UInt64 = 0
  nonisolated(unsafe) private static var used = 0
  nonisolated(unsafe) private static var current = -1
  nonisolated(unsafe) private static var sequence: UInt64 = 0

  /// Of each buffer of the pool the events that have been taken into account.
  nonisolated(unsafe) private static var applied: UnsafeMutablePointer<UInt32>!
  nonisolated(unsafe) private static var streams: UnsafeMutablePointer<Stream>!

  /// So many threads and those that are gone are looked for.
  nonisolated(unsafe) private static var manyThreads = 64
  /// Where all that there is matters, looking for what does not must not become the main work.
  private static let eventsPerSweep = 4096
  nonisolated(unsafe) private static var sinceSweep = eventsPerSweep

  /// The next events of one buffer.
  private struct Stream {
    var buffer: Int32
    var thread: Int32
    var next: UnsafePointer<Record>
    var left: Int
    var slot: UInt32
    var firstIndex: UInt64
  }

  /// Buffers for events when the file is bounded.
  static func bufferLimit(_ limit: UInt64) -> Int {
    let buffers = Int(truncatingIfNeeded: limit / 4 / UInt64(CORONER_BUFFER_SIZE))
    let sections = max(1, buffers / BufferPool.sectionBuffers)
    return min(BufferPool.mostBuffers, sections &* BufferPool.sectionBuffers)
  }

  /// Begins a recording with a limit, 0 for none. Whether there is memory.
  static func start(limit: UInt64) -> Bool {
    self.limit = limit
    guard limit > 0 else { return true }
    let hot = UInt64(bufferLimit(limit)) &* UInt64(CORONER_BUFFER_SIZE)
    let page = UInt64(TraceFile.page)
    // A little less: the header, the first definitions and paddings come on top.
    segmentSize = (limit &- hot &- 32 &* page) / UInt64(segmentCount) & ~(page &- 1)
    (used, current, sequence) = (0, -1, 0)
    // Half a segment at most for its key frame, some 20 bytes for a kept event and what goes with it.
    let capacity = Int(truncatingIfNeeded: min(segmentSize / 40, 4 << 20))
    if applied == nil {
      guard let counts = platform_reserve(BufferPool.capacity &* 4),
        let memory = platform_reserve(BufferPool.capacity &* MemoryLayout<Stream>.stride)
      else { return false }
      applied = counts.bindMemory(to: UInt32.self, capacity: BufferPool.capacity)
      streams = memory.bindMemory(to: Stream.self, capacity: BufferPool.capacity)
    }
    for i in 0..<BufferPool.capacity { applied[i] = 0 }
    return LiveState.start(capacity: capacity) && KeyFrame.start()
  }

  // MARK: segments

  private static func segment(_ number: Int) -> UnsafeMutablePointer<coroner_segment> {
    let table = UnsafeMutableRawPointer(TraceFile.header!) + Int(CORONER_SEGMENTS_OFFSET)
    return table.assumingMemoryBound(to: coroner_segment.self) + number
  }

  /// Whether the current segment takes one more section, whatever its size.
  static var hasRoom: Bool {
    place &+ TraceFile.largestSection <= placeLimit
  }

  /// Where the next section goes in the file, and how far it may reach; 0 before the first one.
  static var place: UInt64 { current < 0 ? 0 : segment(current).pointee.end }
  static var placeLimit: UInt64 {
    current < 0 ? 0 : segment(current).pointee.offset &+ segmentSize
  }

  /// Appends a section to the current segment, which has room. Whether it is in the file.
  static func append(_ bytes: UnsafeRawPointer, _ length: UInt64) -> Bool {
    let it = segment(current)
    guard TraceFile.write(bytes, length, at: it.pointee.end) else { return false }
    platform_store(&it.pointee.end, it.pointee.end &+ length)
    return true
  }

  /// Makes room for a buffer that is about to be drained, all of whose events have been taken into
  /// account. Whether there is any.
  static func makeRoom() -> Bool {
    if hasRoom { return true }
    guard TraceFile.header != nil, let next = nextSegment() else { return false }
    let it = segment(next)
    platform_store(&it.pointee.end, it.pointee.offset &+ UInt64(TraceFile.sectionHeaderSize))
    current = next
    var isWhole = true
    let now = platform_ticks()
    if sequence > 0 {
      LiveSweep.run(now: now)
      LiveSweep.forgetThreads()
      isWhole = KeyFrame.write() && ThreadFrame.write()
    }
    it.pointee.time = now
    it.pointee.missing = max(LiveTable.missing, isWhole ? 0 : 1)
    sequence &+= 1
    platform_store(&it.pointee.sequence, sequence)
    return true
  }

  /// A new segment, or when the limit is reached or the disk is full the oldest one, emptied.
  private static func nextSegment() -> Int? {
    if used < segmentCount, let offset = TraceFile.appendSegment(size: segmentSize) {
      let new = used
      used &+= 1
      segment(new).pointee.offset = offset
      return new
    }
    // With one segment there would be nothing left.
    guard used > 1 else { return nil }
    let oldest = (current &+ 1) % used
    platform_store(&segment(oldest).pointee.sequence, 0)
    return oldest
  }

  // MARK: taking events into account

  /// A buffer is empty again.
  static func forget(_ buffer: Int32) { applied[Int(buffer)] = 0 }

  static func hasAppliedSome(_ buffer: Int32) -> Bool { applied[Int(buffer)] > 0 }

  static func hasApplied(_ buffer: Int32) -> Bool {
    UInt64(applied[Int(buffer)]) == platform_load(&BufferPool.memory(of: buffer).pointee.committed)
  }

  /// Takes what a buffer holds into account, which is about to be moved.
  static func takeIntoAccount(_ buffer: Int32, isLocked: Bool) {
    let it = BufferPool.memory(of: buffer)
    let isEvents = it.pointee.content == CORONER_BUFFER_EVENTS.rawValue
    if !isEvents || !hasApplied(buffer) { catchUp(isLocked: isLocked) }
    if !isEvents { LiveState.noteThreads(it) }
  }

  /// Takes all events that there are into account, also of buffers that threads write into, in the order of
  /// time. Nobody else may free buffers meanwhile.
  static func catchUp(isLocked: Bool) {
    if !isLocked { platform_lock(Int32(PLATFORM_POOL)) }
    let count = gather(until: platform_ticks())
    if !isLocked { platform_unlock(Int32(PLATFORM_POOL)) }
    if LiveState.threadCount >= manyThreads {
      LiveSweep.forgetThreads()
      manyThreads = max(64, 2 &* LiveState.threadCount)
    }
    sortStreams(count)
    merge(count)
  }

  /// What each buffer has that is new. A thread that has read the clock, and not written yet, comes too
  /// late for this round; so events of after `limit` wait for the next one, in buffers that are not full.
  private static func gather(until limit: UInt64) -> Int {
    var count = 0
    for number in 0..<BufferPool.count {
      let buffer = Int32(truncatingIfNeeded: number)
      let it = BufferPool.memory(of: buffer)
      let state = platform_load32(&it.pointee.state)
      guard state != CORONER_BUFFER_FREE.rawValue,
        it.pointee.content == CORONER_BUFFER_EVENTS.rawValue
      else { continue }
      var committed = Int(truncatingIfNeeded: platform_load(&it.pointee.committed))
      let records = UnsafeRawPointer(BufferPool.records(of: buffer))
        .assumingMemoryBound(to: Record.self)
      let known = Int(applied[number])
      if state == CORONER_BUFFER_ACTIVE.rawValue {
        while committed > known, records[committed &- 1].time > limit { committed &-= 1 }
      }
      guard committed > known else { continue }
      streams[count] = Stream(
        buffer: buffer, thread: -1, next: records + known, left: committed &- known,
        slot: it.pointee.thread, firstIndex: it.pointee.first_index &+ UInt64(known))
      applied[number] = UInt32(truncatingIfNeeded: committed)
      count &+= 1
    }
    return count
  }

  /// By thread, then as they follow each other: a thread's later buffers wait for its earlier ones.
  private static func sortStreams(_ count: Int) {
    var sorted = 1
    while sorted < count {
      let it = streams[sorted]
      var place = sorted
      while place > 0,
        (streams[place &- 1].slot, streams[place &- 1].firstIndex) > (it.slot, it.firstIndex)
      {
        streams[place] = streams[place &- 1]
        place &-= 1
      }
      streams[place] = it
      sorted &+= 1
    }
    for i in 0..<count { streams[i].thread = LiveState.thread(streams[i].slot) }
  }

  private static func isHead(_ i: Int) -> Bool {
    i == 0 || streams[i &- 1].slot != streams[i].slot || streams[i &- 1].left == 0
  }

  private static func merge(_ count: Int) {
    while true {
      // The stream with the oldest event, and when the next stream's turn is.
      var best = -1
      var (time, limit) = (UInt64.max, UInt64.max)
      for i in 0..<count where streams[i].left > 0 && isHead(i) {
        let first = streams[i].next.pointee.time
        if best < 0 || first < time {
          limit = best < 0 ? limit : time
          (best, time) = (i, first)
        } else if first < limit {
          limit = first
        }
      }
      guard best >= 0 else { return }
      apply(best, until: limit)
    }
  }

  private static func apply(_ number: Int, until limit: UInt64) {
    let thread = Int(streams[number].thread)
    var next = streams[number].next
    var left = streams[number].left
    repeat {
      if LiveTable.isTight, sinceSweep >= eventsPerSweep {
        LiveSweep.run(now: next.pointee.time)
        sinceSweep = 0
      }
      sinceSweep &+= 1
      if thread >= 0 { LiveState.apply(next.pointee, thread: thread) }
      next += 1
      left &-= 1
    } while left > 0 && next.pointee.time <= limit
    let taken = UInt64(streams[number].left &- left)
    streams[number].firstIndex &+= taken
    if thread >= 0 { LiveState.threads[thread].nextIndex = streams[number].firstIndex }
    streams[number].next = next
    streams[number].left = left
  }
}
