import Findings

/// Kinds in which nobody is left to wake the waiter.
extension Explanation {
  static let orphanedFuture = Explanation(
    kind: .orphanedFuture,
    summary: "a future or an event is waited for that nothing can resolve any more",
    meaning: """
      A task waits for a future (or an event) that is still pending, and nothing that could \
      resolve it is left: no task, timer, thread, socket or signal handler reaches it. A semaphore that \
      began with no permit is such an event, too: who takes a signal does not give it back. 'because' \
      lists what was looked at.
      """,
    example: """
      reply = loop.create_future()
      self.replies[request_id] = reply     # the reader task has died
      return await reply
      """,
    comesAbout: """
      the one that should resolve it crashed, was cancelled, lost its reference, or was never \
      written.
      """,
    mending: """
      end every pending future when its resolver ends, with set_exception(...) or cancel(); the \
      waiter then gets an error instead of silence.
      """)

  static let lostWakeup = Explanation(
    kind: .lostWakeup,
    summary: "a wake-up came before its wait began, and no other will come",
    meaning: """
      A condition was notified when nobody waited on it. A notification is not kept: the wait \
      that began later has nothing to wake it.
      """,
    example: """
      async with condition:
          condition.notify()       # nobody waits yet
      ...
      async with condition:
          await condition.wait()   # waits for ever
      """,
    comesAbout: """
      a wait that does not first check the state that it waits for, or a notification sent \
      before the waiter starts.
      """,
    mending: """
      wait for the state, not for the notification: 'await condition.wait_for(lambda: \
      self.ready)', with self.ready set before notify().
      """)

  static let queueNoConsumer = Explanation(
    kind: .queueNoConsumer,
    summary: "a queue is full, and nobody is left to take from it",
    meaning: """
      Tasks wait to put into a queue with a limit. Those that took from it have ended or wait \
      behind the same cause.
      """,
    example: """
      queue = asyncio.Queue(maxsize=10)
      async def consume():
          item = await queue.get()
          handle(item)             # raises on the first bad item, and nobody notices
      """,
    comesAbout: """
      the consumer crashed or was cancelled; or it puts into the very queue that it empties.
      """,
    mending: """
      keep the consumer alive (catch errors for each item), or let its end be seen: a task group \
      ends the producers when the consumer fails.
      """)

  static let queueNoProducer = Explanation(
    kind: .queueNoProducer,
    summary: "a queue is empty, and nobody is left to put into it",
    meaning: """
      Tasks wait for an item of a queue, and all that put into it have ended. Where the last of \
      them failed and nobody waited for its end, the report says with what and where, also while \
      the rest of the program goes on.
      """,
    example: """
      async def worker():
          while True:
              item = await queue.get()     # the last producer has ended
      """,
    comesAbout: """
      producers end without telling the consumers, which wait for one more item.
      """,
    mending: """
      let the last producer put a sentinel for each consumer, use queue.shutdown() (3.13), or \
      cancel the consumers when the producers are done.
      """)

  static let unfinishedJoin = Explanation(
    kind: .unfinishedJoin,
    summary: "queue.join() waits for items that nobody will finish",
    meaning: """
      join() waits until task_done() was called once for each item that was put. Items remain \
      unfinished and nobody is left that would finish them.
      """,
    example: """
      item = await queue.get()
      if item is None:
          continue                 # no task_done() for this one
      queue.task_done()
      """,
    comesAbout: """
      task_done() is not called on every way through the loop (an error, a continue), or the \
      consumer ended with items left.
      """,
    mending: """
      call task_done() in a finally block right after get(), and watch over the consumers while \
      joining.
      """)

  static let shortBarrier = Explanation(
    kind: .shortBarrier,
    summary: "a barrier waits for more parties than there are",
    meaning: """
      Tasks wait at a barrier for others to arrive, and fewer parties are left than it needs.
      """,
    example: """
      barrier = asyncio.Barrier(4)
      for part in parts:           # only 3 of them
          group.create_task(work(part, barrier))
      """,
    comesAbout: """
      the number of parties and the number of tasks differ, or one of them failed on its way.
      """,
    mending: """
      derive the barrier's number from the same list as the tasks; call barrier.abort() when a \
      party fails.
      """)

  static let wrongThreadWakeup = Explanation(
    kind: .wrongThreadWakeup,
    summary: "a future was resolved from another thread, and the event loop was not woken",
    meaning: """
      What the task waits for is done: another thread resolved the future, set the event or filled the \
      queue. That put the task among those to be run next, but the event loop was asleep by then and was \
      not woken. It sleeps until something else happens, if ever.
      """,
    example: """
      def on_reading(value):                  # called by the driver's own thread
          future.set_result(value)            # the loop does not hear of it
      """,
    comesAbout: """
      futures, events and queues of asyncio belong to the thread of their loop; callbacks of drivers, \
      timers and pools often run on another one.
      """,
    mending: """
      hand it over: loop.call_soon_threadsafe(future.set_result, value), or \
      asyncio.run_coroutine_threadsafe(...).
      """)
}
