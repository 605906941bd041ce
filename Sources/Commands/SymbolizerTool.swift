import ArgumentParser
import Glibc

/// The llvm-symbolizer of this machine.
struct SymbolizerTool {
  var path: String

  /// As CORONER_SYMBOLIZER says, of the toolchain that `swift` is of, or in PATH.
  static func find() -> SymbolizerTool? {
    let name = "llvm-symbolizer"
    if let chosen = environment("CORONER_SYMBOLIZER"), !chosen.isEmpty {
      return Path.executable(chosen).map(SymbolizerTool.init)
    }
    let swift = Path.executable("swift").flatMap(Path.resolved).map(Path.parent)
    let places =
      (swift.map { [Path.joined($0, name)] } ?? []) + [name]
      // As distributions name them.
      + (13...30).reversed().map { "\(name)-\($0)" }
    return places.lazy.compactMap(Path.executable).first.map(SymbolizerTool.init)
  }

  /// A large program takes seconds; one that takes longer is not waited for.
  private static let seconds = 30.0
  private static let outputLimit = 256 << 20

  /// What it answers to the input; nothing if it fails.
  func run(_ arguments: [String], _ input: String) -> String? {
    guard
      let child = try? ChildProcess([path] + arguments, input: input, seconds: Self.seconds)
    else { return nil }
    let answer = child.read(limit: Self.outputLimit)
    // It has closed its output, or has had its time.
    child.kill()
    child.wait()
    return answer
  }
}

/// Where a command finds the files whose code a program ran.
struct Binaries: ParsableArguments {
  @Option(
    name: .customLong("binaries"),
    help: ArgumentHelp(
      "Folder with the program and libraries that ran, or their debug information, if they are not where "
        + "the trace says. May be repeated.", valueName: "folder"))
  var folders: [String] = []
}
