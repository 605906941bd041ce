import Glibc
import OracleWorlds
import TraceFormat

/// Compares the analysis with the oracle on every small world and on many random ones, or with itself:
///
///     oracle [WORLDS [SEED]]    every small world, and so many at random
///     oracle quick              what takes seconds
///     oracle losses TRACE…      each trace without each event, block and thread
///
/// Exit status 1 if there is a disagreement.
let arguments = CommandLine.arguments.dropFirst()
let isSound =
  arguments.first == "losses"
  ? losesWell(Array(arguments.dropFirst())) : agrees(arguments.compactMap { UInt64($0) })
exit(isSound ? 0 : 1)

func tell(_ text: String) {
  _ = (text + "\n").withCString { write(STDOUT_FILENO, $0, strlen($0)) }
}
