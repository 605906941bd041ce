import Foundation
import Testing
import TraceABI

@Suite struct `settings of the recorder` {
  let folder: String

  init() throws { folder = try Driver.temporaryFolder() }

  /// Runs the driver, which must go on unrecorded and with success; what it wrote to standard error.
  private func refusal(_ environment: [String: String]) throws -> String {
    let result = try Driver.run(["count", "10", "1"], environment)
    #expect(result.status == 0 && !result.wasKilled)
    #expect(result.output == "not recording\n")
    return result.errors
  }

  @Test func `without a path nothing is recorded and nothing is said`() throws {
    #expect(try refusal([:]) == "")
    #expect(try refusal(["CORONER_TRACE": ""]) == "")
  }

  @Test func `a bad setting is one clear line`() throws {
    #expect(
      try refusal(["CORONER_TRACE": folder]) == "coroner: not recording: cannot write \(folder): "
        + "Is a directory\n")
    #expect(
      try refusal(["CORONER_TRACE": "/nonexistent/trace"])
        == "coroner: not recording: cannot write /nonexistent/trace: No such file or directory\n")
    #expect(
      try refusal(["CORONER_TRACE": folder + "/t", "CORONER_STALL": "soon"])
        == "coroner: not recording: CORONER_STALL is not a number of seconds: soon\n")
    for limit in ["much", "3M", "4000000", "4T", "M", "5M5"] {
      #expect(
        try refusal(["CORONER_TRACE": folder + "/t", "CORONER_LIMIT": limit])
          == "coroner: not recording: CORONER_LIMIT is not a size of 4M or more, such as 256M: "
          + "\(limit)\n")
    }
    let long = String(repeating: "x", count: 5000)
    #expect(
      try refusal(["CORONER_TRACE": long])
        == "coroner: not recording: the path in CORONER_TRACE is too long\n")
    #expect(
      try refusal(["CORONER_TRACE": "/dev/null"])
        == "coroner: not recording: /dev/null is not a regular file\n")
  }

  @Test func `a symbolic link is not followed`() throws {
    let target = folder + "/target"
    try "precious".write(toFile: target, atomically: true, encoding: .utf8)
    let link = folder + "/link"
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: target)
    #expect(
      try refusal(["CORONER_TRACE": link])
        == "coroner: not recording: \(link) is a symbolic link\n")
    #expect(try String(contentsOfFile: target, encoding: .utf8) == "precious")
  }

  @Test func `a full disk is found out at the start`() throws {
    // A limit on the file's size stands for the full disk, for which one would have to be mounted.
    let command = "ulimit -f 16; exec \"$0\" \"$@\""
    let result = try Driver.run(
      "/bin/sh", ["-c", command, try Driver.program(), try Driver.library(), "count", "10", "1"],
      ["CORONER_TRACE": folder + "/t"])
    #expect(result.status == 0 && !result.wasKilled)
    #expect(result.errors == "coroner: not recording: no space for \(folder)/t\n")
  }

  @Test func `a disk that fills up later costs events, not the program`() throws {
    let path = folder + "/t"
    let result = try Driver.run(
      "/bin/sh",
      [
        "-c", "ulimit -f 8192; exec \"$0\" \"$@\"", try Driver.program(), try Driver.library(),
        "count", "200000", "8",
      ], ["CORONER_TRACE": path])
    #expect(result.status == 0 && !result.wasKilled && result.errors == "")
    let trace = try RawTrace(path: path)
    let recorded = trace.events.values.reduce(0) { sum, thread in
      sum + thread.values.count { $0.kind == 22 }
    }
    #expect(recorded + Int(trace.header.lost_events) >= 8 * 200_000)
    #expect(recorded > 0)
  }

  @Test func `an existing file is replaced and is the owner's alone`() throws {
    let path = folder + "/trace"
    try String(repeating: "old", count: 3_000_000).write(
      toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    let result = try Driver.run(["count", "10", "1"], ["CORONER_TRACE": path])
    #expect(result.output == "recording\n" && result.errors == "")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o600)
    #expect(try RawTrace(path: path).numbers(ofThread: 0) == Array(0..<10))
  }

  @Test func `a trace that is being written is left alone`() throws {
    let path = folder + "/trace"
    let progress = folder + "/progress"
    try Data(count: 4096).write(to: URL(fileURLWithPath: progress))
    let other = Driver.process(
      try Driver.program(), [try Driver.library(), "forever", "1", progress],
      ["CORONER_TRACE": path])
    other.standardOutput = FileHandle.nullDevice
    try other.run()
    while [UInt8](try Data(contentsOf: URL(fileURLWithPath: progress))).u64(0) == 0 { usleep(1000) }
    let result = try Driver.run(["count", "10", "1"], ["CORONER_TRACE": path])
    #expect(result.output == "not recording\n")
    // The other process is this one's sibling, not its parent, which would be passed over in silence.
    #expect(result.errors.contains("belongs to a process that records"))
    #expect(other.isRunning)
    kill(other.processIdentifier, SIGKILL)
    other.waitUntilExit()
    #expect(try RawTrace(path: path).numbers(ofThread: 0).count > 0)
  }

  @Test func `%% and unknown letters stay as they are`() throws {
    let result = try Driver.run(["count", "1", "1"], ["CORONER_TRACE": folder + "/a%%b%x%n"])
    #expect(result.output == "recording\n")
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["a%b%xdriver"])
  }
}
