import Findings

/// Kinds in which what is waited for is held.
extension Explanation {
  static let lockCycle = Explanation(
    kind: .lockCycle,
    summary: "tasks wait in a circle for locks that the next one holds",
    meaning: """
      Each task of the cycle holds a lock and waits for one that the next task holds. None can \
      go on, because a lock is given back only by the task that holds it. The table of the \
      report reads as a closed chain.
      """,
    example: """
      async def put(self):
          async with self.cache_lock:
              async with self.journal_lock: ...

      async def compact(self):
          async with self.journal_lock:
              async with self.cache_lock: ...
      """,
    comesAbout: """
      two pieces of code take the same locks in a different order, and a switch between tasks \
      falls between the two steps. Or a module waits, while it is imported, for a thread that \
      imports it, too: an import holds a lock.
      """,
    mending: """
      take the locks in one order everywhere, or let one lock guard both things. A timeout \
      around the inner wait turns the hang into an error but leaves the cause.
      """)

  static let awaitCycle = Explanation(
    kind: .awaitCycle,
    summary: "tasks wait in a circle for one another to end",
    meaning: """
      Each task of the cycle awaits the end of the next one, or a future or group that only the \
      next one can bring to an end.
      """,
    example: """
      async def reader():
          await writer_task        # stop after the writer

      async def writer():
          await reader_task        # stop after the reader
      """,
    comesAbout: """
      two tasks keep references to each other and each awaits the other, often while shutting \
      down.
      """,
    mending: """
      let a third party await both, as asyncio.gather or a task group does, and let the two \
      signal each other with an event that is set before either waits.
      """)

  static let pipeCycle = Explanation(
    kind: .pipeCycle,
    summary: "both ends of a pipe or connection wait for each other",
    meaning: """
      A child process waits until its output is read, or until it is sent input or told that none \
      comes. Only this program has the other end of the pipe, and all that could act on it wait for \
      the child. Or two tasks of the program send to each other over a connection, and neither reads \
      before it has sent all.
      """,
    example: """
      process = await asyncio.create_subprocess_exec("make", stdout=PIPE)
      await process.wait()         # make has filled the pipe: 64 KB that nobody reads
      """,
    comesAbout: """
      a pipe holds little, so whoever writes more waits for its reader. wait() reads nothing, and a \
      child that reads its input to the end waits until the pipe is closed. drain() waits for the \
      reader at the other end.
      """,
    mending: """
      use communicate(), which writes, reads, closes and waits all at once. Or read the output \
      in a task of its own, close stdin when nothing more comes, and redirect what nobody wants to \
      DEVNULL.
      """)

  static let selfDeadlock = Explanation(
    kind: .selfDeadlock,
    summary: "a task waits for a lock that it holds itself",
    meaning: """
      The task that waits for the lock is the one that holds it. asyncio's locks are not \
      reentrant: taking one twice waits for oneself.
      """,
    example: """
      async def refresh(self):
          async with self.lock:
              await self.store()   # takes self.lock, too
      """,
    comesAbout: """
      a method that takes the lock calls another one that takes it as well.
      """,
    mending: """
      split the inner method in two: one that takes the lock, and one for callers that already \
      have it.
      """)

  static let permitExhaustion = Explanation(
    kind: .permitExhaustion,
    summary: "every permit is held by a task that waits for one more",
    meaning: """
      All permits of a semaphore, or all items of a pool, are held by tasks that wait for \
      another permit of the same one. Nobody is left to give one back.
      """,
    example: """
      async def copy(self):
          async with self.pool:            # 2 permits, 2 tasks are here
              async with self.pool: ...    # both wait here
      """,
    comesAbout: """
      a task needs two permits at once, or holds a connection of a pool while it calls something \
      that takes another.
      """,
    mending: """
      take all that is needed in one step, keep a separate limit for the inner step, or give the \
      first permit back before asking for the second.
      """)

  static let abandonedLock = Explanation(
    kind: .abandonedLock,
    summary: "a lock is held by a task that has ended",
    meaning: """
      The task that took the lock ended without giving it back; a lock that nobody can give back \
      is closed for ever.
      """,
    example: """
      await self.lock.acquire()
      await self.write(page)       # raises: the release is never reached
      self.lock.release()
      """,
    comesAbout: """
      acquire() without a release() in a finally block: an exception, a cancellation or an early \
      return leaves between the two. Or a fork: the new process gets a lock of threads as it is, \
      without the thread that holds it.
      """,
    mending: """
      use 'async with lock:', which gives the lock back on every way out, or put release() into \
      a finally block. Start processes before threads, or by spawn.
      """)

  static let leakedPermit = Explanation(
    kind: .leakedPermit,
    summary: "permits of a semaphore were taken by tasks that ended without giving them back",
    meaning: """
      Tasks wait for a permit although no living task holds one: those that took the permits \
      have ended.
      """,
    example: """
      await limit.acquire()
      reply = await fetch(url)     # an error here costs one permit
      limit.release()
      """,
    comesAbout: """
      acquire() without a release() on every way out; each failure costs a permit, until none is \
      left.
      """,
    mending: """
      use 'async with semaphore:', and a BoundedSemaphore, which also notices a permit given \
      back twice.
      """)

  static let suspendedHolder = Explanation(
    kind: .suspendedHolder,
    summary: "a thread blocks on a lock that a suspended task of the same thread holds",
    meaning: """
      The thread of the event loop waits for a thread lock. The task that holds this lock is \
      suspended on the same loop, and can only go on when the loop runs again.
      """,
    example: """
      with self.lock:              # threading.Lock
          await self.flush()       # another task now blocks on self.lock
      """,
    comesAbout: """
      a threading.Lock is held across an await: another task of the same loop tries to take it, \
      and blocks the whole thread instead of only itself.
      """,
    mending: """
      use asyncio.Lock for what is held across an await; keep a threading.Lock only around code \
      that does not await.
      """)

  static let strandedWaiter = Explanation(
    kind: .strandedWaiter,
    summary: "the resource is free, but its wake-up went to a waiter that cannot use it",
    meaning: """
      Nobody holds what the task waits for. The wake-up for it went to a waiter ahead that was \
      cancelled or has ended, and was not passed on.
      """,
    example: """
      waiter = self.waiters.popleft()
      waiter.set_result(None)      # its task was cancelled a moment ago
      """,
    comesAbout: """
      own primitives that wake one waiter and do not wake the next when that one has gone; early \
      versions of asyncio's semaphore did this as well.
      """,
    mending: """
      when a woken waiter finds itself cancelled, wake the next one before leaving; skip waiters \
      that are done already.
      """)
}
