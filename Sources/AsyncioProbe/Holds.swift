import CPythonABI

/// Which thread holds which lock. Locks are taken and given back all the time, and hardly ever waited
/// for: so it is kept in memory, and told to the trace only when somebody waits for the lock, or when
/// the task or job that took it leaves its thread while it holds it. Guarded by the GIL.

/// How many threads wait for a lock now.
nonisolated(unsafe) private var waiting = 0
/// Code that uses locks as signals: one thread takes them, another gives them back.
nonisolated(unsafe) var signalCode: (wait: Raw?, notify: Raw?, sentinel: Raw?) = (nil, nil, nil)

/// Whether a thread waits for some lock.
@inline(__always) var anyLockIsWaitedFor: Bool { waiting != 0 }

func isWaitedFor(_ lock: UInt64) -> Bool {
  var next = probe_first_holder()
  while let holder = next {
    if holder.pointee.waits == lock { return true }
    next = holder.pointee.next
  }
  return false
}

/// The calling thread has taken a lock; `told`: the trace says so already.
@inline(__always)
func took(_ lock: UInt64, scoped: Bool, told: Bool = false) {
  guard isHere() else { return }
  let thread = probe_this_thread()!
  guard let holder = thread.pointee.holder ?? probe_this_holder(),
    let (code, site, outer) = callerPlace(), code != signalCode.wait,
    code != signalCode.sentinel
  else { return }
  let count = Int(holder.pointee.count)
  let party = thread.pointee.task != 0 ? thread.pointee.task : thread.pointee.job
  withHolds(holder) { holds in
    var at = count
    if at == Int(PROBE_HOLD_LIMIT) {
      // The oldest is likely to be of a lock that is gone.
      for index in 1..<at { holds[index - 1] = holds[index] }
      at -= 1
    }
    holds[at] = probe_hold(
      lock: lock, party: party, since: probe_now(), site: site, outer: outer, told: told,
      scoped: scoped)
    holder.pointee.count = Int32(at + 1)
  }
}

/// A lock was given back by the calling thread, whoever had taken it.
@inline(__always)
func gaveBack(_ lock: UInt64) {
  guard isHere() else { return }
  if let holder = probe_this_thread()!.pointee.holder, remove(lock, from: holder) { return }
  gaveBackAnothers(lock)
}

@inline(never)
private func gaveBackAnothers(_ lock: UInt64) {
  guard let (code, _, _) = callerPlace(), code != signalCode.notify,
    let (holder, _) = latestHold(of: lock)
  else { return }
  _ = remove(lock, from: holder)
}

@inline(__always)
private func remove(_ lock: UInt64, from holder: UnsafeMutablePointer<probe_holder>) -> Bool {
  withHolds(holder) { holds in
    let count = Int(holder.pointee.count)
    var index = count - 1
    while index >= 0, holds[index].lock != lock { index -= 1 }
    if index < 0 { return false }
    let told = holds[index].told
    while index + 1 < count {
      holds[index] = holds[index + 1]
      index += 1
    }
    holder.pointee.count = Int32(count - 1)
    if told { record(CORONER_RELEASED, lock, site: currentStack()) }
    return true
  }
}

/// Tells the trace who holds a lock, for the calling thread is about to wait for it.
func tellHolder(of lock: UInt64) {
  guard let (holder, index) = latestHold(of: lock) else { return }
  withHolds(holder) { holds in
    if holds[index].told { return }
    // Who waits for a lock that it took itself without a with may use it as a signal: somebody else is to
    // give it back.
    if holder == probe_this_thread()!.pointee.holder, !holds[index].scoped { return }
    let isGone = holder.pointee.over == PROBE_LEFT_BEHIND
    // What is taken without a with may be given back by any thread.
    if isGone, !holds[index].scoped { return }
    holds[index].told = true
    record(
      CORONER_HELD, lock, isGone ? 0 : UInt64(holder.pointee.tid), site: stack(of: holds[index]),
      value: probe_microseconds_since(holds[index].since))
  }
}

/// Tells the trace which locks a task or job (0: the thread) still holds, before it leaves its thread.
@inline(__always)
func tellHolds(of party: UInt64, _ coroutine: () -> Object? = { nil }) {
  guard let holder = probe_this_thread()!.pointee.holder, holder.pointee.count > 0 else { return }
  tellHolds(of: party, holder, coroutine)
}

@inline(never)
private func tellHolds(
  of party: UInt64, _ holder: UnsafeMutablePointer<probe_holder>, _ coroutine: () -> Object?
) {
  withHolds(holder) { holds in
    for index in 0..<Int(holder.pointee.count)
    where holds[index].party == party && !holds[index].told {
      holds[index].told = true
      // A greenlet's frames end before those of the task that runs it.
      if holds[index].outer == 0, let coroutine = coroutine() {
        holds[index].outer = userSite(awaitedBy: Raw(coroutine))
        Py_DecRef(coroutine)
      }
      record(CORONER_ACQUIRED, holds[index].lock, site: stack(of: holds[index]))
    }
  }
}

/// Whether takes below other locks are told as they come: so it is known later in which orders locks are taken. As
/// `CORONER_LOCKS` says.
nonisolated(unsafe) var tellsNested = false

/// The calling thread has taken a lock; if it holds others, tells all of them.
@inline(never)
func tellNested() {
  guard isHere(), let thread = probe_this_thread(), let holder = thread.pointee.holder,
    holder.pointee.count > 1
  else { return }
  tellHolds(of: thread.pointee.task != 0 ? thread.pointee.task : thread.pointee.job)
}

/// Marks the calling thread as waiting for a lock while `wait` runs.
func whileWaiting<T>(for lock: UInt64, _ wait: () -> T) -> T {
  let holder = probe_this_holder()
  // A signal handler may wait within a wait.
  let before = holder?.pointee.waits ?? 0
  holder?.pointee.waits = lock
  waiting += 1
  let result = wait()
  waiting -= 1
  holder?.pointee.waits = before
  return result
}

/// A lock that was dropped while it was held may stay in a list; the latest to take it is who holds it.
private func latestHold(
  of lock: UInt64
) -> (holder: UnsafeMutablePointer<probe_holder>, index: Int)? {
  var found: (UnsafeMutablePointer<probe_holder>, Int)? = nil
  var since: UInt64 = 0
  var next = probe_first_holder()
  while let holder = next {
    withHolds(holder) { holds in
      for index in 0..<Int(holder.pointee.count)
      where holds[index].lock == lock && holds[index].since >= since {
        found = (holder, index)
        since = holds[index].since
      }
    }
    next = holder.pointee.next
  }
  return found
}

@inline(__always)
private func withHolds<T>(
  _ holder: UnsafeMutablePointer<probe_holder>,
  _ body: (UnsafeMutablePointer<probe_hold>) -> T
) -> T {
  body(probe_holds(holder))
}

private func stack(of hold: probe_hold) -> UInt32 {
  if hold.site == 0 { return 0 }
  return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 2) { sites in
    sites[0] = hold.site
    sites[1] = hold.outer
    return probe_define_stack(sites.baseAddress, hold.outer == 0 || hold.outer == hold.site ? 1 : 2)
  }
}
