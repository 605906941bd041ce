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
    let run = try Command.run(
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
    let report = try Command.run(Distribution.coroner, ["analyze"] + traces)
    #expect(report.status == 1)
    #expect(report.output.contains("error[self-deadlock]: 'child' waits for lock"), "\(report)")
    #expect(report.output.contains(", child of "), "\(report)")
    #expect(
      report.output.replacing("\n      ", with: " ").contains(
        "is stuck itself: 'child' waits for lock"),
      "\(report)")
    #expect(report.output.contains("waits for a process: 'parent' at family.py:11"), "\(report)")
    let json = try Command.run(Distribution.coroner, ["analyze", "--format", "json"] + traces)
    #expect(try ReportSchema().faults(in: json.output).isEmpty)
  }
}
