import Foundation
import Testing
import TraceFormat

/// A process that was killed: the main thread's events are in a hot buffer, another thread's in a
/// section. `tail` goes behind both.
private func killedTrace(tail: [UInt8] = [], major: UInt16 = 1) -> [UInt8] {
  let le = TraceBytes.le(_:) as (UInt32) -> [UInt8]
  let items =
    TraceBytes.item(1, id: 1, Array("app.py".utf8)) + TraceBytes.item(1, id: 2, Array("put".utf8))
    + TraceBytes.item(1, id: 3, Array("MainThread".utf8))
    + TraceBytes.item(2, id: 1, le(1) + le(2) + le(17) + le(17) + le(13 | 40 << 16) + le(0))
    + TraceBytes.item(3, id: 1, le(1))
    + TraceBytes.item(4, id: 0, le(1) + le(2))
    + TraceBytes.item(5, id: 1, TraceBytes.le(UInt64(100)) + le(3) + le(0))
  return TraceBytes.file(
    TraceBytes.hot(
      TraceBytes.buffer(
        thread: 1, firstIndex: 0,
        [.init(10, .threadStart, 100), .init(30, .taskCreate, 0xa1, value: 1)]),
      TraceBytes.buffer(definitions: items)),
    TraceBytes.events(
      thread: 2, firstIndex: 0,
      [.init(20, .threadStart, 101), .init(40, .loopStart, 0xc1), .init(50, .loopIdle, 0xc1)]),
    tail, major: major)
}

private func read(_ bytes: [UInt8]) throws -> (trace: MemoryTrace, unknown: UInt64) {
  let file = ScratchFile(bytes)
  let reader = try TraceReader(path: file.path)
  return (try MemoryTrace(reading: reader), reader.unknownEvents)
}

/// Whether the trace reads as the whole one, with losses, or not at all; anything else is an issue.
private enum Reading: Equatable {
  case same, lossy, different, refused
  init(_ file: ScratchFile, whole: MemoryTrace) throws {
    do {
      let trace = try MemoryTrace(reading: TraceReader(path: file.path))
      let isSame = trace.events == whole.events && trace.definitions == whole.definitions
      self = !trace.losses.isEmpty ? .lossy : isSame ? .same : .different
    } catch is TraceError {
      self = .refused
    }
  }
}

