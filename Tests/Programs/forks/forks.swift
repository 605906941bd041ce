import Foundation

private let first = NSLock()
private let second = NSLock()
private let permits = DispatchSemaphore(value: 1)
private let queue = DispatchQueue(label: "shared")

private func hang() {
  print("hung")
  fflush(nil)
}

private func onThread(_ body: @escaping @Sendable () -> Void) -> DispatchSemaphore {
  let over = DispatchSemaphore(value: 0)
  Thread.detachNewThread {
    body()
    over.signal()
  }
  return over
}

/// So that others wait for them, and the trace tells of them.
@_cdecl("use_locks") public func useLocks() {
  first.lock()
  permits.wait()
  let locked = onThread { first.withLock {} }
  let permitted = onThread {
    permits.wait()
    permits.signal()
  }
  usleep(20_000)
  first.unlock()
  permits.signal()
  locked.wait()
  permitted.wait()
}

@_cdecl("run_tasks") public func runTasks() {
  let done = DispatchSemaphore(value: 0)
  Task {
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { try? await Task.sleep(for: .milliseconds(2)) } }
    }
    done.signal()
  }
  done.wait()
  queue.async { usleep(5000) }
  queue.sync {}
}

@_cdecl("cross_locks") public func crossLocks() {
  first.lock()  // <- holds
  let locked = DispatchSemaphore(value: 0)
  Thread.detachNewThread {
    second.lock()  // <- holds
    locked.signal()
    first.lock()  // <- waits
  }
  locked.wait()
  hang()
  second.lock()  // <- waits
}

@_cdecl("cross_tasks") public func crossTasks() {
  let tasks = Tasks()
  tasks.ask = Task {
    while tasks.answer == nil { await Task.yield() }
    await tasks.answer!.value  // <- awaits
  }
  tasks.answer = Task { await tasks.ask!.value }  // <- awaits
  hang()
  while true { sleep(1) }
}

private final class Tasks: @unchecked Sendable {
  var ask: Task<Void, Never>?
  var answer: Task<Void, Never>?
}

/// Another thread has it while the program forks.
@_cdecl("keep_lock") public func keepLock() {
  let locked = DispatchSemaphore(value: 0)
  Thread.detachNewThread {
    first.lock()  // <- left
    locked.signal()
    usleep(500_000)
    first.unlock()
  }
  locked.wait()
}

@_cdecl("ask_for_lock") public func askForLock() {
  hang()
  first.lock()  // <- asks
}
