import TraceFormat

/// What went wrong, and did not stop the program by itself.
extension World {
  mutating func applyHazard(_ event: Event) {
    switch event.kind {
    case .exceptionUnretrieved:
      if let entity = living[event.subject] {
        incidents.note(unretrieved: entity, at: event.time)
      }
    case .neverAwaited:
      incidents.note(
        neverAwaited: definitions.site(event.value), event.site, at: event.time)
    case .callbackFailed:
      let type = definitions.string(UInt32(truncatingIfNeeded: event.object)) ?? "an exception"
      incidents.note(failure: type, event.site, at: event.time)
    default: break
    }
  }
}
