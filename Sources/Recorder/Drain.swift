import CPlatform
import TraceABI

/// Moves full buffers into compressed sections. All but `forget` needs the lock PLATFORM_POOL, which is given up while
/// a buffer is encoded and written.
///
/// Who fills a buffer empties it, beside others that do the same: the records are in that processor's cache, and the
/// buffer that is free then is the next one. It takes some 30 µs for 2046 events, no call to the disk, and nobody to wait
/// for. What is left, and all that takes the disk, is put into a list. The drain thread empties it, and threads that find
/// something in it do one more than their own.
enum Drain {
  /// Who uses the first encoder does so alone. Of a bounded file all events: they are taken into account in the order of
  /// time.
  nonisolated(unsafe) private static var isBusy = false
  /// Who appends to the file, or moves the window, does so alone.
  nonisolated(unsafe) private static var isAppending = false
  /// Whether the drain thread waits for one of them.
  nonisolated(unsafe) private static var isAwaited = false
  /// Threads that empty a buffer.
  nonisolated(unsafe) private static var helpers = 0
  nonisolated(unsafe) private static var isLeftToThread = false
  nonisolated(unsafe) private static var isWindowWanted = false
  /// Whether threads have used it up before there was the next one.
  nonisolated(unsafe) private static var isWindowShort = false
  /// Not while the disk is full.
  nonisolated(unsafe) private static var mayHaveWindow = true

  /// What nobody but the drain thread should wait for a second time: the kernel may hold up a store. In ns.
  private static let slow: UInt64 = 2_000_000

  // MARK: threads that record

  /// Takes a full buffer from a thread: empties it, or puts it into the list.
  static func retire(_ buffer: Int32) {
    BufferPool.markFull(buffer)
    // A bounded file has the sections of a thread in the order of its events.
    if Ring.isOn && BufferPool.hasFull || !emptyInMemory(buffer) { BufferPool.handOver(buffer) }
    help()
  }

  /// Empties one of the list, if there is one. A bounded file's key frames are left to the drain thread: they can be long.
  static func help() {
    guard BufferPool.hasFull, mayHelp(), let buffer = BufferPool.takeFull() else { return }
    if !emptyInMemory(buffer) { BufferPool.putBack(buffer) }
  }

  private static func mayHelp() -> Bool {
    !isLeftToThread && !isAppending && !(Ring.isOn && (isBusy || isAwaited))
  }

  /// Whether a buffer is empty now, and free; not if it takes the disk, or others would have to be waited for.
  private static func emptyInMemory(_ buffer: Int32) -> Bool {
    guard mayHelp(), hasWindow(isForEver: isForEver(buffer)) else { return false }
    let encoder = Ring.isOn ? SectionEncoder.first : SectionEncoder.take()
    guard let encoder else { return false }
    if Ring.isOn { isBusy = true }
    helpers &+= 1
    platform_unlock(Int32(PLATFORM_POOL))
    let section = encode(buffer, encoder, isLocked: false)
    platform_lock(Int32(PLATFORM_POOL))
    let isWritten = BufferPool.isOpen && section.map(appendInMemory) ?? false
    helpers &-= 1
    if Ring.isOn { isBusy = false } else { encoder.pointee.giveBack() }
    if isAwaited { platform_wake() }
    if isWritten { free(buffer) }
    return isWritten
  }

  private static func hasWindow(isForEver: Bool) -> Bool {
    if TraceFile.isReady(isForEver: isForEver) { return true }
    (isWindowWanted, isWindowShort) = (true, true)
    platform_wake()
    return false
  }

  private static func appendInMemory(_ section: EncodedSection) -> Bool {
    guard !isAppending,
      TraceFile.isReady(for: section.length, isForEver: section.isForEver)
    else { return false }
    let begin = platform_monotonic_ns()
    let waited = platform_times_waited()
    let isWritten = append(section)
    // Others may have had the processor meanwhile; but if the thread had to wait, then for the disk.
    if platform_monotonic_ns() &- begin > slow, platform_times_waited() != waited {
      isLeftToThread = true
    }
    if TraceFile.isNarrow {
      isWindowWanted = true
      platform_wake()
    }
    return isWritten
  }

  private static func append(_ section: EncodedSection) -> Bool {
    isAppending = true
    platform_unlock(Int32(PLATFORM_POOL))
    let isWritten = TraceFile.append(section)
    platform_lock(Int32(PLATFORM_POOL))
    isAppending = false
    if isAwaited { platform_wake() }
    return isWritten
  }

  private static func isForEver(_ buffer: Int32) -> Bool {
    DefinitionStream.isForEver(BufferPool.memory(of: buffer))
  }

  /// What a buffer held is in a section.
  private static func free(_ buffer: Int32) {
    if Ring.isOn { Ring.forget(buffer) }
    BufferPool.free(buffer)
  }

