/// Rings of locks, each of which was taken by somebody who held the one before it.
struct OrderCycles {
  /// Longer rings need so many parties at the right moment that nobody meets them.
  static let lengthLimit = 4
  /// Steps of the search: enough for some thousand locks in one tangle.
  private static let stepLimit = 200_000
  private static let cycleLimit = 1024

  private(set) var cycles: [[LockOrder.Order]] = []
  private var next: [UInt64: [UInt64]] = [:]
  private var steps = 0

  init(_ orders: some Sequence<LockOrder.Order>) {
    for order in orders { next[order.outer, default: []].append(order.inner) }
    for lock in next.keys { next[lock]?.sort() }
    // Each ring is found from its oldest lock.
    for start in next.keys.sorted() { search([start]) }
  }

  private mutating func search(_ path: [UInt64]) {
    guard steps < Self.stepLimit, cycles.count < Self.cycleLimit else { return }
    steps += 1
    for lock in next[path.last!] ?? [] {
      if lock == path[0], path.count > 1 {
        cycles.append(
          path.indices.map {
            LockOrder.Order(outer: path[$0], inner: path[($0 + 1) % path.count])
          })
      } else if lock > path[0], path.count < Self.lengthLimit, !path.contains(lock) {
        search(path + [lock])
      }
    }
  }
}
