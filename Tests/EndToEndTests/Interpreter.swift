import Foundation
import Testing

/// A minor version of CPython.
struct PythonVersion: Comparable, Hashable, Sendable, CustomStringConvertible {
  var minor: Int
  static let oldest = PythonVersion(minor: 9)
  static let known = (9...15).map(PythonVersion.init(minor:))

  init(minor: Int) { self.minor = minor }

  init(text: String) throws {
    guard text.hasPrefix("3."), let minor = Int(text.dropFirst(2)) else {
      throw SampleError(message: "'\(text)' is no version of Python 3")
    }
    self.minor = minor
  }

  static func < (a: Self, b: Self) -> Bool { a.minor < b.minor }
  var description: String { "3.\(minor)" }
}

/// An installed CPython.
struct Interpreter: Sendable, CustomTestStringConvertible {
  var version: PythonVersion
  var path: String

  var testDescription: String { "CPython \(version)" }

  /// Whether one is of a version that most people install today.
  static let hasRecent = installed.contains { $0.version >= PythonVersion(minor: 14) }

  /// One of each known minor version that is installed, oldest first.
  ///
  /// `CORONER_TEST_PYTHONS`, paths separated by colons, names them instead.
  static let installed: [Interpreter] = {
    let environment = ProcessInfo.processInfo.environment
    if let chosen = environment["CORONER_TEST_PYTHONS"] {
      return chosen.split(separator: ":").compactMap { named(String($0)) }
    }
    return PythonVersion.known.compactMap { version in
      candidates(version).first { FileManager.default.isExecutableFile(atPath: $0) }.map {
        Interpreter(version: version, path: $0)
      }
    }
  }()

  /// The interpreter itself, never a shim that starts one: the process to kill must be Python.
  private static func candidates(_ version: PythonVersion) -> [String] {
    let environment = ProcessInfo.processInfo.environment
    let home = environment["PYENV_ROOT"] ?? (environment["HOME"] ?? "") + "/.pyenv"
    let managed = (try? FileManager.default.contentsOfDirectory(atPath: home + "/versions")) ?? []
    let path = (environment["PATH"] ?? "").split(separator: ":").filter { !$0.hasSuffix("/shims") }
    return managed.filter { $0.hasPrefix("\(version).") }.sorted().reversed()
      .map { "\(home)/versions/\($0)/bin/python\(version)" } + path.map { "\($0)/python\(version)" }
  }

  private static func named(_ path: String) -> Interpreter? {
    let question = "import sys; print('3.%d' % sys.version_info[1])"
    guard let answer = try? Command.output(path, ["-c", question]),
      let version = try? PythonVersion(text: answer.trimmingCharacters(in: .whitespacesAndNewlines))
    else { return nil }
    return Interpreter(version: version, path: path)
  }
}
