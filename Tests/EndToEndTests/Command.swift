import Foundation

/// Programs that the tests start.
enum Command {
  /// What a program writes to standard output; it is given nothing to read.
  static func output(_ path: String, _ arguments: [String]) throws -> String {
    try runBlocking(path, arguments).output
  }

  private static let turnstile = Turnstile(places: 4)

  /// Runs a program to its end, a few of them at a time. Tests run on few threads: none waits here.
  static func run(
    _ path: String, _ arguments: [String], environment: [String: String] = [:]
  ) async throws -> Result {
    try await turnstile.pass {
      try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
          continuation.resume(
            with: .init { try runBlocking(path, arguments, environment: environment) })
        }
      }
    }
  }

  /// The same where nothing can be awaited. Blocks the calling thread; for programs that end soon.
  static func runBlocking(
    _ path: String, _ arguments: [String], environment: [String: String] = [:]
  ) throws -> Result {
    let folder = try TemporaryFolder()
    let process = try start(path, arguments, in: folder, environment: environment)
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus, output: folder.text("output"), error: folder.text("error"))
  }

  struct Result: Equatable, Sendable {
    var status: Int32
    var output: String
    var error: String
  }

  /// Starts a program in an environment with these additions, with its output in the files `output`
  /// and `error` of the folder.
  static func start(
    _ path: String, _ arguments: [String], in folder: TemporaryFolder,
    environment: [String: String] = [:]
  ) throws -> Process {
    let process = Process()
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.executableURL = URL(filePath: path)
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try folder.create("output")
    process.standardError = try folder.create("error")
    try process.run()
    return process
  }
}

/// A folder that is removed with the value.
final class TemporaryFolder: Sendable {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appending(path: "coroner-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appending(path: name).path }

  func create(_ name: String) throws -> FileHandle {
    try Data().write(to: url.appending(path: name))
    return try FileHandle(forWritingTo: url.appending(path: name))
  }

  /// What the file holds now; empty if there is none.
  func text(_ name: String) -> String {
    guard let data = try? Data(contentsOf: url.appending(path: name)) else { return "" }
    return String(decoding: data, as: UTF8.self)
  }
}
