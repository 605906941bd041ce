import CPlatform
import TraceABI

/// How a definition lies in the file: struct coroner_item, payload, padding to a multiple of 4.
struct DefinitionItem {
  static let headerSize = 8
  static func size(payload: Int) -> Int { headerSize &+ (payload &+ 3) & ~3 }

  static func write(
    _ kind: coroner_definition_kind, id: UInt32, payload: UnsafeRawPointer, length: Int,
    to address: UnsafeMutableRawPointer
  ) {
    address.storeBytes(of: UInt16(truncatingIfNeeded: length), as: UInt16.self)
    address.storeBytes(of: UInt8(kind.rawValue), toByteOffset: 2, as: UInt8.self)
    address.storeBytes(of: 0, toByteOffset: 3, as: UInt8.self)
    address.storeBytes(of: id, toByteOffset: 4, as: UInt32.self)
    let padded = size(payload: length)
    if padded > headerSize {
      address.storeBytes(of: 0, toByteOffset: padded &- 4, as: UInt32.self)  // the padding
    }
    platform_copy(address + headerSize, payload, length)
  }
}

/// What the trace says once: strings, sites, stacks, facts, threads. Guarded by PLATFORM_DEFINITIONS.
///
/// All but threads are also kept in an arena of the process, item by item as in the file: it is what new
/// ones are compared with, and what a forked child begins its own trace with, so that ids which the
/// probe has remembered stay true there.
enum Definitions {
  /// Enough for half a million sites; what comes after gets the id 0.
  private static let arenaCapacity = 64 << 20
  nonisolated(unsafe) private static var arena: UnsafeMutableRawPointer?
  nonisolated(unsafe) private static var arenaUsed = 0
  /// Open addressing: an item's offset in the arena / 4 + 1, or 0.
  nonisolated(unsafe) private static var table: UnsafeMutablePointer<UInt32>?
  nonisolated(unsafe) private static var tableCapacity = 0
  nonisolated(unsafe) private static var tableCount = 0
  nonisolated(unsafe) private static var lastString: UInt32 = 0
  /// The latest thread's, as it was defined in this file.
  nonisolated(unsafe) private static var threadName: UnsafeMutableRawPointer?
  nonisolated(unsafe) private static var threadNameLength = -1
  nonisolated(unsafe) private static var threadNameID: UInt32 = 0
  nonisolated(unsafe) private static var lastSite: UInt32 = 0
  nonisolated(unsafe) private static var lastStack: UInt32 = 0
  nonisolated(unsafe) private static var lastModule: UInt32 = 0
  /// A bounded file gives up what defined threads, as it does with their events.
  nonisolated(unsafe) private static var items = DefinitionStream(isOfThreads: false)
  nonisolated(unsafe) private static var threads = DefinitionStream(isOfThreads: true)

  static func start() -> Bool {
    if arena == nil { arena = platform_reserve(arenaCapacity) }
    if threadName == nil { threadName = platform_reserve(Int(CORONER_STRING_LIMIT)) }
    return arena != nil && threadName != nil && (table != nil || growTable())
  }

  /// The id of a definition, new or known; 0 if there is no room for it.
  static func intern(
    _ kind: coroner_definition_kind, _ payload: UnsafeRawPointer, _ length: Int
  ) -> UInt32 {
    guard tableCount < tableCapacity &* 2 / 3 || growTable() else { return 0 }
    let mask = tableCapacity &- 1
    var place = hash(kind, payload, length) & mask
    while table![place] != 0 {
      let item = arena! + Int(table![place] &- 1) &* 4
      if Int(item.load(as: UInt16.self)) == length,
        item.load(fromByteOffset: 2, as: UInt8.self) == UInt8(kind.rawValue),
        platform_compare(item + DefinitionItem.headerSize, payload, length) == 0
      {
        return item.load(fromByteOffset: 4, as: UInt32.self)
      }
      place = (place &+ 1) & mask
    }
    let id = nextID(kind)
    let offset = arenaUsed
    guard add(kind, id: id, payload, length) else { return 0 }
    table![place] = UInt32(truncatingIfNeeded: offset / 4 &+ 1)
    tableCount &+= 1
    switch kind {
    case CORONER_DEFINE_STRING: lastString = id
    case CORONER_DEFINE_SITE, CORONER_DEFINE_ADDRESS: lastSite = id
    case CORONER_DEFINE_MODULE: lastModule = id
    default: lastStack = id
    }
    return id
  }

  private static func nextID(_ kind: coroner_definition_kind) -> UInt32 {
    switch kind {
    case CORONER_DEFINE_STRING: lastString &+ 1
    case CORONER_DEFINE_SITE, CORONER_DEFINE_ADDRESS: lastSite &+ 1
    case CORONER_DEFINE_MODULE: lastModule &+ 1
    default: lastStack &+ 1
    }
  }

