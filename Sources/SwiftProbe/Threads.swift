import CSwiftRuntime

/// All threads of the program, as they stand.
struct Threads {
  private static let limit = 512
  let stands: Scratch<probe_stand>
  let count: Int
  private(set) var turns: UInt64 = 0

  /// Nothing if one of them runs, or waits where it is not known with what.
  init?() {
    guard let stands = Scratch<probe_stand>(capacity: Self.limit) else { return nil }
    count = probe_stands(stands.base, Self.limit)
    self.stands = stands
    for index in 0..<count { turns &+= stands[index].turns }
    guard count > 0 else {
      free()
      return nil
    }
  }

  func free() { stands.free() }

  func leaveOutDoneWork(_ graph: inout HeapGraph) {
    for index in 0..<count where stands[index].done_work != 0 {
      var head: UInt = 0
      if probe_peek(stands[index].done_work, &head, MemoryLayout<UInt>.size), head != 0 {
        graph.leaveOutDoneWork(head)
      }
    }
  }

  /// Whether none of them has run since.
  var haveStood: Bool {
    guard let now = Threads() else { return false }
    defer { now.free() }
    guard now.count == count else { return false }
    for index in 0..<count
    where now.stands[index].tid != stands[index].tid
      || now.stands[index].turns != stands[index].turns
      || now.stands[index].stack != stands[index].stack
    { return false }
    return true
  }
}
