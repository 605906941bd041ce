import Foundation
import Testing

/// Swift that is loaded into a program of another language, or linked in ways of its own.
@Suite(.enabled(if: SwiftSamples.isPossible, "no swift was found to build the programs with"))
struct MixedProgramTests {
  private static let folder = "Tests/Programs/extension"

  private func module() async throws -> String {
    try await SwiftSamples.build(Self.folder, .debug) + "/libextension.so"
  }

  private func file(_ name: String) -> String {
    Package.root.appending(path: "\(Self.folder)/\(name)").path
  }

  // MARK: - a program in Python

  @Test(arguments: Interpreter.installed)
  func oneTraceHasTheTasksOfBoth(_ python: Interpreter) async throws {
    let folder = try TemporaryFolder()
    let trace = folder.path("t.coroner")
    let command = [python.path, file("healthy.py"), try await module()]
    let plain = try await Command.run(command[0], Array(command.dropFirst()))
    let recorded = try await Command.run(
      Distribution.coroner, ["record", "--output", trace, "--"] + command)
    #expect(recorded == plain)
    #expect(plain.output == "[0, 2, 4, 6, 8, 42] [385, 338350]\n")
    let events = try await Command.run(Distribution.coroner, ["events", trace]).output
      .split(separator: "\n")
    func created(_ function: String) -> Int {
      events.count {
        $0.firstRange(of: /"event":"task-(create|spawn)"/) != nil
          && $0.contains("\"\(function)\"")
      }
    }
    #expect(created("ask") == 5)
    #expect(created("closure #1 in answerLater(_:_:)") == 5)
    let report = try await Command.run(Distribution.coroner, ["analyze", trace])
    #expect(report.status == 0 && report.output.contains("nothing is stuck"), "\(report)")
  }

  private static let oldestAndNewest =
    Interpreter.installed.count > 1
    ? [Interpreter.installed[0], Interpreter.installed.last!] : Interpreter.installed

