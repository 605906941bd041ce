import Testing
import TraceFormat

/// Everything that the text form can say, once.
let sampleText = """
  # a comment
  program "my \\"app\\".py"
  process 12
  wall-start 1700000000000000000
  lost-events 3
  clean-end
  loss "block 7 is damaged" offset=4096 events=12
  site s1 app.py:17:13-40 Store.put
  site l1 asyncio/locks.py:114 Lock.acquire runtime
  site odd "a b:c.py":1-9:3 "<locals> \\u{1b}[31m" library
  module m1 "/srv/my server" build-id=0aff10
  module m2 /lib/libc.so.6
  address a1 m1 0x1234 return
  address a2 m2 0x10
  stack k1 l1 s1
  stack k2 a1 a2
  thread 1 tid=100 "MainThread"
  fact runtime "CPython 3.12.1"
  +2.10ms  1  task-create     0xa1 object=0 site=k1 value=s1
  +2.11ms  1  name            0xa1 value="put"
  +2.20ms  1  resource-create 0xb1 object=1 site=s1 value=lock
  +2.30ms  1  wait-begin      0xa1 object=0xb1 site=k1 value=acquire
  +2.300001ms 2 io-register 5 object=0xc1 value=read|listen
  +2.301ms 2  loop-idle 0xc1 value=none
  +2.302ms 2  block-begin 0xb1 object=none site=odd value=result
  +2.31ms  1  task-end        0xa1 value=error object="KeyError"
  """

@Suite struct TraceTextTests {
  @Test func readsEveryKindOfLine() throws {
    let trace = try TraceText.parse(sampleText)
    #expect(trace.header.program == "my \"app\".py")
    #expect(trace.header.process == 12)
    #expect(trace.header.cleanEnd)
    #expect(trace.losses == [Loss(what: "block 7 is damaged", byteOffset: 4096, events: 12)])
    #expect(trace.definitions.fact("runtime") == "CPython 3.12.1")
    #expect(trace.definitions.threads[ThreadSlot(1)] == .init(tid: 100, name: "MainThread"))
    #expect(trace.events.count == 8)
    let created = trace.events[0]
    #expect(created.kind == .taskCreate && created.subject == 0xa1 && created.object == 0)
    #expect(created.time.nanoseconds == 2_100_000)
    #expect(trace.definitions.site(created.value)?.function == "Store.put")
    let frames = trace.definitions.frames(created.site)
    #expect(frames.map(\.function) == ["Lock.acquire", "Store.put"])
    #expect(frames.map(\.ownership) == [.runtime, .user])
    #expect(trace.definitions.string(trace.events[1].value) == "put")
    #expect(trace.definitions.frames(trace.events[2].site).map(\.line) == [17])
    #expect(trace.events[4].value == 5)
    #expect(trace.events[5].value == .max)
    #expect(trace.events[6].object == .max)
    #expect(trace.definitions.frames(trace.events[6].site).first?.file == "a b:c.py")
    #expect(Outcome(rawValue: trace.events[7].value) == .error)
  }

  @Test func anAddressIsASiteOfItsModule() throws {
    let definitions = try TraceText.parse(sampleText).definitions
    #expect(
      definitions.modules.values.sorted { $0.path < $1.path } == [
        Module(path: "/lib/libc.so.6", buildID: []),
        Module(path: "/srv/my server", buildID: [0x0a, 0xff, 0x10]),
      ])
    let frames = definitions.frames(StackID(2))
    #expect(frames.map(\.function) == ["my server+0x1234", "libc.so.6+0x10"])
    #expect(frames.map(\.line) == [0, 0])
    #expect(definitions.addresses.values.map(\.instruction).sorted() == [0x10, 0x1233])
  }

  @Test func printedTextReadsAsTheSameTrace() throws {
    let trace = try TraceText.parse(sampleText)
    let printed = try TraceText.print(trace)
    #expect(try TraceText.parse(printed) == trace)
    #expect(try TraceText.print(TraceText.parse(printed)) == printed)
  }

  @Test func everyKindAndEveryNumberSurvivesPrinting() throws {
    var trace = MemoryTrace()
    let numbers: [UInt64] = [0, 1, 2, 3, 15, 77, 0xffff_ffff, .max - 1, .max]
    for kind in EventKind.allCases {
      for number in numbers {
        trace.events.append(
          Event(
            time: TraceInstant(nanoseconds: number), thread: ThreadSlot(UInt32(kind.rawValue)),
            kind: kind, subject: number, object: number,
            site: StackID(UInt32(truncatingIfNeeded: number)),
            value: UInt32(truncatingIfNeeded: number)))
      }
    }
    let parsed = try TraceText.parse(TraceText.print(trace))
    #expect(Set(parsed.events.map { "\($0)" }) == Set(trace.events.map { "\($0)" }))
  }

  @Test(arguments: [
    "", "\"", "\\", "\u{301}a", "a\r\nb", "\u{1b}[31m", "\u{202e}abc", "%1", "a#b", "é",
  ])
  func namesSurvivePrinting(name: String) throws {
    var trace = MemoryTrace()
    let site = trace.intern(
      Site(file: name, function: name, line: 3, endLine: 4, column: 1, endColumn: 2))
    trace.definitions.facts = [(name, name)]
    trace.definitions.threads[ThreadSlot(9)] = .init(tid: 1, name: name)
    let stack = trace.intern(stack: [site])
    trace.events = [
      Event(
        time: .start, thread: ThreadSlot(9), kind: .name, subject: 1, site: stack,
        value: trace.intern(name))
    ]
    trace.losses = [Loss(what: name)]
    let printed = try TraceText.print(trace)
    #expect(try TraceText.parse(printed) == trace)
    #expect(!printed.contains("\u{1b}") && !printed.contains("\u{202e}"))
  }

  @Test(arguments: [
    ("bogus 1", "'bogus' begins neither a definition nor an event (+time)"),
    ("+1ms 1 task-made 0x1", "'task-made' is no kind of event"),
    ("+1 1 task-end 0x1", "'1' has no unit (ns, us, ms, s)"),
    ("+1.5ns 1 task-end 0x1", "'1.5ns' is finer than 1 ns"),
    ("+1ms 1 task-end 0x1 site=k1", "a stack named 'k1' is not defined above"),
    ("+1ms 1 task-end 0x1 value=lock", "'lock' is not a number or a word for outcome"),
    ("+1ms 1 task-end 0x1 extra=1", "'extra' is none of object, site, value"),
    ("+1ms 1 task-end", "task is missing"),
    ("fact a \"b", "a quote is not closed"),
    ("fact a b c", "'c' is too much"),
    ("site s1 app.py f", "'app.py' is not file:line"),
    ("string %1 a\nstring %1 b", "'%1' is defined twice"),
  ])
  func saysWhichLineIsWrongAndWhy(text: String, what: String) {
    let error = #expect(throws: TraceTextError.self) { try TraceText.parse("\n" + text) }
    #expect(error?.what == what)
    #expect(error?.line == (text.contains("\n") ? 3 : 2))
  }

  @Test func eventsAreDeliveredByTimeButKeepTheirThreadsOrder() throws {
    let trace = try TraceText.parse(
      """
      +5ms 1 thread-start 1
      +3ms 1 thread-start 2
      +6ms 1 thread-start 3
      +4ms 2 thread-start 4
      +5ms 0 thread-start 5
      """)
    var order: [UInt64] = []
    _ = try trace.forEachEvent { order.append($0.subject) }
    #expect(order == [4, 5, 1, 2, 3])
  }
}
