import Findings
import TraceFormat

/// What waits behind a cause: those that wait for the same thing at the same place are one clause.
struct BehindLines {
  var behind: [BehindParty]
  /// Every name, not only the first few.
  var all: Bool

  private static let shown = 3

  var lines: [String] {
    guard !behind.isEmpty else { return [] }
    let groups = groups()
    if all { return groups.map { clause($0.first, names: $0.names) } }
    var clauses = groups.prefix(Self.shown).map { group in
      guard group.isMixed else { return clause(group.first, names: group.names) }
      return clause(group.first, names: [group.first.name])
        + " (and \(count(group.names.count - 1)) in the same way)"
    }
    let rest = groups.dropFirst(Self.shown).reduce(0) { $0 + $1.names.count }
    if rest > 0 { clauses.append("\(count(rest)) more") }
    let isCut = rest > 0 || groups.contains { $0.names.count > Self.shown }
    return [clauses.joined(separator: "; ") + (isCut ? " (--all shows every one)" : "")]
  }

  private struct Group {
    var first: BehindParty
    var names: [String]
    /// Whether they wait for different things of the same form: each for the end of a task of its own.
    var isMixed = false
  }

  private func groups() -> [Group] {
    var groups: [Group] = []
    var places: [String: Int] = [:]
    for party in behind {
      let what = all ? party.what : Self.pattern(party.what)
      let key = what + "\u{0}" + (party.site.map { "\($0.file):\($0.line)" } ?? "")
      if let place = places[key] {
        groups[place].names.append(party.name)
        if party.what != groups[place].first.what { groups[place].isMixed = true }
      } else {
        places[key] = groups.count
        groups.append(Group(first: party, names: [party.name]))
      }
    }
    return groups
  }

  /// The text without its numbers.
  private static func pattern(_ text: String) -> String { text.filter { !$0.isNumber } }

  private func clause(_ first: BehindParty, names: [String]) -> String {
    let place = first.site.map { ", at " + Places.short($0) } ?? ""
    if names.count == 1 { return "'\(first.name)', which \(first.what)\(place)" }
    let list = names.prefix(all ? names.count : Self.shown).map { "'\($0)'" }
    let more = names.count > list.count ? ", …" : ""
    let what = first.what.hasPrefix("waits ") ? "wait " + first.what.dropFirst(6) : first.what
    if names.count <= Self.shown || all {
      return "\(list.joined(separator: ", ")), which \(what)\(place)"
    }
    return "\(count(names.count)) that \(what)\(place): \(list.joined(separator: ", "))\(more)"
  }
}
