import CPlatform
import TraceABI

/// A thread that makes buffers before they are needed, notes the time, and empties those that were left full.
enum DrainThread {
  nonisolated(unsafe) private static var stopping = false
  /// Guarded by PLATFORM_POOL.
  nonisolated(unsafe) private(set) static var isRunning = false

  /// How long the thread sleeps when nobody wakes it: it then renews the clock pair in the header.
  private static let period: UInt32 = 200
  /// The first pair comes early, for programs that live briefly.
  private static let firstPeriod: UInt32 = 10
  /// How long the process waits, in ns, for a thread that waits for the disk.
  private static let patience: UInt64 = 2_000_000_000

  static func start() -> Int32 {
    platform_lock(Int32(PLATFORM_POOL))
    defer { platform_unlock(Int32(PLATFORM_POOL)) }
    stopping = false
    if isRunning { return 0 }
    let error = platform_spawn(cString("coroner-drain"), { DrainThread.run() })
    isRunning = error == 0
    return error
  }

  /// Ends the thread after it has drained what is full. Whether there is none any more.
  static func stop() -> Bool {
    platform_lock(Int32(PLATFORM_POOL))
    guard isRunning else {
      platform_unlock(Int32(PLATFORM_POOL))
      return true
    }
    stopping = true
    let begin = platform_monotonic_ns()
    while isRunning, platform_is_spawned_alive(), platform_monotonic_ns() &- begin < patience {
      platform_wake()
      platform_wait_for_room(20)
    }
    let isOver = !isRunning
    platform_unlock(Int32(PLATFORM_POOL))
    if isOver { platform_join() }
    return isOver
  }

  /// Forgets the parent's thread in a forked child.
  static func abandon() { isRunning = false }

  private static func run() {
    platform_lock(Int32(PLATFORM_POOL))
    var wait = firstPeriod
    while true {
      _ = Drain.all()  // else the disk is full, and may have room again later
      if stopping { break }
      platform_wait(wait)
      wait = period
      // Nobody should wait for the lock while a disk is asked.
      platform_unlock(Int32(PLATFORM_POOL))
      let isGone = TraceFile.isGone
      TraceFile.noteTime()
      platform_lock(Int32(PLATFORM_POOL))
      if isGone {
        Recorder.giveUp()
        break
      }
      Drain.invite()
      BufferPool.invite()
    }
    isRunning = false
    platform_announce_room(true)
    platform_unlock(Int32(PLATFORM_POOL))
  }

  /// Drains what is still full or active; the thread has ended and the lock PLATFORM_POOL is held.
  /// Whether all of it is in the file; nothing if somebody else is still at it.
  static func drainRest() -> Bool? {
    guard Drain.claimAll(patience: patience) else { return nil }
    defer { Drain.release() }
    return Drain.rest()
  }
}
