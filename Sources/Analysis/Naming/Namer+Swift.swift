import History
import TraceFormat

/// Names that lines of Swift give.
extension Namer {
  /// A name and the line that it was read from.
  struct Reading {
    var name: String
    var site: Site
  }

  /// What `lock`, `wait` and others are called on, for locks that are first seen when they are taken.
  func receivers() -> [Int: Reading] {
    var uses: [Int: [StackID?]] = [:]
    for index in world.resources.indices where mayBeRead(index) {
      uses[index] = world.resources[index].holds.prefix(4).map(\.site)
    }
    for thread in world.threads.values {
      guard let block = thread.block, let index = block.primitive?.resource, mayBeRead(index)
      else { continue }
      uses[index, default: []].append(block.site)
    }
    return uses.compactMapValues { sites in
      for case let site? in sites.map({ userSite($0) }) where site.isSwift {
        guard let line = line(site), let name = Self.receiver(line, column: site.column) else {
          continue
        }
        return Reading(name: name, site: site)
      }
      return nil
    }
  }

  private func mayBeRead(_ index: Int) -> Bool {
    world.resources[index].name == nil
      && world.resources[index].kind.terms.traits.contains(.named)
  }

  private static let methods = [
    "lock", "withLock", "withLockUnchecked", "wait", "signal", "broadcast", "try", "enter", "leave",
  ]

  /// `cacheLock` of `self.cacheLock.lock()`; nothing if the line is another one.
  static func receiver(_ line: String, column: Int?) -> String? {
    let text = Array(line.utf8)
    for method in methods {
      let call = Array(".\(method)".utf8)
      for start in text.indices where text[start...].starts(with: call) {
        // A column is that of the method.
        if let column, column > 0, start + 2 != column { continue }
        let next = start + call.count
        guard next < text.count, [40, 123, 32].contains(text[next]) else { continue }
        var end = start
        while end > 0, [33, 63].contains(text[end - 1]) { end -= 1 }
        var first = end
        while first > 0, isPartOfName(text[first - 1]) { first -= 1 }
        if first < end { return String(decoding: text[first..<end], as: UTF8.self) }
      }
    }
    return nil
  }

  private static func isPartOfName(_ byte: UInt8) -> Bool {
    let scalar = Unicode.Scalar(byte)
    return scalar.properties.isAlphabetic || (48...57).contains(byte) || byte == 95 || byte >= 128
  }

  /// `done` of `let done = DispatchSemaphore(value: 0)`: what makes a primitive, and nothing else.
  static func madeName(_ line: String) -> String? {
    let sides = line.split(separator: "=", maxSplits: 1)
    guard sides.count == 2 else { return nil }
    let maker = sides[1].drop { $0 == " " }.prefix { $0 != "(" && $0 != "<" && $0 != "." }
    guard makers.contains(String(maker)) else { return nil }
    let target = sides[0].split(separator: ":")[0].split(separator: " ").last ?? ""
    return target.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" } ? String(target) : nil
  }

  private static let makers: Set = [
    "NSLock", "NSRecursiveLock", "NSCondition", "NSConditionLock", "DispatchSemaphore",
    "DispatchGroup", "Mutex", "AsyncStream", "AsyncThrowingStream",
  ]

  var terms: RuntimeTerms { isOnlySwift ? .swift : .asyncio }

  /// Whether a resource is one of Swift's, and so called by the words of that language.
  func speaksSwift(resource index: Int) -> Bool {
    guard !isOnlySwift, let created = world.resources[index].created else { return isOnlySwift }
    return world.parties[created.party].isScheduled
      || userSite(created.site).map(\.isSwift) == true
  }

  /// "actor Bank", from "Shop.Bank"; what says itself what it is stays as it is.
  func name(ofActor resource: ResourceRecord) -> String {
    if resource.isMainActor { return "the main actor" }
    guard let name = resource.name else { return "an actor" }
    if name.hasPrefix("queue ") { return name }
    let module = name.prefix { $0 != "." && $0 != "<" }
    let type =
      name[module.endIndex...].first == "." ? name[module.endIndex...].dropFirst() : name[...]
    return "actor \(type)"
  }
}
