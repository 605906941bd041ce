import ArgumentParser
import Glibc

struct Record: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs a program and records it.",
    discussion: """
      The program takes this process's place: signals and the exit status are its own. Each \
      process it starts is recorded as well, into a file of its own where the name has a %p.

      With --on-stall the program is watched while it runs. When something in it is stuck, the \
      report goes to standard error; 'report' lets the program run on, 'kill' ends it with all its \
      children (SIGTERM, after five seconds SIGKILL), and the exit status is 124.
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

  @Option(
    help: ArgumentHelp(
      "How large a trace may become, such as 256M; then older events are given up, but for what still matters.",
      valueName: "size"))
  var limit: String?

  @Flag(
    help:
      "Record also in which order threads take locks that nobody waits for; for 'analyze --hazards'."
  )
  var locks = false

  @Option(
    help: ArgumentHelp(
      "Watch the program, and do this when it has stalled: report, kill.", valueName: "action"))
  var onStall: StallAction?

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

    let variables = try Installation.find().variables(
      output: output, stall: stall, limit: limit, locks: locks)
    for variable in variables { setenv(variable.name, variable.value, 1) }
    if let onStall { try supervise(words, variables, onStall) }
    announce(process: getpid())
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    execvp(program, arguments)
    refuse(program, errno)
  }

  private func announce(process: pid_t) {
    guard Console.standardError.isTerminal else { return }
    let name = output.replacing("%p", with: "\(process)")
    Console.standardError.write("coroner: recording into \(name)\n")
  }

  private func supervise(
    _ words: [String], _ variables: [(name: String, value: String)], _ action: StallAction
  ) throws {
    let watch = StallWatch(
      // A moment more, in which the recorder writes down who can reach what.
      template: output, patience: (stall ?? Self.stallDefault) + 1,
      color: Console.standardError.wantsColor ? .always : .never)
    do {
      var supervisor = try Supervisor(
        words, variables: variables, action: action, watch: watch)
      announce(process: supervisor.child)
      supervisor.run()
    } catch let refused as Supervisor.Refused {
      refuse(words[0], refused.reason)
    }
  }

  /// What the recorder takes for a stall if nobody says otherwise.
  private static let stallDefault = 5.0

  private func refuse(_ program: String, _ reason: Int32) -> Never {
    Console.standardError.write(
      Failure(message: "'\(program)' cannot be run: \(String(cString: strerror(reason)))")
        .report(color: Console.standardError.wantsColor))
    // What a shell says in this place.
    Glibc.exit(reason == ENOENT ? 127 : 126)
  }
}
