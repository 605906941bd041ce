import History
import TraceFormat

/// What lines of source say.
extension Namer {
  /// Whether the name is read from the line that made the resource.
  func isNameRead(resource index: Int) -> Bool {
    world.resources[index].name == nil
      && readName(resource: index) != nil
  }

  /// What the line that made it assigns it to.
  func readName(resource index: Int) -> String? {
    if let name = tupleNames[index] { return name }
    if let reading = readings[index] { return reading.name }
    let stack = world.resources[index].created?.site
    guard let site = directSite(stack, of: index), var line = line(site) else { return nil }
    if site.isSwift { return Self.madeName(line) }
    if let column = site.column {
      if let name = AssignedNames.ofElement(at: column, of: line) { return name }
      line = AssignedNames.statement(at: column, of: line)
    }
    return AssignedNames.ofAssignment(line) ?? AssignedNames.ofWith(line)
  }

  /// Resources that one line made, those of each name together: statements may share a line.
  func byName(_ indices: [Int]) -> [[Int]] {
    var names: [Int?: String?] = [:]
    let columns = indices.map { directSite(world.resources[$0].created?.site, of: $0)?.column }
    for (place, column) in columns.enumerated() where names[column] == nil {
      names[column] = .some(readName(resource: indices[place]))
    }
    if names.count < 2 { return [indices] }
    let places = Dictionary(grouping: indices.indices) { names[columns[$0]] ?? nil }
    return places.values.map { $0.map { indices[$0] } }
  }

  /// The line that the name was read from.
  func readingSite(resource index: Int) -> Site? {
    readings[index]?.site ?? userSite(world.resources[index].created?.site)
  }

  func line(_ site: Site) -> String? {
    guard let lines = source(site.file), lines.indices.contains(site.line - 1) else { return nil }
    return lines[site.line - 1]
  }

  /// Whether the line of a site is a `with` statement; no, if the source is not there.
  func isWith(_ site: Site) -> Bool {
    guard let lines = source(site.file), lines.indices.contains(site.line - 1) else { return false }
    let words = lines[site.line - 1].split(separator: " ").prefix(2)
    return words.first == "with" || words.elementsEqual(["async", "with"])
  }
}
