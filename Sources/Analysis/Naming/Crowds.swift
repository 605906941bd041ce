import Findings
import History
import TraceFormat

/// What makes parties, or resources, the same to a reader: they do the same at the same place. Only their
/// number says more.
enum Shape: Hashable {
  case party(PartyShape)
  case resource(ResourceShape)

  struct PartyShape: Hashable {
    var kind: PartyRecord.Kind
    var function: Site?
    /// The given name without its numbers.
    var name: String?
    var state: Int
    var site: Site?
    var operation: Operation?
    var awaited: ResourceShape?
  }

  struct ResourceShape: Hashable {
    var kind: ResourceKind
    var name: String?
    var madeAt: Site?
  }
}

/// Many parties or resources of one shape, shown as one with their number.
struct Crowds {
  struct Crowd {
    /// Stands for all.
    var first: Int
    var count: Int
    /// What the name of each begins with.
    var name: String
  }

  private var parties: [Int: Crowd] = [:]
  private var resources: [Int: Crowd] = [:]

  static let none = Crowds()
  private init() {}

  /// - Parameter limit: as many of one shape are still shown one by one.
  init(parties: [Int], resources: [Int], limit: Int, namer: Namer) {
    self.parties = Self.gather(parties, limit: limit) {
      namer.shape(party: $0)
    } name: {
      namer.commonName(ofParties: $0)
    }
    self.resources = Self.gather(resources, limit: limit) {
      namer.shape(resource: $0)
    } name: {
      namer.commonName(ofResources: $0)
    }
  }

  private static func gather<Key: Hashable>(
    _ indices: [Int], limit: Int, shape: (Int) -> Key, name: ([Int]) -> String
  ) -> [Int: Crowd] {
    guard indices.count > limit else { return [:] }
    var result: [Int: Crowd] = [:]
    for same in Dictionary(grouping: indices, by: shape).values where same.count > limit {
      let crowd = Crowd(first: same[0], count: same.count, name: name(same))
      for index in same { result[index] = crowd }
    }
    return result
  }

  var isEmpty: Bool { parties.isEmpty && resources.isEmpty }
  func crowd(party: Int) -> Crowd? { parties[party] }
  func crowd(resource: Int) -> Crowd? { resources[resource] }
  /// The party that is shown for this one: mostly itself.
  func shown(party: Int) -> Int { parties[party]?.first ?? party }
  func shown(resource: Int) -> Int { resources[resource]?.first ?? resource }
}

extension Namer {
  func shape(party index: Int) -> Shape.PartyShape {
    let party = world.parties[index]
    var shape = Shape.PartyShape(
      kind: party.kind, function: party.function.map(Self.line),
      name: party.name.map(Self.pattern), state: 0)
    switch party.state {
    case .ready: shape.state = 1
    case .running: shape.state = 2
    case .waiting(let wait):
      shape.state = 3
      shape.site = userSite(wait.site).map(Self.line)
      shape.operation = wait.primitive?.operation
      if let resource = wait.primitive?.resource { shape.awaited = self.shape(resource: resource) }
    case .ended(let outcome, _): shape.state = 4 + Int(outcome.rawValue)
    }
    return shape
  }

  func shape(resource index: Int) -> Shape.ResourceShape {
    let resource = world.resources[index]
    return Shape.ResourceShape(
      kind: resource.kind, name: resource.name.map(Self.pattern),
      madeAt: directSite(resource.created?.site, of: index).map(Self.line))
  }

  /// The place without what only some versions of Python know.
  private static func line(_ site: Site) -> Site {
    var site = site
    (site.column, site.endColumn, site.endLine) = (nil, nil, site.line)
    return site
  }

  /// "request-17" and "request-18" are the same.
  private static func pattern(_ name: String) -> String {
    var result = ""
    for character in name where !(character.isNumber && result.last == "#") {
      result.append(character.isNumber ? "#" : character)
    }
    return result
  }

  func commonName(ofParties indices: [Int]) -> String {
    let party = world.parties[indices[0]]
    guard let name = party.name, !name.isEmpty else { return baseName(party) }
    if indices.allSatisfy({ world.parties[$0].name == name }) { return name }
    return Self.pattern(name).replacing("#", with: "…")
  }

  /// Nothing if they have no names.
  func commonName(ofResources indices: [Int]) -> String {
    let name = world.resources[indices[0]].name
    if let name { return Self.pattern(name).replacing("#", with: "…") }
    return readName(resource: indices[0]) ?? ""
  }

  /// "worker (9,999 tasks)".
  func name(_ crowd: Crowds.Crowd, ofKind kind: PartyRecord.Kind) -> String {
    "\(crowd.name) (\(members(crowd, ofKind: kind)))"
  }

  func members(_ crowd: Crowds.Crowd, ofKind kind: PartyRecord.Kind) -> String {
    let word =
      switch kind {
      case .task: "tasks"
      case .thread: "threads"
      case .job: "jobs"
      }
    return "\(Self.grouped(crowd.count)) \(word)"
  }

  /// "done (5,000 events)", "5,000 futures made at app.py:4".
  func name(_ crowd: Crowds.Crowd, of resource: ResourceRecord) -> String {
    let members = "\(Self.grouped(crowd.count)) \(plural(crowd.first))"
    if !crowd.name.isEmpty { return "\(crowd.name) (\(members))" }
    guard let site = userSite(resource.created?.site) else { return members }
    return "\(members) made at \(Self.place(site))"
  }

  private func plural(_ resource: Int) -> String {
    let isProcess = world.resources[resource].kind == .process
    return isProcess ? "child processes" : word(resource: resource) + "s"
  }

  /// "9,999".
  static func grouped(_ number: Int) -> String {
    let digits = Array(String(number))
    var result = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { result.append(",") }
      result.append(digit)
    }
    return result
  }
}
