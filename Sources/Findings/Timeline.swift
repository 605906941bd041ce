package import TraceFormat

/// Lanes of what parties did, for text and pictures. Built by Analysis, laid out by Rendering.
package struct Timeline: Sendable {
  package var lanes: [Lane] = []
  /// In the order of time.
  package var entries: [Entry] = []
  /// What made what happen: a spawn, a wake-up, a hand-over.
  package var links: [Link] = []
  package var end: TraceInstant
  package init(end: TraceInstant) { self.end = end }

  package struct Lane: Sendable {
    package var name: String
    package var kind: Party.Kind
    package var isStuck: Bool
    /// Whether it belongs to a finding's cause.
    package var isCause: Bool
    package init(name: String, kind: Party.Kind, isStuck: Bool, isCause: Bool) {
      self.name = name
      self.kind = kind
      self.isStuck = isStuck
      self.isCause = isCause
    }
  }

  package struct Entry: Sendable {
    package var time: TraceInstant
    /// Index in `lanes`.
    package var lane: Int
    /// "takes cache_lock", "waits for journal_lock", "ends".
    package var text: String
    package var site: Site?
    package var role: Role
    /// What the colour says.
    package enum Role: String, Sendable {
      case spawn, runs, takes, releases, waits, wakes, ends, stuck
    }
    package init(time: TraceInstant, lane: Int, text: String, site: Site?, role: Role) {
      self.time = time
      self.lane = lane
      self.text = text
      self.site = site
      self.role = role
    }
  }

  package struct Link: Sendable {
    /// Indices in `entries`.
    package var from: Int
    package var to: Int
    package var isCycle: Bool
    package init(from: Int, to: Int, isCycle: Bool) {
      self.from = from
      self.to = to
      self.isCycle = isCycle
    }
  }
}

/// The wait-for graph at an instant. Built by Analysis, laid out by Rendering.
package struct WaitGraph: Sendable {
  package var nodes: [Node] = []
  package var edges: [Edge] = []
  package var time: TraceInstant
  package init(time: TraceInstant) { self.time = time }

  package struct Node: Sendable {
    package var name: String
    package var kind: Kind
    package var state: State
    /// "waiting since +2.19 ms", "permits 0 of 2"; may be empty.
    package var detail: String
    package var site: Site?
    package enum Kind: String, Sendable { case task, thread, loop, job, resource }
    package enum State: String, Sendable { case live, stuck, cause, ended }
    package init(name: String, kind: Kind, state: State, detail: String, site: Site?) {
      self.name = name
      self.kind = kind
      self.state = state
      self.detail = detail
      self.site = site
    }
  }

  package struct Edge: Sendable {
    /// Indices in `nodes`.
    package var from: Int
    package var to: Int
    /// "waits for", "held by", "awaits", …
    package var relation: String
    package var site: Site?
    package var isCycle: Bool
    package init(from: Int, to: Int, relation: String, site: Site?, isCycle: Bool) {
      self.from = from
      self.to = to
      self.relation = relation
      self.site = site
      self.isCycle = isCycle
    }
  }
}
