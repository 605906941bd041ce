import Findings
import History
import TraceFormat

/// What to do about a cause, in the words of Python's library.
extension Wording {
  /// Nothing where the advice is the same for every runtime.
  func pythonHelp() -> [String]? {
    switch kind {
    case .lockCycle where waiting.contains(where: isImport):
      return [
        "do not wait for threads or run a loop while a module is imported: do so in a function that is "
          + "called afterwards, or import what the thread needs before it starts"
      ]
    case .selfDeadlock where isAbout(.threadLock):
      return [
        "a threading.Lock is not reentrant: call a version that expects it held, or use an RLock where "
          + "finalizers or signal handlers may take it"
      ]
    case .selfDeadlock where explainer.pausingGenerator(cause) != nil:
      return [
        "do not yield below a lock: the generator keeps it while the body of its loop runs, and if that loop is left "
          + "until it is closed, as contextlib.aclosing(...) does"
      ]
    case .selfDeadlock:
      return ["asyncio locks are not reentrant: call a version that expects the lock held"]
    case .abandonedLock where wasCollected:
      return ["keep a reference to each task until it has ended; take locks with async with"]
    case .abandonedLock where isInherited:
      return [
        "start processes before threads, or by spawn or a fork server: a forked process gets the locks as "
          + "they are, without the threads that hold them"
      ]
    case .abandonedLock, .leakedPermit:
      return ["give it back on every way out: async with, or try and finally"]
    case .wrongThreadWakeup:
      return ["from another thread, use loop.call_soon_threadsafe(...), which wakes the loop"]
    case .ignoredCancel:
      return [
        "catch Exception, not BaseException or CancelledError; or raise it again after cleaning up"
      ]
    case .exitBlocked:
      return [
        "tell the thread to stop before the program ends, or make it a daemon, which ends with it"
      ]
    case .lostWakeup where wasted != nil:
      return [
        "notify again when a waiter is cancelled, or update Python: from 3.13 on wait() does so"
      ]
    case .orphanedFuture where makerGaveUp:
      return ["resolve what others wait for on every way out, also when cancelled: try and finally"]
    case .orphanedFuture where isClosing:
      return [
        "from Python 3.12 on wait_closed() waits for clients, too: close their connections before, or have the server "
          + "end them: Server.close_clients(), from 3.13 on"
      ]
    case .orphanedFuture where isAbout(.event):
      return ["set the event on every way out of the task that is to set it, also when it fails"]
    case .orphanedFuture where isAbout(.semaphore):
      return [
        "watch over the task that releases it: await it, or let its failure end those that wait"
      ]
    case .orphanedFuture:
      return ["end a pending future before letting go of it, with set_exception(...) or cancel()"]
    case .lostWakeup where isAbout(.event): return ["set it again on every way after it is cleared"]
    case .lostWakeup where !wasInVain && !waitsForPredicate:
      return ["wait with wait_for(predicate): a notify that comes first is then not needed"]
    case .unfinishedJoin:
      return ["call task_done() once for each get(), also when processing fails"]
    case .blockedLoop where keeper != nil:
      return [
        "a thread does not help against a call that keeps the interpreter: run it in another process, "
          + "with a ProcessPoolExecutor say, or bound what it works on"
      ]
    case .loopSelfWait where connections.answer != nil:
      return ["use an asynchronous client, or call the blocking one with asyncio.to_thread(...)"]
    case .suspendedHolder: return ["do not hold a threading lock across an await; use asyncio.Lock"]
    default: return nil
    }
  }

  /// Whether a party waits to import a module.
  private func isImport(_ party: Int) -> Bool {
    world.definitions.frames(explainer.wait(of: party)?.site).contains { $0.role == .importing }
  }
}
