import Foundation
import Testing

/// Several processes of one program, each with a trace of its own.
@Suite(.enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"))
struct FamilyTests {
  @Test func aWaitForAChildNamesWhatKeepsTheChild() async throws {
    let program = """
      import asyncio, sys

      async def child():
          lock = asyncio.Lock()
          await lock.acquire()
          print("hung", flush=True)
          await lock.acquire()

      async def parent():
          process = await asyncio.create_subprocess_exec(sys.executable, __file__, "child")
          await process.wait()

      asyncio.run(child() if len(sys.argv) > 1 else parent())
      """
    let folder = try TemporaryFolder()
    let file = folder.path("family.py")
    try Data(program.utf8).write(to: URL(filePath: file))
    let python = try #require(Interpreter.installed.last)
    // Ended by the tool, once the child is seen to be stuck.
    let run = try await Command.run(
      Distribution.coroner,
      [
        "record", "--on-stall", "kill", "--stall", "4", "--output", folder.path("t.%p.coroner"),
        "--",
        python.path, file,
      ])
    #expect(run.status == 124, "\(run)")
    let traces = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
      .filter { $0.hasSuffix(".coroner") }.map(folder.path)
    #expect(traces.count == 2)
    let report = try await Command.run(Distribution.coroner, ["analyze"] + traces)
    #expect(report.status == 1)
    #expect(report.output.contains("error[self-deadlock]: 'child' waits for lock"), "\(report)")
    #expect(report.output.contains(", child of "), "\(report)")
    #expect(
      report.output.replacing("\n      ", with: " ").contains(
        "is stuck itself: 'child' waits for lock"),
      "\(report)")
    #expect(report.output.contains("waits for a process: 'parent' at family.py:11"), "\(report)")
    let json = try await Command.run(
      Distribution.coroner, ["analyze", "--format", "json"] + traces)
    #expect(try ReportSchema().faults(in: json.output).isEmpty)
  }

  @Test func aWorkerThatHangsIsNamedAndWhoWaitsForItAndTheIdleOneIsNot() async throws {
    let program = """
      import asyncio, concurrent.futures, multiprocessing

      async def stuck():
          lock = asyncio.Lock()
          await lock.acquire()
          print("hung", flush=True)
          await lock.acquire()

      def job(hangs):
          asyncio.run(stuck() if hangs else asyncio.sleep(0))

      async def main():
          spawn = multiprocessing.get_context("spawn")
          with concurrent.futures.ProcessPoolExecutor(2, mp_context=spawn) as pool:
              loop = asyncio.get_running_loop()
              await asyncio.gather(*(loop.run_in_executor(pool, job, n == 1) for n in range(2)))

      if __name__ == "__main__":
          asyncio.run(main())
      """
    let report = try await report(of: program)
    #expect(report.output.contains("error[self-deadlock]: 'stuck' waits for lock"), "\(report)")
    #expect(report.output.contains("waits for a process: 'main' at workers.py:16"), "\(report)")
    #expect(report.output.contains("1 error, 0 warnings."), "\(report)")
  }

  @Test func aLockThatWasTakenWhenTheProcessWasForkedIsNamed() async throws {
    let report = try await report(
      of: """
        import asyncio, concurrent.futures, multiprocessing, threading, time

        lock = threading.Lock()

        def keep():
            with lock:
                time.sleep(0.5)

        def job():
            print("hung", flush=True)
            with lock:
                return 1

        async def main():
            threading.Thread(target=keep).start()
            fork = multiprocessing.get_context("fork")
            with concurrent.futures.ProcessPoolExecutor(1, mp_context=fork) as pool:
                await asyncio.get_running_loop().run_in_executor(pool, job)

        asyncio.run(main())
        """)
    #expect(report.output.contains("error[abandoned-lock]"), "\(report)")
    #expect(report.output.contains("workers.py:11"), "\(report)")
    #expect(report.output.contains("workers.py:6"), "\(report)")
    #expect(report.output.contains("waits for a process: 'main' at workers.py:18"), "\(report)")
    #expect(report.output.contains("1 error, 0 warnings."), "\(report)")
  }

  @Test func aJobOfAPoolThatWaitsForEverIsNamedAndIdleWorkersAreNot() async throws {
    let report = try await report(
      of: """
        import asyncio, multiprocessing, threading

        def job():
            print("hung", flush=True)
            threading.Event().wait()

        def work():
            with multiprocessing.get_context("fork").Pool(3) as pool:
                pool.apply(job)

        async def main():
            await asyncio.get_running_loop().run_in_executor(None, work)

        asyncio.run(main())
        """)
    #expect(report.output.contains("[orphaned-future]: 'workers.py' waits for"), "\(report)")
    #expect(report.output.contains("workers.py:5"), "\(report)")
    #expect(report.output.contains("waits for a process: 'work' at workers.py:9"), "\(report)")
    #expect(report.output.components(separatedBy: "[orphaned-future]").count == 2, "\(report)")
  }

  /// What is said of all processes of a program that hangs for a while.
  private func report(of program: String) async throws -> Command.Result {
    let folder = try TemporaryFolder()
    let file = folder.path("workers.py")
    try Data(program.utf8).write(to: URL(filePath: file))
    let python = try #require(Interpreter.installed.last)
    let process = try Command.start(
      Distribution.coroner,
      ["record", "--output", folder.path("t.%p.coroner"), "--", python.path, file], in: folder)
    let start = ContinuousClock.now
    while process.isRunning, !folder.text("output").contains("hung") {
      try await Task.sleep(for: .milliseconds(50))
      try #require(ContinuousClock.now - start < .seconds(120), "\(folder.text("error"))")
    }
    func analysis() async throws -> Command.Result {
      let traces = try FileManager.default.contentsOfDirectory(atPath: folder.url.path)
        .filter { $0.hasSuffix(".coroner") }.map(folder.path)
      return try await Command.run(Distribution.coroner, ["analyze"] + traces)
    }
    // On a busy machine it takes a while until all are stuck and have said so.
    repeat {
      try await Task.sleep(for: .milliseconds(1400))
    } while try await analysis().status == 0 && ContinuousClock.now - start < .seconds(60)
    // The workers end when they find that the one they work for has gone.
    kill(-process.processIdentifier, SIGKILL)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    return try await analysis()
  }
}
