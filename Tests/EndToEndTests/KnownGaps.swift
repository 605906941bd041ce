/// What cannot be named yet, in one place for everyone to see. A gap that no longer fails fails its
/// test: it has to leave this table.
enum KnownGaps {
  struct Gap: Sendable {
    var sample: String
    /// The versions concerned; nothing for all.
    var versions: [PythonVersion]? = nil
    var reason: String
  }

  static let table: [Gap] = []

  /// Samples in Swift, with the reason.
  static let swift: [String: String] = [:]

  static func reason(_ sample: Sample, _ version: PythonVersion) -> String? {
    table.first { gap in
      gap.sample == sample.name && (gap.versions.map { $0.contains(version) } ?? true)
    }?.reason
  }
}
