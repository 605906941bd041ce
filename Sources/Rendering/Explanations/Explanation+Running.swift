import Findings

/// Kinds in which a thread, a pool or the outside is what is missing, and hazards.
extension Explanation {
  static let blockedLoop = Explanation(
    kind: .blockedLoop,
    summary: "the thread of an event loop is inside a call that does not return",
    meaning: """
      The loop's thread has been busy in one place until the trace ended, so nothing on this \
      loop can run. The report shows the stack that was seen there.
      """,
    example: """
      async def fetch(url):
          return requests.get(url)     # nothing else runs meanwhile
      """,
    comesAbout: """
      a blocking call (time.sleep, a synchronous client, a lock of threads) or a long \
      computation in a coroutine.
      """,
    mending: """
      move the call off the loop's thread, with 'await asyncio.to_thread(...)', or use an \
      asynchronous client.
      """)

  static let loopSelfWait = Explanation(
    kind: .loopSelfWait,
    summary: "a thread waits for work that only this same thread can do",
    meaning: """
      The loop's thread waits synchronously for a result that its own loop must produce.
      """,
    example: """
      async def handler():
          future = asyncio.run_coroutine_threadsafe(query(), loop)
          return future.result()       # query() runs on this thread, later
      """,
    comesAbout: """
      run_coroutine_threadsafe(...).result() on the loop's own thread, or a synchronous wrapper \
      around a coroutine that is called from a coroutine.
      """,
    mending: """
      await the coroutine directly. Synchronous wrappers belong on other threads only.
      """)

  static let poolStarvation = Explanation(
    kind: .poolStarvation,
    summary: "every worker of a pool waits for work that is queued behind it",
    meaning: """
      All threads of an executor wait for jobs of the same executor that cannot start, because \
      no worker is free.
      """,
    example: """
      def outer():
          return pool.submit(inner).result()   # pool has 1 worker: this one
      """,
    comesAbout: """
      a job submits another job to its own executor and waits for the result.
      """,
    mending: """
      do not wait inside a job for jobs of the same pool: use a second pool for the inner ones, \
      or hand the continuation over instead of waiting.
      """)

  static let externalWait = Explanation(
    kind: .externalWait,
    summary: "all that is left waits for something outside of the program",
    meaning: """
      Nothing in the program is to blame as far as the trace shows: what is left waits for \
      another process, a peer, a pipe or a timer.
      """,
    example: """
      reply = await reader.readline()      # the peer keeps silent
      """,
    comesAbout: """
      a peer that does not answer, with no limit set on the wait.
      """,
    mending: """
      set a limit on waits for others, with 'async with asyncio.timeout(...)', and look at the \
      other end.
      """)

  static let swallowedException = Explanation(
    kind: .swallowedException,
    summary: "a task failed and nobody asked for its result",
    meaning: """
      The task ended with an exception that was never retrieved, so that nobody learned of it; \
      what the task should have done did not happen.
      """,
    example: """
      asyncio.create_task(self.read_replies())     # it crashed; nobody looks
      """,
    comesAbout: """
      create_task() without keeping the task and awaiting it.
      """,
    mending: """
      keep the task and await it, or start it in a task group, which passes the error on.
      """)

  static let neverAwaited = Explanation(
    kind: .neverAwaited,
    summary: "a coroutine was made but never awaited",
    meaning: """
      A coroutine object was thrown away before it ran; calling a coroutine function only makes \
      the object.
      """,
    example: """
      self.notify_all()            # a coroutine function: nothing happens
      """,
    comesAbout: """
      a missing await.
      """,
    mending: """
      write 'await', or start it with create_task().
      """)

  static let slowCallback = Explanation(
    kind: .slowCallback,
    summary: "one step of a task held its loop's thread for long",
    meaning: """
      Between two awaits a task ran for so long that everything else on the loop stood still; \
      the program went on afterwards.
      """,
    example: """
      async def report():
          return render(rows)      # 800 ms of work without an await
      """,
    comesAbout: """
      a blocking call or a long computation in a coroutine.
      """,
    mending: """
      move the work off the loop's thread with 'await asyncio.to_thread(...)', or cut it into \
      pieces.
      """)
}
