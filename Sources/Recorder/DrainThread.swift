import CPlatform
import TraceABI

/// A thread that makes buffers before they are needed, notes the time, and empties those that were left full.
enum DrainThread {
  nonisolated(unsafe) private static var stopping = false
  nonisolated(unsafe) private static var isRunning = false

  /// How long the thread sleeps when nobody wakes it: it then renews the clock pair in the header.
  private static let period: UInt32 = 200
  /// The first pair comes early, for programs that live briefly.
  private static let firstPeriod: UInt32 = 10

  static func start() -> Int32 {
    stopping = false
    let error = platform_spawn(cString("coroner-drain"), { DrainThread.run() })
    isRunning = error == 0
    return error
  }

  /// Ends the thread after it has drained what is full.
  static func stop() {
    guard isRunning else { return }
    platform_lock(Int32(PLATFORM_POOL))
    stopping = true
    platform_wake()
    platform_unlock(Int32(PLATFORM_POOL))
    platform_join()
    isRunning = false
  }

  /// Forgets the parent's thread in a forked child.
  static func abandon() { isRunning = false }

  private static func run() {
    platform_lock(Int32(PLATFORM_POOL))
    var wait = firstPeriod
    while true {
      BufferPool.growAhead()
      _ = Drain.all()  // else the disk is full, and may have room again later
      if stopping { break }
      platform_wait(wait)
      wait = period
      if TraceFile.isGone {
        Recorder.giveUp()
        break
      }
      Drain.invite()
      TraceFile.noteTime()
    }
    platform_unlock(Int32(PLATFORM_POOL))
  }

  /// Drains what is still full or active; the thread has ended and the lock PLATFORM_POOL is held.
  /// Whether all of it is in the file.
  static func drainRest() -> Bool {
    Drain.settle()
    guard Drain.all() else { return false }
    for number in 0..<BufferPool.count {
      let buffer = Int32(truncatingIfNeeded: number)
      let state = platform_load32(&BufferPool.memory(of: buffer).pointee.state)
      guard state == CORONER_BUFFER_ACTIVE.rawValue else { continue }
      guard Drain.move(buffer, isLocked: true) else { return false }
      platform_store32(&BufferPool.memory(of: buffer).pointee.state, CORONER_BUFFER_FREE.rawValue)
    }
    return true
  }
}
