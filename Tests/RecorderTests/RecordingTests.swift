import Foundation
import Testing
import TraceABI

@Suite struct `what is recorded` {
  let folder: String

  init() throws { folder = try Driver.temporaryFolder() }

  private func record(_ arguments: String...) throws -> RawTrace {
    let path = folder + "/trace"
    let result = try Driver.run(arguments, ["CORONER_TRACE": path])
    #expect(result.status == 0 && !result.wasKilled, "\(result)")
    #expect(result.errors == "")
    return try RawTrace(path: path)
  }

  @Test func `every event of every thread is in the file`() throws {
    let trace = try record("count", "20000", "4")
    for thread in 0..<4 {
      #expect(trace.numbers(ofThread: UInt64(thread)) == Array(0..<20000))
    }
    #expect(trace.header.lost_events == 0)
    #expect(trace.header.clean_end == 1)
    #expect(trace.buffersInUse == 0)
    #expect(trace.threadNames == ["counter 0", "counter 1", "counter 2", "counter 3"])
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `whatever the fields hold, it is read back`(_ seed: UInt64) throws {
    let count: UInt64 = 30000
    let trace = try record("random", "\(seed)", "\(count)")
    var state = seed
    func draw() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    var (turn, manner, base): (UInt64, UInt64, UInt64) = (0, 0, 0)
    let expected = (0..<count).map { number -> [UInt64] in
      if turn == 0 {
        turn = draw() % 700
        manner = draw() % 4
        base = draw()
      } else {
        turn -= 1
      }
      let field =
        switch manner {
        case 0: base
        case 1: base &+ number
        case 2: number % 7
        default: draw()
        }
      return [field, field &* 16, UInt64(UInt32(truncatingIfNeeded: field >> 8))]
    }
    let events = try #require(trace.events.values.max { $0.count < $1.count })
    let found = events.sorted { $0.key < $1.key }.map(\.value).filter { $0.kind == 22 }
      .map { [$0.subject, $0.object, UInt64($0.value)] }
    #expect(found == expected)
    #expect(trace.header.lost_events == 0)
  }

  @Test func `a bounded trace gives up what defined threads that are gone`() throws {
    let path = folder + "/trace"
    let settings = ["CORONER_TRACE": path, "CORONER_LIMIT": "4M"]
    #expect(try Driver.run(["generations", "300"], settings).status == 0)
    let trace = try RawTrace(path: path)
    let main = try #require(trace.events.max { $0.value.count < $1.value.count }).key
    #expect(trace.threads.count < 6000)  // of 7201
    #expect(trace.threads[main] != nil && trace.threads[main] != "?")
  }

  @Test func `a thread begins and ends with its own events`() throws {
    let trace = try record("count", "10", "3")
    #expect(trace.events.count == 3)
    for (slot, events) in trace.events {
      let ordered = events.sorted { $0.key < $1.key }.map(\.value)
      #expect(Set(events.keys) == Set(0..<UInt64(events.count)), "indices of thread \(slot)")
      #expect(ordered.first?.kind == UInt8(CORONER_THREAD_START.rawValue))
      #expect(ordered.last?.kind == UInt8(CORONER_THREAD_END.rawValue))
      #expect(ordered.first?.subject == ordered.last?.subject)
      #expect(zip(ordered, ordered.dropFirst()).allSatisfy { $0.time <= $1.time })
    }
  }

  @Test func `the header says whose trace it is and how fast its clock runs`() throws {
    let trace = try record("count", "10", "1")
    var program = trace.header.program
    let name = withUnsafeBytes(of: &program) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    #expect(name == "/somewhere/driver")
    let ns = trace.header.monotonic_last_ns - trace.header.monotonic_start_ns
    let rate = Double(trace.header.tick_last) / Double(ns) * 1e9
    #expect(abs(rate / Double(trace.header.ticks_per_second) - 1) < 0.01)
  }

  @Test func `equal definitions have one id, and all are in the file`() throws {
    let path = folder + "/trace"
    let result = try Driver.run(["define"], ["CORONER_TRACE": path])
    #expect(result.output.hasSuffix("1 2 1 2 1 same\n"))
    let trace = try RawTrace(path: path)
    #expect(trace.string(1) == "app.py")
    #expect(trace.string(2) == "main")
    let site = try #require(trace.definitions[.init(kind: CORONER_DEFINE_SITE.rawValue, id: 1)])
    #expect((0..<4).map { site.u32($0 * 4) } == [1, 2, 12, 13])
    #expect(site.u32(16) == 5 | 20 << 16)
    let stack = try #require(trace.definitions[.init(kind: CORONER_DEFINE_STACK.rawValue, id: 1)])
    #expect(stack.u32(0) == 1 && stack.u32(4) == 2 && stack.count == 8)
    let fact = try #require(trace.facts.first)
    #expect(trace.string(fact.u32(0)) == "runtime" && trace.string(fact.u32(4)) == "C")
    let strings = trace.definitions.keys.filter { $0.kind == CORONER_DEFINE_STRING.rawValue }
    #expect(strings.count == 20000 + 5)  // and the program's name, which is the thread's
  }

  @Test func `recording on after the end does no harm`() throws {
    for _ in 0..<3 {
      let trace = try record("late")
      #expect(trace.header.clean_end == 1)
      #expect(trace.buffersInUse == 0)
    }
  }

  /// On a busy machine a wait takes longer than was asked for, as any other does.
  @Test(arguments: [[], ["3000"]])
  func `no thread waits for a buffer for long`(events: [String]) throws {
    struct Outcome: Decodable {
      var events, lost: UInt64
      var askedMs, askedAtFirstMs: Double
    }
    let program = try Driver.compile(["Tests/Benchmarks/recorder_stalls.c"], ["-rdynamic"])
    let result = try Driver.run(program, [try Driver.library(), "6", "2", "0.5"] + events, [:])
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let outcome = try decoder.decode(Outcome.self, from: Data(result.output.utf8))
    #expect(outcome.events > outcome.lost)
    #expect(outcome.askedMs <= 4)
    #expect(outcome.askedAtFirstMs <= 65)
  }

  @Test func `more threads than buffers lose events, which are counted`() throws {
    var most = 0
    // A busy machine cannot always make a thousand buffers as fast as threads begin.
    for _ in 0..<5 where most < 400 {
      let trace = try record("crowd", "1200")
      let recorded = trace.events.values.reduce(0) { sum, thread in
        sum + thread.values.count { $0.kind == 22 }
      }
      let gaps = trace.events.values.reduce(0) { sum, thread in
        sum + thread.values.count { $0.kind == UInt8(CORONER_GAP.rawValue) }
      }
      #expect(UInt64(1200 - recorded) <= trace.header.lost_events)
      #expect(gaps <= Int(trace.header.lost_events))
      most = max(most, recorded)
    }
    #expect(most >= 400)
  }
}
