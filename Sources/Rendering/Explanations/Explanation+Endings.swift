import Findings

extension Explanation {
  static let ignoredCancel = Explanation(
    kind: .ignoredCancel,
    summary: "a task was asked to end, swallowed the request and went on",
    meaning: """
      The task was cancelled, and waits again where the request met it, or for new work elsewhere, \
      with no exception that it still handles. Somebody waits for its end: \
      the one that asked, its task group, which cancels the others when one has failed, or asyncio.run, \
      which cancels all tasks when its own is over.
      """,
    example: """
      while True:
          try:
              job = await self.jobs.get()      # CancelledError is raised here,
              await job.run()
          except BaseException:                # is caught, and round it goes
              log.exception("job failed")
      """,
    comesAbout: """
      a loop that survives every error also survives CancelledError: 'except BaseException', a bare \
      'except', or 'except CancelledError' without 'raise'.
      """,
    mending: """
      catch Exception, which CancelledError is not; where cleaning up needs more, raise it again \
      when that is done.
      """)

  static let exitBlocked = Explanation(
    kind: .exitBlocked,
    summary: "the program is over, but its end waits for a thread that cannot end",
    meaning: """
      The main part of the program has ended. The interpreter then waits for all threads that are no \
      daemons and for all jobs of executors; one of them waits for something that does not come \
      any more.
      """,
    example: """
      thread = threading.Thread(target=consume, args=(queue,))
      thread.start()
      asyncio.run(main(queue))
      # nobody tells consume() that nothing more comes: the program does not end
      """,
    comesAbout: """
      a worker thread without a way to stop it, or a job of the loop's executor that waits for \
      something that only the program's main part would have done.
      """,
    mending: """
      put an end marker into its queue and join it before main returns, or start it with \
      daemon=True. Cancelling the task that awaits a job does not stop the job.
      """)
}
