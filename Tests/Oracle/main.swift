import Glibc
import OracleWorlds
import TraceFormat

/// Compares the analysis with the oracle on every small world and on many random ones, or with itself:
///
///     oracle [WORLDS [SEED]]    every small world, and so many at random
///     oracle quick              what takes seconds
///     oracle losses [LIMIT] TRACE…   each trace without each event, block and thread, at most so many of each
///
/// Exit status 1 if there is a disagreement.
let arguments = CommandLine.arguments.dropFirst()
let isSound =
  arguments.first == "losses"
  ? losesWell(
    arguments.dropFirst().filter { Int($0) == nil },
    limit: arguments.dropFirst().first.flatMap { Int($0) } ?? .max)
  : agrees(arguments.compactMap { UInt64($0) })
exit(isSound ? 0 : 1)

func tell(_ text: String) {
  _ = (text + "\n").withCString { write(STDOUT_FILENO, $0, strlen($0)) }
}
