import CPlatform
import TraceABI

/// Moves full buffers into compressed sections, one thread at a time. All but `forget` needs the lock
/// PLATFORM_POOL, which is given up while a buffer is encoded and written.
///
/// Who fills a buffer empties it: the records are in that processor's cache, and the buffer that is free
/// then is the next one. It takes some 30 µs for 2046 events, and no call to the system. The drain thread does what
/// takes one, takes over what is left when others were at it, and does everything for a while once it has taken long.
enum Drain {
  nonisolated(unsafe) private static var isBusy = false
  nonisolated(unsafe) private static var isAwaited = false
  nonisolated(unsafe) private static var isLeftToThread = false
  /// Only once a thread has something to write there: a program that records little has a small trace.
  nonisolated(unsafe) private static var isWindowWanted = false
  /// Not while the disk is full.
  nonisolated(unsafe) private static var mayHaveWindow = true

  /// When the drain thread began what may take the disk, in ns; 0 while it does nothing of that kind.
  nonisolated(unsafe) private static var callStart: UInt64 = 0
  static var callSince: UInt64 { platform_load(&callStart) }
  static func beginCall() { platform_store(&callStart, platform_monotonic_ns()) }
  static func endCall() { platform_store(&callStart, 0) }

  /// A thread may fill its next buffer while others empty theirs.
  private static let share = 2
  /// What nobody but the drain thread should wait for a second time: the kernel may hold up a store.
  private static let slow: UInt64 = 2_000_000

  /// Empties what the calling thread has just filled, unless others are at it or it takes the disk. A bounded
  /// file's key frames are left to the drain thread too: they can be long.
  static func help() {
    if isBusy || isAwaited || isLeftToThread { return }
    let begin = platform_monotonic_ns()
    isBusy = true
    let isWritten = empty(share, isThread: !DrainThread.isRunning)
    if TraceFile.isNarrow {
      isWindowWanted = true
      platform_wake()
    }
    release()
    isLeftToThread = !isWritten || platform_monotonic_ns() &- begin > slow
  }

  /// Makes room and empties all that is full. For the drain thread, or when there is none. Whether that worked.
  static func all() -> Bool {
    claim()
    defer { release() }
    BufferPool.growAhead()
    return empty(BufferPool.capacity, isThread: true)
  }

  /// Moves the window to where the next sections go, if threads need it. For the drain thread.
  static func moveWindow() {
    guard isWindowWanted, mayHaveWindow, TraceFile.isNarrow else { return }
    isWindowWanted = false
    platform_unlock(Int32(PLATFORM_POOL))
    beginCall()
    mayHaveWindow = TraceFile.prepareWindow()
    endCall()
    platform_lock(Int32(PLATFORM_POOL))
    guard mayHaveWindow else { return }
    claim()
    Window.turn()
    release()
  }

  /// Lets threads help again.
  static func invite() {
    isLeftToThread = false
    mayHaveWindow = true
  }

  /// Waits until nobody is at it, and keeps others from it.
  static func claim() {
    while isBusy {
      isAwaited = true
      platform_wait(1)
    }
    isAwaited = false
    isBusy = true
  }

  static func release() {
    isBusy = false
    if isAwaited { platform_wake() }
  }

  /// In a forked child nobody else is there.
  static func forget() {
    isBusy = false
    isAwaited = false
    isLeftToThread = false
    isWindowWanted = false
    mayHaveWindow = true
    endCall()
  }

  /// - Parameter isThread: the drain thread, or who takes its place.
  private static func empty(_ limit: Int, isThread: Bool) -> Bool {
    var left = limit
    while left > 0, let buffer = BufferPool.firstFull {
      if !isThread, !isReady(for: buffer) {
        platform_wake()
        return true
      }
      platform_unlock(Int32(PLATFORM_POOL))
      if isThread { beginCall() }
      let isWritten = move(buffer, isLocked: false)
      if isThread { endCall() }
      platform_lock(Int32(PLATFORM_POOL))
      if !isWritten { return false }
      BufferPool.freeFirstFull()
      if isThread { BufferPool.growAhead() }
      left &-= 1
    }
    return true
  }

  private static func isReady(for buffer: Int32) -> Bool {
    TraceFile.isReady(for: BufferPool.memory(of: buffer).pointee.content)
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
