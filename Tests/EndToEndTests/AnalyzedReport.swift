import Findings
import Foundation

/// What the tests look at in a report of `coroner analyze --format json`.
struct AnalyzedReport: Sendable, CustomStringConvertible {
  var findings: [Claim]
  /// What the report says of the trace as a whole.
  var notes: [String]

  /// One finding.
  struct Claim: Sendable, CustomStringConvertible {
    var kind: String
    var certainty: String
    var headline: String
    var parties: [String]
    var resources: [String]
    var evidence: [String]
    var notes: [String]
    var places: [Place]

    var isHazard: Bool { FindingKind(rawValue: kind)?.isHazard ?? false }

    /// Whether a party of the finding, or its headline, has this name. What has no name of its own
    /// goes by its function: "register" before CPython 3.11, "Registry.register" since.
    func names(_ task: String) -> Bool {
      // "register #2" is one of several, "register (300 tasks)" are many.
      parties.contains { party in
        let name = party.firstRange(of: " #").map { party[..<$0.lowerBound] } ?? party[...]
        return name == task || name.hasSuffix("." + task) || party.hasPrefix(task + " ")
      }
        || headline.contains("'\(task)'")
    }

    func lines(of file: String) -> Set<Int> {
      Set(places.filter { $0.file == file }.map(\.line))
    }

    var description: String {
      let lines = Set(places.map { "\($0.file):\($0.line)" }).sorted().joined(separator: " ")
      return """
        \(kind) (\(certainty)): \(headline)
          parties \(parties), resources \(resources), at \(lines)
        """
    }
  }

  struct Place: Hashable, Sendable {
    /// Name of the file, without its folders.
    var file: String
    var line: Int
  }

  var claims: [Claim] { findings.filter { !$0.isHazard } }
  var hazards: [Claim] { findings.filter(\.isHazard) }
  /// Without those that any step may show on a busy machine.
  var hazardKinds: Set<String> {
    Set(hazards.map(\.kind)).subtracting([FindingKind.slowCallback.rawValue])
  }

  var description: String {
    findings.isEmpty ? "no findings" : findings.map(\.description).joined(separator: "\n")
  }

  /// Nothing if the text is not a report.
  init?(json: String) {
    guard let root = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any],
      let findings = root["findings"] as? [[String: Any]]
    else { return nil }
    let traces = root["traces"] as? [[String: Any]] ?? []
    notes = traces.flatMap { $0["notes"] as? [String] ?? [] }
    self.findings = findings.map { finding in
      Claim(
        kind: finding["kind"] as? String ?? "",
        certainty: finding["certainty"] as? String ?? "",
        headline: finding["headline"] as? String ?? "",
        parties: Self.names(finding["parties"]),
        resources: Self.names(finding["resources"]),
        evidence: finding["evidence"] as? [String] ?? [],
        notes: finding["notes"] as? [String] ?? [],
        places: Self.places(in: finding))
    }
  }

  private static func names(_ items: Any?) -> [String] {
    (items as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
  }

  /// Every object with a file and a line, at any depth.
  private static func places(in value: Any) -> [Place] {
    if let object = value as? [String: Any] {
      var places = object.values.flatMap(places)
      if let file = object["file"] as? String, let line = object["line"] as? Int {
        places.append(Place(file: URL(filePath: file).lastPathComponent, line: line))
      }
      return places
    }
    return (value as? [Any] ?? []).flatMap(places)
  }
}
