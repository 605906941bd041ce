import Foundation
import Testing
import TraceABI
import TraceFormat

/// The three lists of events (C, Swift, document) are one.
@Suite struct FormatDocumentTests {
  /// Cells of the document's tables, by row, blanks trimmed.
  private static func rows() throws -> [[String]] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appendingPathComponent("docs/format.md"), encoding: .utf8)
    return text.split(separator: "\n").filter { $0.hasPrefix("| ") }.map { line in
      line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast().map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
  }

  private static func shown(_ field: EventField?) -> String {
    guard let field else { return "" }
    let meaning = field.meaning.rawValue
    return field.label == meaning ? meaning : "\(field.label): \(meaning)"
  }

  @Test func documentHasEveryEventAndNoOther() throws {
    let documented = try Self.rows().filter { $0.count == 7 && Int($0[0]) != nil }
    let specified = EventKind.allCases.map(\.specification).map { entry in
      [
        "\(entry.kind.rawValue)", entry.name, Self.shown(entry.subject), Self.shown(entry.object),
        entry.site ?? "", Self.shown(entry.value), entry.summary,
      ]
    }
    #expect(documented == specified)
  }

  @Test func documentHasEveryWord() throws {
    let rows = try Self.rows()
    func listed(_ meaning: FieldMeaning) -> String {
      rows.first { $0.count == 2 && $0[0] == meaning.rawValue }?[1] ?? ""
    }
    for (meaning, limit) in [
      (FieldMeaning.outcome, 3), (.resourceKind, 32), (.operation, 32), (.dependency, 3),
      (.referrer, 16), (.processLink, 16), (.reason, 16), (.io, 16),
    ] {
      let list = ", \(listed(meaning)),".replacing("flags: ", with: "")
      for number in 0..<UInt64(limit) {
        guard let word = meaning.word(for: number), !word.contains("|") else { continue }
        let entry = ", \(number) \(word)"
        #expect(list.contains(entry + ",") || list.contains(entry + " ("), "\(meaning): \(entry)")
      }
    }
  }
}

