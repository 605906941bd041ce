// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRecorderLink
import CSwiftRuntime
import TraceABI

func address(_ pointer: UnsafeRawPointer?) -> UInt64 { UInt64(UInt(bitPattern: pointer)) }

func record(
  _ kind: coroner_event_kind, _ subject: UInt64, _ object: UInt64 = 0, site: UInt32 = 0,
  value: UInt32 = 0
) {
  probe_record(UInt8(truncatingIfNeeded: kind.rawValue), subject, object, site, value)
}

extension UnsafeRawPointer {
  func pointer(_ offset: some BinaryInteger) -> UnsafeRawPointer? {
    load(fromByteOffset: Int(offset), as: UnsafeRawPointer?.self)
  }
  func word(_ offset: some BinaryInteger) -> UInt32 {
    load(fromByteOffset: Int(offset), as: UInt32.self)
  }
}

// MARK: - made

/// Before it is queued, or after its making if it is not.
@c @implementation
func probe_task_is_made(
  _ task: UnsafeRawPointer!, _ creation: UnsafeMutablePointer<probe_creation>!
) {
  tellMade(task, creation, queued: false)
}

/// - Parameter queued: it gets its turn on the executor that the trace knows of.
func tellMade(
  _ task: UnsafeRawPointer, _ creation: UnsafeMutablePointer<probe_creation>, queued: Bool
) {
  creation.pointee.is_told = true
  if probe_task_type == nil { probe_task_type = UnsafeRawPointer(task.pointer(0)) }
  guard let context = task.pointer(probe_layout.resume_context) else { return }
  _ = probe_watch_end(context)
  let function = closureSite(creation.pointee.entry, creation.pointee.closure)
  var name: UnsafeRawPointer?
  var group: UnsafeRawPointer?
  var option = creation.pointee.options
  while let found = option {
    switch found.pointee.kind & 0xff {
    case UInt64(PROBE_OPTION_NAME): name = found.pointee.content
    case UInt64(PROBE_OPTION_GROUP): group = found.pointee.content
    default: break
    }
    option = found.pointee.next
  }
  let site = probe_stack_near(creation.pointee.frame)
  if queued {
    record(CORONER_TASK_SPAWN, address(task), address(group), site: site, value: function)
  } else {
    record(CORONER_TASK_CREATE, address(task), site: site, value: function)
    if group != nil {
      record(
        CORONER_DEPENDS, address(group), address(task), value: CORONER_DEPENDS_ALL.rawValue)
    }
  }
  recordName(task, name?.assumingMemoryBound(to: CChar.self))
}

/// A task that was not seen in the making, at its first turn. Whether it is worth telling: what the runtime
/// runs for itself, to end a sleep, is none of the program's tasks.
private func tellUnseen(_ task: UnsafeRawPointer) -> Bool {
  guard let context = task.pointer(probe_layout.resume_context), probe_watch_end(context) else {
    return true
  }
  let function = context.pointer(probe_layout.context_function)
  guard probe_landmark_of(function) == PROBE_ELSEWHERE else { return false }
  record(CORONER_TASK_CREATE, address(task), value: probe_site(function))
  guard task.word(probe_layout.job_flags) & PROBE_JOB_HAS_NAME != 0 else { return true }
  var entry = task.pointer(probe_layout.records)?.assumingMemoryBound(to: probe_record_list.self)
  while let found = entry, found.pointee.kind & 0xff != UInt64(PROBE_RECORD_NAME) {
    entry = found.pointee.next.map { UnsafePointer($0) }
  }
  recordName(task, entry?.pointee.content?.assumingMemoryBound(to: CChar.self))
  return true
}

private func recordName(_ task: UnsafeRawPointer, _ name: UnsafePointer<CChar>?) {
  guard let name else { return }
  let id = probe_define_text(name)
  if id != 0 { record(CORONER_NAME, address(task), value: id) }
}

/// The site of what a task runs: the closure that the program wrote. Most are called by a function that the
/// compiler made, and are what that captures, behind the head of the object and at most one type.
private func closureSite(_ entry: UnsafeRawPointer?, _ closure: UnsafeRawPointer?) -> UInt32 {
  guard let entry else { return 0 }
  let function = entry + Int(entry.load(as: Int32.self))
  let word = MemoryLayout<UnsafeRawPointer>.size
  for place in 2...3 {
    guard let closure, let captured = closure.pointer(place * word) else { break }
    let known = probe_id_known(captured)
    if known != 0 { return known }
    // Code of one file is no further apart.
    guard abs(Int(bitPattern: captured) &- Int(bitPattern: function)) < 1 << 31 else { continue }
    guard let found = probe_async_function(captured, function) else { continue }
    let site = probe_site(found)
    probe_id_remember(captured, site)
    return site
  }
  return probe_site(function)
}

// MARK: - turns

@c @implementation
func probe_task_runs(_ task: UnsafeRawPointer!) {
  if probe_is_first_run(task.pointer(probe_layout.resume_function)), !tellUnseen(task) {
    probe_turn_begin(task)?.pointee.is_untold = true
    return
  }
  let executor = currentExecutor(task)
  probe_turn_begin(task)?.pointee.executor = executor
  record(CORONER_TASK_RESUME, address(task), address(executor))
}

@c @implementation
func probe_task_leaves(_ task: UnsafeRawPointer!, _ caller: UnsafeRawPointer!) {
  probe_tell_holds(task)
  if probe_turn_end() { recordSuspension(task, caller) }
}

@c @implementation
func probe_task_ends(_ error: UnsafeRawPointer!) {
  guard let task = probe_current_task() else { return }
  probe_tell_holds(task)
  guard probe_turn_end() else { return }
  guard let error else {
    record(CORONER_TASK_END, address(task), value: CORONER_OUTCOME_VALUE.rawValue)
    return
  }
  let type = error.pointer(errorType)
  let outcome =
    type == probe_runtime.cancellation ? CORONER_OUTCOME_CANCELLED : CORONER_OUTCOME_ERROR
  record(CORONER_TASK_END, address(task), UInt64(typeName(type)), value: outcome.rawValue)
}

/// Where a thrown error's box says what is in it.
private let errorType = 0x10

@c @implementation
func probe_task_is_cancelled(_ task: UnsafeRawPointer!, _ frame: UnsafeRawPointer!) {
  record(CORONER_TASK_CANCEL, address(task), site: probe_stack_near(frame))
}
