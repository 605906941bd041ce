import Findings
import Testing

extension Sample {
  /// Expects one finding that says what the sample's comments say, and no hazard but theirs.
  func expectToBeNamed(in recording: Recording, withLines: Bool = true) throws {
    let report = recording.report
    #expect(recording.status == 1, "\(report)")
    try #require(report.claims.count == 1, "one cause, one finding; there are: \(report)")
    let claim = report.claims[0]
    #expect(claim.kind == kind?.rawValue, "\(report)")
    for task in tasks {
      #expect(claim.names(task), "'\(task)' is not named: \(report)")
    }
    for resource in resources {
      #expect(
        claim.resources.contains { $0.contains(resource) },
        "'\(resource)' is not named: \(report)")
    }
    for word in evidence {
      #expect(
        (claim.evidence + claim.notes).contains { $0.contains(word) },
        "no evidence of \(word): \(report)")
    }
    #expect(report.hazardKinds == Set(hazards.map(\.rawValue)), "\(report)")
    guard withLines else { return }
    let told = claim.lines(of: name)
    for line in lines {
      #expect(told.contains(line), "line \(line) is missing: \(report)")
    }
    #expect(
      alternativeLines.isEmpty || !told.isDisjoint(with: alternativeLines),
      "none of lines \(alternativeLines): \(report)")
  }
}
