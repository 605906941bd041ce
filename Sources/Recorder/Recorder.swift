import CPlatform
import TraceABI

/// The recording of this process: whether there is one, how it begins and ends.
enum Recorder {
  /// What calls that record or define have to do.
  enum State: UInt32 {
    case off = 0
    case on = 1
    /// In a forked child that has not recorded yet: its own trace begins with its first event, so that
    /// children which only call exec leave no file behind.
    case forked = 2
  }
  nonisolated(unsafe) private static var stateWord: UInt32 = 0
  nonisolated(unsafe) private static var wasStarted = false
  nonisolated(unsafe) private static var isRegistered = false
  nonisolated(unsafe) private static var template: UnsafePointer<CChar>?
  nonisolated(unsafe) private static var program: UnsafeMutablePointer<CChar>?
  nonisolated(unsafe) private static var path: UnsafeMutablePointer<CChar>?
  nonisolated(unsafe) private static var pathNamesProcess = false
  /// Bytes; 0: none.
  nonisolated(unsafe) private static var limit: UInt64 = 0
  nonisolated(unsafe) private static var lastSlot: UInt64 = 0
  /// How many callers want the drain thread to rest. Guarded by PLATFORM_START.
  nonisolated(unsafe) private static var rests = 0

  static var state: State { State(rawValue: platform_load32(&stateWord)) ?? .off }
  private static func setState(_ state: State) { platform_store32(&stateWord, state.rawValue) }

  /// Whether events can be recorded; begins a forked child's trace if that is due.
  static func isReady() -> Bool {
    switch state {
    case .off: return false
    case .on: return true
    case .forked:
      platform_lock(Int32(PLATFORM_START))
      defer { platform_unlock(Int32(PLATFORM_START)) }
      if state == .forked, !open(quietly: true) { setState(.off) }
      return state == .on
    }
  }

  static var programName: UnsafePointer<CChar> {
    program.map { UnsafePointer($0) } ?? platform_program_name()
  }

  static func nextSlot() -> UInt32 { UInt32(truncatingIfNeeded: platform_add(&lastSlot, 1) &+ 1) }

  static func start(program name: UnsafePointer<CChar>?) -> Bool {
    platform_lock(Int32(PLATFORM_START))
    defer { platform_unlock(Int32(PLATFORM_START)) }
    if wasStarted { return state != .off }
    wasStarted = true
    guard let settings = Settings.read() else { return false }
    guard keep(settings, program: name ?? platform_program_name()) else {
      complain("not recording: no memory")
      return false
    }
    return open(quietly: false)
  }

  /// Copies what the environment and the caller may change later.
  private static func keep(_ settings: Settings, program name: UnsafePointer<CChar>) -> Bool {
    let size = platform_length(settings.template) &+ 1
    guard let memory = platform_reserve(size &+ 256 &+ TracePath.capacity) else { return false }
    platform_copy(memory, settings.template, size)
    limit = settings.limit
    template = UnsafePointer(memory.bindMemory(to: CChar.self, capacity: size))
    program = (memory + size).bindMemory(to: CChar.self, capacity: 256)
    platform_copy(program!, name, min(platform_length(name), 255))
    path = (memory + size + 256).bindMemory(to: CChar.self, capacity: TracePath.capacity)
    return true
  }

  /// Begins a trace. Whether that worked; says why not unless it is to be quiet.
  private static func open(quietly: Bool) -> Bool {
    guard let template, let program, let path,
      let namesProcess = TracePath.expand(
        template, program: program, process: platform_process_id(), into: path)
    else {
      if !quietly { complain("not recording: the path in CORONER_TRACE is too long") }
      return false
    }
    pathNamesProcess = namesProcess
    platform_start_clock()
    var owner: UInt32 = 0
    let error = TraceFile.open(path, program: program, owner: &owner)
    guard error == 0 else {
      // A child that inherited the setting must not complain about its parent's trace.
      if !quietly, owner == 0 || !platform_is_ancestor(owner) { refuse(error) }
      return false
    }
    let buffers = limit > 0 ? Ring.bufferLimit(limit) : BufferPool.mostBuffers
    guard SectionEncoder.start(), Definitions.start(), Ring.start(limit: limit),
      BufferPool.start(limit: buffers)
    else {
      if !quietly { complain("not recording: no space for ", path) }
      TraceFile.abandon()
      return false
    }
    if !isRegistered {
      isRegistered = true
      platform_start_once(
        { ThreadRecorder.endThread() }, { Recorder.stop() }, { Recorder.continueInChild() })
      platform_survive_cuts()
    }
    Definitions.restart()
    let failure = DrainThread.start()
    guard failure == 0 else {
      if !quietly { complain("not recording: no thread can be started", error: failure) }
      BufferPool.abandon()
      TraceFile.abandon()
      return false
    }
    setState(.on)
    return true
  }

  private static func refuse(_ error: Int32) {
    switch error {
    case busy:
      complain(
        "not recording: ", path, " belongs to a process that records; use %p in CORONER_TRACE")
    case notRegular: complain("not recording: ", path, " is not a regular file")
    case tooManyLinks: complain("not recording: ", path, " is a symbolic link")
    default: complain("not recording: cannot write ", path, error: error)
    }
  }
  private static var busy: Int32 { 16 }  // EBUSY
  private static var notRegular: Int32 { 22 }  // EINVAL, from platform_open_trace
  private static var tooManyLinks: Int32 { 40 }  // ELOOP: what O_NOFOLLOW answers

  static func rest() {
    platform_lock(Int32(PLATFORM_START))
    defer { platform_unlock(Int32(PLATFORM_START)) }
    rests &+= 1
    if rests == 1, state == .on { _ = DrainThread.stop() }
  }

  static func goOn() {
    platform_lock(Int32(PLATFORM_START))
    defer { platform_unlock(Int32(PLATFORM_START)) }
    guard rests > 0 else { return }
    rests &-= 1
    // Without it, what is full waits for the end, and what does not fit is counted.
    if rests == 0, state == .on { _ = DrainThread.start() }
  }

  static func stop() {
    platform_lock(Int32(PLATFORM_START))
    defer { platform_unlock(Int32(PLATFORM_START)) }
    guard state == .on else {
      setState(.off)
      return
    }
    setState(.off)
    // A thread that waits for a disk is left to that: what is not in a section is in the hot ones.
    guard DrainThread.stop() else { return }
    TraceFile.noteTime()
    platform_lock(Int32(PLATFORM_POOL))
    let isComplete = DrainThread.drainRest()
    BufferPool.isOpen = false
    guard let isComplete else { return platform_unlock(Int32(PLATFORM_POOL)) }
    BufferPool.detach()
    Window.detach()
    platform_unlock(Int32(PLATFORM_POOL))
    // If the disk is full, what could not be written stays where it is: in the hot sections.
    if isComplete { BufferPool.finishFile() }
    TraceFile.close()
  }

  /// The file is gone: there is nothing that could be read some day. For the drain thread, which ends then;
  /// with the lock PLATFORM_POOL.
  static func giveUp() {
    setState(.off)
    BufferPool.isOpen = false
    BufferPool.detach()
    Window.detach()
  }

  /// In a forked child: nothing of the parent's trace may be touched again.
  private static func continueInChild() {
    guard state != .forked else { return }
    let isRecorded = state == .on
    BufferPool.abandon()
    TraceFile.abandon()
    DrainThread.abandon()
    Drain.forget()
    ThreadRecorder.forget()
    lastSlot = 0
    rests = 0
    setState(isRecorded && pathNamesProcess ? .forked : .off)
  }
}
