import History
import TraceFormat

/// How resources of a kind are spoken of.
struct ResourceTerms {
  var traits: Traits = []
  /// What ends a wait for it.
  var end = Verb.resolve
  var swiftEnd: Verb?
  /// What Swift calls it, if not by the format's word.
  var swiftWord: String?

  struct Traits: OptionSet {
    let rawValue: UInt8
    /// Some have it, and who waits for it waits for them.
    static let held = Self(rawValue: 1)
    /// One line may make several, which differ in nothing else.
    static let alike = Self(rawValue: 2)
    /// Libraries have classes of their own for it, whose code makes it.
    static let derived = Self(rawValue: 4)
    /// Of Swift's, a line that uses one has its name.
    static let named = Self(rawValue: 8)
  }

  /// The forms of a verb that sentences need.
  struct Verb {
    let base, present, past: String
    static let fill = Verb(base: "fill", present: "fills", past: "filled")
    static let notify = Verb(base: "notify", present: "notifies", past: "notified")
    static let release = Verb(base: "release", present: "releases", past: "released")
    static let resolve = Verb(base: "resolve", present: "resolves", past: "resolved")
    static let resume = Verb(base: "resume", present: "resumes", past: "resumed")
    static let set = Verb(base: "set", present: "sets", past: "set")
    static let signal = Verb(base: "signal", present: "signals", past: "signalled")
  }
}

extension ResourceKind {
  var terms: ResourceTerms {
    switch self {
    case .lock: ResourceTerms(traits: [.held, .alike, .derived, .named])
    case .threadLock: ResourceTerms(traits: [.held, .alike, .named], swiftWord: "lock")
    case .semaphore:
      ResourceTerms(
        traits: [.held, .alike, .derived, .named], end: .release, swiftEnd: .signal)
    case .condition: ResourceTerms(traits: [.alike, .derived, .named], end: .notify)
    case .event: ResourceTerms(traits: [.alike, .derived], end: .set)
    case .barrier: ResourceTerms(traits: [.alike, .derived])
    case .queue: ResourceTerms(traits: [.alike, .derived], end: .fill, swiftWord: "stream")
    case .group: ResourceTerms(traits: [.derived, .named])
    case .future: ResourceTerms(swiftEnd: .resume, swiftWord: "continuation")
    case .concurrentFuture: ResourceTerms(swiftWord: "operation")
    case .actor: ResourceTerms(traits: .held)
    case .stream, .executor, .thread, .process: ResourceTerms()
    }
  }
}

extension Namer {
  /// What ends a wait for a resource, in its language's word.
  func end(_ index: Int) -> ResourceTerms.Verb {
    let terms = world.resources[index].kind.terms
    return (speaksSwift(resource: index) ? terms.swiftEnd : nil) ?? terms.end
  }
}
