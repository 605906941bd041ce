package import TraceFormat

/// A wait that is over, or lasts, and what its time went into.
package struct WaitPath: Sendable {
  /// The wait itself.
  package var wait: Part
  /// Back from its end, who was waited for at each moment of it; oldest first. Together they are as long as the wait.
  package var parts: [Part] = []

  /// What one party did for a while.
  package struct Part: Sendable {
    package var party: String
    package var from: TraceInstant
    package var until: TraceInstant
    /// "waits for db_lock", "runs".
    package var text: String
    package var site: Site?
    /// How it ended: "'report' gives it back"; empty if that is not known.
    package var end: String = ""
    package var duration: UInt64 { until.since(from) }
    package init(
      party: String, from: TraceInstant, until: TraceInstant, text: String, site: Site? = nil
    ) {
      self.party = party
      self.from = from
      self.until = until
      self.text = text
      self.site = site
    }
  }

  package init(wait: Part) { self.wait = wait }
}
