import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Threads that rest at a set of descriptors, as the event loops of SwiftNIO do. In all traces `fetch`
/// awaits a continuation, and thread 2 is the one of the loop.
@Suite struct DescriptorSetTests {
  static let loop = "0x2000000000000004"
  static let places = """
    process 100
    site fetch app.swift:40 fetch()
    site handler app.swift:17 Lookup.channelRead()
    stack atFetch fetch
    stack atHandler handler
    thread 1 tid=100 "app"
    thread 2 tid=102 "loop"
    thread 3 tid=103 "other"
    thread 9 tid=109 "coroner-watch"
    fact runtime "Swift 6.3.1"
    +0ms 1 resource-create 0xe1 object=2 value=executor
    +0ms 1 task-create 0xa1 site=atFetch value=fetch
    +0ms 1 name 0xa1 value="fetch"
    +0ms 2 loop-start \(loop)
    +0ms 2 io-register 7 object=\(loop) value=read|listen
    +0ms 2 loop-idle \(loop) value=none
    +1ms 1 task-resume 0xa1 object=0xe1
    +1ms 1 resource-create 0xf1 value=future site=atFetch
    +1ms 1 task-suspend 0xa1 object=0xf1 site=atFetch
    +1ms 1 loop-idle 0x0 value=none

    """
  static let handlerWaits = """
    +2ms 2 loop-wake \(loop) value=1
    +3ms 2 resource-create 0xb1 value=semaphore site=atHandler
    +3ms 2 block-begin 0xb1 object=none site=atHandler value=acquire

    """

  private func findings(_ events: String) throws -> [Finding] {
    let trace = try TraceText.parse(Self.places + events + "\n+5000ms 9 thread-start 109\n")
    return try analyze(trace).report.findings
  }

  @Test func aLoopThatRestsMayGetWork() throws {
    #expect(try findings("").isEmpty)
  }

  @Test func aLoopThatWaitsForItsOwnWorkIsTheCause() throws {
    let all = try findings(Self.handlerWaits)
    #expect(all.map(\.kind) == [.loopSelfWait])
    #expect(all.first?.certainty == .likely)
    #expect(all.first?.parties.map(\.name) == ["loop"])
    #expect(all.first?.behind.map(\.name) == ["fetch"])
    #expect(all.first?.marks.first?.site.line == 17)
    #expect(
      all.first?.because.first
        == "'loop' looks after 1 descriptor, and runs what is handed to its loop; it has done neither "
        + "since +3.00 ms")
  }

  @Test func itsTimersNeedIt() throws {
    let timer = "+2ms 2 timer-arm 0x2000000000000005 object=\(Self.loop) value=60000\n"
    #expect(try findings(timer + Self.handlerWaits).map(\.kind) == [.loopSelfWait])
  }

  @Test(arguments: [
    // A delayed block of libdispatch.
    "+2ms 2 timer-arm 0x1000000000000001 value=60000\n",
    // A connection that another loop watches.
    """
    +2ms 3 loop-start 0x2000000000000008
    +2ms 3 io-register 9 object=0x2000000000000008 value=read
    +2ms 3 loop-idle 0x2000000000000008 value=none

    """,
    // The same set, with another thread that looks at it.
    """
    +2ms 3 loop-start \(loop)
    +2ms 3 loop-idle \(loop) value=none

    """,
    "+2ms 3 io-register 9 value=read\n+2ms 3 loop-idle 0x0 value=none\n",
  ])
  func whatComesElsewhereMayEndTheWait(_ other: String) throws {
    #expect(try findings(other + Self.handlerWaits).isEmpty)
  }

  @Test func aLoopWithWorkThatItDoesNotLookAtIsBlocked() throws {
    let elsewhere = "+2ms 3 io-register 9 value=read\n+2ms 3 loop-idle 0x0 value=none\n"
    let all = try findings(
      elsewhere + Self.handlerWaits + "+1500ms 9 loop-wakeup \(Self.loop)\n")
    #expect(all.map(\.kind) == [.blockedLoop])
    #expect(all.first?.marks.first?.site.line == 17)
  }

  @Test func aWaitThatEndsByItselfIsNone() throws {
    let waits = Self.handlerWaits.replacing("object=none", with: "object=10000")
    #expect(try findings(waits).isEmpty)
  }
}
