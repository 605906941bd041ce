import Foundation
import Testing

/// A short part of `make suites`: CPython's own tests of asyncio's queues do the same when recorded.
@Suite(.enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"))
struct SuiteTests {
  @Test(arguments: [Interpreter.installed.first, Interpreter.installed.last].compactMap { $0 })
  func testsOfQueuesHaveTheSameOutcomeAndNoFinding(_ python: Interpreter) async throws {
    try await Turnstile.shared.pass {
      let folder = try TemporaryFolder()
      let program = Package.root.appending(path: "Tests/Suites/run.py").path
      let result = try await Command.run(
        python.path,
        [
          program, "--coroner", Distribution.coroner, "--folder", folder.url.path,
          "--select", "*test_queues*", "asyncio@\(python.version)",
        ])
      #expect(result.status == 0, "\(result.output)\(result.error)")
    }
  }
}
