import Foundation
import Testing

/// Code that a trace knows by address is shown by function, file and line, where its files can be found.
@Suite(.enabled(if: CompiledProgram.isPossible, "no swiftc and clang were found"))
struct SymbolTests {
  @Test(arguments: [["-Onone"], ["-O"]])
  func stacksHaveFunctionsAndLines(options: [String]) async throws {
    let recorded = try await RecordedProgram.make(options: options)
    let events = try await recorded.show(["events"]).output
    let program = recorded.program
    for (function, mark) in [
      ("Shop.sell(to:)", "// waits"), ("serve(_:)", "// asks"), ("Main.main()", "// begins"),
    ] {
      let line = try #require(program.line(of: mark))
      let frame = #""line":\#(line),"function":"\#(function)"#
      #expect(events.contains(frame), "\(frame) is not in \(events)")
    }
    // A function in C, which calls the closure that resumes.
    #expect(events.contains(#"helper.c","line":2,"function":"call_back""#), "\(events)")
    #expect(!events.contains("resume partial function"))
    #expect(try await recorded.show(["info"]).output.contains(program.path))
  }

  @Test func aTraceIsReadOnAnotherMachine() async throws {
    let recorded = try await RecordedProgram.make(options: ["-O"])
    let named = try await recorded.show(["events"]).output
    let elsewhere = try TemporaryFolder()
    try FileManager.default.moveItem(atPath: recorded.program.path, toPath: elsewhere.path("sold"))

    let lost = try await recorded.show(["analyze"])
    #expect(lost.output.contains("not on this machine") && lost.output.contains("--binaries"))
    #expect(try await recorded.show(["info"]).output.contains("missing"))
    let unnamed = try await recorded.show(["events"]).output
    #expect(unnamed.contains("sold+0x") && !unnamed.contains("Shop.sell"))

    let found = try await recorded.show(["events", "--binaries", elsewhere.url.path])
    #expect(found.output == named)
    #expect(found.error.isEmpty)

    // Another build of that name is not taken for it.
    try await recorded.program.build(options: ["-Onone"])
    let differs = try await recorded.show(["analyze"])
    #expect(differs.output.contains("rebuilt since"), "\(differs.output)")
    #expect(try await recorded.show(["events"]).output == unnamed)
    #expect(
      try await recorded.show(["events", "--binaries", elsewhere.url.path]).output == named)
  }

  @Test func withoutASymbolizerTheReportSaysWhatItNeeds() async throws {
    let recorded = try await RecordedProgram.make(options: ["-Onone"])
    let shown = try await recorded.show(
      ["analyze"], environment: ["CORONER_SYMBOLIZER": "/nowhere"])
    #expect(shown.output.contains("no llvm-symbolizer was found"), "\(shown.output)")
  }
}

/// A small program that hangs, in Swift and C.
struct CompiledProgram {
  let folder: TemporaryFolder
  var path: String { folder.path("sold") }

  private static let swift = """
    import Glibc
    @_silgen_name("call_back")
    func callBack(_ body: @convention(c) (UnsafeMutableRawPointer) -> Void, _: UnsafeMutableRawPointer)

    final class Place { var next: CheckedContinuation<Int, Never>? }
    actor Shop {
      func sell(to buyer: Int) async -> Int {
        let price: Int = await withCheckedContinuation { next in
          let place = Unmanaged.passRetained(Place())
          place.takeUnretainedValue().next = next
          callBack({ Unmanaged<Place>.fromOpaque($0).takeRetainedValue().next!.resume(returning: 1) },
            place.toOpaque())
        }
        return await withCheckedContinuation { (_: CheckedContinuation<Int, Never>) in // waits
          write(1, "hung\\n", 5)
        } + price
      }
    }
    @inline(never) func serve(_ shop: Shop) async -> Int {
      await shop.sell(to: 3) + 1 // asks
    }
    @main struct Main {
      static func main() async {
        print(await serve(Shop())) // begins
      }
    }
    """
  private static let c = """
    void call_back(void (*body)(void *), void *argument) {
      body(argument);
      __asm__ volatile(""); // no tail call
    }
    """

  private static func tool(_ name: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
      .map { "\($0)/\(name)" }.first(where: FileManager.default.isExecutableFile)
  }
  static let isPossible = tool("swiftc") != nil && tool("clang") != nil

  init(options: [String]) async throws {
    folder = try TemporaryFolder()
    try Self.swift.write(toFile: folder.path("sold.swift"), atomically: true, encoding: .utf8)
    try Self.c.write(toFile: folder.path("helper.c"), atomically: true, encoding: .utf8)
    try await build(options: options)
  }

  func build(options: [String]) async throws {
    let helper = folder.path("helper.o")
    for command in [
      [Self.tool("clang")!, "-g", "-O1", "-c", folder.path("helper.c"), "-o", helper],
      [
        Self.tool("swiftc")!, "-g", "-parse-as-library", folder.path("sold.swift"), helper, "-o",
        path,
      ] + options,
    ] {
      let built = try await Command.run(command[0], Array(command.dropFirst()))
      guard built.status == 0 else {
        throw RecordingError(message: "\(command) failed:\n\(built.output)\(built.error)")
      }
    }
  }

  /// The line that holds a text.
  func line(of mark: String) -> Int? {
    Self.swift.split(separator: "\n", omittingEmptySubsequences: false)
      .firstIndex { $0.contains(mark) }.map { $0 + 1 }
  }
}

/// Such a program, recorded until it hung, and killed.
struct RecordedProgram {
  let program: CompiledProgram
  let folder: TemporaryFolder

  static func make(options: [String]) async throws -> RecordedProgram {
    try #require(Distribution.isStaged, "\(Distribution.howToStage)")
    let recorded = RecordedProgram(
      program: try await CompiledProgram(options: options), folder: try TemporaryFolder())
    let process = try Command.start(
      Distribution.coroner,
      ["record", "--output", recorded.folder.path("trace"), "--", recorded.program.path],
      in: recorded.folder)
    let end = ContinuousClock.now + .seconds(120)
    while process.isRunning, ContinuousClock.now < end,
      !recorded.folder.text("output").contains("hung")
    {
      try await Task.sleep(for: .milliseconds(20))
    }
    try await Task.sleep(for: .milliseconds(300))
    kill(process.processIdentifier, SIGKILL)
    while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
    return recorded
  }

  /// What a command of coroner says about the trace.
  func show(_ command: [String], environment: [String: String] = [:]) async throws -> Command.Result
  {
    try await Command.run(
      Distribution.coroner, [command[0], folder.path("trace")] + command.dropFirst(),
      environment: environment)
  }
}
