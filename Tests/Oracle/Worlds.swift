import OracleWorlds
import TraceFormat

func agrees(_ numbers: [UInt64]) -> Bool {
  let isQuick = CommandLine.arguments.contains("quick")
  let worlds = Int(numbers.first ?? (isQuick ? 1000 : 100_000))
  let seed = numbers.dropFirst().first ?? 20_261_121
  let random = sequence(state: SplitMix(seed: seed)) { Family.random(&$0) }.prefix(worlds)
  let threads = sequence(state: SplitMix(seed: seed)) { Family.randomThreads(&$0) }.prefix(worlds)
  let sections = sequence(state: SplitMix(seed: seed)) { Family.sections(&$0) }
  var results = [
    compare("one of each, three parties", Family.mixed(upTo: 1, parties: 3)),
    compare("two locks, three parties", Family.locks(upTo: 2)),
    compare("awaits and a lock, three parties", Family.awaits(upTo: 1)),
    compare("two, and one that asks them to end", Family.cancels(upTo: isQuick ? 1 : 2)),
    compare("random, seed \(seed)", random, walks: 2),
    compare("threads, two parties", Family.threads(upTo: 1, parties: 2)),
    compare("two locks of threads", Family.mutexes(upTo: isQuick ? 2 : 4, parties: 2)),
    compare("signals and permits of threads", Family.signals(upTo: isQuick ? 2 : 3, parties: 2)),
    compare("threads at random", threads, walks: 2),
  ]
  if !isQuick {
    results += [
      compare("longer awaits and a lock", Family.awaits(upTo: 2)),
      compare("one of each, two parties", Family.mixed(upTo: 2, parties: 2)),
      compare("two locks, two parties", Family.locks(upTo: 4, parties: 2)),
      compare("threads, two longer parties", Family.threads(upTo: 2, parties: 2)),
      compare("signals and permits of three", Family.signals(upTo: 1, parties: 3)),
      compare("threads, three parties", Family.threads(upTo: 1, parties: 3)),
      compare("two locks, three longer parties", Family.locks(upTo: 3)),
    ]
  }
  results += [
    foresees("sections at random", sections.prefix(isQuick ? 300 : 20_000)),
    foresees("two locks, two parties", isQuick ? [] : Family.locks(upTo: 4, parties: 2)),
  ]
  return !results.contains(false) && namesShapes() && shapesLoseWell()
}

/// What is predicted must be able to happen.
private func foresees(_ name: String, _ blueprints: some Sequence<Blueprint>) -> Bool {
  let result = Foresight(blueprints)
  tell(
    "\(name): \(result.predictions) predictions in \(result.runs) runs of \(result.worlds) worlds,"
      + " \(result.falseAlarm == nil ? "none is false" : "one is false"); \(result.foreseen) of"
      + " \(result.hangable) that hang in rings of locks in other runs are foreseen")
  if let alarm = result.falseAlarm { tell("\n\(alarm)\n") }
  return result.falseAlarm == nil
}

/// Every way to hang that has a name, and safe ones that look like them.
private func namesShapes() -> Bool {
  let named = countNamed(Shape.hanging)
  let kernels = Shape.kernels.map { kind, shapes in
    let named = countNamed(shapes)
    tell("kernels of GoKer, \(kind): \(named) of \(shapes.count) named")
    return named == shapes.count
  }
  let alarming = Shape.safe.filter {
    let outcome = $0.outcome()
    return outcome.hangs > 0 || !outcome.alarms.isEmpty
  }
  for shape in alarming { tell("\(shape.name): \(shape.outcome())") }
  tell(
    "shapes: \(named) of \(Shape.hanging.count) named, \(alarming.count) alarms in"
      + " \(Shape.safe.count) safe ones")
  return named == Shape.hanging.count && alarming.isEmpty && !kernels.contains(false)
}

private func countNamed(_ shapes: [Shape]) -> Int {
  shapes.count { shape in
    let outcome = shape.outcome()
    let isNamed = outcome.hangs > 0 && outcome.named == outcome.hangs && outcome.alarms.isEmpty
    if !isNamed { tell("\(shape.name): \(outcome)") }
    return isNamed
  }
}

private func compare(
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
