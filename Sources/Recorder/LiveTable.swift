import CPlatform

/// What numbers in events are numbers of. Equal numbers of different spaces are different things.
enum LiveSpace: UInt8 {
  /// Parties and resources, mostly addresses.
  case thing
  case job, timer, descriptor, signal, thread, sample, snapshot, loop, habit
}

/// What a kept event says of its thing. There is one of each, except where a list is meant.
enum LiveSlot: UInt8 {
  case start, end, create, name, cancel, announcement, run, ready, done, signal, cleared, lost
  /// What a request to end broke off, and the first turns since.
  case broken, once, again
  case put, taskDone, asked, guarded, binding, idle, wake, sample, wakeup, submission, watch, past
  // Lists, the latest first.
  case hold, take, member, block, loop, timer, handler, snapshot, provider
}

/// An event that still matters, as it was recorded.
struct LiveNode {
  var record: Record
  /// Its place in the order of all events.
  var stamp: UInt64
  var thread: UInt32
  /// Who acted: an entity with that serial, or the thread itself (-1).
  var actor: Int32
  var actorSerial: UInt32
  /// Who holds what was taken, and so is kept; -1: the thread, or not a hold.
  var holder: Int32
  var next: Int32
  var slot: LiveSlot
}

/// One life of a number, as long as it may matter.
struct LiveEntity {
  var number: UInt64 = 0
  /// Of a task the executor whose turn it had last; of a thread its index.
  var executor: UInt64 = 0
  /// No two lives have the same.
  var serial: UInt32 = 0
  var first: Int32 = -1
  /// In the bucket of its hash, or in the list of free ones.
  var next: Int32 = -1
  /// Holds that are its.
  var holds: Int32 = 0
  /// The sweep before which it was last used.
  var age: UInt32 = 0
  var kind: Kind = .free
  var space: LiveSpace = .thing
  var resourceKind: UInt8 = 0
  var isScheduled = false
  /// A task that has ended, a future that is done, a thread that is gone.
  var isOver = false
  var isMarked = false
  /// Of a task: somebody has waited for it, or it is part of something that can be waited for.
  var isWatched = false
  /// Of a habit: others do it, too.
  var isCrowded = false
  /// Of a group the members that are kept, and those that were when it was looked through.
  var members: UInt32 = 0
  var keptMembers: UInt32 = 0
  /// Its number has begun another life.
  var isDetached = false

  enum Kind: UInt8 { case free, task, job, resource, thread }
}

/// The things that matter, by their numbers, each with the events that say what it is and does.
///
/// Bounded: what finds no room is counted in `missing`. Used by who drains, one thread at a time.
enum LiveTable {
  nonisolated(unsafe) static var nodes: UnsafeMutablePointer<LiveNode>!
  nonisolated(unsafe) static var entities: UnsafeMutablePointer<LiveEntity>!
  nonisolated(unsafe) private static var buckets: UnsafeMutablePointer<Int32>!
  nonisolated(unsafe) private static var bucketCount = 0
  nonisolated(unsafe) private(set) static var capacity = 0
  /// As many of each have ever been used; the free ones among these are in lists.
  nonisolated(unsafe) private(set) static var nodeEnd = 0
  nonisolated(unsafe) private(set) static var entityEnd = 0
  nonisolated(unsafe) private static var freeNode: Int32 = -1
  nonisolated(unsafe) private static var freeEntity: Int32 = -1
  nonisolated(unsafe) private(set) static var nodeCount = 0
  nonisolated(unsafe) private static var lastSerial: UInt32 = 0
  nonisolated(unsafe) static var missing: UInt64 = 0
  nonisolated(unsafe) static var age: UInt32 = 1

  /// Makes an empty table for `capacity` events. Whether there is memory.
  static func start(capacity wanted: Int) -> Bool {
    if nodes == nil {
      var size = 1024
      while size < wanted { size &*= 2 }
      guard let nodeMemory = platform_reserve(wanted &* MemoryLayout<LiveNode>.stride),
        let entityMemory = platform_reserve(wanted &* MemoryLayout<LiveEntity>.stride),
        let bucketMemory = platform_reserve(size &* 4)
      else { return false }
      nodes = nodeMemory.bindMemory(to: LiveNode.self, capacity: wanted)
      entities = entityMemory.bindMemory(to: LiveEntity.self, capacity: wanted)
      buckets = bucketMemory.bindMemory(to: Int32.self, capacity: size)
      bucketCount = size
      capacity = wanted
    }
    for i in 0..<bucketCount { buckets[i] = -1 }
    (nodeEnd, entityEnd, nodeCount, missing) = (0, 0, 0, 0)
    (freeNode, freeEntity) = (-1, -1)
    return true
  }

  /// Whether the next event may find no room.
  static var isTight: Bool {
    nodeCount &+ 8 > capacity || entityEnd &+ 8 > capacity && freeEntity < 0
  }

  // MARK: things

