import Dispatch

public typealias Answer = @convention(c) @Sendable (Int) -> Void

/// The sum of numbers that tasks square, for a thread that waits for it.
@_cdecl("sum_of_squares")
public func sumOfSquares(_ count: Int) -> Int {
  let done = DispatchSemaphore(value: 0)
  nonisolated(unsafe) var sum = 0
  Task.detached(name: "sum") {
    sum = await withTaskGroup { group in
      for number in 1...count { group.addTask { number * number } }
      return await group.reduce(0, +)
    }
    done.signal()
  }
  done.wait()
  return sum
}

/// Calls back that are under way: a program must not end before them.
private let calls = DispatchGroup()

@_cdecl("wait_for_calls")
public func waitForCalls() { calls.wait() }

/// Calls back from a task.
@_cdecl("answer_later")
public func answerLater(_ question: Int, _ answer: @escaping Answer) {
  calls.enter()
  Task.detached(name: "answer") {
    try await Task.sleep(for: .milliseconds(1))
    answer(question * 2)
    calls.leave()
  }
}

/// The same, and comes back only when the call has.
@_cdecl("answer_now")
public func answerNow(_ question: Int, _ answer: @escaping Answer) {
  let answered = DispatchSemaphore(value: 0)
  Task.detached(name: "answer") {
    answer(question * 2)  // <- waits
    answered.signal()
  }
  answered.wait()  // <- waits
}

private let allowed = DispatchSemaphore(value: 0)

/// Calls back from a task once `allow` was called.
@_cdecl("answer_when_allowed")
public func answerWhenAllowed(_ question: Int, _ answer: @escaping Answer) {
  calls.enter()
  Task.detached(name: "answer") {
    waitUntilAllowed()
    answer(question * 2)
    calls.leave()
  }
}

private func waitUntilAllowed() { allowed.wait() }

@_cdecl("allow")
public func allow() { allowed.signal() }