  /// Writes an item to the file and keeps it in the arena. Whether there was room for both.
  static func add(
    _ kind: coroner_definition_kind, id: UInt32, _ payload: UnsafeRawPointer, _ length: Int
  ) -> Bool {
    let size = DefinitionItem.size(payload: length)
    guard arenaUsed &+ size <= arenaCapacity else { return false }
    let item = arena! + arenaUsed
    DefinitionItem.write(kind, id: id, payload: payload, length: length, to: item)
    guard items.write(item, size) else { return false }
    arenaUsed &+= size
    return true
  }

  /// Names of threads are not kept in the arena: there may be a new one for every thread that there ever is. Most
  /// follow one of the same name.
  static func defineThread(
    slot: UInt32, tid: UInt64, name: UnsafePointer<CChar>, length: Int
  ) {
    // What is given up as a whole must be complete in itself.
    if Ring.isOn, threads.isNarrow { threadNameLength = -1 }
    if length != threadNameLength || platform_compare(threadName!, name, length) != 0 {
      threadNameID = lastString &+ 1
      withUnsafeTemporaryAllocation(
        byteCount: DefinitionItem.size(payload: length), alignment: 8
      ) { item in
        DefinitionItem.write(
          CORONER_DEFINE_STRING, id: threadNameID, payload: name, length: length,
          to: item.baseAddress!)
        if writeThread(item.baseAddress!, item.count) { lastString = threadNameID }
      }
      guard lastString == threadNameID else { return }
      platform_copy(threadName, name, length)
      threadNameLength = length
    }
    defineThread(slot: slot, tid: tid, name: threadNameID)
  }

  private static func defineThread(slot: UInt32, tid: UInt64, name: UInt32) {
    withUnsafeTemporaryAllocation(byteCount: 24, alignment: 8) { item in
      withUnsafeTemporaryAllocation(byteCount: 16, alignment: 8) { payload in
        payload.storeBytes(of: tid, as: UInt64.self)
        payload.storeBytes(of: name, toByteOffset: 8, as: UInt32.self)
        payload.storeBytes(of: 0, toByteOffset: 12, as: UInt32.self)
        DefinitionItem.write(
          CORONER_DEFINE_THREAD, id: slot, payload: payload.baseAddress!, length: 16,
          to: item.baseAddress!)
        _ = writeThread(item.baseAddress!, 24)
      }
    }
  }

  private static func writeThread(_ item: UnsafeRawPointer, _ size: Int) -> Bool {
    Ring.isOn ? threads.write(item, size) : items.write(item, size)
  }

  /// Begins anew in a forked child: all that is known goes into its own trace.
  static func restart() {
    items.restart()
    threads.restart()
    threadNameLength = -1
    var offset = 0
    while offset < arenaUsed {
      let item = UnsafeRawPointer(arena! + offset)
      let size = DefinitionItem.size(payload: Int(item.load(as: UInt16.self)))
      guard items.write(item, size) else { return }
      offset &+= size
    }
  }

  private static func growTable() -> Bool {
    let capacity = tableCapacity == 0 ? 4096 : tableCapacity &* 2
    guard let fresh = platform_reserve(capacity &* 4) else { return false }
    let new = fresh.bindMemory(to: UInt32.self, capacity: capacity)
    for i in 0..<tableCapacity where table![i] != 0 {
      let item = arena! + Int(table![i] &- 1) &* 4
      let kind = coroner_definition_kind(
        rawValue: UInt32(item.load(fromByteOffset: 2, as: UInt8.self)))
      let length = Int(item.load(as: UInt16.self))
      var place = hash(kind, item + DefinitionItem.headerSize, length) & (capacity &- 1)
      while new[place] != 0 { place = (place &+ 1) & (capacity &- 1) }
      new[place] = table![i]
    }
    if let table { platform_unmap(table, tableCapacity &* 4) }
    table = new
    tableCapacity = capacity
    return true
  }

  /// FNV-1a, eight bytes at a time, with a final mix.
  private static func hash(
    _ kind: coroner_definition_kind, _ payload: UnsafeRawPointer, _ length: Int
  ) -> Int {
    var h: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(kind.rawValue) ^ UInt64(length) << 8
    var i = 0
    while i &+ 8 <= length {
      h = (h ^ payload.loadUnaligned(fromByteOffset: i, as: UInt64.self)) &* 0x9e37_79b9_7f4a_7c15
      h ^= h >> 29
      i &+= 8
    }
    while i < length {
      h = (h ^ UInt64(payload.load(fromByteOffset: i, as: UInt8.self))) &* 0x100_0000_01b3
      i &+= 1
    }
    h ^= h >> 32
    return Int(truncatingIfNeeded: h & 0x7fff_ffff_ffff_ffff)
  }
}
