import TraceFormat

/// What went wrong, and did not stop the program by itself.
extension World {
  mutating func applyHazard(_ event: Event) {
    switch event.kind {
    case .exceptionUnretrieved:
      if let entity = living[event.subject], unretrieved.count < Self.hazardLimit {
        unretrieved.append((entity, event.time))
      }
    case .neverAwaited:
      if neverAwaited.count < Self.hazardLimit {
        neverAwaited.append((event.site, definitions.site(event.value), event.time))
      }
    case .callbackFailed:
      if failedCallbacks.count == Self.failureLimit { failedCallbacks.removeFirst() }
      let type = definitions.string(UInt32(truncatingIfNeeded: event.object)) ?? "an exception"
      failedCallbacks.append((type, event.site, event.time))
    default: break
    }
  }
}
