import Foundation
import Testing

/// Packages from PyPI that samples require, each in a folder of its own that later runs find again.
actor InstalledPackages {
  static let shared = InstalledPackages()
  private var installations: [String: Task<String, any Error>] = [:]

  /// The folder to put on `PYTHONPATH`. Cancels the running test if pip cannot install the requirement.
  func folder(of requirement: String, for python: Interpreter) async throws -> String {
    let exact = Self.alternating(requirement, python.version)
    let key = "\(exact)-\(python.version)"
    let installation =
      installations[key] ?? Task { try await Self.install(exact, python, into: key) }
    installations[key] = installation
    do {
      return try await installation.value
    } catch {
      try Test.cancel("\(exact) cannot be installed: \(error)")
    }
  }

  /// anyio's primitives were built in two ways: every other interpreter tests the older one.
  private static func alternating(_ requirement: String, _ version: PythonVersion) -> String {
    requirement == "anyio" && version.minor % 2 == 1 ? "anyio==3.7.1" : requirement
  }

  private static func install(
    _ requirement: String, _ python: Interpreter, into name: String
  ) async throws -> String {
    // What is in a folder of this name counts as an installed package's, not as the user's own code.
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "coroner-packages/\(name)/site-packages").path
    let ready = folder + "/ready"
    if FileManager.default.fileExists(atPath: ready) { return folder }
    let result = try await Command.run(
      python.path, ["-m", "pip", "install", "-q", "--target", folder, "--upgrade", requirement])
    guard result.status == 0 else { throw SampleError(message: result.error) }
    try Data().write(to: URL(filePath: ready))
    return folder
  }
}
