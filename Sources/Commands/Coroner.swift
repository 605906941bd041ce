package import ArgumentParser
import Glibc

/// The command line of coroner: the list of its commands.
package struct Coroner: ParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "coroner",
    abstract: "Explains why an asynchronous program hung, after the fact.",
    discussion: """
      Record a program, end it in any way, and ask what it waited for:

        coroner record -- python app.py
        coroner analyze hang.*.coroner

      Exit status of analyze: 0 nothing is stuck, 1 something is, 2 usage, 3 unreadable trace.
      """,
    version: "coroner 0.1.0",
    subcommands: [
      Record.self, Env.self, Analyze.self, ShowTimeline.self, ShowWaits.self, ShowGraph.self,
      Info.self,
      Events.self, Explain.self, Demo.self, Look.self,
    ])

  package init() {}
}

/// Runs the command line of this process and ends it.
package func runCoroner() -> Never {
  // A reader that has gone (`coroner events … | head`) ends us quietly, as it does other tools.
  signal(SIGPIPE, SIG_DFL)
  do {
    var command = try Coroner.parseAsRoot()
    try command.run()
    exit(Status.nothingStuck.rawValue)
  } catch let status as Status {
    exit(status.rawValue)
  } catch let failure as Failure {
    Console.standardError.write(failure.report(color: Console.standardError.wantsColor))
    exit(failure.status.rawValue)
  } catch {
    let isHelp = Coroner.exitCode(for: error).isSuccess
    let message = Coroner.fullMessage(for: error) + "\n"
    if isHelp {
      Console.standardOutput.write(message)
      exit(Status.nothingStuck.rawValue)
    }
    // The form of our other failures, which begin in lower case.
    Console.standardError.write(
      message.hasPrefix("Error: ") ? "error: " + message.dropFirst("Error: ".count) : message)
    exit(Status.usage.rawValue)
  }
}

/// What the process ends with. Thrown by a command whose result is not the ordinary one.
package enum Status: Int32, Error {
  case nothingStuck = 0
  case somethingStuck = 1
  case usage = 2
  case unreadableTrace = 3
  /// `record` has ended a program that had stalled: what timeout(1) says of one.
  case stalled = 124
}