  private static func bucket(_ space: LiveSpace, _ number: UInt64) -> Int {
    let mixed = (number ^ UInt64(space.rawValue) << 57) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 32) & (bucketCount &- 1)
  }

  /// The living thing with this number; -1 if there is none.
  static func find(_ space: LiveSpace, _ number: UInt64) -> Int32 {
    let entity = peek(space, number)
    if entity >= 0 { entities[Int(entity)].age = age }
    return entity
  }

  /// The same for who only looks: it does not count as use.
  static func peek(_ space: LiveSpace, _ number: UInt64) -> Int32 {
    var entity = buckets[bucket(space, number)]
    while entity >= 0,
      entities[Int(entity)].number != number || entities[Int(entity)].space != space
    {
      entity = entities[Int(entity)].next
    }
    return entity
  }

  /// A new thing; -1 if there is no room. The number must not be in use.
  static func add(_ space: LiveSpace, _ number: UInt64, _ kind: LiveEntity.Kind) -> Int32 {
    let entity: Int32
    if freeEntity >= 0 {
      entity = freeEntity
      freeEntity = entities[Int(entity)].next
    } else if entityEnd < capacity {
      entity = Int32(truncatingIfNeeded: entityEnd)
      entityEnd &+= 1
    } else {
      missing &+= 1
      return -1
    }
    lastSerial &+= 1
    let place = bucket(space, number)
    var new = LiveEntity()
    new.number = number
    new.space = space
    new.kind = kind
    new.serial = lastSerial
    new.age = age
    new.next = buckets[place]
    entities[Int(entity)] = new
    buckets[place] = entity
    return entity
  }

  static func findOrAdd(_ space: LiveSpace, _ number: UInt64, _ kind: LiveEntity.Kind) -> Int32 {
    let known = find(space, number)
    return known >= 0 ? known : add(space, number, kind)
  }

  /// The number names something else from now on; who holds something is kept nevertheless.
  static func endLife(_ space: LiveSpace, _ number: UInt64) {
    let entity = find(space, number)
    guard entity >= 0 else { return }
    if entities[Int(entity)].holds == 0 { return free(entity) }
    unlink(entity)
    entities[Int(entity)].isDetached = true
    entities[Int(entity)].isOver = true
  }

  static func free(_ entity: Int32) {
    while entities[Int(entity)].first >= 0 { removeFirst(entity) }
    if !entities[Int(entity)].isDetached { unlink(entity) }
    entities[Int(entity)].kind = .free
    entities[Int(entity)].serial = 0
    entities[Int(entity)].next = freeEntity
    freeEntity = entity
  }

  /// Gives a thing another number in its space, which must not be in use.
  static func rename(_ entity: Int32, to number: UInt64) {
    unlink(entity)
    let place = bucket(entities[Int(entity)].space, number)
    entities[Int(entity)].number = number
    entities[Int(entity)].next = buckets[place]
    buckets[place] = entity
  }

  private static func unlink(_ entity: Int32) {
    let place = bucket(entities[Int(entity)].space, entities[Int(entity)].number)
    if buckets[place] == entity {
      buckets[place] = entities[Int(entity)].next
      return
    }
    var before = buckets[place]
    while before >= 0, entities[Int(before)].next != entity { before = entities[Int(before)].next }
    if before >= 0 { entities[Int(before)].next = entities[Int(entity)].next }
  }

  // MARK: their events

  /// The (latest) event in a slot; -1 if there is none.
  static func node(_ entity: Int32, _ slot: LiveSlot) -> Int32 {
    var node = entities[Int(entity)].first
    while node >= 0, nodes[Int(node)].slot != slot { node = nodes[Int(node)].next }
    return node
  }

  /// Puts an event in front.
  static func push(_ entity: Int32, _ new: LiveNode) {
    let node: Int32
    if freeNode >= 0 {
      node = freeNode
      freeNode = nodes[Int(node)].next
    } else if nodeEnd < capacity {
      node = Int32(truncatingIfNeeded: nodeEnd)
      nodeEnd &+= 1
    } else {
      missing &+= 1
      return
    }
    nodeCount &+= 1
    nodes[Int(node)] = new
    nodes[Int(node)].next = entities[Int(entity)].first
    entities[Int(entity)].first = node
    if new.holder >= 0 { entities[Int(new.holder)].holds &+= 1 }
  }

  /// Puts an event in the place of the one in its slot.
  static func set(_ entity: Int32, _ new: LiveNode) {
    let known = node(entity, new.slot)
    guard known >= 0 else { return push(entity, new) }
    let next = nodes[Int(known)].next
    nodes[Int(known)] = new
    nodes[Int(known)].next = next
  }

  /// Removes what is in a slot.
  static func clear(_ entity: Int32, _ slot: LiveSlot) {
    var found = node(entity, slot)
    while found >= 0 {
      remove(entity, found)
      found = node(entity, slot)
    }
  }

  static func remove(_ entity: Int32, _ node: Int32) {
    if entities[Int(entity)].first == node { return removeFirst(entity) }
    var before = entities[Int(entity)].first
    while before >= 0, nodes[Int(before)].next != node { before = nodes[Int(before)].next }
    guard before >= 0 else { return }
    nodes[Int(before)].next = nodes[Int(node)].next
    recycle(node)
  }

  private static func removeFirst(_ entity: Int32) {
    let node = entities[Int(entity)].first
    entities[Int(entity)].first = nodes[Int(node)].next
    recycle(node)
  }

  private static func recycle(_ node: Int32) {
    let holder = nodes[Int(node)].holder
    nodes[Int(node)].next = freeNode
    freeNode = node
    nodeCount &-= 1
    guard holder >= 0 else { return }
    entities[Int(holder)].holds &-= 1
    if entities[Int(holder)].holds == 0, entities[Int(holder)].isDetached { free(holder) }
  }
}
