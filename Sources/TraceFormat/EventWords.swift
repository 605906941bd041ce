/// An enumeration of the format whose numbers have words in the text form and in JSON.
package protocol Worded: RawRepresentable, CaseIterable, Sendable where RawValue == UInt32 {
  /// Lower case, with hyphens: "concurrent-future".
  var word: String { get }
}

extension Worded {
  package init?(word: String) {
    guard let found = Self.allCases.first(where: { $0.word == word }) else { return nil }
    self = found
  }
}

extension Outcome: Worded {
  package var word: String {
    switch self {
    case .value: "value"
    case .error: "error"
    case .cancelled: "cancelled"
    }
  }
}

extension ResourceKind: Worded {
  package var word: String {
    switch self {
    case .future: "future"
    case .lock: "lock"
    case .semaphore: "semaphore"
    case .condition: "condition"
    case .event: "event"
    case .barrier: "barrier"
    case .queue: "queue"
    case .group: "group"
    case .stream: "stream"
    case .executor: "executor"
    case .concurrentFuture: "concurrent-future"
    case .threadLock: "thread-lock"
    case .thread: "thread"
    case .process: "process"
    case .actor: "actor"
    }
  }
}

extension Operation: Worded {
  package var word: String {
    switch self {
    case .acquire: "acquire"
    case .eventWait: "event-wait"
    case .conditionWait: "condition-wait"
    case .queueGet: "queue-get"
    case .queuePut: "queue-put"
    case .queueJoin: "queue-join"
    case .barrierWait: "barrier-wait"
    case .sleep: "sleep"
    case .group: "group"
    case .read: "read"
    case .drain: "drain"
    case .accept: "accept"
    case .connect: "connect"
    case .process: "process"
    case .result: "result"
    case .join: "join"
    case .exit: "exit"
    }
  }
}

extension Dependency: Worded {
  package var word: String {
    switch self {
    case .all: "all"
    case .any: "any"
    case .guarded: "guard"
    }
  }
}

extension Referrer: Worded {
  package var word: String {
    switch self {
    case .task: "task"
    case .thread: "thread"
    case .descriptor: "descriptor"
    case .timer: "timer"
    case .root: "root"
    }
  }
}

extension ProcessLink: Worded {
  package var word: String {
    switch self {
    case .reads: "reads"
    case .writes: "writes"
    case .alone: "alone"
    }
  }
}

extension SnapshotReason: Worded {
  package var word: String {
    switch self {
    case .stall: "stall"
    case .signal: "signal"
    case .exit: "exit"
    }
  }
}

/// What a loop watches a descriptor for.
package struct IOInterest: OptionSet, Hashable, Sendable {
  package var rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
  package static let read = IOInterest(rawValue: 1)
  package static let write = IOInterest(rawValue: 2)
  /// A listening socket: new work may come.
  package static let listen = IOInterest(rawValue: 4)
  /// The loop's own wake-up pipe.
  package static let `internal` = IOInterest(rawValue: 8)

  /// The words of the flags, in the order of the text form.
  package static let words: [(word: String, flag: IOInterest)] = [
    ("read", .read), ("write", .write), ("listen", .listen), ("internal", .internal),
  ]
}

extension FieldMeaning {
  /// The word for a number of this meaning; nothing if it has none.
  package func word(for number: UInt64) -> String? {
    guard let small = UInt32(exactly: number) else { return nil }
    switch self {
    case .outcome: return Outcome(rawValue: small)?.word
    case .resourceKind: return ResourceKind(rawValue: small)?.word
    case .operation: return Operation(rawValue: small)?.word
    case .dependency: return Dependency(rawValue: small)?.word
    case .referrer: return Referrer(rawValue: small)?.word
    case .processLink: return ProcessLink(rawValue: small)?.word
    case .reason: return SnapshotReason(rawValue: small)?.word
    case .io:
      let known = IOInterest.words.filter { small & $0.flag.rawValue != 0 }
      guard small != 0, known.reduce(0, { $0 | $1.flag.rawValue }) == small else { return nil }
      return known.map(\.word).joined(separator: "|")
    case .party, .resource, .any, .number, .tid, .ticks, .milliseconds, .limit, .string, .site,
      .stack:
      return nil
    }
  }

  /// The number that a word stands for; nothing if it is none of this meaning's words.
  package func number(for word: String) -> UInt64? {
    switch self {
    case .outcome: return Outcome(word: word).map { UInt64($0.rawValue) }
    case .resourceKind: return ResourceKind(word: word).map { UInt64($0.rawValue) }
    case .operation: return Operation(word: word).map { UInt64($0.rawValue) }
    case .dependency: return Dependency(word: word).map { UInt64($0.rawValue) }
    case .referrer: return Referrer(word: word).map { UInt64($0.rawValue) }
    case .processLink: return ProcessLink(word: word).map { UInt64($0.rawValue) }
    case .reason: return SnapshotReason(word: word).map { UInt64($0.rawValue) }
    case .io:
      var flags: UInt32 = 0
      for part in word.split(separator: "|", omittingEmptySubsequences: false) {
        guard let known = IOInterest.words.first(where: { $0.word == part }) else { return nil }
        flags |= known.flag.rawValue
      }
      return UInt64(flags)
    case .party, .resource, .any, .number, .tid, .ticks, .milliseconds, .limit, .string, .site,
      .stack:
      return nil
    }
  }
}
