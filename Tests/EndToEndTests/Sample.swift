import Findings
import Foundation
import Testing

/// A program under `samples/`, with what its own comments say that a report must say about it.
///
/// Header comments: `# expect: KIND` or `# expect: nothing`, `# tasks: a, b`, `# resource: x, y`,
/// `# because: text` (a word of the evidence, or of a note), `# also: KIND` (a hazard that must accompany it),
/// `# snapshot: yes` (it is judged after one),
/// `# python: 3.11` (the oldest that has what it uses), `# fixed: 3.13` (the first
/// that does not hang), `# requires: anyio` (a package from PyPI). Trailing comments `# <- waits`, `# <- holds`, `# <- made` mark lines that the finding must
/// point to; of several lines marked `# <- runs`, one is enough. In Swift the comments begin with `//`, and
/// `// lines: unoptimised` is for code that optimisation merges with other code like it, which then has no lines.
struct Sample: Sendable, CustomTestStringConvertible {
  var file: URL
  /// Nothing for a healthy program.
  var kind: FindingKind?
  var tasks: [String]
  var resources: [String]
  var evidence: [String]
  var hazards: [FindingKind]
  var oldestPython: PythonVersion
  var needsSnapshot: Bool
  /// The first version without the fault, if there is one.
  var fixedIn: PythonVersion?
  /// What pip has to install.
  var requirement: String?
  /// Whether optimised code keeps its lines.
  var hasLinesOptimised: Bool
  var lines: [Int]
  var alternativeLines: [Int]
  var lineCount: Int

  var name: String { file.lastPathComponent }
  var testDescription: String { requirement == nil ? name : "anyio/\(name)" }

  /// Every Python sample of the package, by name.
  static func all() throws -> [Sample] {
    try ["asyncio", "anyio"].flatMap {
      try FileManager.default.contentsOfDirectory(
        at: Package.root.appending(path: "samples/\($0)"), includingPropertiesForKeys: nil)
    }
    .filter { $0.pathExtension == "py" }
    .sorted { $0.path < $1.path }
    .map(Sample.init)
  }

  /// The Swift samples, by name.
  static func swift() throws -> [Sample] {
    try FileManager.default.contentsOfDirectory(
      at: Package.root.appending(path: "samples/swift"), includingPropertiesForKeys: nil
    )
    .filter { $0.pathExtension == "swift" && $0.lastPathComponent != "Package.swift" }
    .sorted { $0.path < $1.path }
    .map(Sample.init)
  }

  /// Throws `SampleError` that names file and comment if an expectation cannot be read.
  init(file: URL) throws {
    let lines = try String(contentsOf: file, encoding: .utf8).split(
      separator: "\n", omittingEmptySubsequences: false)
    self.file = file
    lineCount = lines.count - 1
    let comment = file.pathExtension == "swift" ? "//" : "#"
    func values(_ key: String) -> [String] {
      lines.filter { $0.hasPrefix("\(comment) \(key):") }.flatMap {
        $0.dropFirst(comment.count + key.count + 2).split(separator: ",").map {
          $0.trimmingCharacters(in: .whitespaces)
        }
      }
    }
    func kindNamed(_ name: String) throws -> FindingKind {
      guard let kind = FindingKind(rawValue: name) else {
        throw SampleError(message: "\(file.lastPathComponent): no kind is called '\(name)'")
      }
      return kind
    }
    guard let expected = values("expect").first else {
      throw SampleError(message: "\(file.lastPathComponent) has no '\(comment) expect:' comment")
    }
    kind = expected == "nothing" ? nil : try kindNamed(expected)
    hazards = try values("also").map(kindNamed)
    tasks = values("tasks")
    evidence = values("because")
    resources = values("resource")
    requirement = values("requires").first
    needsSnapshot = values("snapshot").first == "yes"
    fixedIn = try values("fixed").first.map(PythonVersion.init(text:))
    oldestPython = try values("python").first.map(PythonVersion.init(text:)) ?? .oldest
    hasLinesOptimised = values("lines").first != "unoptimised"
    self.lines = []
    alternativeLines = []
    for (index, line) in lines.enumerated() {
      guard let mark = line.range(of: "\(comment) <- ") else { continue }
      if line[mark.upperBound...] == "runs" {
        alternativeLines.append(index + 1)
      } else {
        self.lines.append(index + 1)
      }
    }
  }
}

struct SampleError: Error, CustomStringConvertible {
  var message: String
  var description: String { message }
}

enum Package {
  /// The folder of Package.swift.
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
