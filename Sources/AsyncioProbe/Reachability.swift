import CPythonABI

/// Who can reach what is waited for.
///
/// An object with more references than are found in tracked objects is held by something that acts: a
/// running frame, C code, a module. These are the roots, and what can be reached from them anybody may
/// act on. Those that wait are not looked through on the way: a task whose future is not done, a thread
/// that waits for ever. Nor are registered descriptors and timers. Each of them is followed on its own,
/// through what the roots do not reach, and is listed for everything that it leads to.

/// One that may act once it goes on.
private struct Party {
  var kind: coroner_referrer
  /// What stands for it in the trace.
  var number: UInt64
  /// A task, a SelectorKey, a TimerHandle; for a thread its state.
  var object: Raw
  /// The next one with the same label, -1 if there is none.
  var next: Int32
}

/// Something that somebody waits for.
private struct Subject {
  var slot: Int
  /// For a socket or file: its descriptor in `descriptorBit`'s numbers, if it is the other end of one that a
  /// loop watches. Else 0.
  var descriptor: UInt64
  /// The label of those that wait for it themselves.
  var own: UInt32
  var links: Int32
  var count: Int32
}

private struct Link {
  var label: UInt32
  var next: Int32
}

/// Parties share a label if they wait for the same thing: none of them can go on before the others may.
nonisolated(unsafe) private var parties = Buffer<Party>()
nonisolated(unsafe) private var firstOfLabel = Buffer<Int32>()
nonisolated(unsafe) private var labelOfAddress = AddressMap()
nonisolated(unsafe) private var subjects = Buffer<Subject>()
nonisolated(unsafe) private var subjectOfSlot = AddressMap()
nonisolated(unsafe) private var links = Buffer<Link>()
nonisolated(unsafe) private var pending = Buffer<Int>()
nonisolated(unsafe) private var actors = Buffer<Int>()
/// The label whose walk goes on, and whether it is that of a timer.
nonisolated(unsafe) private var current: UInt32 = 0
nonisolated(unsafe) private var currentIsTimer = false
nonisolated(unsafe) private var ranOut = false

/// More parties than this are not listed for one thing: it counts as reachable by anybody.
private let listLimit = 256

/// Records who can reach what the tasks and threads wait for; false if there was no time or memory, or no
/// way to find the objects. Sets `looked` to how many objects there were.
func recordReferrers(_ threads: StandingThreads, looked: inout UInt64) -> Bool {
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
  // Which objects somebody else holds, before the counts make room for marks.
  for slot in 0...nodeMask where nodes[slot].object != 0 {
    if outOfTime() { return false }
    let isRoot = isHeldElsewhere(slot)
    nodes[slot].word = 0
    if isRoot { reach(slot) }
  }
  findGreenlets()
  findParties(threads)
  if ranOut || isLate { return false }
  for index in 0..<actors.count { reach(actors[index]) }
  while let slot = pending.popLast() {
    if outOfTime() || ranOut { return false }
    if nodes[slot].word & Mark.closed == 0 { look(through: slot, rootVisit) }
  }
  for label in 1..<max(1, firstOfLabel.count) where !follow(UInt32(label), threads) { return false }
  return emit()
}

