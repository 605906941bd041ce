import Foundation
import Testing

/// `coroner record --on-stall`: a run that freezes ends with the report, a healthy one does not notice.
@Suite(.enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"), .serialized)
struct StallTests {
  private static let deadlock = """
    import asyncio

    class Stock:
        def __init__(self):
            self.items, self.orders = asyncio.Lock(), asyncio.Lock()

        async def take(self):
            async with self.items:
                await asyncio.sleep(0.01)
                async with self.orders:
                    pass

        async def order(self):
            async with self.orders:
                await asyncio.sleep(0.01)
                async with self.items:
                    pass

    async def both():
        stock = Stock()
        await asyncio.gather(stock.take(), stock.order())


    """

  private func record(
    _ action: String, _ program: String, with python: String, _ arguments: [String] = [],
    stall: String = "0.5", as name: String = "program.py"
  ) async throws -> Command.Result {
    let folder = try TemporaryFolder()
    let file = folder.path(name)
    try Data(program.utf8).write(to: URL(filePath: file))
    return try await Command.run(
      Distribution.coroner,
      [
        "record", "--on-stall", action, "--stall", stall, "--output",
        folder.path("t.%p.coroner"), "--", python,
      ] + arguments + [file])
  }

  @Test(arguments: Interpreter.installed)
  func aTestThatHangsUnderUnittestIsNamedAndEnded(_ python: Interpreter) async throws {
    let program =
      Self.deadlock + """
        import unittest

        class StockTests(unittest.IsolatedAsyncioTestCase):
            async def test_goes_well(self):
                await asyncio.sleep(0.01)

            async def test_take_while_ordering(self):
                await both()

        unittest.main()
        """
    let result = try await record("kill", program, with: python.path)
    #expect(result.status == 124, "\(result)")
    #expect(result.error.contains("error[lock-cycle]"), "\(result)")
    #expect(result.error.contains("test_take_while_ordering"), "\(result)")
    #expect(!result.error.contains("test_goes_well"), "\(result)")
  }

  @Test(.enabled(if: Pytest.python != nil, "pytest and pytest-asyncio cannot be installed here"))
  func aTestThatHangsUnderPytestIsNamedAndEnded() async throws {
    let program =
      Self.deadlock + """
        import pytest

        @pytest.mark.asyncio
        async def test_goes_well():
            await asyncio.sleep(0.01)

        @pytest.mark.asyncio
        async def test_take_while_ordering():
            await both()
        """
    let result = try await record(
      "kill", program, with: Pytest.python!, ["-m", "pytest", "-p", "no:cacheprovider"],
      as: "test_stock.py")
    #expect(result.status == 124, "\(result)")
    #expect(result.error.contains("error[lock-cycle]"), "\(result)")
    #expect(result.error.contains("test_take_while_ordering"), "\(result)")
    #expect(!result.error.contains("test_goes_well"), "\(result)")
  }

  @Test func aReportIsPrintedOnceAndTheProgramRunsOn() async throws {
    let program =
      Self.deadlock + """
        async def main():
            stuck = asyncio.create_task(both())
            for _ in range(200):
                await asyncio.sleep(0.1)
            stuck.cancel()
            print("done")
            raise SystemExit(7)

        asyncio.run(main())
        """
    let python = try #require(Interpreter.installed.last)
    let result = try await record("report", program, with: python.path)
    #expect(result.status == 7, "\(result)")
    #expect(result.output == "done\n")
    #expect(result.error.components(separatedBy: "error[lock-cycle]").count == 2, "\(result)")
  }

  @Test func whatWaitsForTheOutsideIsNoStall() async throws {
    let program = """
      import asyncio, sys, time

      async def main():
          server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
          queue = asyncio.Queue()
          worker = asyncio.create_task(queue.get())
          await asyncio.sleep(4)
          time.sleep(3)
          worker.cancel()
          sys.exit(3)

      asyncio.run(main())
      """
    let python = try #require(Interpreter.installed.last)
    let result = try await record("kill", program, with: python.path)
    #expect(result == Command.Result(status: 3, output: "", error: ""))
  }

  @Test func signalsAreForwardedAndEndTheToolAsTheyEndTheProgram() async throws {
    let python = try #require(Interpreter.installed.last)
    let own = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    #expect(try await record("kill", own, with: python.path).status == SIGKILL)
    let forwarded = """
      import asyncio, os, signal

      async def main():
          asked = asyncio.Event()
          # The threads of the tests' own process block it.
          signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
          asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, asked.set)
          os.kill(os.getppid(), signal.SIGTERM)
          await asked.wait()
          print("asked")

      asyncio.run(main())
      """
    let result = try await record("kill", forwarded, with: python.path)
    #expect(result == Command.Result(status: 0, output: "asked\n", error: ""))
  }
}

/// An interpreter with pytest and pytest-asyncio, made once for all runs of the tests.
enum Pytest {
  static let python: String? = {
    guard let base = Interpreter.installed.last else { return nil }
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "coroner-pytest-\(base.version)-\(getuid())").path
    let python = folder + "/bin/python"
    func works() -> Bool {
      (try? Command.runBlocking(python, ["-c", "import pytest, pytest_asyncio"]).status) == 0
    }
    if works() { return python }
    _ = try? Command.runBlocking(base.path, ["-m", "venv", folder])
    _ = try? Command.runBlocking(
      python, ["-m", "pip", "install", "--quiet", "pytest", "pytest-asyncio"])
    return works() ? python : nil
  }()
}
