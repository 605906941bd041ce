import History

/// Names of what may be gone when the trace ends, by serial number.
extension Namer {
  /// - Parameter record: what was known of the party while it was there.
  func name(party serial: UInt64, _ record: PartyRecord? = nil) -> String {
    if let party = world.party(serial: serial) { return name(party: party) }
    guard let record else { return "another task" }
    if let name = record.name, !name.isEmpty { return name }
    let base = baseName(record)
    return record.ordinal > 0 ? "\(base) #\(record.ordinal)" : base
  }

  func name(lock serial: UInt64) -> String {
    world.resource(serial: serial).map(name(resource:)) ?? "a lock"
  }
}
