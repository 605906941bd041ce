import CPythonABI

/// Who waits, and for what.
extension Reachability {
  static func findParties(_ threads: StandingThreads) {
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
      case .future, .weak, .server, .native, .other: break
      }
    }
    findPeers()
    findWaitingChildren()
    for index in 0..<threads.list.count {
      let thread = threads.list[index]
      if thread.serving >= 0, let slot = fileOfDescriptor.find(UInt64(thread.serving) + 1),
        slot >= 0
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

  private static func findTask(_ task: Raw) {
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
  static func eachOwned(by task: Raw, _ body: (Raw) -> Void) {
    body(task)
    if let coroutine = coroutine(of: task) { eachAwaited(coroutine, body) }
  }

  /// From now on an object is not looked through.
  private static func close(_ object: Raw) {
    let slot = node(object)
    if slot >= 0 { nodes[slot].word |= Mark.closed }
  }

  private static func isClosed(_ object: Raw) -> Bool {
    let slot = node(object)
    return slot >= 0 && nodes[slot].word & Mark.closed != 0
  }

  /// What a loop keeps of its transports says whose a descriptor is; it calls none of them.
  private static func closeRegistry(of loop: Raw) {
    guard let registry = plainAttribute(loop, transportsName) else { return }
    close(Raw(registry))
    Py_DecRef(registry)
  }

  private static func labelOf(_ address: UInt64) -> UInt32 {
    if let known = labelOfAddress.find(address) { return UInt32(known) }
    let label = newLabel()
    ranOut = !labelOfAddress.insert(address, Int(label)) || ranOut
    return label
  }

  private static func newLabel() -> UInt32 {
    ranOut = !firstOfLabel.append(-1) || ranOut
    return UInt32(max(firstOfLabel.count &- 1, 0))
  }

  /// `label` 0: one of its own.
  private static func addParty(
    _ kind: coroner_referrer, _ number: UInt64, _ object: Raw, label: UInt32, isObject: Bool = true
  ) {
    let label = label == 0 ? newLabel() : label
    if ranOut { return }
    let party = Party(kind: kind, number: number, object: object, next: firstOfLabel[Int(label)])
    ranOut = !parties.append(party)
    firstOfLabel[Int(label)] = Int32(truncatingIfNeeded: parties.count &- 1)
    if isObject { close(object) }
  }

  static func addSubject(_ number: UInt64, own: UInt32) {
    let slot = node(Raw(bitPattern: UInt(number)))
    guard slot >= 0, subjectOfSlot.find(UInt64(slot) &+ 1) == nil else { return }
    ranOut =
      !subjectOfSlot.insert(UInt64(slot) &+ 1, subjects.count)
      || !subjects.append(Subject(slot: slot, descriptor: 0, own: own, links: -1, count: 0))
      || ranOut
    nodes[slot].word |= Mark.subject
  }
}