  /// What a buffer holds as a section for which the file has room; nothing if it has none.
  private static func encode(
    _ buffer: Int32, _ encoder: UnsafeMutablePointer<SectionEncoder>, isLocked: Bool
  ) -> EncodedSection? {
    if Ring.isOn, !isForEver(buffer) {
      Ring.takeIntoAccount(buffer, isLocked: isLocked)
      guard Ring.makeRoom() else { return nil }
    }
    return encoder.pointee.encode(BufferPool.memory(of: buffer))
  }

  // MARK: the drain thread, or who takes its place

  /// Makes room and empties all that is full. For the drain thread, or when there is none. Whether that worked.
  static func all() -> Bool {
    claim()
    defer { release() }
    prepare()
    let isEmpty = empty()
    prepare()
    return isEmpty
  }

  /// Makes a window, and buffers, before threads need them.
  private static func prepare() {
    repeat { moveWindow() } while BufferPool.growAhead()
  }

  private static func moveWindow() {
    guard isWindowWanted, mayHaveWindow, TraceFile.isNarrow else { return }
    let isLarger = isWindowShort
    (isWindowWanted, isWindowShort) = (false, false)
    platform_unlock(Int32(PLATFORM_POOL))
    mayHaveWindow = TraceFile.prepareWindow(isLarger: isLarger)
    platform_lock(Int32(PLATFORM_POOL))
    guard mayHaveWindow else { return }
    claimEnd()
    Window.turn()
  }

  /// Lets threads help again.
  static func invite() {
    isLeftToThread = false
    mayHaveWindow = true
  }

  /// Waits until nobody else takes this part, and keeps others from it.
  static func claim() {
    while isBusy { wait() }
    isBusy = true
  }

  /// Waits until nobody appends. Others may as soon as the lock is given up.
  static func claimEnd() {
    while isAppending { wait() }
  }

  /// Waits until nobody does anything; none may begin before the lock is given up. Whether that came in time: a
  /// thread may have left for good, in a signal's handler that jumps.
  static func claimAll(patience: UInt64) -> Bool {
    let begin = platform_monotonic_ns()
    while isBusy || isAppending || helpers > 0 {
      guard platform_monotonic_ns() &- begin < patience else { return false }
      wait()
    }
    isBusy = true
    return true
  }

  private static func wait() {
    isAwaited = true
    platform_wait(1)
    isAwaited = false
  }

  static func release() {
    isBusy = false
    if isAwaited { platform_wake() }
  }

  /// The lock is given up meanwhile.
  static func appendHotSections(
    _ count: Int, buffers: Int, isUrgent: Bool
  ) -> TraceFile.HotSections? {
    let place = TraceFile.hotPlace
    platform_unlock(Int32(PLATFORM_POOL))
    let sections = TraceFile.prepareHotSections(
      count, at: place, buffers: buffers, isUrgent: isUrgent)
    platform_lock(Int32(PLATFORM_POOL))
    guard let sections else { return nil }
    claimEnd()
    isAppending = true
    platform_unlock(Int32(PLATFORM_POOL))
    let gap = TraceFile.add(sections)
    platform_lock(Int32(PLATFORM_POOL))
    isAppending = false
    guard let gap else { return nil }
    platform_unlock(Int32(PLATFORM_POOL))
    TraceFile.empty(gap)
    platform_lock(Int32(PLATFORM_POOL))
    return sections
  }

  /// In a forked child nobody else is there.
  static func forget() {
    (isBusy, isAppending, isAwaited) = (false, false, false)
    helpers = 0
    isLeftToThread = false
    (isWindowWanted, isWindowShort) = (false, false)
    mayHaveWindow = true
  }

  private static func empty() -> Bool {
    var left = BufferPool.capacity
    while left > 0, let buffer = BufferPool.takeFull() {
      guard move(buffer) else {
        BufferPool.putBack(buffer)
        return false
      }
      free(buffer)
      prepare()
      left &-= 1
    }
    return true
  }

  private static func move(_ buffer: Int32) -> Bool {
    helpers &+= 1
    platform_unlock(Int32(PLATFORM_POOL))
    let section = encode(buffer, SectionEncoder.first, isLocked: false)
    platform_lock(Int32(PLATFORM_POOL))
    helpers &-= 1
    guard let section else { return false }
    claimEnd()
    return append(section)
  }

  /// Moves what is left into sections, at the end, when nobody else does anything. Whether all is in the file.
  static func rest() -> Bool {
    while let buffer = BufferPool.takeFull() ?? BufferPool.firstActive {
      guard let section = encode(buffer, SectionEncoder.first, isLocked: true),
        TraceFile.append(section)
      else { return false }
      free(buffer)
    }
    return true
  }
}
