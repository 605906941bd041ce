import Findings
import History
import OrderedCollections
import TraceFormat

/// Names parties and resources as their author would.
struct Namer {
  let world: World
  let source: (String) -> [String]?
  /// How many tasks share a function's name.
  private(set) var shared: [String: Int] = [:]
  /// The place of a resource among those that the same line made, from 1; nothing if it is the only one.
  private(set) var twins: [Int: Int] = [:]
  /// The names of what one line makes several of and assigns to several names.
  private(set) var tupleNames: [Int: String] = [:]
  /// Whom one name stands for, with their number.
  var crowds = Crowds.none
  /// The place of a job, or of a task without a number of its own, among those of its function, and of a task
  /// among those with its name that have not ended, from 1; nothing if it is the only one.
  private(set) var places: [Int: Int] = [:]
  /// Names read from the lines that take or wait for something.
  private(set) var readings: [Int: Reading] = [:]
  /// What is waited for at streams that have no name.
  private(set) var waitedFor: [Int: TraceFormat.Operation] = [:]
  /// Whether nothing but Swift was recorded.
  let isOnlySwift: Bool

  init(world: World, source: @escaping (String) -> [String]?) {
    self.world = world
    self.source = source
    let runtimes = world.definitions.facts.filter { $0.key == "runtime" }
    isOnlySwift = !runtimes.isEmpty && runtimes.allSatisfy { $0.value.hasPrefix("Swift") }
    shared = countNames()
    numberParties()
    findStreams()
    readings = receivers()
    twins = Self.places(among: readings.keys.sorted()) { readings[$0]!.name }
    numberMade()
  }

  // MARK: Several of one name

  /// The place of each among those that share something, from 1; nothing for what has it alone.
  private static func places<Key: Hashable>(
    among indices: [Int], by key: (Int) -> Key
  ) -> [Int: Int] {
    var places: [Int: Int] = [:]
    for same in Dictionary(grouping: indices, by: key).values where same.count > 1 {
      for (place, index) in same.enumerated() { places[index] = place + 1 }
    }
    return places
  }

  private mutating func numberParties() {
    let unnumbered = world.parties.indices.filter { index in
      switch world.parties[index].kind {
      case .job: true
      case .task: world.parties[index].name == nil && world.parties[index].ordinal == 0
      case .thread: isOnlySwift && world.parties[index].name != nil
      }
    }
    places = Self.places(among: unnumbered) { index in
      let party = world.parties[index]
      return party.kind == .thread ? "thread \(party.name ?? "")" : baseName(party)
    }
    let named = world.parties.indices.filter { index in
      let party = world.parties[index]
      return party.kind == .task && party.name?.isEmpty == false && !party.isEnded
    }
    places.merge(Self.places(among: named) { world.parties[$0].name }) { _, new in new }
  }

  private mutating func findStreams() {
    for index in world.parties.indices {
      guard let primitive = world.parties[index].wait?.primitive, let resource = primitive.resource,
        [.read, .drain].contains(primitive.operation), !world.resources[resource].isConnection,
        world.resources[resource].kind == .stream
      else { continue }
      waitedFor[resource] = primitive.operation
    }
  }

  /// Numbers what one line makes several of.
  private mutating func numberMade() {
    var made: [Site: [Int]] = [:]
    for (index, resource) in world.resources.enumerated() {
      guard resource.kind.terms.traits.contains(.alike), readings[index] == nil,
        var site = directSite(resource.created?.site, of: index)
      else { continue }
      (site.column, site.endColumn) = (nil, nil)
      made[site, default: []].append(index)
    }
    for (site, indices) in made {
      if indices.count > 1, let names = line(site).flatMap(AssignedNames.ofTuple) {
        let inner = Set(indices.compactMap { world.resources[$0].part })
        let own = indices.filter { !inner.contains($0) }
        for (place, index) in own.enumerated() {
          tupleNames[index] = names[place % names.count]
          if own.count > names.count { twins[index] = place / names.count + 1 }
        }
        continue
      }
      let kinds = Dictionary(grouping: indices) { world.resources[$0].kind }
      for same in kinds.values.flatMap(byName) where same.count > 1 {
        for (place, index) in same.enumerated() { twins[index] = place + 1 }
      }
    }
  }
}