@Suite struct TraceReaderTests {
  @Test func readsWhatAKilledProcessLeft() throws {
    let (trace, unknown) = try read(killedTrace())
    #expect(trace.losses.isEmpty && unknown == 0)
    #expect(trace.header.program == "app.py" && trace.header.process == 1)
    #expect(!trace.header.cleanEnd)
    #expect(trace.events.map(\.time.nanoseconds) == [10, 20, 30, 40, 50])
    #expect(trace.events.map(\.thread.number) == [1, 2, 1, 2, 2])
    #expect(
      trace.events.map(\.kind) == [.threadStart, .threadStart, .taskCreate, .loopStart, .loopIdle])
    #expect(trace.events.map(\.subject) == [100, 101, 0xa1, 0xc1, 0xc1])
    #expect(trace.events[2].value == 1)
    let site = Site(file: "app.py", function: "put", line: 17, column: 13, endColumn: 40)
    #expect(trace.definitions.frames(StackID(1)) == [site])
    #expect(trace.definitions.threads == [ThreadSlot(1): .init(tid: 100, name: "MainThread")])
    #expect(trace.definitions.fact("app.py") == "put")
  }

  @Test func readsABlockWhoseFieldsLieByKind() throws {
    let records: [TraceBytes.Record] = [
      .init(60, .taskResume, 0xa2), .init(64, .taskCreate, 0xa3, value: 7),
      .init(65, .taskResume, 0xa1), .init(67, .taskCreate, 0xa4, value: 8),
    ]
    func events(byKind: Bool) throws -> [Event] {
      try read(
        TraceBytes.file(
          TraceBytes.events(thread: 1, firstIndex: 0, byKind: byKind, records))
      ).trace.events
    }
    #expect(try events(byKind: true) == events(byKind: false))
    #expect(try events(byKind: true).map(\.subject) == records.map(\.subject))
    #expect(try events(byKind: true).map(\.time.nanoseconds) == records.map(\.ticks))
  }

  @Test func eventsOfOneReadingOfTheClockFollowEachOther() throws {
    let (trace, _) = try read(
      TraceBytes.file(
        TraceBytes.events(
          thread: 1, firstIndex: 0,
          [.init(60, .taskResume, 0xa2), .init(60, .acquired, 0xb1), .init(60, .released, 0xb1)]),
        TraceBytes.events(thread: 2, firstIndex: 0, [.init(60, .taskResume, 0xa3)])))
    #expect(trace.events.map(\.time.nanoseconds) == [60, 61, 62, 60])
    #expect(trace.events.map(\.thread.number) == [1, 1, 1, 2])
  }

  @Test func takesEventsOnceThatWereDrainedButNotFreed() throws {
    let drained = TraceBytes.events(
      thread: 1, firstIndex: 0, [.init(10, .threadStart, 100)])
    #expect(try read(killedTrace(tail: drained)).trace.events == read(killedTrace()).trace.events)
  }

  @Test func aDamagedBlockDoesNotHideAHotBuffer() throws {
    let whole = try read(killedTrace()).trace
    var bytes = killedTrace(
      tail: TraceBytes.events(thread: 1, firstIndex: 0, [.init(10, .threadStart, 100)]))
    let tail = killedTrace().count
    bytes[tail + 72] ^= 0xff
    let trace = try read(bytes).trace
    #expect(trace.events == whole.events)
    #expect(trace.losses.map(\.byteOffset) == [UInt64(tail)])
  }

  @Test func anIndexAtTheEndOfItsRangeIsALoss() throws {
    let bytes = TraceBytes.file(
      TraceBytes.hot(
        TraceBytes.buffer(thread: 1, firstIndex: .max, [.init(30, .threadEnd, 9)])))
    let trace = try read(bytes).trace
    #expect(trace.events.count == 1)
    #expect(trace.losses.map(\.events) == [.max])
  }

  @Test func refusesANewerMajorVersionByName() throws {
    let file = ScratchFile(killedTrace(major: 2))
    #expect(throws: TraceError.newerVersion(path: file.path, major: 2, minor: 0)) {
      _ = try TraceReader(path: file.path)
    }
  }

  @Test func skipsAndCountsUnknownKinds() throws {
    let tail = TraceBytes.events(
      thread: 3, firstIndex: 0, [.init(60, number: 63, 1), .init(70, .threadEnd, 102)])
    let (trace, unknown) = try read(killedTrace(tail: tail))
    #expect(unknown == 1 && trace.losses.isEmpty)
    #expect(trace.events.last?.kind == .threadEnd && trace.events.count == 6)
  }

  /// Events are numbered, and sections say how long they are: nothing is taken out of a file without a trace.
  @Test func whatIsTakenOutOfAFileIsMissed() throws {
    let bytes = killedTrace()
    let whole = try read(bytes).trace
    let section = 2 * 4096 + 2 * 65536
    let records = [0, 1].map { 2 * 4096 + 64 + 32 * $0 }.map { $0..<($0 + 32) }
    for cut in records + [4096..<section, section..<bytes.count, (section + 72)..<(section + 80)] {
      // Without and with the room that a recorder leaves at the end.
      for room in [0, 8192] {
        var less = bytes + [UInt8](repeating: 0, count: room)
        less.removeSubrange(cut)
        let reading = try Reading(ScratchFile(less), whole: whole)
        #expect(reading == .lossy || reading == .refused, "without \(cut)")
      }
    }
  }

  /// Shortened step by step, so that one file will do.
  @Test func aFileCutOffAnywhereIsRefusedOrHasLosses() throws {
    let bytes = killedTrace()
    let whole = try read(bytes).trace
    let file = ScratchFile(bytes)
    var size = bytes.count - 1
    while size >= 0 {
      file.truncate(to: size)
      let reading = try Reading(file, whole: whole)
      #expect(reading == (size < 4096 ? .refused : .lossy), "at \(size)")
      size -= size > 5120 && size < bytes.count - 256 ? min(257, size - 5120) : 1
    }
  }

  /// What no checksum covers may read differently; what one covers must be a loss.
  @Test func aFlippedByteAnywhereNeverCrashes() throws {
    let bytes = killedTrace()
    let whole = try read(bytes).trace
    let file = ScratchFile(bytes)
    let section = 4096 + 4096 + 2 * 65536
    let buffers = [8192, 8192 + 65536].flatMap { Array($0..<($0 + 320)) }
    let offsets =
      Array(0..<360) + Array(4096..<4168) + buffers + Array(section..<bytes.count)
      + Array(stride(from: 360, to: section, by: 509))
    for offset in offsets {
      for flip in [0xff, 0x01, 0x80] as [UInt8] {
        file.put(bytes[offset] ^ flip, at: offset)
        let reading = try Reading(file, whole: whole)
        if (0..<8).contains(offset) { #expect(reading == .refused) }
        if (4096..<4168).contains(offset) { #expect(reading == .lossy, "at \(offset)") }
        if (section..<(section + 72)).contains(offset) {
          #expect(reading == .lossy, "at \(offset)")
        }
      }
      file.put(bytes[offset], at: offset)
    }
    #expect(try Reading(file, whole: whole) == .same)
  }
}
