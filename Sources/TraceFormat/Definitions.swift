import TraceABI

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
  /// What code of the language's own library is there for, where that is told.
  package var role: Role?

  package enum Role: String, Sendable, CaseIterable {
    /// The program is over where it runs: it brings what is left to its end.
    case ending
    /// It ends a wait because its time is over.
    case limit
    /// It takes the lock under which a module is imported.
    case importing = "import"
    /// It ends the tasks of a group, of which one has failed.
    case abort
    /// It waits until the connections of a server are closed.
    case closing

    package var flag: UInt32 {
      switch self {
      case .ending: CORONER_SITE_ENDING.rawValue
      case .limit: CORONER_SITE_LIMIT.rawValue
      case .importing: CORONER_SITE_IMPORT.rawValue
      case .abort: CORONER_SITE_ABORT.rawValue
      case .closing: CORONER_SITE_CLOSING.rawValue
      }
    }
  }

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

/// A file of which code was loaded.
package struct Module: Hashable, Sendable {
  package var path: String
  /// As the linker put it into the file; empty if it did not.
  package var buildID: [UInt8]
  package init(path: String, buildID: [UInt8]) {
    self.path = path
    self.buildID = buildID
  }
  /// The last part of its path.
  package var name: String { path.split(separator: "/").last.map(String.init) ?? path }
}

/// A place in the code of a module, as its headers count.
package struct CodeAddress: Hashable, Sendable {
  /// The module's id.
  package var module: UInt32
  package var offset: UInt64
  /// Where a call returns to: the call is before it.
  package var isReturn: Bool
  package init(module: UInt32, offset: UInt64, isReturn: Bool) {
    self.module = module
    self.offset = offset
    self.isReturn = isReturn
  }
  /// An address within the instruction that it stands for.
  package var instruction: UInt64 { isReturn && offset > 0 ? offset - 1 : offset }
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
  package var modules: [UInt32: Module] = [:]
  /// Sites that the trace knows as an address only. Each is in `sites` as well, as what can be said of it without
  /// its module.
  package var addresses: [UInt32: CodeAddress] = [:]
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
  /// What can be said of an address without its module: "server+0x1234".
  package func unnamed(_ address: CodeAddress) -> Site {
    let module = modules[address.module]
    return Site(
      file: module?.path ?? "?",
      function: (module?.name ?? "?") + "+0x" + String(address.offset, radix: 16), line: 0)
  }
  package func fact(_ key: String) -> String? { facts.last { $0.key == key }?.value }
}

/// Two digits a byte: as build ids are written.
package func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
