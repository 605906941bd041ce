import OracleWorlds
import TraceFormat

/// Leaves each event, block and thread out of each trace.
func losesWell(_ paths: [String]) -> Bool {
  var traces: [(name: String, trace: MemoryTrace)] = []
  for path in paths {
    guard let trace = try? TraceReader(path: path), let memory = try? MemoryTrace(reading: trace)
    else {
      tell("\(path) cannot be read")
      return false
    }
    traces.append((path, memory))
  }
  return losesWell(traces)
}

/// The same with the recordings of the shapes.
func shapesLoseWell() -> Bool {
  losesWell((Shape.hanging + Shape.safe).flatMap { shape in shape.ends().map { (shape.name, $0) } })
}

private func losesWell(_ traces: [(name: String, trace: MemoryTrace)]) -> Bool {
  var isSound = true
  for manner in Losses.Manner.allCases {
    var (count, created, faulty) = (0, 0, 0)
    for (name, trace) in traces {
      guard var losses = try? Losses(trace), (try? losses.tryAll(manner)) != nil else {
        tell("\(name) cannot be analyzed")
        return false
      }
      count += losses.count
      created += losses.created
      faulty += losses.faults.count
      guard manner == .told || traces.count < 50 else { continue }
      for fault in losses.faults.prefix(3) {
        tell("\(name) without \(fault.what): \(fault.findings)")
      }
    }
    tell(
      "\(traces.count) traces, \(count) times something missing, \(manner.rawValue): \(faulty) certain"
        + " findings about those who go on, \(created) of whatever certainty")
    if manner == .told, faulty > 0 { isSound = false }
  }
  return isSound
}
