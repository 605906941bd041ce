import CPlatform
import TraceABI

/// Records the events of the calling thread.
enum ThreadRecorder {
  typealias Thread = UnsafeMutablePointer<platform_thread>

  /// Records one event into the active buffer, which has room.
  ///
  /// A signal's handler may record in between: it takes the next place, and leaves it to the one that it
  /// interrupted to say that both are complete.
  @inline(__always)
  static func write(_ thread: Thread, _ record: Record) {
    let place = platform_take_place(&thread.pointee.writer.count)
    if place >= thread.pointee.writer.limit {
      // A handler has just taken the last one.
      thread.pointee.writer.count = place
      return writeSlowly(record)
    }
    let records = thread.pointee.writer.records.assumingMemoryBound(to: Record.self)
    let committed = thread.pointee.writer.committed!
    let isNested = committed.pointee != UInt64(place)
    records[Int(place)] = record
    if isNested { return }
    var complete: UInt32
    repeat {
      complete = thread.pointee.writer.count
      // Release: a reader that sees the new count, be it after the process's death, sees the record.
      platform_store(committed, UInt64(complete))
      platform_order_signals()
    } while complete != thread.pointee.writer.count
  }

  /// Whether a record is being written below.
  private static func isInterrupting(_ thread: Thread) -> Bool {
    guard thread.pointee.busy == 0 else { return true }
    return thread.pointee.buffer > 0
      && thread.pointee.writer.committed.pointee != UInt64(thread.pointee.writer.count)
  }

  private static func lose(_ thread: Thread, at time: UInt64) {
    if thread.pointee.lost == 0 {
      thread.pointee.lost_since = time
      thread.pointee.loss = TraceFile.claimLoss(of: thread.pointee.slot, at: time)
    }
    thread.pointee.lost &+= 1
    TraceFile.noteLoss(thread.pointee.loss, events: thread.pointee.lost, at: time)
    TraceFile.countLost(1)
  }

  /// Records an event of a thread whose buffer is full or that has none.
  @inline(never)
  static func writeSlowly(_ record: Record) {
    let thread = platform_this_thread()!
    let isOnClock = Recorder.state == .on
    if isInterrupting(thread) { return lose(thread, at: record.time) }
    guard Recorder.isReady() else { return }
    // A forked child's recording, and its clock, may have begun only now.
    let event = isOnClock ? record : record.now()
    thread.pointee.busy = 1
    defer { thread.pointee.busy = 0 }
    // A write to the file may be where a thread is cancelled.
    let mayBeCancelled = platform_defer_cancel()
    defer { platform_allow_cancel(mayBeCancelled) }
    guard thread.pointee.phase != endedPhase, replaceBuffer(thread, time: event.time) else {
      guard Recorder.state == .on else { return }  // stopped meanwhile: not a loss
      return lose(thread, at: event.time)
    }
    if thread.pointee.lost > 0 {
      let ticks = event.time &- thread.pointee.lost_since
      write(
        thread, event.at(CORONER_GAP, subject: thread.pointee.lost, object: ticks))
      TraceFile.endLoss(thread.pointee.loss)
      (thread.pointee.lost, thread.pointee.loss) = (0, 0)
    }
    write(thread, event)
  }

  /// Gives the thread an empty buffer; defines the thread if this is its first one.
  private static func replaceBuffer(_ thread: Thread, time: UInt64) -> Bool {
    let isNew = thread.pointee.slot == 0
    if isNew { define(thread) }
    // Who loses events must not keep others from emptying buffers.
    if thread.pointee.lost & 63 != 0, !BufferPool.mayHaveRoom { return false }
    platform_lock(Int32(PLATFORM_POOL))
    release(thread)
    let taken = BufferPool.take(
      CORONER_BUFFER_EVENTS, thread: thread.pointee.slot,
      firstIndex: thread.pointee.first_index, limit: BufferPool.limit,
      mayWait: thread.pointee.lost == 0)
    platform_unlock(Int32(PLATFORM_POOL))
    guard let buffer = taken else { return false }
    thread.pointee.buffer = buffer &+ 1
    thread.pointee.writer.records = BufferPool.records(of: buffer)
    let header = BufferPool.memory(of: buffer)
    // The field's own address: the pointer is into the mapping, not to a copy.
    thread.pointee.writer.committed = withUnsafeMutablePointer(to: &header.pointee.committed) { $0 }
    platform_tell_clock(&thread.pointee.writer)
    platform_order_signals()
    thread.pointee.writer.limit = UInt32(
      (Int(CORONER_BUFFER_SIZE) &- MemoryLayout<coroner_buffer>.size)
        / MemoryLayout<Record>.stride)
    if thread.pointee.first_index == 0 {
      let event = Record(timeKind: time << 8, subject: 0, object: 0, site: 0, value: 0)
      write(thread, event.at(CORONER_THREAD_START, subject: platform_thread_id(), object: 0))
    }
    return true
  }

