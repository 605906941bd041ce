import CPythonABI

/// Who can reach what is waited for.
///
/// An object with more references than are found in tracked objects is held by something that acts: a
/// running frame, C code, a module; so is a callback that native code has the address of. These are the roots, and what can be reached from them anybody may
/// act on. Those that wait are not looked through on the way: a task whose future is not done, a thread
/// that waits for ever. Nor are registered descriptors and timers. Each of them is followed on its own,
/// through what the roots do not reach, and is listed for everything that it leads to.
enum Reachability {
  /// One that may act once it goes on.
  struct Party {
    var kind: coroner_referrer
    /// What stands for it in the trace.
    var number: UInt64
    /// A task, a SelectorKey, a TimerHandle; for a thread its state.
    var object: Raw
    /// The next one with the same label, -1 if there is none.
    var next: Int32
  }

  /// Something that somebody waits for.
  struct Subject {
    var slot: Int
    /// For a socket or file: its descriptor in `descriptorBit`'s numbers, if it is the other end of one that a
    /// loop watches. Else 0.
    var descriptor: UInt64
    /// The label of those that wait for it themselves.
    var own: UInt32
    var links: Int32
    var count: Int32
  }

  struct Link {
    var label: UInt32
    var next: Int32
  }

  /// Parties share a label if they wait for the same thing: none of them can go on before the others may.
  nonisolated(unsafe) static var parties = Buffer<Party>()
  nonisolated(unsafe) static var firstOfLabel = Buffer<Int32>()
  nonisolated(unsafe) static var labelOfAddress = AddressMap()
  nonisolated(unsafe) static var subjects = Buffer<Subject>()
  nonisolated(unsafe) static var subjectOfSlot = AddressMap()
  nonisolated(unsafe) static var links = Buffer<Link>()
  nonisolated(unsafe) static var pending = Buffer<Int>()
  nonisolated(unsafe) static var actors = Buffer<Int>()
  /// Slots of sockets and files by descriptor + 1; -1 for a descriptor that several have.
  nonisolated(unsafe) static var fileOfDescriptor = AddressMap()
  nonisolated(unsafe) static var watchedDescriptors = AddressMap()
  /// The label whose walk goes on, and whether it is that of a timer.
  nonisolated(unsafe) static var current: UInt32 = 0
  nonisolated(unsafe) static var currentIsTimer = false
  nonisolated(unsafe) static var ranOut = false

  /// More parties than this are not listed for one thing: it counts as reachable by anybody.
  static let listLimit = 256

  /// Records who can reach what the tasks and threads wait for; false if there was no time or memory, or no
  /// way to find the objects. Sets `looked` to how many objects there were.
  static func recordReferrers(_ threads: StandingThreads, looked: inout UInt64) -> Bool {
    defer { forgetAll() }
    guard hasSnapshotTypes, findHeap() else { return false }
    looked = UInt64(heapObjects.count)
    forgetKinds()
    firstOfLabel.removeAll()
    guard firstOfLabel.append(-1) else { return false }
    for index in 0..<heapObjects.count {
      if outOfTime() { return false }
      traverse(Raw(bitPattern: heapObjects[index])!, countVisit)
    }
    threads.eachPartyFrame { _, frame in eachReference(of: frame) { countReference($0) } }
    threads.eachPassedArgument { countReference($0) }
    var hasNative = false
    // Which objects somebody else holds, before the counts make room for marks.
    for slot in 0...nodeMask where nodes[slot].object != 0 {
      if outOfTime() { return false }
      let isNative = kind(of: typeOf(heapObject(slot))) == .native
      let isRoot = isHeldElsewhere(slot) || isNative
      nodes[slot].word = 0
      if isRoot { reach(slot) }
      hasNative = hasNative || isNative
    }
    // Native code may call as a signal does: at any time, from outside of all that was looked at.
    if hasNative { record(CORONER_SIGNAL_HANDLER, 0, value: 1) }
    findGreenlets()
    findParties(threads)
    if ranOut || isLate { return false }
    for index in 0..<actors.count { reach(actors[index]) }
    while let slot = pending.popLast() {
      if outOfTime() || ranOut { return false }
      if nodes[slot].word & Mark.closed == 0 { look(through: slot, rootVisit) }
    }
    for label in 1..<max(1, firstOfLabel.count) where !follow(UInt32(label), threads) {
      return false
    }
    return emit()
  }

  private static func forgetAll() {
    parties.free()
    firstOfLabel.free()
    labelOfAddress.free()
    subjects.free()
    subjectOfSlot.free()
    fileOfDescriptor.free()
    watchedDescriptors.free()
    links.free()
    pending.free()
    actors.free()
    forgetHeap()
    ranOut = false
  }
}
