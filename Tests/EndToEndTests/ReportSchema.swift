import Findings
import Foundation
import Testing

/// docs/report.schema.json, as far as it uses JSON Schema: types, required and listed properties, items,
/// enumerations, minima, references. A member that it does not list is a fault as well.
struct ReportSchema {
  private let root: [String: Any]

  init() throws {
    let data = try Data(contentsOf: Package.root.appending(path: "docs/report.schema.json"))
    root = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// What does not fit, with its place; empty if the text is a report.
  func faults(in text: String) throws -> [String] {
    check(try JSONSerialization.jsonObject(with: Data(text.utf8)), root, "report")
  }

  private func check(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
    if let name = schema["$ref"] as? String { return check(value, definition(name), place) }
    if let options = schema["anyOf"] as? [[String: Any]] {
      return options.contains { check(value, $0, place).isEmpty } ? [] : ["\(place) fits nothing"]
    }
    var faults: [String] = []
    if let types = schema["type"] as? [String] ?? (schema["type"] as? String).map({ [$0] }),
      !types.contains(where: { Self.is(value, $0) })
    {
      faults.append("\(place) is no \(types.joined(separator: " or "))")
    }
    if let allowed = schema["enum"] as? [String], !allowed.contains(value as? String ?? "") {
      faults.append("\(place) is \(value), not one of \(allowed)")
    }
    if let constant = schema["const"] as? Int, constant != value as? Int {
      faults.append("\(place) is not \(constant)")
    }
    if let least = schema["minimum"] as? Int, let number = value as? Int, number < least {
      faults.append("\(place) is below \(least)")
    }
    if let items = schema["items"] as? [String: Any], let values = value as? [Any] {
      for (index, item) in values.enumerated() {
        faults += check(item, items, "\(place)[\(index)]")
      }
    }
    if let object = value as? [String: Any], let known = schema["properties"] as? [String: Any] {
      for name in schema["required"] as? [String] ?? [] where object[name] == nil {
        faults.append("\(place) lacks \(name)")
      }
      for (name, member) in object {
        guard let schema = known[name] as? [String: Any] else {
          faults.append("\(place) has \(name), which is not described")
          continue
        }
        faults += check(member, schema, "\(place).\(name)")
      }
    }
    return faults
  }

  private func definition(_ reference: String) -> [String: Any] {
    let name = reference.split(separator: "/").last.map(String.init) ?? ""
    return (root["$defs"] as? [String: Any])?[name] as? [String: Any] ?? [:]
  }

  private static func `is`(_ value: Any, _ type: String) -> Bool {
    switch type {
    case "null": value is NSNull
    case "string": value is String
    case "array": value is [Any]
    case "object": value is [String: Any]
    case "boolean":
      (value as? NSNumber).map { "\($0)" == "true" || "\($0)" == "false" || $0 == 0 || $0 == 1 }
        ?? (value is Bool)
    case "integer":
      (value as? NSNumber).map { Double(truncating: $0) == Double(truncating: $0).rounded() }
        ?? (value is Int)
    default: false
    }
  }

  /// The kinds that it lists.
  var kinds: [String] {
    let properties = definition("finding")["properties"] as? [String: Any]
    return (properties?["kind"] as? [String: Any])?["enum"] as? [String] ?? []
  }
}

@Suite struct ReportSchemaTests {
  @Test func theSchemaListsEveryKind() throws {
    #expect(try Set(ReportSchema().kinds) == Set(FindingKind.allCases.map(\.rawValue)))
  }

  @Test func aReportThatDoesNotFitIsNoticed() throws {
    let faults = try ReportSchema().faults(
      in: #"{"schema": 2, "traces": [{}], "stuck": "no", "more": 1}"#)
    #expect(faults.contains("report.schema is not 1"))
    #expect(faults.contains("report lacks findings"))
    #expect(faults.contains("report has more, which is not described"))
    #expect(faults.contains("report.stuck is no boolean"))
  }
}
