import CRecorderLink
import CSwiftRuntime
import TraceABI

/// What a task is about to wait for, and where. Nobody else looks at it yet.
func recordSuspension(_ task: UnsafeRawPointer, _ caller: UnsafeRawPointer) {
  let layout = probe_layout
  let context = task.pointer(layout.resume_context)
  guard let dependency = task.pointer(layout.dependency) else {
    record(CORONER_TASK_SUSPEND, address(task), site: stack(from: context))
    return
  }
  let object = dependency.pointer(layout.dependency_object)
  switch probe_dependency(dependency.word(layout.dependency_kind)) {
  case PROBE_WAITS_FOR_CONTINUATION: recordContinuation(task, object)
  case PROBE_WAITS_FOR_GROUP:
    // All of its children, or the next one that ends.
    let all = probe_landmark_of(caller) == PROBE_ALL_CHILDREN
    record(
      CORONER_DEPENDS, address(object),
      value: all ? CORONER_DEPENDS_ALL.rawValue : CORONER_DEPENDS_ANY.rawValue)
    record(CORONER_TASK_SUSPEND, address(task), address(object), site: stack(from: context))
  case PROBE_WAITS_FOR_EXECUTOR:
    // It goes on as soon as it gets its turn there.
    record(
      CORONER_TASK_SUSPEND, address(task),
      site: stack(from: context, task.pointer(layout.resume_function)))
  default:
    record(CORONER_TASK_SUSPEND, address(task), address(object), site: stack(from: context))
  }
}

private func recordContinuation(_ task: UnsafeRawPointer, _ context: UnsafeRawPointer?) {
  guard let context else {
    record(CORONER_TASK_SUSPEND, address(task))
    return
  }
  let site = stack(from: context)
  let isMade = probe_takes_continuation(context)
  let place = landmark(context)
  if place.kind == PROBE_YIELD {
    record(CORONER_TASK_SUSPEND, address(task), site: site)
    return
  }
  switch place.kind {
  case PROBE_SLEEP:
    record(
      CORONER_TASK_WAIT_OWN, 0, address(context), site: site, value: CORONER_OP_SLEEP.rawValue)
  case PROBE_NEXT_ELEMENT:
    let storage = place.frame.pointer(probe_layout.context_parent)?.pointer(
      probe_layout.stream_storage)
    record(
      CORONER_TASK_WAIT_OWN, address(storage), address(context), site: site,
      value: CORONER_OP_QUEUE_GET.rawValue)
  default:
    if !isMade { probe_continuation_is_made(context) }
    var loss: UInt32 = 0
    if probe_has_lost(task, &loss) { record(CORONER_FUTURE_LOST, address(context), site: loss) }
    record(CORONER_TASK_SUSPEND, address(task), address(context), site: site)
  }
}

/// The function of the runtime in which a continuation is waited for, and the context that goes on there.
private func landmark(
  _ context: UnsafeRawPointer
) -> (kind: probe_landmark, frame: UnsafeRawPointer) {
  var frame = context
  for _ in 0..<4 {
    let kind = probe_landmark_of(frame.pointer(probe_layout.context_resume))
    switch kind {
    case PROBE_ELSEWHERE: return (kind, frame)
    case PROBE_SLEEP, PROBE_YIELD, PROBE_NEXT_ELEMENT: return (kind, frame)
    default:
      // Without names, what the runtime waits for by itself is taken to come by itself.
      if !probe_landmarks.is_complete { return (PROBE_SLEEP, frame) }
    }
    guard let caller = frame.pointer(probe_layout.context_parent) else { break }
    frame = caller
  }
  return (PROBE_RUNTIME, frame)
}

/// The await stack: where each function goes on, innermost first.
private func stack(
  from context: UnsafeRawPointer?, _ first: UnsafeRawPointer? = nil
) -> UInt32 {
  withUnsafeTemporaryAllocation(of: UnsafeRawPointer?.self, capacity: Int(CORONER_STACK_LIMIT)) {
    var count = 0
    if first != nil {
      $0[0] = first
      count = 1
    }
    count = probe_async_callers(context, $0.baseAddress, count, $0.count)
    // What a task's first function goes on with is ours.
    if count > 0, probe_is_own_code($0[count - 1]) { count -= 1 }
    return probe_stack($0.baseAddress, count, 0)
  }
}
