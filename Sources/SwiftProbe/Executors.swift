// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRecorderLink
import CSwiftRuntime
import TraceABI

/// The executor that a task runs on: an actor or another serial executor, else a pool of the task's own, nil
/// the default pool.
func currentExecutor(_ task: UnsafeRawPointer) -> UnsafeRawPointer? {
  let executor = probe_current_executor()
  if let identity = executor.identity {
    if executor.implementation != nil { tellOnce(identity, CORONER_RESOURCE_ACTOR) }
    return identity
  }
  guard task.word(probe_layout.job_flags) & PROBE_JOB_HAS_EXECUTOR != 0,
    let identity = probe_preferred_executor().identity
  else { return nil }
  tellOnce(identity, CORONER_RESOURCE_EXECUTOR)
  return identity
}

/// A task could go on, and waits for its turn on an executor. What waits for the default pool follows from
/// what it waited for before.
@c @implementation
func probe_task_is_queued(_ job: UnsafeRawPointer!) {
  guard job.word(probe_layout.job_flags) & UInt32(PROBE_JOB_KIND) == 0 else { return }
  if let creation = probe_creation(), !creation.pointee.is_told,
    probe_is_first_run(job.pointer(probe_layout.resume_function))
  {
    probe_task_is_made(job, creation)
  }
  guard let dependency = job.pointer(probe_layout.dependency),
    probe_dependency(dependency.word(probe_layout.dependency_kind)) == PROBE_WAITS_FOR_EXECUTOR,
    let executor = dependency.pointer(probe_layout.dependency_object)
  else { return }
  if dependency.pointer(probe_layout.dependency_object + 8) != nil {
    tellOnce(executor, CORONER_RESOURCE_ACTOR)
  }
  record(CORONER_TASK_READY, address(job), address(executor))
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
  turn.pointee.executor = nil
  record(CORONER_TASK_RESUME, address(turn.pointee.task))
}

// MARK: - executors that are not seen in the making

private func tellOnce(_ executor: UnsafeRawPointer, _ kind: coroner_resource_kind) {
  guard probe_is_new(executor) else { return }
  record(CORONER_RESOURCE_CREATE, address(executor), value: kind.rawValue)
  if kind == CORONER_RESOURCE_ACTOR, probe_main_executor().identity == executor {
    recordName("MainActor", of: executor)
  } else {
    nameByType(executor)
  }
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
  let known = probe_name_known(type)
  if known != 0 { return known }
  let name = probe_type_name_of(type)
  guard let text = name.text else { return 0 }
  let id = probe_define_string(text, min(name.length, Int(CORONER_STRING_LIMIT)))
  probe_name_remember(type, id)
  return id
}
