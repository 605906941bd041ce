import CPythonABI

let rootVisit: VisitFunction = { found, _ in
  let slot = node(found)
  if slot >= 0 { Reachability.reach(slot) }
  return 0
}

private let labelVisit: VisitFunction = { found, _ in
  let slot = node(found)
  if slot >= 0 { Reachability.stamp(slot) }
  return 0
}

/// What the roots, and each party, lead to.
extension Reachability {
  static func reach(_ slot: Int) {
    if nodes[slot].word & Mark.reached != 0 { return }
    nodes[slot].word |= Mark.reached
    if !pending.append(slot) { ranOut = true }
  }

  static func look(through slot: Int, _ visit: VisitFunction) {
    let object = heapObject(slot)
    traverse(object, visit)
    if kind(of: typeOf(object)) == .weak, let referent = load(object, Offset.firstField),
      node(referent) >= 0, kind(of: typeOf(referent)) != .task
    {
      _ = visit(referent, nil)
    }
  }

  /// The walk of the current label comes to an object.
  static func stamp(_ slot: Int) {
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

  private static func note(_ slot: Int) {
    guard let index = subjectOfSlot.find(UInt64(slot) &+ 1) else { return }
    var subject = subjects[index]
    if !links.append(Link(label: current, next: subject.links)) { ranOut = true }
    subject.links = Int32(truncatingIfNeeded: links.count &- 1)
    subject.count &+= 1
    subjects[index] = subject
  }

  /// Follows all parties of a label; false if there is no time or memory.
  static func follow(_ label: UInt32, _ threads: StandingThreads) -> Bool {
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
        if party.kind == CORONER_REFERRER_DESCRIPTOR,
          kind(of: typeOf(heapObject(slot))) == .server
        {
          follow(serverOf: party, heapObject(slot))
          continue
        }
        look(through: slot, labelVisit)
      }
      if outOfTime() { return false }
    }
    return true
  }

  /// A server knows its connections, to close them all. Nothing that comes to its listening socket does so, and the
  /// end of a connection does no more than to go on with those that wait for the end of the last one.
  private static func follow(serverOf descriptor: Party, _ server: Raw) {
    if probe_is_listening(Int32(truncatingIfNeeded: descriptor.number)) { return }
    guard let waiters = plainAttribute(server, serverWaitersName) else { return }
    _ = labelVisit(Raw(waiters), nil)
    Py_DecRef(waiters)
  }

  static func follow(thread state: Raw, _ threads: StandingThreads) {
    threads.eachPartyFrame { other, frame in
      if other == state { eachReference(of: frame) { _ = labelVisit($0, nil) } }
    }
    for index in 0..<threads.list.count where threads.list[index].state == state {
      if let arguments = threads.list[index].arguments.0 { traverse(arguments, labelVisit) }
      if let keywords = threads.list[index].arguments.1 { traverse(keywords, labelVisit) }
    }
  }

  /// A sleep's timer does nothing but resolve the sleep's future.
  static func follow(timer: Raw) {
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
}
