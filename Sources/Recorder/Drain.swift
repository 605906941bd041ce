import CPlatform
import TraceABI

/// Moves full buffers into compressed sections. All but `forget` needs the lock PLATFORM_POOL, which is given
/// up while a buffer is encoded and written.
///
/// Who fills a buffer empties it: the records are in that processor's cache, and the buffer that is free
/// then is the next one. It takes some 30 µs for 2046 events. The drain thread takes over what
/// is left when others were at it, and everything for a while once the disk has been slow.
enum Drain {
  nonisolated(unsafe) private static var isBusy = false
  nonisolated(unsafe) private static var isLeftToThread = false

  /// A thread may fill its next buffer while others empty theirs.
  private static let share = 2
  /// What nobody but the drain thread should wait for a second time.
  private static let slow: UInt64 = 2_000_000

  /// Empties what the calling thread has just filled, unless others are at it or the disk is slow. A bounded
  /// file's key frames are left to the drain thread: they can be long.
  static func help() {
    if isBusy || isLeftToThread || Ring.isOn && !Ring.hasRoom { return }
    let begin = platform_monotonic_ns()
    let isWritten = empty(share)
    isLeftToThread = !isWritten || platform_monotonic_ns() &- begin > slow
  }

  /// Empties all that is full. Whether that worked, or somebody else is at it.
  static func all() -> Bool { isBusy || empty(BufferPool.definitionsLimit) }

  /// Lets threads help again.
  static func invite() { isLeftToThread = false }

  /// Waits until nobody is at it.
  static func settle() { while isBusy { platform_wait(1) } }

  /// In a forked child nobody else is there.
  static func forget() {
    isBusy = false
    isLeftToThread = false
  }

  private static func empty(_ limit: Int) -> Bool {
    isBusy = true
    defer { isBusy = false }
    var left = limit
    while left > 0, let buffer = BufferPool.firstFull {
      platform_unlock(Int32(PLATFORM_POOL))
      let isWritten = move(buffer, isLocked: false)
      platform_lock(Int32(PLATFORM_POOL))
      if !isWritten { return false }
      BufferPool.freeFirstFull()
      left &-= 1
    }
    return true
  }

  /// Moves what a buffer holds into a section. Whether it is in the file.
  /// - Parameter isLocked: whether PLATFORM_POOL is held.
  static func move(_ buffer: Int32, isLocked: Bool) -> Bool {
    let it = BufferPool.memory(of: buffer)
    guard Ring.isOn, it.pointee.content == CORONER_BUFFER_EVENTS.rawValue else {
      return SectionEncoder.append(it)
    }
    if !Ring.hasApplied(buffer) { Ring.catchUp(isLocked: isLocked) }
    guard Ring.makeRoom(), SectionEncoder.append(it) else { return false }
    Ring.forget(buffer)
    return true
  }
}
