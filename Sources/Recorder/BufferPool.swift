import CPlatform
import TraceABI

/// The hot buffers: pages of the trace file that threads write into.
///
/// A buffer is free, active (one thread or the definitions write into it) or full (waits to be
/// emptied). What the file says about a buffer changes in an order that a reader can rely on at every
/// instant: contents first, state last. All but `memory(of:)` needs the lock PLATFORM_POOL.
enum BufferPool {
  /// Buffers in one hot section.
  static let sectionBuffers = 16
  /// Buffers for events at most: 64 MiB, some two million events that may wait to be written.
  static let mostBuffers = 1024
  /// Buffers for events: fewer where the file is bounded.
  nonisolated(unsafe) private(set) static var limit = mostBuffers
  /// Events without definitions are of little use: these may go beyond the limit, or where the file is bounded have
  /// some buffers for themselves.
  static var definitionsLimit: Int { Ring.isOn ? limit : limit &+ 64 }
  private static let definitionsShare = 2
  /// Fewer free ones than this and the drain thread makes more, before a thread has to.
  private static let reserve = 8

  /// So many full ones and the drain thread is woken; fewer wait for its next round.
  private static let batch = 4

  /// How long a thread waits for a buffer, in ns: while the drain thread waits for a processor, as all others do,
  /// and while it waits for the disk. Then nobody waits until it has come round again.
  private static let patience: UInt64 = 1_000_000_000
  private static let patienceWithDisk: UInt64 = 100_000_000
  /// Where there may be no more buffers: as long as it takes to empty some.
  private static let patienceWithOthers: UInt64 = 2_000_000
  nonisolated(unsafe) private static var isPatient = true
  /// Threads that wait, and up to which limit there may be more buffers for them.
  nonisolated(unsafe) private static var waiting = 0
  nonisolated(unsafe) private static var wanted = 0

  static let capacity = mostBuffers &+ 64 &+ sectionBuffers

  /// One number each: the pool's own list links, kept out of the file.
  nonisolated(unsafe) private static var memory:
    UnsafeMutablePointer<UnsafeMutablePointer<coroner_buffer>>?
  nonisolated(unsafe) private static var next: UnsafeMutablePointer<Int32>?
  nonisolated(unsafe) private static var sections: UnsafeMutablePointer<UInt64>?
  nonisolated(unsafe) private static var sectionCount = 0
  nonisolated(unsafe) private(set) static var count = 0
  nonisolated(unsafe) private static var freeHead: Int32 = -1
  nonisolated(unsafe) private static var freeCount = 0
  nonisolated(unsafe) private static var fullHead: Int32 = -1
  nonisolated(unsafe) private static var fullTail: Int32 = -1
  nonisolated(unsafe) private static var fullCount = 0
  /// Whether threads may take buffers.
  nonisolated(unsafe) static var isOpen = false

  /// Makes the first hot section. Whether that worked.
  static func start(limit: Int) -> Bool {
    self.limit = limit
    if memory == nil {
      let pointers = platform_reserve(capacity &* 8)
      let links = platform_reserve(capacity &* 4)
      let offsets = platform_reserve(capacity / sectionBuffers &* 8 &+ 8)
      guard let pointers, let links, let offsets else { return false }
      memory = pointers.bindMemory(
        to: UnsafeMutablePointer<coroner_buffer>.self, capacity: capacity)
      next = links.bindMemory(to: Int32.self, capacity: capacity)
      sections = offsets.bindMemory(to: UInt64.self, capacity: capacity / sectionBuffers &+ 1)
    }
    platform_lock(Int32(PLATFORM_POOL))
    defer { platform_unlock(Int32(PLATFORM_POOL)) }
    isOpen = grow(limit: limit)
    return isOpen
  }

  static func memory(of buffer: Int32) -> UnsafeMutablePointer<coroner_buffer> {
    memory![Int(buffer)]
  }

