import OracleWorlds
import TraceFormat

/// Leaves each event, block and thread out of each trace, of long ones some.
func losesWell(_ paths: [String], limit: Int) -> Bool {
  var traces: [(name: String, trace: MemoryTrace)] = []
  for path in paths {
    guard let trace = try? TraceReader(path: path), let memory = try? MemoryTrace(reading: trace)
    else {
      tell("\(path) cannot be read")
      return false
    }
    traces.append((path, memory))
  }
  return losesWell(traces, limit: limit)
}

/// The same with the recordings of the shapes.
func shapesLoseWell() -> Bool {
  losesWell((Shape.hanging + Shape.safe).flatMap { shape in shape.ends().map { (shape.name, $0) } })
}

private func losesWell(
  _ traces: [(name: String, trace: MemoryTrace)], limit: Int = .max
) -> Bool {
  var isSound = true
  for manner in Losses.Manner.allCases {
    var (count, created, faulty) = (0, 0, 0)
    var kinds: [String: Int] = [:]
    for (name, trace) in traces {
      guard var losses = try? Losses(trace), (try? losses.tryAll(manner, limit: limit)) != nil
      else {
        tell("\(name) cannot be analyzed")
        return false
      }
      count += losses.count
      created += losses.created
      faulty += losses.faults.count
      for fault in losses.faults { kinds[fault.kind, default: 0] += 1 }
      for fault in losses.faults.prefix(manner == .told ? 3 : 40) {
        tell("\(name) without \(fault.what): \(fault.findings)")
      }
    }
    tell(
      "\(traces.count) traces, \(count) times something missing, \(manner.rawValue): \(faulty) new certain"
        + " findings, \(created) of whatever certainty about those who go on")
    if manner == .told, faulty > 0 { isSound = false }
    // What nothing shows to be missing has not happened: a lock that was given back is held.
    let told = kinds.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    if manner == .untold { for (kind, count) in told { tell("  \(count) without \(kind)") } }
  }
  return isSound
}