  /// Takes the thread's buffer away from it: it is full. Gives up the lock meanwhile.
  private static func release(_ thread: Thread) {
    let buffer = thread.pointee.buffer &- 1
    thread.pointee.first_index &+= UInt64(thread.pointee.writer.count)
    thread.pointee.buffer = 0
    // In this order: for a signal's handler there must never be room in what is given away.
    thread.pointee.writer.limit = 0
    platform_order_signals()
    thread.pointee.writer.count = 0
    if buffer >= 0, BufferPool.isOpen { Drain.retire(buffer) }
  }

  private static func define(_ thread: Thread) {
    thread.pointee.slot = Recorder.nextSlot()
    platform_watch_thread_end()
    let tid = platform_thread_id()
    if tid == UInt64(platform_process_id()) {
      define(thread, name: Recorder.programName)
      return
    }
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16) { name in
      platform_thread_name(name.baseAddress)
      define(thread, name: UnsafePointer(name.baseAddress!))
    }
  }

  private static func define(_ thread: Thread, name: UnsafePointer<CChar>) {
    platform_lock(Int32(PLATFORM_DEFINITIONS))
    defer { platform_unlock(Int32(PLATFORM_DEFINITIONS)) }
    let length = cutUTF8(name, platform_length(name), limit: Int(CORONER_STRING_LIMIT))
    Definitions.defineThread(
      slot: thread.pointee.slot, tid: platform_thread_id(), name: name, length: length)
  }

  static func name(_ name: UnsafePointer<CChar>) {
    let thread = platform_this_thread()!
    guard thread.pointee.busy == 0, Recorder.isReady() else { return }
    thread.pointee.busy = 1
    defer { thread.pointee.busy = 0 }
    if thread.pointee.slot == 0 {
      thread.pointee.slot = Recorder.nextSlot()
      platform_watch_thread_end()
    }
    define(thread, name: name)
  }

  private static let endedPhase = UInt32.max
  /// Destructors of other thread-locals may still record; so wait until they have run. glibc makes four
  /// passes over them.
  private static let lastPhase: UInt32 = 2

  /// The thread ends: its last event, and its buffer back.
  static func endThread() {
    let thread = platform_this_thread()!
    if thread.pointee.phase < lastPhase {
      thread.pointee.phase &+= 1
      platform_watch_thread_end()
      return
    }
    guard Recorder.state == .on, thread.pointee.first_index > 0 || thread.pointee.writer.count > 0
    else {
      return
    }
    Record.emit(CORONER_THREAD_END, subject: platform_thread_id())
    platform_lock(Int32(PLATFORM_POOL))
    release(thread)
    platform_unlock(Int32(PLATFORM_POOL))
    thread.pointee.phase = endedPhase
  }

  /// In a forked child the thread begins anew.
  static func forget() { platform_this_thread()!.pointee = platform_thread() }
}

extension Record {
  /// The same event at the current time.
  func now() -> Record {
    Record(
      timeKind: platform_ticks() << 8 | timeKind & 0xff, subject: subject, object: object,
      site: site, value: value)
  }

  /// Another record of the same time.
  func at(_ kind: coroner_event_kind, subject: UInt64, object: UInt64) -> Record {
    Record(
      timeKind: time << 8 | UInt64(kind.rawValue), subject: subject, object: object, site: 0,
      value: 0)
  }

  /// Records one event of the calling thread, now.
  @inline(__always)
  static func emit(_ record: Record) {
    let thread = platform_this_thread()!
    if thread.pointee.writer.count != thread.pointee.writer.limit {
      ThreadRecorder.write(thread, record)
    } else {
      ThreadRecorder.writeSlowly(record)
    }
  }

  static func emit(_ kind: coroner_event_kind, subject: UInt64) {
    let time = platform_ticks() << 8
    emit(
      Record(
        timeKind: time | UInt64(kind.rawValue), subject: subject, object: 0, site: 0, value: 0))
  }
}

/// The bytes of a string that fit a limit without splitting a character.
func cutUTF8(_ text: UnsafePointer<CChar>, _ length: Int, limit: Int) -> Int {
  guard length > limit else { return length }
  var end = limit
  while end > 0, UInt8(bitPattern: text[end]) & 0xc0 == 0x80 { end &-= 1 }
  return end
}