  static func records(of buffer: Int32) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(memory(of: buffer)) + MemoryLayout<coroner_buffer>.size
  }

  /// Takes a free buffer and makes it active. Nothing if there is none and none is to be had soon.
  /// - Parameter mayWait: for one to be emptied, where there may be no more. Once, not for every event that is lost.
  static func take(
    _ content: coroner_buffer_content, thread: UInt32, firstIndex: UInt64, limit: Int, mayWait: Bool
  ) -> Int32? {
    let others = content == CORONER_BUFFER_EVENTS && Ring.isOn ? definitionsShare : 0
    guard isOpen,
      freeCount > others || waitForRoom(limit, butFor: others, mayWait: mayWait), isOpen
    else { return nil }
    let buffer = freeHead
    freeHead = next![Int(buffer)]
    freeCount &-= 1
    if freeCount < reserve { platform_wake() }
    let it = memory(of: buffer)
    it.pointee.committed = 0
    it.pointee.content = UInt32(content.rawValue)
    it.pointee.thread = thread
    it.pointee.first_index = firstIndex
    platform_store32(&it.pointee.state, CORONER_BUFFER_ACTIVE.rawValue)
    return buffer
  }

  /// Puts an active buffer behind those that are full.
  static func handOver(_ buffer: Int32) {
    platform_store32(&memory(of: buffer).pointee.state, CORONER_BUFFER_FULL.rawValue)
    next![Int(buffer)] = -1
    if fullTail >= 0 { next![Int(fullTail)] = buffer } else { fullHead = buffer }
    fullTail = buffer
    fullCount &+= 1
    if fullCount == batch { platform_wake() }
  }

  /// The buffer that has been full for longest; it stays at the head until it is `free`d.
  static var firstFull: Int32? { fullHead >= 0 ? fullHead : nil }

  /// Frees the buffer at the head of the full ones: what it held is in a section.
  static func freeFirstFull() {
    let buffer = fullHead
    fullHead = next![Int(buffer)]
    if fullHead < 0 { fullTail = -1 }
    fullCount &-= 1
    free(buffer)
  }

  private static func free(_ buffer: Int32) {
    platform_store32(&memory(of: buffer).pointee.state, CORONER_BUFFER_FREE.rawValue)
    next![Int(buffer)] = freeHead
    freeHead = buffer
    freeCount &+= 1
    if waiting > 0 { platform_announce_room(freeCount <= definitionsShare &+ 1) }
  }

  /// Threads do not make buffers themselves: that may wait for the disk. Whether there is a free one.
  private static func waitForRoom(_ limit: Int, butFor others: Int, mayWait: Bool) -> Bool {
    let mayGrow = count &+ sectionBuffers <= limit
    guard mayGrow || mayWait && fullHead >= 0 else { return false }
    guard DrainThread.isRunning else {
      Drain.claim()
      if mayGrow { _ = grow(limit: limit) }
      Drain.release()
      if freeCount <= others { _ = Drain.all() }
      return freeCount > others
    }
    wanted = max(wanted, limit)
    waiting &+= 1
    let begin = platform_monotonic_ns()
    while isOpen, isPatient, freeCount <= others {
      let now = platform_monotonic_ns()
      if !mayGrow, now &- begin >= patienceWithOthers { break }
      let call = Drain.callSince
      isPatient =
        now &- begin < patience && (call == 0 || now &- max(begin, call) < patienceWithDisk)
      if !isPatient { break }
      platform_wake()
      platform_wait_for_room(mayGrow ? 25 : 1)
    }
    waiting &-= 1
    if waiting == 0 { wanted = 0 }
    return freeCount > others
  }

  /// The drain thread has come round: it is worth waiting for again.
  static func invite() { isPatient = true }

  /// Makes more buffers when few are left. For the drain thread alone: the lock is given up meanwhile.
  static func growAhead() {
    while isOpen, freeCount < reserve &+ waiting,
      count &+ sectionBuffers <= (freeHead < 0 ? max(limit, wanted) : limit)
    {
      platform_unlock(Int32(PLATFORM_POOL))
      Drain.beginCall()
      let section = TraceFile.appendHotSection(buffers: sectionBuffers)
      Drain.endCall()
      platform_lock(Int32(PLATFORM_POOL))
      guard let section else {
        isPatient = false
        return platform_announce_room(true)
      }
      add(section)
      isPatient = true
      for _ in 0..<min(waiting, sectionBuffers) { platform_announce_room(false) }
    }
  }

  private static func grow(limit: Int) -> Bool {
    guard count &+ sectionBuffers <= limit,
      let section = TraceFile.appendHotSection(buffers: sectionBuffers)
    else { return false }
    add(section)
    return true
  }

  private static func add(_ section: (memory: UnsafeMutableRawPointer, offset: UInt64)) {
    sections![sectionCount] = section.offset
    sectionCount &+= 1
    var i = sectionBuffers &- 1
    while i >= 0 {
      let address = section.memory + i &* Int(CORONER_BUFFER_SIZE)
      memory![count &+ i] = address.bindMemory(to: coroner_buffer.self, capacity: 1)
      next![count &+ i] = freeHead
      freeHead = Int32(truncatingIfNeeded: count &+ i)
      i &-= 1
    }
    count &+= sectionBuffers
    freeCount &+= sectionBuffers
  }

  /// Puts private memory in the place of all buffers; threads that still write hurt nobody.
  static func detach() {
    forEachSection { platform_detach($0, sectionBuffers &* Int(CORONER_BUFFER_SIZE)) }
  }

  static func finishFile() {
    TraceFile.finish(hotSections: sections!, count: sectionCount, buffers: sectionBuffers)
  }

  /// Forgets the parent's buffers in a forked child.
  static func abandon() {
    forEachSection { platform_unmap($0, sectionBuffers &* Int(CORONER_BUFFER_SIZE)) }
    isOpen = false
    (count, sectionCount, freeCount, fullCount) = (0, 0, 0, 0)
    (freeHead, fullHead, fullTail) = (-1, -1, -1)
    (isPatient, waiting, wanted) = (true, 0, 0)
  }

  private static func forEachSection(_ body: (UnsafeMutableRawPointer) -> Void) {
    var i = 0
    while i < count {
      body(UnsafeMutableRawPointer(memory![i]))
      i &+= sectionBuffers
    }
  }
}
