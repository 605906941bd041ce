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
      computation in a coroutine. Or a call in another thread that keeps the interpreter to itself, as \
      matching a regular expression does.
      """,
    mending: """
      move the call off the loop's thread, with 'await asyncio.to_thread(...)', or use an \
      asynchronous client. What keeps the interpreter belongs in another process.
      """)

  static let loopSelfWait = Explanation(
    kind: .loopSelfWait,
    summary: "a thread waits for work that only this same thread can do",
    meaning: """
      The loop's thread waits synchronously for a result that its own loop must produce, or for an \
      answer over a connection to a server that runs on it.
      """,
    example: """
      async def handler():
          future = asyncio.run_coroutine_threadsafe(query(), loop)
          return future.result()       # query() runs on this thread, later
      """,
    comesAbout: """
      run_coroutine_threadsafe(...).result() on the loop's own thread, a synchronous wrapper \
      around a coroutine that is called from a coroutine, or a blocking client, such as requests, that \
      calls the program's own address.
      """,
    mending: """
      await the coroutine directly. Synchronous wrappers and blocking clients belong on other threads \
      only: asyncio.to_thread(...).
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
      another process, a peer, a pipe or a timer, or for a thread that is in a call which has not come \
      back; or it sleeps, looks for something that is not there, and sleeps again.
      """,
    example: """
      reply = await reader.readline()      # the peer keeps silent
      """,
    comesAbout: """
      a peer that does not answer, with no limit set on the wait. Or a call in a worker thread that \
      waits for input: cancelling the task that awaits it does not end it, and the program waits for \
      its threads at the end.
      """,
    mending: """
      set a limit on waits for others, with 'async with asyncio.timeout(...)', and look at the \
      other end. Give a blocking call a timeout of its own.
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

  static let transientDeadlock = Explanation(
    kind: .transientDeadlock,
    summary: "tasks waited for each other until a timeout or a cancellation broke the circle",
    meaning: """
      Tasks waited for each other in a circle, and one of them was cancelled, by a limit on its \
      wait or by another task. The program went on, later and with one thing undone.
      """,
    example: """
      async with self.accounts:                        # the other task takes journal first,
          await asyncio.wait_for(self.log(), 1.0)      # then accounts
      """,
    comesAbout: """
      two locks taken in different orders, or a lock held while awaiting a task that needs it, \
      and a timeout around the wait that hides it as a slow call.
      """,
    mending: """
      mend the circle as if it had stayed: one order for the locks, and no lock held while \
      awaiting a task that needs it. A longer timeout only makes the pause longer.
      """)

  static let lockOrderInversion = Explanation(
    kind: .lockOrderInversion,
    summary: "locks are taken in opposite orders by tasks that did not meet this time",
    meaning: """
      One task took a lock while it held another one, and another task took the same two the other \
      way round. In this run they did it at different moments. Nothing in the trace keeps them from \
      doing it at the same one, and then each waits for the lock that the other holds.
      """,
    example: """
      async with self.cache_lock:          # here cache, then journal
          async with self.journal_lock: ...
      async with self.journal_lock:        # there journal, then cache
          async with self.cache_lock: ...
      """,
    comesAbout: """
      two methods that each need both locks and were written at different times. It is not told \
      where a third lock is held around both, where one task is started by the other or waits for \
      it in between, where both are the same task, where no holder ever pauses, and where the inner \
      wait has a limit. Told with 'coroner analyze --hazards' only. Of thread locks those are \
      known that somebody waited for, and all with 'coroner record --locks'.
      """,
    mending: """
      one order for the two locks everywhere, or one lock for both.
      """)

  static let nearExhaustion = Explanation(
    kind: .nearExhaustion,
    summary: "tasks take a further permit while they hold some, enough of them to use all up",
    meaning: """
      Tasks that had a permit of a semaphore took another one of the same semaphore. In this run there \
      was always one left. As many of them as there were can hold all permits at one moment, each with \
      one too few, and then each waits for the others.
      """,
    example: """
      async with self.slots:                 # 4 permits
          await self.fetch(child)            # which takes one of slots, too
      """,
    comesAbout: """
      a function that takes a permit and calls itself, or another one that takes a permit of its own. \
      It hangs when enough of them start together. Told with 'coroner analyze --hazards' only.
      """,
    mending: """
      take what is needed in one go, below a lock; or give the inner call a limit of its own.
      """)

  static let longHold = Explanation(
    kind: .longHold,
    summary: "a lock was held across a slow wait while others stood in line",
    meaning: """
      A task held a lock for so long that others in line for it waited half a second or more for this one \
      hold. The program went on, slowly.
      """,
    example: """
      async with self.cache_lock:
          self.cache = await self.download()   # everybody waits for the network
      """,
    comesAbout: """
      a request, a query or a pause inside of a lock that many need. Told with \
      'coroner analyze --hazards' only; 'coroner waits' tells what the time went into.
      """,
    mending: """
      do the slow part before taking the lock, and only exchange the result below it.
      """)

  static let destroyedPending = Explanation(
    kind: .destroyedPending,
    summary: "a task was collected before it had ended",
    meaning: """
      Nothing referred to the task any more while it waited, so Python collected it in the middle \
      of its work. What it held without a 'with' stays taken, what it should have done did not \
      happen.
      """,
    example: """
      asyncio.create_task(self.pump(reply))    # waits for a future that only it knows
      """,
    comesAbout: """
      create_task() without keeping the task, and a wait for something that only the task itself \
      refers to: the loop keeps weak references only.
      """,
    mending: """
      keep the task in a set or in a task group until it has ended.
      """)
}
