import Foundation
import Synchronization
import Testing

/// The C program that records for these tests, and the library that it loads.
enum Driver {
  struct Absent: Error, CustomStringConvertible {
    var description: String
  }
  struct Result {
    var status: Int32
    /// Whether a signal ended it.
    var wasKilled: Bool
    var output: String
    var errors: String
  }

  /// The recorder under test: CORONER_LIBRARY, or what the same build made, beside the tests.
  static func library() throws -> String {
    if let path = ProcessInfo.processInfo.environment["CORONER_LIBRARY"] { return path }
    let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let path = tests.deletingLastPathComponent().appendingPathComponent("libcoroner-recorder.so")
    guard FileManager.default.fileExists(atPath: path.path) else {
      throw Absent(description: "no \(path.path): build the product coroner-recorder")
    }
    return path.path
  }

  /// The driver, compiled once per run of the tests.
  private static let compiled = Mutex<String?>(nil)
  static func program() throws -> String {
    try compiled.withLock { path in
      if let path { return path }
      let output = try compile(["Tests/Drivers/recorder_driver.c"])
      path = output
      return output
    }
  }

  /// A program in C, from sources of this package.
  static func compile(_ sources: [String], _ flags: [String] = []) throws -> String {
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().path
    let output = try temporaryFolder() + "/driver"
    let compiler = try run(
      "/usr/bin/env",
      ["cc", "-O1", "-o", output] + sources.map { package + "/" + $0 }
        + flags.map { $0.replacing("@", with: package) } + ["-ldl", "-pthread"])
    guard compiler.status == 0 else { throw Absent(description: compiler.errors) }
    return output
  }

  /// Runs the driver to its end with the recorder's settings in `environment`.
  static func run(_ arguments: [String], _ environment: [String: String]) throws -> Result {
    try run(try program(), [try library()] + arguments, environment)
  }

  static func process(
    _ program: String, _ arguments: [String], _ environment: [String: String] = [:]
  ) -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    var all = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("CORONER_") }
    all.merge(environment) { $1 }
    process.environment = all
    return process
  }

  static func run(
    _ program: String, _ arguments: [String], _ environment: [String: String] = [:]
  ) throws -> Result {
    let process = process(program, arguments, environment)
    let folder = try temporaryFolder()
    func file(_ name: String) throws -> FileHandle {
      _ = FileManager.default.createFile(atPath: folder + name, contents: nil)
      return try #require(FileHandle(forWritingAtPath: folder + name))
    }
    process.standardOutput = try file("/output")
    process.standardError = try file("/errors")
    try process.run()
    process.waitUntilExit()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return Result(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: try String(contentsOfFile: folder + "/output", encoding: .utf8),
      errors: try String(contentsOfFile: folder + "/errors", encoding: .utf8))
  }

  static func temporaryFolder() throws -> String {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("coroner-recorder-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }
}
