/// A place in the program's source.
package struct Site: Hashable, Sendable {
  package var file: String
  package var function: String
  package var line: Int
  /// The last line of the marked text; equals `line` if unknown.
  package var endLine: Int
  /// 1-based, in UTF-8 bytes; nothing if unknown.
  package var column: Int?
  package var endColumn: Int?
  package var ownership: Ownership

  /// Whose code a site is.
  package enum Ownership: Sendable { case user, library, runtime }

  package init(
    file: String, function: String, line: Int, endLine: Int? = nil, column: Int? = nil,
    endColumn: Int? = nil, ownership: Ownership = .user
  ) {
    self.file = file
    self.function = function
    self.line = line
    self.endLine = endLine ?? line
    self.column = column
    self.endColumn = endColumn
    self.ownership = ownership
  }
}

/// A thread of the observed process.
package struct ThreadDefinition: Equatable, Sendable {
  package var tid: UInt64
  package var name: String
  package init(tid: UInt64, name: String) {
    self.tid = tid
    self.name = name
  }
}

/// What the trace says once and refers to by number.
package struct Definitions: Sendable {
  package var strings: [UInt32: String] = [:]
  package var sites: [UInt32: Site] = [:]
  /// Innermost frame first.
  package var stacks: [UInt32: [UInt32]] = [:]
  package var facts: [(key: String, value: String)] = []
  package var threads: [ThreadSlot: ThreadDefinition] = [:]

  package init() {}

  package func string(_ id: UInt32) -> String? { strings[id] }
  package func site(_ id: UInt32) -> Site? { sites[id] }
  /// The frames of a stack, innermost first; empty if it is not defined.
  package func frames(_ id: StackID?) -> [Site] {
    guard let id, let ids = stacks[id.number] else { return [] }
    return ids.compactMap { sites[$0] }
  }
  package func fact(_ key: String) -> String? { facts.last { $0.key == key }?.value }
}
