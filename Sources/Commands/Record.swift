import ArgumentParser
import Glibc

struct Record: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a program and records it.",
    discussion: """
      The program takes this process's place: signals and the exit status are its own. Each
      process it starts is recorded as well, into a file of its own where the name has a %p.
      """)

  @Option(
    name: [.short, .long],
    help: ArgumentHelp(
      "The trace. %p stands for the process id, %n for the program's name.", valueName: "file"))
  var output = "hang.%p.coroner"

  @Option(
    help: ArgumentHelp(
      "Seconds without progress after which the program counts as stalled.", valueName: "seconds"))
  var stall: Double?

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("The program and its arguments.", valueName: "command"))
  var command: [String]

  func run() throws {
    let words = command.first == "--" ? Array(command.dropFirst()) : command
    guard let program = words.first else {
      throw Failure(
        message: "there is no program to record",
        help: ["name it after two dashes: coroner record -- python app.py"])
    }
    if ["-h", "--help"].contains(program) {
      throw CleanExit.helpRequest(Record.self)
    }
    if program.hasPrefix("-") {
      throw Failure(
        message: "unknown option '\(program)'",
        help: ["options come before two dashes: coroner record --output F -- python app.py"])
    }
    if let stall, !(stall > 0 && stall.isFinite) {
      throw Failure(message: "--stall takes a number of seconds above 0, not '\(stall)'")
    }
    guard !output.isEmpty else { throw Failure(message: "--output names no file") }

    let variables = try Installation.find().variables(output: output, stall: stall)
    for variable in variables { setenv(variable.name, variable.value, 1) }
    if Console.standardError.isTerminal {
      let name = output.replacing("%p", with: "\(getpid())")
      Console.standardError.write("coroner: recording into \(name)\n")
    }

    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    execvp(program, arguments)
    let reason = errno
    Console.standardError.write(
      Failure(message: "'\(program)' cannot be run: \(String(cString: strerror(reason)))")
        .report(color: Console.standardError.wantsColor))
    // What a shell says in this place.
    Glibc.exit(reason == ENOENT ? 127 : 126)
  }
}
