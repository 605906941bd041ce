import Glibc
import Testing
import TraceFormat

/// Text to binary and back.
@Suite struct TraceWriterTests {
  @Test func aWrittenTraceReadsBackAsItWas() throws {
    var trace = try TraceText.parse(sampleText)
    trace.losses = []
    let read = try reread(trace)
    let expected = try MemoryTrace.sorted(trace)
    #expect(read.events == expected)
    #expect(read.definitions.sites == trace.definitions.sites)
    #expect(read.definitions.modules == trace.definitions.modules)
    #expect(read.definitions.addresses == trace.definitions.addresses)
    #expect(read.definitions.stacks == trace.definitions.stacks)
    #expect(read.definitions.threads == trace.definitions.threads)
    #expect(read.definitions.fact("runtime") == "CPython 3.12.1")
    #expect(read.header.program == trace.header.program)
    #expect(read.header.lostEvents == trace.header.lostEvents)
    #expect(read.losses.isEmpty)
  }

  @Test func aThreadOfManyEventsTakesSeveralSections() throws {
    var trace = MemoryTrace()
    for number in 0..<10_000 {
      trace.events.append(
        Event(
          time: TraceInstant(nanoseconds: UInt64(number * 7)), thread: ThreadSlot(1),
          kind: .taskResume, subject: UInt64(number) << 20))
    }
    #expect(try reread(trace).events == trace.events)
  }

  private func reread(_ trace: MemoryTrace) throws -> MemoryTrace {
    var template = Array("/tmp/coroner-writer-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
      close(descriptor)
      unlink(path)
    }
    let bytes = TraceWriter.bytes(of: trace)
    try #require(write(descriptor, bytes, bytes.count) == bytes.count)
    return try MemoryTrace(reading: TraceReader(path: path))
  }
}

extension MemoryTrace {
  fileprivate static func sorted(_ trace: MemoryTrace) throws -> [Event] {
    var events: [Event] = []
    _ = try trace.forEachEvent { events.append($0) }
    return events
  }
}
