import Foundation
import Testing

/// Code that was compiled for one run serves the next, and only if nobody else can have written it.
@Suite(.enabled(if: Distribution.isStaged, "\(Distribution.howToStage)"))
struct CompiledCodeTests {
  /// Says whether the lock's code was compiled now or in an earlier run, if it was changed at all.
  fileprivate static let question = """
    import asyncio, sys
    changed = any("acquired" in repr(c) for c in asyncio.Lock.acquire.__code__.co_consts)
    print(changed and ("now" if "coroner_asyncio.inject" in sys.modules else "before"))
    """

  /// A copy of the probe's package, which nothing has been compiled for.
  private struct Package {
    let folder: TemporaryFolder
    let modules: String

    init() throws {
      folder = try TemporaryFolder()
      modules = folder.path("coroner/python")
      try FileManager.default.copyItem(
        atPath: Distribution.folder + "/lib/coroner", toPath: folder.path("coroner"))
      try? FileManager.default.removeItem(atPath: compiled)
    }

    var compiled: String { modules + "/coroner_asyncio/__pycache__" }

    func kept(in folder: String) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: folder)
        .filter { $0.hasPrefix("asyncio.") }.map { folder + "/" + $0 }
    }

    func ask(_ python: Interpreter, _ environment: [String: String] = [:]) async throws -> String {
      let settings = [
        "PYTHONPATH": modules, "PYTHONDONTWRITEBYTECODE": "",
        "CORONER_TRACE": folder.path("trace.coroner"), "XDG_CACHE_HOME": folder.path("cache"),
      ]
      return try await Command.run(
        python.path, ["-c", CompiledCodeTests.question],
        environment: settings.merging(environment) { $1 }
      ).output
    }
  }

  @Test(arguments: Interpreter.installed)
  func theSecondRunCompilesNothing(_ python: Interpreter) async throws {
    let package = try Package()
    #expect(try await package.ask(python, ["PYTHONDONTWRITEBYTECODE": "1"]) == "now\n")
    #expect(try await package.ask(python) == "now\n")
    #expect(try await package.ask(python) == "before\n")
  }

  @Test(arguments: Interpreter.installed.suffix(1))
  func whatOthersMayHaveWrittenIsNotRead(_ python: Interpreter) async throws {
    let package = try Package()
    _ = try await package.ask(python)
    let file = try #require(try package.kept(in: package.compiled).first)
    try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: file)
    #expect(try await package.ask(python, ["PYTHONDONTWRITEBYTECODE": "1"]) == "now\n")
  }

  @Test(arguments: Interpreter.installed.suffix(1))
  func aDamagedFileIsWrittenAnew(_ python: Interpreter) async throws {
    let package = try Package()
    _ = try await package.ask(python)
    let file = try #require(try package.kept(in: package.compiled).first)
    var content = try Data(contentsOf: URL(filePath: file))
    content[content.count / 2] ^= 1
    try content.write(to: URL(filePath: file))
    #expect(try await package.ask(python) == "now\n")
    #expect(try await package.ask(python) == "before\n")
  }

  @Test(arguments: Interpreter.installed.suffix(1))
  func theUsersCacheServesWhereThePackageCannotBeWrittenTo(_ python: Interpreter) async throws {
    let package = try Package()
    _ = try await package.ask(python, ["PYTHONDONTWRITEBYTECODE": "1"])
    try FileManager.default.createDirectory(
      atPath: package.compiled, withIntermediateDirectories: false,
      attributes: [.posixPermissions: 0o777])
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o777], ofItemAtPath: package.compiled)
    #expect(try await package.ask(python) == "now\n")
    #expect(try await package.ask(python) == "before\n")
    #expect(try package.kept(in: package.compiled) == [])
    #expect(try package.kept(in: package.folder.path("cache/coroner")).count == 1)
  }
}