private func forgetAll() {
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

// MARK: Who waits

private func findParties(_ threads: StandingThreads) {
  threads.eachPartyFrame { _, frame in eachKeeper(of: frame) { close($0) } }
  for index in 0..<heapObjects.count {
    if outOfTime() || ranOut { return }
    let object = Raw(bitPattern: heapObjects[index])!
    switch kind(of: typeOf(object)) {
    case .task: findTask(object)
    case .timer:
      if isArmed(object) { addParty(CORONER_REFERRER_TIMER, address(object), object, label: 0) }
    case .key:
      if let descriptor = descriptor(ofKey: object) {
        addParty(CORONER_REFERRER_DESCRIPTOR, descriptor, object, label: 0)
        if watchedDescriptors.find(descriptor + 1) == nil {
          ranOut = !watchedDescriptors.insert(descriptor + 1, 0) || ranOut
        }
      }
    case .loop: closeRegistry(of: object)
    case .file: findFile(object)
    case .future, .weak, .server, .other: break
    }
  }
  findPeers()
  findWaitingChildren()
  for index in 0..<threads.list.count {
    let thread = threads.list[index]
    if thread.serving >= 0, let slot = fileOfDescriptor.find(UInt64(thread.serving) + 1), slot >= 0
    {
      addSubject(slot, ofDescriptor: UInt64(thread.serving))
    }
    let waits = thread.role == .waits
    if thread.role == .acts { continue }
    let label = waits ? labelOf(thread.resource) : 0
    addParty(CORONER_REFERRER_THREAD, thread.tid, thread.state, label: label, isObject: false)
    if waits { addSubject(thread.resource, own: label) }
    if let arguments = thread.arguments.0 { close(arguments) }
    if let keywords = thread.arguments.1 { close(keywords) }
  }
}

private func findTask(_ task: Raw) {
  guard let stand = stand(of: task) else { return }
  let slot = node(task)
  if slot < 0 { return }
  if let coroutine = coroutine(of: task) {
    recordWholeStack(task, coroutine)
    recordUnhandled(task, coroutine)
  }
  guard let future = stand.future else {
    // It acts as soon as its turn comes, unless it does already: then its frames are those of a thread.
    if let coroutine = coroutine(of: task), isRunning(coroutine) {
      // One that runs on a thread that waits is a part of that.
      if isClosed(coroutine) { close(task) }
    } else {
      ranOut = !actors.append(slot) || ranOut
    }
    return
  }
  let resource = node(Raw(bitPattern: UInt(stand.resource))) < 0 ? 0 : stand.resource
  let label = labelOf(resource != 0 ? resource : address(future))
  addParty(CORONER_REFERRER_TASK, address(task), task, label: label)
  eachOwned(by: task) { close($0) }
  if kind(of: typeOf(future)) != .task { addSubject(address(future), own: label) }
  if resource != 0 { addSubject(resource, own: label) }
}

/// A task, and what its coroutine consists of: nobody else acts through these.
private func eachOwned(by task: Raw, _ body: (Raw) -> Void) {
  body(task)
  if let coroutine = coroutine(of: task) { eachAwaited(coroutine, body) }
}

/// From now on an object is not looked through.
private func close(_ object: Raw) {
  let slot = node(object)
  if slot >= 0 { nodes[slot].word |= Mark.closed }
}

private func isClosed(_ object: Raw) -> Bool {
  let slot = node(object)
  return slot >= 0 && nodes[slot].word & Mark.closed != 0
}

/// What a loop keeps of its transports says whose a descriptor is; it calls none of them.
private func closeRegistry(of loop: Raw) {
  guard let registry = plainAttribute(loop, transportsName) else { return }
  close(Raw(registry))
  Py_DecRef(registry)
}

private func labelOf(_ address: UInt64) -> UInt32 {
  if let known = labelOfAddress.find(address) { return UInt32(known) }
  let label = newLabel()
  ranOut = !labelOfAddress.insert(address, Int(label)) || ranOut
  return label
}

private func newLabel() -> UInt32 {
  ranOut = !firstOfLabel.append(-1) || ranOut
  return UInt32(max(firstOfLabel.count &- 1, 0))
}

/// `label` 0: one of its own.
private func addParty(
  _ kind: coroner_referrer, _ number: UInt64, _ object: Raw, label: UInt32, isObject: Bool = true
) {
  let label = label == 0 ? newLabel() : label
  if ranOut { return }
  let party = Party(kind: kind, number: number, object: object, next: firstOfLabel[Int(label)])
  ranOut = !parties.append(party)
  firstOfLabel[Int(label)] = Int32(truncatingIfNeeded: parties.count &- 1)
  if isObject { close(object) }
}

private func addSubject(_ number: UInt64, own: UInt32) {
  let slot = node(Raw(bitPattern: UInt(number)))
  guard slot >= 0, subjectOfSlot.find(UInt64(slot) &+ 1) == nil else { return }
  ranOut =
    !subjectOfSlot.insert(UInt64(slot) &+ 1, subjects.count)
    || !subjects.append(Subject(slot: slot, descriptor: 0, own: own, links: -1, count: 0)) || ranOut
  nodes[slot].word |= Mark.subject
}

// MARK: Ends of connections

/// Mark numbers of descriptors and of processes where other things are meant by their addresses.
let descriptorBit: UInt64 = 1 << 63
let processBit: UInt64 = 1 << 62
/// Slots of sockets and files by descriptor + 1; -1 for a descriptor that several have.
nonisolated(unsafe) private var fileOfDescriptor = AddressMap()
nonisolated(unsafe) private var watchedDescriptors = AddressMap()

private func findFile(_ file: Raw) {
  let descriptor = descriptor(ofFile: file)
  let slot = node(file)
  if descriptor < 0 || slot < 0 { return }
  let key = UInt64(descriptor) + 1
  if fileOfDescriptor.find(key) != nil {
    fileOfDescriptor.replace(key, -1)
  } else if !fileOfDescriptor.insert(key, slot) {
    ranOut = true
  }
}

/// Records which watched descriptors have their other end in this process. Who can make them ready is who
/// can reach that end.
private func findPeers() {
  if watchedDescriptors.isEmpty { return }
  probe_each_pair { descriptor, other in
    guard watchedDescriptors.find(UInt64(descriptor) + 1) != nil,
      let slot = fileOfDescriptor.find(UInt64(other) + 1), slot >= 0
    else { return }
    record(CORONER_IO_PEER, UInt64(descriptor), UInt64(other))
    addSubject(slot, ofDescriptor: UInt64(other))
  }
}

private func addSubject(_ slot: Int, ofDescriptor descriptor: UInt64) {
  addSubject(address(heapObject(slot)), own: 0)
  if let index = subjectOfSlot.find(UInt64(slot) + 1) {
    subjects[index].descriptor = descriptorBit | descriptor
  }
}

/// Records which child processes wait for something that this process may do with a descriptor. Who can do
/// it is who can reach the file that has it.
private func findWaitingChildren() {
  probe_each_child_wait { process, descriptor, link in
    record(CORONER_PROCESS_WAIT, UInt64(process), UInt64(descriptor), value: link)
    if link == CORONER_PROCESS_ALONE.rawValue { return }
    recordName(ofProcess: process)
    if let slot = fileOfDescriptor.find(UInt64(descriptor) + 1), slot >= 0 {
      addSubject(slot, ofDescriptor: UInt64(descriptor))
    }
  }
}

private func recordName(ofProcess process: Int32) {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { text in
    guard probe_command(Int(process), text.baseAddress, text.count) else { return }
    let name = probe_define_string(text.baseAddress, strlen(text.baseAddress!))
    record(CORONER_NAME, processBit | UInt64(process), value: name)
  }
}

// MARK: Walks

private func reach(_ slot: Int) {
  if nodes[slot].word & Mark.reached != 0 { return }
  nodes[slot].word |= Mark.reached
  if !pending.append(slot) { ranOut = true }
}

private let rootVisit: VisitFunction = { found, _ in
  let slot = node(found)
  if slot >= 0 { reach(slot) }
  return 0
}

private let labelVisit: VisitFunction = { found, _ in
  let slot = node(found)
  if slot >= 0 { stamp(slot) }
  return 0
}

private func look(through slot: Int, _ visit: VisitFunction) {
  let object = heapObject(slot)
  traverse(object, visit)
  if kind(of: typeOf(object)) == .weak, let referent = load(object, Offset.firstField),
    node(referent) >= 0, kind(of: typeOf(referent)) != .task
  {
    _ = visit(referent, nil)
  }
}

/// The walk of the current label comes to an object.
private func stamp(_ slot: Int) {
  if nodes[slot].label == current { return }
  nodes[slot].label = current
  var word = nodes[slot].word
  if word & Mark.reached != 0, word & Mark.closed == 0 { return }
  if word & Mark.subject != 0 { note(slot) }
  if word & Mark.closed != 0 {
    if currentIsTimer { nodes[slot].word |= Mark.timed }
    return
  }
  // What so many lead to already, so many lead on from.
  if word >= Mark.labelLimit { return }
  word &+= Mark.labelOne
  nodes[slot].word = word
  if !pending.append(slot) { ranOut = true }
}

private func note(_ slot: Int) {
  guard let index = subjectOfSlot.find(UInt64(slot) &+ 1) else { return }
  var subject = subjects[index]
  if !links.append(Link(label: current, next: subject.links)) { ranOut = true }
  subject.links = Int32(truncatingIfNeeded: links.count &- 1)
  subject.count &+= 1
  subjects[index] = subject
}

/// Follows all parties of a label; false if there is no time or memory.
private func follow(_ label: UInt32, _ threads: StandingThreads) -> Bool {
  current = label
  var index = firstOfLabel[Int(label)]
  while index >= 0 {
    let party = parties[Int(index)]
    index = party.next
    currentIsTimer = party.kind == CORONER_REFERRER_TIMER
    switch party.kind {
    case CORONER_REFERRER_TASK: eachOwned(by: party.object) { traverse($0, labelVisit) }
    case CORONER_REFERRER_THREAD: follow(thread: party.object, threads)
    case CORONER_REFERRER_TIMER: follow(timer: party.object)
    default: traverse(party.object, labelVisit)
    }
    while let slot = pending.popLast() {
      if outOfTime() || ranOut { return false }
      // A listening socket's server knows its connections, to close them all; accepting does not.
      if party.kind == CORONER_REFERRER_DESCRIPTOR,
        kind(of: typeOf(heapObject(slot))) == .server
      {
        continue
      }
      look(through: slot, labelVisit)
    }
    if outOfTime() { return false }
  }
  return true
}

private func follow(thread state: Raw, _ threads: StandingThreads) {
  threads.eachPartyFrame { other, frame in
    if other == state { eachReference(of: frame) { _ = labelVisit($0, nil) } }
  }
  for index in 0..<threads.list.count where threads.list[index].state == state {
    if let arguments = threads.list[index].arguments.0 { traverse(arguments, labelVisit) }
    if let keywords = threads.list[index].arguments.1 { traverse(keywords, labelVisit) }
  }
}

/// A sleep's timer does nothing but resolve the sleep's future.
private func follow(timer: Raw) {
  guard let callback = plainAttribute(timer, callbackName) else { return }
  defer { Py_DecRef(callback) }
  guard let arguments = plainAttribute(timer, argumentsName) else { return }
  defer { Py_DecRef(arguments) }
  if Raw(callback) == setResultFunction { return traverse(Raw(arguments), labelVisit) }
  if let function = function(aloneIn: Raw(callback), asking: false) {
    _ = labelVisit(function, nil)
    traverse(Raw(arguments), labelVisit)
  } else {
    traverse(timer, labelVisit)
  }
  // Also through what the roots reach.
  _ = AsyncioProbe.reach(Raw(callback), Raw(arguments), asking: false) { number in
    let slot = node(Raw(bitPattern: UInt(number)))
    if slot >= 0 { nodes[slot].word |= Mark.timed }
  }
}

// MARK: Recording

private func emit() -> Bool {
  for index in 0..<subjects.count {
    if outOfTime() { return false }
    let subject = subjects[index]
    if subject.own != 0 { emit(subject, address(heapObject(subject.slot))) }
    if subject.descriptor == 0 { continue }
    var end = subject
    end.own = 0
    emit(end, subject.descriptor)
  }
  return true
}

private func emit(_ subject: Subject, _ number: UInt64) {
  let count = referrers(subject) { _ in }
  if nodes[subject.slot].word & Mark.reached != 0 || subject.count >= 64 || count > listLimit {
    record(CORONER_REFERRER, number, 0, value: CORONER_REFERRER_ROOT.rawValue)
    record(CORONER_REFERRERS, number, 1)
    return
  }
  _ = referrers(subject) { party in
    record(CORONER_REFERRER, number, party.number, value: party.kind.rawValue)
  }
  record(CORONER_REFERRERS, number, UInt64(count))
}

/// Calls `body` with those that can reach a subject; returns how many there are. Who waits for it is none
/// of them, unless there are several and a timer may make it go on before.
private func referrers(_ subject: Subject, _ body: (Party) -> Void) -> Int {
  var count = 0
  var link = subject.links
  while link >= 0 {
    let label = links[Int(link)].label
    link = links[Int(link)].next
    let first = firstOfLabel[Int(label)]
    let isAlone = first >= 0 && parties[Int(first)].next < 0
    var index = first
    while index >= 0 {
      let party = parties[Int(index)]
      index = party.next
      if label == subject.own, isAlone || !isTimed(party) { continue }
      count &+= 1
      if count > listLimit { return count }
      body(party)
    }
  }
  return count
}

private func isTimed(_ party: Party) -> Bool {
  guard party.kind == CORONER_REFERRER_TASK else { return false }
  let slot = node(party.object)
  return slot >= 0 && nodes[slot].word & Mark.timed != 0
}
