import Glibc
import OracleWorlds
import TraceFormat

/// Compares the analysis with the oracle on every small world and on many random ones:
/// `oracle [WORLDS [SEED]]`, or `oracle quick` for what takes seconds. Exit status 1 if they disagree anywhere.
let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
let isQuick = CommandLine.arguments.contains("quick")
let worlds = Int(arguments.first ?? (isQuick ? 1000 : 100_000))
let seed = arguments.dropFirst().first ?? 20_261_121

func tell(_ text: String) {
  _ = (text + "\n").withCString { write(STDOUT_FILENO, $0, strlen($0)) }
}

func compare(
  _ name: String, _ blueprints: some Sequence<Blueprint>, walks: Int? = nil
) -> Bool {
  var tally = Trial.Tally()
  let found = Trial.first(in: blueprints, walks: walks, &tally)
  tell(
    "\(name): \(tally.worlds) worlds, \(tally.situations) situations in \(tally.schedules) schedules,"
      + " \(tally.hangs) that hang; \(found == nil ? "no disagreement" : "they disagree")")
  guard let small = found?.shrunk() else { return true }
  tell("\n\(small.what)\n\(small.blueprint)\nturns: \(small.schedule)\n")
  tell((try? TraceText.print(small.trace)) ?? "")
  return false
}

var results = [
  compare("one of each, three parties", Family.mixed(upTo: 1, parties: 3)),
  compare("two locks, three parties", Family.locks(upTo: 2)),
  compare("awaits and a lock, three parties", Family.awaits(upTo: 1)),
  compare(
    "random, seed \(seed)",
    sequence(state: SplitMix(seed: seed)) { Family.random(&$0) }.prefix(worlds), walks: 2),
]
if !isQuick {
  results += [
    compare("longer awaits and a lock", Family.awaits(upTo: 2)),
    compare("one of each, two parties", Family.mixed(upTo: 2, parties: 2)),
    compare("two locks, two parties", Family.locks(upTo: 4, parties: 2)),
    compare("two locks, three longer parties", Family.locks(upTo: 3)),
  ]
}
exit(results.contains(false) ? 1 : 0)