/// C's numbers are Swift's.
@Suite struct VocabularyTests {
  @Test func eventKinds() {
    let numbers: [(EventKind, coroner_event_kind)] = [
      (.gap, CORONER_GAP),
      (.threadStart, CORONER_THREAD_START),
      (.threadEnd, CORONER_THREAD_END),
      (.loopStart, CORONER_LOOP_START),
      (.loopStop, CORONER_LOOP_STOP),
      (.loopIdle, CORONER_LOOP_IDLE),
      (.loopWake, CORONER_LOOP_WAKE),
      (.loopWakeup, CORONER_LOOP_WAKEUP),
      (.stackSample, CORONER_STACK_SAMPLE),
      (.taskCreate, CORONER_TASK_CREATE),
      (.taskResume, CORONER_TASK_RESUME),
      (.taskSuspend, CORONER_TASK_SUSPEND),
      (.taskEnd, CORONER_TASK_END),
      (.taskCancel, CORONER_TASK_CANCEL),
      (.waitBegin, CORONER_WAIT_BEGIN),
      (.taskReady, CORONER_TASK_READY),
      (.taskWait, CORONER_TASK_WAIT),
      (.taskWaitOwn, CORONER_TASK_WAIT_OWN),
      (.taskSpawn, CORONER_TASK_SPAWN),
      (.resourceCreate, CORONER_RESOURCE_CREATE),
      (.depends, CORONER_DEPENDS),
      (.name, CORONER_NAME),
      (.futureDone, CORONER_FUTURE_DONE),
      (.exceptionUnretrieved, CORONER_EXCEPTION_UNRETRIEVED),
      (.neverAwaited, CORONER_NEVER_AWAITED),
      (.taskDestroyed, CORONER_TASK_DESTROYED),
      (.futureLost, CORONER_FUTURE_LOST),
      (.callbackFailed, CORONER_CALLBACK_FAILED),
      (.acquired, CORONER_ACQUIRED),
      (.released, CORONER_RELEASED),
      (.eventSet, CORONER_EVENT_SET),
      (.eventCleared, CORONER_EVENT_CLEARED),
      (.notified, CORONER_NOTIFIED),
      (.queuePut, CORONER_QUEUE_PUT),
      (.queueGot, CORONER_QUEUE_GOT),
      (.queueTaskDone, CORONER_QUEUE_TASK_DONE),
      (.barrierPassed, CORONER_BARRIER_PASSED),
      (.blockBegin, CORONER_BLOCK_BEGIN),
      (.blockEnd, CORONER_BLOCK_END),
      (.jobQueue, CORONER_JOB_QUEUE),
      (.jobStart, CORONER_JOB_START),
      (.jobEnd, CORONER_JOB_END),
      (.threadBind, CORONER_THREAD_BIND),
      (.held, CORONER_HELD),
      (.past, CORONER_PAST),
      (.habit, CORONER_HABIT),
      (.timerArm, CORONER_TIMER_ARM),
      (.timerCancel, CORONER_TIMER_CANCEL),
      (.ioRegister, CORONER_IO_REGISTER),
      (.ioUnregister, CORONER_IO_UNREGISTER),
      (.signalHandler, CORONER_SIGNAL_HANDLER),
      (.snapshotBegin, CORONER_SNAPSHOT_BEGIN),
      (.snapshotEnd, CORONER_SNAPSHOT_END),
      (.threadWait, CORONER_THREAD_WAIT),
      (.taskStack, CORONER_TASK_STACK),
      (.referrer, CORONER_REFERRER),
      (.referrers, CORONER_REFERRERS),
      (.ioPeer, CORONER_IO_PEER),
      (.processWait, CORONER_PROCESS_WAIT),
    ]
    for (kind, c) in numbers { #expect(UInt32(kind.rawValue) == c.rawValue, "\(kind)") }
    #expect(numbers.map(\.0) == EventKind.allCases)
    #expect(EventKind.allCases.allSatisfy { $0.rawValue < CORONER_EVENT_KIND_LIMIT.rawValue })
  }

  @Test func enumerations() {
    let resources = [
      CORONER_RESOURCE_FUTURE, CORONER_RESOURCE_LOCK, CORONER_RESOURCE_SEMAPHORE,
      CORONER_RESOURCE_CONDITION, CORONER_RESOURCE_EVENT, CORONER_RESOURCE_BARRIER,
      CORONER_RESOURCE_QUEUE, CORONER_RESOURCE_GROUP, CORONER_RESOURCE_STREAM,
      CORONER_RESOURCE_EXECUTOR, CORONER_RESOURCE_CONCURRENT_FUTURE, CORONER_RESOURCE_THREAD_LOCK,
      CORONER_RESOURCE_THREAD, CORONER_RESOURCE_PROCESS, CORONER_RESOURCE_ACTOR,
    ]
    #expect(resources.map(\.rawValue) == ResourceKind.allCases.map(\.rawValue))
    let operations = [
      CORONER_OP_ACQUIRE, CORONER_OP_EVENT_WAIT, CORONER_OP_CONDITION_WAIT, CORONER_OP_QUEUE_GET,
      CORONER_OP_QUEUE_PUT, CORONER_OP_QUEUE_JOIN, CORONER_OP_BARRIER_WAIT, CORONER_OP_SLEEP,
      CORONER_OP_GROUP, CORONER_OP_READ, CORONER_OP_DRAIN, CORONER_OP_ACCEPT, CORONER_OP_CONNECT,
      CORONER_OP_PROCESS, CORONER_OP_RESULT, CORONER_OP_JOIN, CORONER_OP_EXIT,
    ]
    #expect(operations.map(\.rawValue) == Operation.allCases.map(\.rawValue))
    let outcomes = [CORONER_OUTCOME_VALUE, CORONER_OUTCOME_ERROR, CORONER_OUTCOME_CANCELLED]
    #expect(outcomes.map(\.rawValue) == Outcome.allCases.map(\.rawValue))
    let dependencies = [CORONER_DEPENDS_ALL, CORONER_DEPENDS_ANY, CORONER_DEPENDS_GUARD]
    #expect(dependencies.map(\.rawValue) == Dependency.allCases.map(\.rawValue))
    let links = [CORONER_PROCESS_READS, CORONER_PROCESS_WRITES, CORONER_PROCESS_ALONE]
    #expect(links.map(\.rawValue) == ProcessLink.allCases.map(\.rawValue))
    let interests = [CORONER_IO_READ, CORONER_IO_WRITE, CORONER_IO_LISTEN, CORONER_IO_INTERNAL]
    #expect(interests.map(\.rawValue) == IOInterest.words.map(\.flag.rawValue))
  }
}
