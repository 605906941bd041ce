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
  /// Fewer free ones than this and the drain thread makes more, before a thread has to wait for it. Programs that have
  /// many threads start many at once.
  private static var reserve: Int { max(8, count / 4) }

  /// So many full ones and the drain thread is woken; fewer wait for its next round.
  private static let batch = 4

  /// How long a thread waits for the drain thread to make room, in ns: once, then it loses events. At its beginning it
  /// has more time, for when many begin at once there cannot be room for all of them.
  private static let patience: UInt64 = 2_000_000
  private static let patienceAtFirst: UInt64 = 50_000_000
  /// Nobody begins to after that was in vain, until the drain thread comes round again; who waits already goes on, for
  /// those that began together cannot all be first.
  nonisolated(unsafe) private static var isPatient = true
  /// The disk is full: nobody waits.
  nonisolated(unsafe) private static var isInVain = false
  /// Threads that wait, and up to which limit there may be more buffers for them.
  nonisolated(unsafe) private static var waiting = 0
  nonisolated(unsafe) private static var wanted = 0

  /// Hot sections that are made in one go: 32 MiB, which a file system in memory has to clear.
  private static let mostAtOnce = 32

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
    guard let section = Drain.appendHotSections(1, buffers: sectionBuffers, isUrgent: false) else {
      return false
    }
    add(section)
    isOpen = true
    return true
  }

  static func memory(of buffer: Int32) -> UnsafeMutablePointer<coroner_buffer> {
    memory![Int(buffer)]
  }

  static func records(of buffer: Int32) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(memory(of: buffer)) + MemoryLayout<coroner_buffer>.size
  }

  /// Takes a free buffer and makes it active. Nothing if there is none and none is to be had soon.
  /// - Parameter mayWait: once, not for every event that is lost.
  static func take(
    _ content: coroner_buffer_content, thread: UInt32, firstIndex: UInt64, limit: Int, mayWait: Bool
  ) -> Int32? {
    let others = content == CORONER_BUFFER_EVENTS && Ring.isOn ? definitionsShare : 0
    guard isOpen,
      freeCount > others
        || makeRoom(limit, butFor: others, mayWait: mayWait, isFirst: firstIndex == 0), isOpen
    else { return nil }
    let buffer = freeHead
    freeHead = next![Int(buffer)]
    freeCount &-= 1
    if freeCount < reserve { platform_wake() }
    let it = memory(of: buffer)
    it.pointee.committed = 0
    platform_order_signals()
    it.pointee.content = UInt32(content.rawValue)
    it.pointee.thread = thread
    it.pointee.first_index = firstIndex
    platform_store32(&it.pointee.state, CORONER_BUFFER_ACTIVE.rawValue)
    return buffer
  }

  /// Nobody writes into an active buffer any more.
  static func markFull(_ buffer: Int32) {
    platform_store32(&memory(of: buffer).pointee.state, CORONER_BUFFER_FULL.rawValue)
  }

  /// Puts a buffer behind those that are full.
  static func handOver(_ buffer: Int32) {
    next![Int(buffer)] = -1
    if fullTail >= 0 { next![Int(fullTail)] = buffer } else { fullHead = buffer }
    fullTail = buffer
    fullCount &+= 1
    if fullCount >= batch { platform_wake() }
  }

  static var hasFull: Bool { fullHead >= 0 }

  /// Takes the buffer that has been full for longest; then it is to be freed or put back.
  static func takeFull() -> Int32? {
    guard fullHead >= 0 else { return nil }
    let buffer = fullHead
    fullHead = next![Int(buffer)]
    if fullHead < 0 { fullTail = -1 }
    fullCount &-= 1
    return buffer
  }

  static func putBack(_ buffer: Int32) {
    next![Int(buffer)] = fullHead
    fullHead = buffer
    if fullTail < 0 { fullTail = buffer }
    fullCount &+= 1
  }

  /// A buffer that a thread may still write into; for the end.
  static var firstActive: Int32? {
    for number in 0..<count {
      if memory![number].pointee.state == CORONER_BUFFER_ACTIVE.rawValue {
        return Int32(truncatingIfNeeded: number)
      }
    }
    return nil
  }

  /// Whether it is worth asking for a buffer. Needs no lock.
  static var mayHaveRoom: Bool { freeCount > definitionsShare }

  /// What it held is in a section.
  static func free(_ buffer: Int32) {
    platform_store32(&memory(of: buffer).pointee.state, CORONER_BUFFER_FREE.rawValue)
    next![Int(buffer)] = freeHead
    freeHead = buffer
    freeCount &+= 1
    if waiting > 0 { platform_announce_room(freeCount <= definitionsShare &+ 1) }
  }

  /// Whether there is a free buffer, after helping with the full ones or waiting for the drain thread. Threads do not make
  /// buffers themselves: that may wait for the disk.
  private static func makeRoom(
    _ limit: Int, butFor others: Int, mayWait: Bool, isFirst: Bool
  ) -> Bool {
    Drain.help()
    if freeCount > others { return true }
    wanted = max(wanted, limit)
    defer { if waiting == 0 { wanted = 0 } }
    guard DrainThread.isRunning else {
      _ = Drain.all()
      return freeCount > others
    }
    guard mayWait, isPatient, !isInVain, fullHead >= 0 || count &+ sectionBuffers <= limit else {
      return false
    }
    waiting &+= 1
    let begin = platform_monotonic_ns()
    while isOpen, !isInVain, freeCount <= others {
      let taken = platform_monotonic_ns() &- begin
      if taken >= patienceAtFirst { isPatient = false }
      if taken >= (isFirst ? patienceAtFirst : patience) { break }
      platform_wake()
      platform_wait_for_room(isFirst ? 10 : 1)
    }
    waiting &-= 1
    return freeCount > others
  }

  /// The drain thread has come round: it is worth waiting for again.
  static func invite() { (isPatient, isInVain) = (true, false) }

  /// Makes some more buffers when few are left; whether it did. For the drain thread alone: the lock is given up meanwhile.
  static func growAhead() -> Bool {
    let isUrgent = waiting > 0
    let most = ((freeHead < 0 ? max(limit, wanted) : limit) &- count) / sectionBuffers
    guard isOpen, freeCount < reserve &+ waiting, most > 0 else { return false }
    // Who waits is served in few rounds: each takes a turn of this thread on a processor that all of them want.
    let needed = (waiting &+ sectionBuffers &- 1) / sectionBuffers
    let sections = isUrgent ? min(most, max(1, min(needed, mostAtOnce))) : 1
    guard
      let new = Drain.appendHotSections(sections, buffers: sectionBuffers, isUrgent: isUrgent)
    else {
      isInVain = true
      platform_announce_room(true)
      return false
    }
    add(new)
    invite()
    if waiting > 0 { platform_announce_room(true) }
    return true
  }

  private static func add(_ new: TraceFile.HotSections) {
    for i in 0..<new.count {
      sections![sectionCount] = new.start(i)
      sectionCount &+= 1
      add(buffers: new.buffers(i))
    }
  }

  private static func add(buffers: UnsafeMutableRawPointer) {
    var i = sectionBuffers &- 1
    while i >= 0 {
      let address = buffers + i &* Int(CORONER_BUFFER_SIZE)
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
    (waiting, wanted) = (0, 0)
    invite()
  }

  private static func forEachSection(_ body: (UnsafeMutableRawPointer) -> Void) {
    var i = 0
    while i < count {
      body(UnsafeMutableRawPointer(memory![i]))
      i &+= sectionBuffers
    }
  }
}
