import CPythonABI

/// What goes into the trace.
extension Reachability {
  static func emit() -> Bool {
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

  static func emit(_ subject: Subject, _ number: UInt64) {
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
  private static func referrers(_ subject: Subject, _ body: (Party) -> Void) -> Int {
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

  private static func isTimed(_ party: Party) -> Bool {
    guard party.kind == CORONER_REFERRER_TASK else { return false }
    let slot = node(party.object)
    return slot >= 0 && nodes[slot].word & Mark.timed != 0
  }
}
