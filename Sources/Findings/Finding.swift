package import TraceFormat

/// One cause of a hang, or one hazard, with its evidence. Plain data: renderers lay it out and escape
/// every name in it.
package struct Finding: Sendable {
  package var kind: FindingKind
  package var severity: Severity
  package var certainty: Certainty
  /// One clause that names the tasks, lower case, no full stop, true alone.
  package var headline: String
  /// The stuck parties of the cause itself, in the order of the chain.
  package var parties: [Party] = []
  package var resources: [Resource] = []
  /// Who waits for whom. In a cycle each edge's `to` is the next one's `from`.
  package var edges: [Edge] = []
  /// Marked source lines, grouped by the renderer by file.
  package var marks: [Mark] = []
  /// How it came about, oldest first.
  package var story: [Moment] = []
  /// What would hang, of what did not: who does what, in this order.
  package var scenario: [Step] = []
  /// Why nothing can end the wait: the proof, one fact a line.
  package var because: [String] = []
  /// How many cycles of this form there are; the others have the same sites.
  package var repeats = 1
  /// What waits behind this cause.
  package var behind: [BehindParty] = []
  /// What to do, only what the trace supports.
  package var help: [String] = []
  /// Circumstances, and what is not known.
  package var notes: [String] = []
  /// The process it was found in, where a report is about several.
  package var process: UInt32?
  /// Equal for the same fault in two runs: of kind and sites, not of ids, names or times.
  package var fingerprint: String = ""

  package init(kind: FindingKind, severity: Severity, certainty: Certainty, headline: String) {
    self.kind = kind
    self.severity = severity
    self.certainty = certainty
    self.headline = headline
  }
}

package enum Severity: String, CaseIterable, Sendable { case error, warning, note }

/// certain: the trace proves it. likely: nothing in the trace speaks against it. possible: a hazard.
package enum Certainty: String, CaseIterable, Sendable { case certain, likely, possible }

package struct Party: Sendable {
  /// Unique within the trace.
  package var id: PartyKey
  /// "worker", or "worker #7" where several share a name; never empty.
  package var name: String
  package var kind: Kind
  package enum Kind: String, Sendable { case task, thread, job }
  /// "waits", "runs", "ended".
  package var state: String
  package var since: TraceInstant?
  /// Where it stands, innermost frame first; the first user frame is what is shown.
  package var stack: [Site]
  /// Where it was created, innermost frame first.
  package var createdAt: [Site]
  /// How many it stands for: they do the same at the same place, and this is the first of them.
  package var count = 1

  package init(
    id: PartyKey, name: String, kind: Kind, state: String, since: TraceInstant?, stack: [Site],
    createdAt: [Site]
  ) {
    self.id = id
    self.name = name
    self.kind = kind
    self.state = state
    self.since = since
    self.stack = stack
    self.createdAt = createdAt
  }
}

/// One life of a party in the trace.
package struct PartyKey: Hashable, Sendable {
  /// Its serial number: the n-th party of the replay.
  package var index: Int
  package init(_ index: Int) { self.index = index }
}

package struct Resource: Sendable {
  package var key: ResourceKey
  /// "cache_lock", or what it is and where it was made: "the queue made at app.py:12".
  package var name: String
  /// The field's word: lock, semaphore, queue, future, task group, …
  package var kind: String
  package var createdAt: [Site]
  /// How many it stands for, made and waited for at the same places.
  package var count = 1
  package init(key: ResourceKey, name: String, kind: String, createdAt: [Site]) {
    self.key = key
    self.name = name
    self.kind = kind
    self.createdAt = createdAt
  }
}

package struct ResourceKey: Hashable, Sendable {
  package var index: Int
  package init(_ index: Int) { self.index = index }
}

/// One hop of who waits for whom.
package struct Edge: Sendable {
  /// Name of the party that waits.
  package var from: String
  /// What it waits for: the resource's name, or "the end of 'x'".
  package var resource: String
  /// Name of the party that holds or would provide it; nothing if nobody can.
  package var to: String?
  /// "held by", "awaits", "provided by", …
  package var relation: String
  /// Where it waits.
  package var site: Site?
  package var since: TraceInstant?
  package init(
    from: String, resource: String, to: String?, relation: String, site: Site?, since: TraceInstant?
  ) {
    self.from = from
    self.resource = resource
    self.to = to
    self.relation = relation
    self.site = site
    self.since = since
  }
}

/// A marked place in the source: the primary one says where it waits.
package struct Mark: Sendable {
  package var site: Site
  package var role: Role
  /// "waits here for journal_lock", "took cache_lock here at +2.10 ms".
  package var label: String
  /// Whose line it is: the excerpt is headed "… in Store.put, run by 'put'".
  package var party: String?
  package enum Role: String, Sendable { case primary, secondary }
  package init(site: Site, role: Role, label: String, party: String?) {
    self.site = site
    self.role = role
    self.label = label
    self.party = party
  }
}

/// One line of "how it came about".
package struct Moment: Sendable {
  package var time: TraceInstant
  /// Nothing for the trace itself ("the trace ends; both still wait").
  package var party: String?
  package var text: String
  package init(time: TraceInstant, party: String?, text: String) {
    self.time = time
    self.party = party
    self.text = text
  }
}

/// One step of a way that was not gone.
package struct Step: Sendable {
  package var party: String
  package var text: String
  package init(party: String, text: String) {
    self.party = party
    self.text = text
  }
}

package struct BehindParty: Sendable {
  package var name: String
  /// "waits for the task group of both".
  package var what: String
  package var site: Site?
  package init(name: String, what: String, site: Site?) {
    self.name = name
    self.what = what
    self.site = site
  }
}