  @Test(arguments: oldestAndNewest)
  func aTaskThatNeedsTheInterpretersLockIsNamed(_ python: Interpreter) async throws {
    let recording = try await hang("keeps_the_lock.py", python)
    try #require(recording.report.claims.count == 1, "\(recording.report)")
    let claim = recording.report.claims[0]
    #expect(claim.kind == "lock-cycle", "\(claim)")
    #expect(claim.parties == ["ask", "answer"], "\(claim)")
    #expect(claim.resources.contains("the interpreter's lock"), "\(claim)")
    #expect(
      claim.lines(of: "extension.swift").isSuperset(
        of: try marks(in: "Sources/extension/extension.swift")), "\(claim)")
  }

  @Test(arguments: oldestAndNewest)
  func aTaskThatPythonShouldSignalIsNamed(_ python: Interpreter) async throws {
    let recording = try await hang("allows_too_late.py", python)
    try #require(recording.report.claims.count == 1, "\(recording.report)")
    let claim = recording.report.claims[0]
    #expect(claim.kind == "orphaned-future" && claim.parties == ["ask"], "\(claim)")
    #expect(claim.notes.contains { $0.contains("'answer' for allowed at extension.swift") })
  }

  @Test(arguments: oldestAndNewest)
  func aForkedChildHasATraceOfItsOwn(_ python: Interpreter) async throws {
    func run(_ last: String, in folder: TemporaryFolder) async throws -> Command.Result {
      try await Command.run(
        Distribution.coroner,
        [
          "record", "--on-stall", "kill", "--stall", "2", "--output", folder.path("t.%p.coroner"),
          "--",
          python.path, file("forks.py"), try await module(), last,
        ])
    }
    let healthy = try TemporaryFolder()
    let ended = try await run("end", in: healthy)
    #expect(ended == Command.Result(status: 0, output: "42 385\n8 0\n", error: ""))
    #expect(try await verdicts(of: healthy) == [[], []])

    let stuck = try TemporaryFolder()
    #expect(try await run("hang", in: stuck).status == 124)
    #expect(
      try await verdicts(of: stuck).sorted { $0.count < $1.count } == [[], ["self-deadlock"]])
  }

  /// Of each trace.
  private func verdicts(of folder: TemporaryFolder) async throws -> [[String]] {
    var all: [[String]] = []
    for name in try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
    where name.hasSuffix(".coroner") {
      let json = try await Command.run(
        Distribution.coroner, ["analyze", "--format", "json", folder.path(name)]
      ).output
      all.append(try #require(AnalyzedReport(json: json)).claims.map(\.kind))
    }
    return all
  }

  private func hang(_ program: String, _ python: Interpreter) async throws -> Recording {
    try #require(Distribution.isStaged, "\(Distribution.howToStage)")
    let command = [python.path, file(program), try await module()]
    return try await Turnstile.shared.pass { try await Recording.make(running: command) }
  }

  /// Lines that a finding must point to.
  private func marks(in name: String) throws -> Set<Int> {
    let text = try String(contentsOfFile: file(name), encoding: .utf8)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return Set(lines.indices.filter { lines[$0].contains("<- ") }.map { $0 + 1 })
  }

  // MARK: - a program in C

  private func host(in folder: TemporaryFolder) async throws -> String {
    let program = folder.path("host")
    let built = try await Command.run(
      "/usr/bin/env", ["cc", "-g", "-o", program, file("host.c"), "-ldl", "-pthread"])
    try #require(built.status == 0, "\(built.error)")
    return program
  }

  @Test func aRuntimeThatIsLoadedLateIsRecorded() async throws {
    let folder = try TemporaryFolder()
    let program = try await host(in: folder)
    let trace = folder.path("t.coroner")
    let recorded = try await Command.run(
      Distribution.coroner, ["record", "--output", trace, "--", program, try module()])
    #expect(recorded == Command.Result(status: 0, output: "338350\n42\n", error: ""))
    let events = try await Command.run(Distribution.coroner, ["events", trace]).output
    #expect(events.ranges(of: /"event":"task-(create|spawn)"/).count == 102, "\(events)")

    let command = [program, try await module(), "hang"]
    let recording = try await Turnstile.shared.pass {
      try await Recording.make(running: command)
    }
    try #require(recording.report.claims.count == 1, "\(recording.report)")
    let claim = recording.report.claims[0]
    #expect(claim.kind == "lock-cycle" && claim.parties.contains("answer"), "\(claim)")
    #expect(claim.lines(of: "host.c").isSuperset(of: try marks(in: "host.c")), "\(claim)")
  }

  @Test func aProgramWithoutSwiftLeavesNoTrace() async throws {
    let folder = try TemporaryFolder()
    let program = try await host(in: folder)
    let trace = folder.path("t.coroner")
    let recorded = try await Command.run(
      Distribution.coroner, ["record", "--output", trace, "--", program])
    #expect(recorded == Command.Result(status: 0, output: "nothing is loaded\n", error: ""))
    #expect(!FileManager.default.fileExists(atPath: trace))
  }

  // MARK: - other ways to link

  private func compile(_ sample: String, _ flags: [String], to program: String) async throws {
    let source = Package.root.appending(path: "samples/swift/\(sample).swift").path
    let built = try await Command.run(
      "/usr/bin/env", ["swiftc", "-g", "-parse-as-library", "-o", program, source] + flags)
    try #require(built.status == 0, "\(built.error)")
  }

  @Test func aProgramWithItsOwnCopyOfTheRuntimeHasItsLocksRecorded() async throws {
    let folder = try TemporaryFolder()
    try await compile("lock_cycle", ["-static-stdlib"], to: folder.path("static"))
    let recording = try await Turnstile.shared.pass {
      try await Recording.make(running: [folder.path("static")])
    }
    let claim = try #require(recording.report.claims.first)
    #expect(claim.kind == "lock-cycle", "\(claim)")
    #expect(Set(claim.resources) == ["journalLock", "cacheLock"], "\(claim)")
    #expect(
      recording.report.notes == [
        "its tasks were not recorded: the program carries its own copy of Swift's runtime; link it "
          + "without -static-stdlib"
      ])
  }

  /// The recipe of docs/swift-probe.md.
  @Test func aProgramThatBringsTheLibrariesAlongIsRecorded() async throws {
    let folder = try TemporaryFolder()
    let program = folder.path("server")
    try await compile(
      "lock_cycle", ["-no-toolchain-stdlib-rpath", "-Xlinker", "-rpath=$ORIGIN/lib"], to: program)
    let alone = try await Command.run(program, [])
    #expect(alone.status != 0 && alone.error.contains("libswift"), "\(alone)")

    let libraries = folder.path("lib")
    let target = try Command.output("/usr/bin/env", ["swiftc", "-print-target-info"])
    let info = try JSONSerialization.jsonObject(with: Data(target.utf8)) as? [String: Any]
    let paths = info?["paths"] as? [String: Any]
    let runtime = try #require((paths?["runtimeLibraryPaths"] as? [String])?.first)
    try FileManager.default.createSymbolicLink(
      atPath: libraries, withDestinationPath: runtime)
    let recording = try await Turnstile.shared.pass {
      try await Recording.make(running: [program])
    }
    let claim = try #require(recording.report.claims.first)
    #expect(claim.kind == "lock-cycle" && claim.parties == ["put", "compact"], "\(claim)")
    #expect(recording.report.notes.isEmpty)
  }
}
