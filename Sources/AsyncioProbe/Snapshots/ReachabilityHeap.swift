import CPythonABI

/// All that the collector tracks, and what each object refers to, for the time of a snapshot.

/// What is known of an object. While references are counted, `word` is how many were found.
struct HeapNode {
  /// 0: the slot is free.
  var object: UInt
  var word: UInt32
  /// The last label whose walk came here.
  var label: UInt32
}

/// Bits of `word` when the counting is over; above them how many labels came here.
enum Mark {
  static let reached: UInt32 = 1
  /// Not looked through: it stands for somebody who may act.
  static let closed: UInt32 = 2
  static let subject: UInt32 = 4
  /// A timer can act on it.
  static let timed: UInt32 = 8
  static let labelOne: UInt32 = 1 << 8
  static let labelLimit: UInt32 = 64 << 8
}

typealias VisitFunction = @convention(c) (Raw?, Raw?) -> Int32
typealias TraverseFunction = @convention(c) (Raw?, VisitFunction?, Raw?) -> Int32
let traverseOffset = 184

nonisolated(unsafe) private(set) var heapObjects = Buffer<UInt>()
nonisolated(unsafe) private(set) var nodes: UnsafeMutablePointer<HeapNode>! = nil
nonisolated(unsafe) private(set) var nodeMask = 0
/// The addresses between which they lie.
nonisolated(unsafe) private var lowest = UInt.max
nonisolated(unsafe) private var highest: UInt = 0
nonisolated(unsafe) private var hasMemory = true

/// Lists all tracked objects; false if that is not possible, or takes too long.
func findHeap() -> Bool {
  heapObjects = Buffer()
  hasMemory = true
  lowest = .max
  highest = 0
  // Made here, it is the last of the youngest generation. It may set off a collection in 3.9 to 3.11:
  // no more than any object that the program makes.
  let fresh = minorVersion < 14 ? PyList_New(0) : nil
  defer { Py_DecRef(fresh) }
  let found = probe_each_tracked(fresh.map { Raw($0) }) { object in
    hasMemory = heapObjects.append(UInt(bitPattern: object))
    return hasMemory && !outOfTime()
  }
  guard found, hasMemory, !isLate else { return false }
  var capacity = 1024
  while capacity < heapObjects.count &* 2 { capacity &*= 2 }
  guard let memory = probe_map(capacity &* MemoryLayout<HeapNode>.stride) else { return false }
  nodes = memory.assumingMemoryBound(to: HeapNode.self)
  nodeMask = capacity &- 1
  for index in 0..<heapObjects.count {
    if outOfTime() { return false }
    let object = heapObjects[index]
    if object == UInt(bitPattern: fresh) { continue }
    lowest = min(lowest, object)
    highest = max(highest, object)
    var slot = home(object)
    while nodes[slot].object != 0 { slot = (slot &+ 1) & nodeMask }
    nodes[slot].object = object
  }
  return true
}

func forgetHeap() {
  heapObjects.free()
  if nodes != nil { probe_unmap(nodes, (nodeMask &+ 1) &* MemoryLayout<HeapNode>.stride) }
  nodes = nil
}

/// Neighbours in memory, which are often looked at together, are neighbours here.
@inline(__always) private func home(_ object: UInt) -> Int {
  let block = UInt64(object >> 16) &* 0x9E37_79B9_7F4A_7C15
  return (Int(bitPattern: object >> 4) &+ Int(truncatingIfNeeded: block >> 32)) & nodeMask
}

/// The slot of an object; -1 if it is not tracked.
@inline(__always) func node(_ object: Raw?) -> Int {
  let wanted = UInt(bitPattern: object)
  if wanted < lowest || wanted > highest { return -1 }
  var slot = home(wanted)
  while nodes[slot].object != wanted {
    if nodes[slot].object == 0 { return -1 }
    slot = (slot &+ 1) & nodeMask
  }
  return slot
}

@inline(__always) func heapObject(_ slot: Int) -> Raw { Raw(bitPattern: nodes[slot].object)! }

/// Calls `visit` with what an object refers to.
@inline(__always) func traverse(_ object: Raw, _ visit: VisitFunction) {
  guard let function = load(typeOf(object), traverseOffset) else { return }
  _ = unsafeBitCast(function, to: TraverseFunction.self)(object, visit, nil)
}

/// Counts a reference to an object that is tracked.
@inline(__always) func countReference(_ to: Raw?) {
  let slot = node(to)
  if slot >= 0 { nodes[slot].word &+= 1 }
}

let countVisit: VisitFunction = { found, _ in
  countReference(found)
  return 0
}

/// Whether an object has more references than were found: somebody who is not tracked holds it.
@inline(__always) func isHeldElsewhere(_ slot: Int) -> Bool {
  let object = heapObject(slot)
  // From 3.12 on the upper half may hold flags.
  let references =
    minorVersion >= 12 ? Int(object.load(as: UInt32.self)) : object.load(as: Int.self)
  return references > Int(nodes[slot].word)
}
