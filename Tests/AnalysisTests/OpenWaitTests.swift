import Findings
import Testing
import TraceFormat

@testable import Analysis

/// Tasks that wait for long in a process that goes on: a note at most. `main` runs a server whose socket
/// listens, `answer` serves a request.
@Suite struct OpenWaitTests {
  static let places = """
    process 100
    site main app.swift:40 Main.main()
    site own app.swift:12 Printer.printed()
    site call app.swift:22 fetch()
    site inner /checkouts/http/Client.swift:7 Client.execute() library
    site next /checkouts/http/Stream.swift:9 Stream.next() library
    stack atMain main
    stack atOwn own
    stack atCall inner call
    stack atNext next call
    thread 1 tid=100 "app"
    thread 9 tid=109 "coroner-watch"
    fact runtime "Swift 6.3.1"
    +0ms 1 io-register 7 value=read|listen
    +0ms 1 resource-create 0xe1 object=2 value=executor
    +0ms 1 task-create 0xa0 site=atMain value=main
    +0ms 1 name 0xa0 value="main"
    +0ms 1 task-create 0xa1 site=atMain value=own
    +0ms 1 name 0xa1 value="answer"

    """

  /// A wait of a task with this stack.
  private func wait(_ task: String, _ future: String, _ stack: String, at ms: Int) -> String {
    """
    +\(ms)ms 1 task-resume \(task) object=0xe1
    +\(ms)ms 1 resource-create \(future) value=future site=\(stack)
    +\(ms)ms 1 task-suspend \(task) object=\(future) site=\(stack)

    """
  }

  private func findings(_ events: String, until ms: Int = 9000) throws -> [Finding] {
    let end = "+\(ms - 1)ms 1 loop-idle 0x0 value=none\n+\(ms)ms 9 thread-start 109\n"
    let trace = try TraceText.parse(Self.places + events + end)
    return try analyze(trace).report.findings
  }

  @Test func aRequestThatNobodyAnswersIsNoted() throws {
    let all = try findings(wait("0xa1", "0xf1", "atOwn", at: 2))
    #expect(all.map(\.kind) == [.externalWait])
    #expect(all.first?.severity == .note)
    #expect(all.first?.marks.first?.site.line == 12)
    #expect(all.first?.because == ["1 socket listens"])
  }

  @Test func oneThatHasNotTakenLongIsNot() throws {
    #expect(try findings(wait("0xa1", "0xf1", "atOwn", at: 2), until: 3000).isEmpty)
  }

  @Test func aCallOfALibraryIsNotedIfItWasShortBefore() throws {
    let before =
      wait("0xa0", "0xf0", "atCall", at: 2) + "+20ms 1 future-done 0xf0 value=value\n"
    let again = wait("0xa0", "0xf1", "atCall", at: 30)
    #expect(try findings(before + again).map(\.kind) == [.externalWait])
    #expect(try findings(again).isEmpty)
    let others =
      wait("0xa1", "0xf0", "atCall", at: 2) + "+20ms 1 future-done 0xf0 value=value\n"
      + wait("0xa1", "0xf1", "atCall", at: 30)
    #expect(try findings(others).isEmpty)
  }

  @Test func whenTheNextElementComesNobodyKnows() throws {
    let before =
      wait("0xa0", "0xf0", "atNext", at: 2) + "+20ms 1 future-done 0xf0 value=value\n"
    #expect(try findings(before + wait("0xa0", "0xf1", "atNext", at: 30)).isEmpty)
  }
}
