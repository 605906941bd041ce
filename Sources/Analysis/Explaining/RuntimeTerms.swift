/// What the library of a runtime calls things that sentences about every runtime mention.
struct RuntimeTerms: Sendable {
  /// What runs the main task, and asks the others to end after it.
  let runner: String
  /// What to do about a call that keeps an executor's thread.
  let unblock: String
  /// What to do about something that was made to run and never did.
  let start: String
  /// What to do about a wait for somebody outside.
  let limit: String

  /// What to do about a thread's call that keeps others.
  let leave: String

  static let asyncio = RuntimeTerms(
    runner: "asyncio.run",
    unblock: "use the awaitable form, or run the call with asyncio.to_thread(...)",
    start: "await it, or give it to asyncio.create_task(...)",
    limit: "look at the other end, or set a limit: async with asyncio.timeout(...)",
    leave:
      "a thread cannot be cancelled: give the call a timeout of its own, or run it in a daemon thread"
  )

  static let swift = RuntimeTerms(
    runner: "the end of the main task",
    unblock: "use an async form of the call, or run it on a thread of its own",
    start: "await it, or start it in a task",
    limit: "look at the other end, or race the wait against Task.sleep(...) in a task group",
    leave: "a blocking call cannot be cancelled: give it a timeout of its own")
}
