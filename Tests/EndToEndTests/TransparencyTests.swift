import Foundation
import Testing

/// A recorded program must not notice.
@Suite(.enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"))
struct TransparencyTests {
  /// Prints a bit of everything that a recorder could disturb, and ends with a traceback.
  private static let program = """
    import asyncio, os, sys, inspect

    async def child(n):
        await asyncio.sleep(0.001)
        return n * n

    async def main():
        lock = asyncio.Lock()
        async with lock:
            print(await asyncio.gather(*[child(n) for n in range(5)]))
        queue = asyncio.Queue(maxsize=1)
        await queue.put("x")
        try:
            await asyncio.wait_for(queue.put("y"), 0.01)
        except asyncio.TimeoutError:
            print("timeout", queue.qsize(), lock.locked())
        print(inspect.signature(asyncio.Queue.put), inspect.signature(asyncio.Lock.acquire))
        print(asyncio.current_task().get_name(), sys.argv)
        # Warns from 3.12 on if the process has other threads.
        child_process = os.fork()
        if not child_process:
            os._exit(0)
        os.waitpid(child_process, 0)
        await asyncio.wait_for(child("not a number"), 1)

    asyncio.run(main())
    """

  @Test(arguments: Interpreter.installed)
  func outputTracebackAndStatusAreTheSame(_ python: Interpreter) async throws {
    let folder = try TemporaryFolder()
    let file = folder.path("program.py")
    try Data(Self.program.utf8).write(to: URL(filePath: file))
    let plain = try await Command.run(python.path, [file, "argument"])
    let recorded = try await Command.run(
      Distribution.coroner,
      ["record", "--output", folder.path("trace.coroner"), "--", python.path, file, "argument"])
    #expect(plain.status == 1)
    #expect(recorded.status == plain.status)
    #expect(recorded.output == plain.output)
    #expect(recorded.error == plain.error)
  }

  @Test(arguments: Interpreter.installed)
  func withoutATraceNothingIsImported(_ python: Interpreter) async throws {
    let question =
      "import sys; print([m for m in sys.modules if 'asyncio' in m or 'coroner' in m])"
    let result = try await Command.run(
      python.path, ["-c", question],
      environment: ["PYTHONPATH": Distribution.folder + "/lib/coroner/python", "CORONER_TRACE": ""])
    #expect(result == Command.Result(status: 0, output: "[]\n", error: ""))
  }

  /// The interpreter leaves PYTHONPATH and site out; what is preloaded arms the probe. Asyncio's C half is not
  /// ready yet when it imports the other one.
  @Test(arguments: Interpreter.installed)
  func anIsolatedInterpreterIsRecorded(_ python: Interpreter) async throws {
    let folder = try TemporaryFolder()
    let trace = folder.path("trace.coroner")
    let program = "import _asyncio, asyncio, sys; print(sys.path); asyncio.run(asyncio.sleep(0))"
    let arguments = ["-I", "-S", "-c", program]
    let plain = try await Command.run(python.path, arguments)
    let recorded = try await Command.run(
      Distribution.coroner, ["record", "--output", trace, "--", python.path] + arguments)
    #expect(recorded == plain)
    let events = try await Command.run(Distribution.coroner, ["events", trace])
    #expect(events.output.contains("task-end"), "\(events)")
  }

  /// The watchdog's thread looks at a loop that is busy for a quarter of a second; it must be gone when the
  /// interpreter goes.
  @Test(arguments: Interpreter.installed)
  func aProgramMayEndWhileItsLoopIsLookedAt(_ python: Interpreter) async throws {
    for round in 0..<12 {
      let busy = 0.2 + Double(round) / 80
      let result = try await record(
        "import asyncio, time\nasync def main(): time.sleep(\(busy))\nasyncio.run(main())",
        with: python)
      #expect(result == Command.Result(status: 0, output: "", error: ""))
    }
  }

  @Test(arguments: Interpreter.installed)
  func aBadSettingIsOneLineAndTheProgramRunsOn(_ python: Interpreter) async throws {
    let result = try await Command.run(
      python.path, ["-c", "import asyncio; asyncio.run(asyncio.sleep(0)); print('done')"],
      environment: [
        "PYTHONPATH": Distribution.folder + "/lib/coroner/python",
        "CORONER_TRACE": "/nowhere/trace.coroner",
      ])
    #expect(result.status == 0)
    #expect(result.output == "done\n")
    #expect(result.error.hasPrefix("coroner: "), "\(result.error)")
    #expect(result.error.split(separator: "\n").count == 1, "\(result.error)")
  }

  @Test(arguments: Interpreter.installed)
  func aFreeThreadedBuildIsRefusedInOneLine(_ python: Interpreter) async throws {
    let program = "import sys; sys.abiflags = 't'; import asyncio; print('done')"
    let result = try await record(program, with: python)
    #expect(
      result.error == """
        coroner: this is a free-threaded build of Python, which is not supported: nothing is recorded

        """)
    #expect(result.output == "done\n")
  }

  @Test(arguments: Interpreter.installed.filter { $0.version >= PythonVersion(minor: 13) })
  func aSubinterpreterIsRefusedInOneLineAndRuns(_ python: Interpreter) async throws {
    let program = """
      import asyncio, _interpreters
      other = _interpreters.create()
      _interpreters.exec(other, "import asyncio; asyncio.run(asyncio.sleep(0.01)); print('other')")
      _interpreters.destroy(other)
      asyncio.run(asyncio.sleep(0.01))
      print("done")
      """
    let result = try await record(program, with: python)
    #expect(
      result.error == "coroner: asyncio runs in a subinterpreter: nothing is recorded\n")
    #expect(result.output == "other\ndone\n")
    #expect(result.status == 0)
  }

  private func record(_ program: String, with python: Interpreter) async throws -> Command.Result {
    let folder = try TemporaryFolder()
    return try await Command.run(
      Distribution.coroner,
      ["record", "--output", folder.path("t.coroner"), "--", python.path, "-c", program])
  }
}
