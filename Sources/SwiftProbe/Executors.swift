// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRecorderLink
import CSwiftRuntime
import TraceABI

/// The executor that a task runs on: an actor or another serial executor, else a pool.
func currentExecutor(_ task: UnsafeRawPointer) -> UnsafeRawPointer? {
  let executor = probe_current_executor()
  guard let identity = executor.identity else { return pool(task) }
  if executor.implementation != nil { tellSerial(identity) }
  return identity
}

/// The task's own pool, or that of its priority.
private func pool(_ task: UnsafeRawPointer) -> UnsafeRawPointer? {
  if task.word(probe_layout.job_flags) & PROBE_JOB_HAS_EXECUTOR != 0,
    task == probe_current_task(), let own = probe_preferred_executor().identity
  {
    if tellOnce(own, CORONER_RESOURCE_EXECUTOR) { nameByType(own) }
    return own
  }
  let pool = probe_pool_of(task)
  if let pool, !probe_is_usual_pool(pool) || probe_is_forked { tellPool(pool) }
  return pool
}

/// The usual ones are told at the start, so that no two threads meet over it.
@c @implementation
func probe_pools_are_made() {
  for priority in 0..<PROBE_PRIORITY_COUNT {
    if let pool = probe_pool(priority), probe_is_usual_pool(pool) { tellPool(pool) }
  }
}

private func tellPool(_ pool: UnsafeRawPointer) {
  guard probe_is_new(pool) else { return }
  record(
    CORONER_RESOURCE_CREATE, address(pool), UInt64(probe_pool_width()),
    value: CORONER_RESOURCE_EXECUTOR.rawValue)
  recordName(poolName(probe_pool_priority(pool)), of: pool)
}

private func poolName(_ priority: UInt32) -> StaticString {
  switch priority {
  case ...9: "pool (background)"
  case ...17: "pool (low)"
  case ...21: "pool (medium)"
  case ...25: "pool (high)"
  default: "pool (user interactive)"
  }
}

/// A task could go on, and waits for its turn on an executor.
@c @implementation
func probe_task_is_queued(_ job: UnsafeRawPointer!) {
  guard job.word(probe_layout.job_flags) & UInt32(PROBE_JOB_KIND) == 0 else { return }
  let executor = nextExecutor(job)
  let isKnown = probe_readies_as_before(executor)
  if probe_is_first_run(job.pointer(probe_layout.resume_function)) {
    guard let creation = probe_creation() else { return }
    if !creation.pointee.is_told {
      tellMade(job, creation, queued: isKnown)
      if isKnown { return }
    }
  }
  record(CORONER_TASK_READY, address(job), address(executor))
}

private func nextExecutor(_ task: UnsafeRawPointer) -> UnsafeRawPointer? {
  guard let dependency = task.pointer(probe_layout.dependency),
    probe_dependency(dependency.word(probe_layout.dependency_kind)) == PROBE_WAITS_FOR_EXECUTOR,
    let executor = dependency.pointer(probe_layout.dependency_object)
  else { return pool(task) }
  if dependency.pointer(probe_layout.dependency_object + 8) != nil { tellSerial(executor) }
  return executor
}

@c @implementation
func probe_actor_is_made(_ actor: UnsafeRawPointer!, _ frame: UnsafeRawPointer!) {
  record(
    CORONER_RESOURCE_CREATE, address(actor), site: probe_stack_near(frame),
    value: CORONER_RESOURCE_ACTOR.rawValue)
  nameByType(actor)
}

/// The task of this thread goes on as an actor's, without leaving the thread.
@c @implementation
func probe_actor_is_taken(_ actor: UnsafeRawPointer!) {
  guard let turn = probe_turn() else { return }
  turn.pointee.executor = actor
  record(CORONER_TASK_RESUME, address(turn.pointee.task), address(actor))
}

/// The task of this thread goes on in the pool. At the end of a turn nothing runs any more.
@c @implementation
func probe_actor_is_left(_ actor: UnsafeRawPointer!) {
  guard let turn = probe_turn(), turn.pointee.executor == actor,
    probe_current_task() == turn.pointee.task
  else { return }
  let pool = turn.pointee.task.flatMap(pool)
  turn.pointee.executor = pool
  record(CORONER_TASK_RESUME, address(turn.pointee.task), address(pool))
}

// MARK: - executors that are not seen in the making

private func tellSerial(_ executor: UnsafeRawPointer) {
  guard tellOnce(executor, CORONER_RESOURCE_ACTOR) else { return }
  if probe_main_executor().identity == executor {
    recordName("MainActor", of: executor)
    // Before the program gives the main thread up to it, it needs that thread; later it may run on another.
    if probe_is_main_thread() { record(CORONER_THREAD_BIND, address(executor)) }
  } else {
    nameByType(executor)
  }
}

private func tellOnce(_ executor: UnsafeRawPointer, _ kind: coroner_resource_kind) -> Bool {
  guard probe_is_new(executor) else { return false }
  record(CORONER_RESOURCE_CREATE, address(executor), value: kind.rawValue)
  return true
}

private func nameByType(_ object: UnsafeRawPointer) {
  let name = typeName(object.load(as: UnsafeRawPointer?.self))
  if name != 0 { record(CORONER_NAME, address(object), value: name) }
}

private func recordName(_ name: StaticString, of object: UnsafeRawPointer) {
  let id = name.withUTF8Buffer {
    $0.withMemoryRebound(to: CChar.self) { probe_define_string($0.baseAddress, $0.count) }
  }
  record(CORONER_NAME, address(object), value: id)
}

/// The name of a type as a string's id.
func typeName(_ type: UnsafeRawPointer?) -> UInt32 {
  guard let type else { return 0 }
  let known = probe_id_known(type)
  if known != 0 { return known }
  let name = probe_type_name_of(type)
  guard let text = name.text else { return 0 }
  let id = probe_define_string(text, min(name.length, Int(CORONER_STRING_LIMIT)))
  probe_id_remember(type, id)
  return id
}
