import Foundation
import Testing
import TraceABI

@Suite struct `a forked child` {
  let folder: String

  init() throws { folder = try Driver.temporaryFolder() }

  @Test func `gets a trace of its own if the path names the process`() throws {
    let result = try Driver.run(["fork", "3000"], ["CORONER_TRACE": folder + "/%n-%p"])
    #expect(result.status == 0 && result.errors == "")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 2)
    let child = try #require(result.output.split(separator: "\n").last?.split(separator: " ").last)
    #expect(names.contains("driver-\(child)"))
    for name in names {
      let trace = try RawTrace(path: folder + "/" + name)
      let isChild = name.hasSuffix("-\(child)")
      #expect(trace.header.clean_end == (isChild ? 0 : 1))
      #expect(trace.numbers(ofThread: 1).count == (isChild ? 3000 : 0))
      #expect(trace.numbers(ofThread: 2).isEmpty == isChild)
      for events in trace.events.values {
        let times = events.sorted { $0.key < $1.key }.map(\.value.time)
        #expect(zip(times, times.dropFirst()).allSatisfy { $0 <= $1 }, "one clock in \(name)")
      }
      // The ids that the parent handed out are true in the child as well.
      #expect(trace.string(1) == "app.py")
      #expect(trace.string(20004) != nil)
    }
  }

  @Test func `records nothing, silently, if its trace would be the parent's`() throws {
    let path = folder + "/trace"
    let result = try Driver.run(["fork", "3000"], ["CORONER_TRACE": path])
    #expect(result.status == 0 && result.errors == "")
    let trace = try RawTrace(path: path)
    #expect(trace.header.clean_end == 1)
    #expect(trace.numbers(ofThread: 1).isEmpty)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["trace"])
  }

  @Test func `may be forked at any moment of other threads`() throws {
    let result = try Driver.run(["forks", "100"], ["CORONER_TRACE": folder + "/%p"])
    #expect(result.status == 0 && !result.wasKilled, "\(result)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 101)
    for name in names.prefix(20) { _ = try RawTrace(path: folder + "/" + name) }
    try FileManager.default.removeItem(atPath: folder)
  }
}
