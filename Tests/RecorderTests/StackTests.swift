import Foundation
import Testing
import TraceFormat

@Suite struct `stacks of code` {
  @Test func `are taken and defined, whatever the frames are`() throws {
    let program = try Driver.compile(
      [
        "Tests/Drivers/stacks_driver.c", "Sources/CSwiftRuntime/stacks.c",
        "Sources/CSwiftRuntime/modules.c", "Sources/CRecorderLink/recorder_link.c",
      ],
      ["CSwiftRuntime", "CRecorderLink", "TraceABI"].map { "-I@/Sources/\($0)/include" }
        + ["-Wl,--no-as-needed", "-lgcc_s"])
    let trace = try Driver.temporaryFolder() + "/trace"
    let result = try Driver.run(
      program, [try Driver.library()], ["CORONER_TRACE": trace])
    #expect(result.status == 0 && !result.wasKilled, "\(result)")
    #expect(
      result.output.split(separator: "\n") == [
        "walk some", "first same", "known same", "unknown none", "again same", "astray 11 of 11",
      ])

    let definitions = try TraceReader(path: trace).definitions
    let addresses = definitions.addresses.values
    #expect(!addresses.isEmpty && addresses.allSatisfy { $0.isReturn })
    let module = try #require(definitions.modules.values.first { $0.name.hasPrefix("libc.so") })
    #expect(module.buildID.count == 20)
    // Code of the probe's own file is not told.
    #expect(!definitions.modules.values.contains { $0.path == program })
  }
}
