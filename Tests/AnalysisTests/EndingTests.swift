import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Programs that are over but for something that does not come.
@Suite struct EndingTests {
  /// The main thread waits at the program's end for a worker, which waits for an item of a queue.
  private func kinds(_ events: String) throws -> [FindingKind] {
    let text = """
      process 100
      site ask app.py:15 Console.ask
      site ends app.py:20 main
      site made app.py:10 Console.__init__
      stack atAsk ask
      stack atEnd ends
      stack atMade made
      thread 1 tid=100 "MainThread"
      thread 2 tid=102 "asyncio_0"
      +1ms 1 resource-create 0xe1 site=atMade value=queue
      +1ms 2 thread-start 102
      +2ms 2 block-begin 0xe1 object=none site=atAsk value=queue-get
      +2ms 1 thread-bind 0xd1
      +2ms 2 thread-bind 0xd2
      +3ms 1 block-begin 0xd2 object=none site=atEnd value=exit

      """
    let trace = try TraceText.parse(text + events + "\n")
    return try analyze(trace).report.findings
      .map(\.kind)
  }

  @Test func whatNobodySendsKeepsTheProgramFromEnding() throws {
    #expect(try kinds("") == [.exitBlocked])
  }

  @Test func aProofDoesNotChangeWhatItIsCalled() throws {
    #expect(
      try kinds(
        """
        +5000ms 1 snapshot-begin 1 object=5000 value=exit
        +5001ms 1 referrers 0xe1 object=0
        +5001ms 1 snapshot-end 1 object=900 value=0
        """) == [.exitBlocked])
  }
}
