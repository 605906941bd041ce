package import Findings

/// The page about a kind of finding; docs/findings.md is all of them.
package struct Explanation: Sendable {
  package var kind: FindingKind
  /// One clause, for the list of kinds.
  package var summary: String
  /// What is the case when it is reported.
  var meaning: String
  /// A few lines of Python in which it comes about.
  var example: String
  var comesAbout: String
  var mending: String

  /// The page in Markdown, with a heading of its own.
  package var page: String {
    """
    ## \(kind.rawValue)

    \(filled(meaning))

    How it comes about: \(filled(comesAbout, from: 20))

    \(indented(example))

    How to mend it: \(filled(mending, from: 16))

    """ + (inSwift.map(page) ?? "")
  }

  private func page(_ variation: Variation) -> String {
    """

    In Swift: \(filled(variation.comesAbout, from: 10))

    \(indented(variation.example))

    There, \(filled(variation.mending, from: 7))

    """
  }

  private func indented(_ code: String) -> String {
    code.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.isEmpty ? "" : "    " + $0 }.joined(separator: "\n")
  }

  /// docs/findings.md.
  package static var document: String {
    let head = """
      # Kinds of finding

      `coroner explain KIND` prints the page of a kind. The names are stable: the report, its JSON and
      this page use the same ones. An error is certain never to continue; a warning is likely not to,
      or is a hazard that did not hang this run.


      """
    return head + FindingKind.allCases.map(\.explanation.page).joined(separator: "\n")
  }

  private func filled(_ text: String, from column: Int = 0) -> String {
    let label = Span(String(repeating: " ", count: column))
    let lines = Paragraph(label: [label], indent: 0, text: text).lines()
    let joined = lines.map { $0.map(\.text).joined() }.joined(separator: "\n")
    return String(joined.dropFirst(column))
  }
}

extension FindingKind {
  package var explanation: Explanation {
    switch self {
    case .lockCycle: .lockCycle
    case .awaitCycle: .awaitCycle
    case .pipeCycle: .pipeCycle
    case .selfDeadlock: .selfDeadlock
    case .permitExhaustion: .permitExhaustion
    case .abandonedLock: .abandonedLock
    case .leakedPermit: .leakedPermit
    case .suspendedHolder: .suspendedHolder
    case .strandedWaiter: .strandedWaiter
    case .ignoredCancel: .ignoredCancel
    case .exitBlocked: .exitBlocked
    case .wrongThreadWakeup: .wrongThreadWakeup
    case .orphanedFuture: .orphanedFuture
    case .lostWakeup: .lostWakeup
    case .queueNoConsumer: .queueNoConsumer
    case .queueNoProducer: .queueNoProducer
    case .unfinishedJoin: .unfinishedJoin
    case .shortBarrier: .shortBarrier
    case .blockedLoop: .blockedLoop
    case .loopSelfWait: .loopSelfWait
    case .poolStarvation: .poolStarvation
    case .externalWait: .externalWait
    case .swallowedException: .swallowedException
    case .neverAwaited: .neverAwaited
    case .slowCallback: .slowCallback
    case .transientDeadlock: .transientDeadlock
    case .destroyedPending: .destroyedPending
    case .lockOrderInversion: .lockOrderInversion
    case .nearExhaustion: .nearExhaustion
    case .longHold: .longHold
    }
  }
}
