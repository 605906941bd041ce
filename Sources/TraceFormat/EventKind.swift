/// What happened in an event. The raw value is its number in the file.
package enum EventKind: UInt8, CaseIterable, Sendable {
  case gap = 1
  case threadStart = 2
  case threadEnd = 3
  case loopStart = 4
  case loopStop = 5
  case loopIdle = 6
  case loopWake = 7
  case loopWakeup = 8
  case stackSample = 9
  case taskCreate = 10
  case taskResume = 11
  case taskSuspend = 12
  case taskEnd = 13
  case taskCancel = 14
  case waitBegin = 15
  case taskReady = 16
  case taskWait = 17
  case taskWaitOwn = 18
  case taskSpawn = 19
  case resourceCreate = 20
  case depends = 21
  case name = 22
  case futureDone = 23
  case exceptionUnretrieved = 24
  case neverAwaited = 25
  case taskDestroyed = 26
  case futureLost = 27
  case callbackFailed = 28
  case acquired = 30
  case released = 31
  case eventSet = 32
  case eventCleared = 33
  case notified = 34
  case queuePut = 35
  case queueGot = 36
  case queueTaskDone = 37
  case barrierPassed = 38
  case blockBegin = 40
  case blockEnd = 41
  case jobQueue = 42
  case jobStart = 43
  case jobEnd = 44
  case threadBind = 45
  case held = 46
  case past = 47
  case habit = 48
  case timerArm = 50
  case timerCancel = 51
  case ioRegister = 52
  case ioUnregister = 53
  case signalHandler = 54
  case snapshotBegin = 55
  case snapshotEnd = 56
  case threadWait = 57
  case taskStack = 58
  case referrer = 59
  case referrers = 60
  case ioPeer = 61
  case processWait = 62
}

extension EventKind {
  /// The kind with each number in the file, to be found without a comparison for each.
  static let known: [EventKind?] = (0..<256).map { EventKind(rawValue: UInt8($0)) }
}

/// How a task or a future ended.
package enum Outcome: UInt32, CaseIterable, Sendable {
  case value = 0
  case error = 1
  case cancelled = 2
}

/// What a resource is.
package enum ResourceKind: UInt32, CaseIterable, Sendable {
  case future = 1
  case lock, semaphore, condition, event, barrier, queue, group, stream, executor
  case concurrentFuture, threadLock, thread, process, actor
}

/// What a party does with the resource that it waits for.
package enum Operation: UInt32, CaseIterable, Sendable {
  case acquire = 1
  case eventWait, conditionWait, queueGet, queuePut, queueJoin, barrierWait, sleep, group, read
  case drain, accept, connect, process, result, join, exit
}

/// How an outer future or group depends on its inner ones.
package enum Dependency: UInt32, CaseIterable, Sendable {
  case all = 0
  case any = 1
  case guarded = 2
}

/// Who can reach something, and so act on it.
package enum Referrer: UInt32, CaseIterable, Sendable {
  case task = 1
  case thread, descriptor, timer, root
}

/// What a child process waits for, and a descriptor.
package enum ProcessLink: UInt32, CaseIterable, Sendable {
  case reads = 1
  case writes, alone
}

/// Why a snapshot was taken.
package enum SnapshotReason: UInt32, CaseIterable, Sendable {
  case stall = 1
  case signal, exit
}
