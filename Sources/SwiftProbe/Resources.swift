// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRecorderLink
import CSwiftRuntime
import TraceABI

@c @implementation
func probe_continuation_is_made(_ context: UnsafeRawPointer!) {
  record(
    CORONER_RESOURCE_CREATE, address(context), value: CORONER_RESOURCE_FUTURE.rawValue)
}

@c @implementation
func probe_continuation_resumes(
  _ task: UnsafeRawPointer!, _ withError: Bool, _ frame: UnsafeRawPointer!
) {
  let outcome = withError ? CORONER_OUTCOME_ERROR : CORONER_OUTCOME_VALUE
  // Nothing but its continuation can let the task go on: so that is where it stands.
  record(
    CORONER_FUTURE_DONE, address(task.pointer(probe_layout.resume_context)),
    site: probe_stack_near(frame), value: outcome.rawValue)
}

/// Whose task it is: it may be about to wait, on this thread, or do so already.
@c @implementation
func probe_continuation_is_lost(_ task: UnsafeRawPointer!, _ stack: UInt32) {
  if probe_current_task() == task { return probe_loses(task, stack) }
  record(CORONER_FUTURE_LOST, address(task.pointer(probe_layout.resume_context)), site: stack)
}

@c @implementation
func probe_group_is_made(_ group: UnsafeRawPointer!, _ frame: UnsafeRawPointer!) {
  record(
    CORONER_RESOURCE_CREATE, address(group), site: probe_stack_near(frame),
    value: CORONER_RESOURCE_GROUP.rawValue)
}

// MARK: - streams: queues that can be closed

@c @implementation
func probe_stream_is_made(_ storage: UnsafeRawPointer!, _ frame: UnsafeRawPointer!) {
  record(
    CORONER_RESOURCE_CREATE, address(storage), site: probe_stack_near(frame),
    value: CORONER_RESOURCE_QUEUE.rawValue)
}

@c @implementation
func probe_stream_gets(_ storage: UnsafeRawPointer!, _ frame: UnsafeRawPointer!) {
  record(CORONER_QUEUE_PUT, address(storage), site: probe_stack_near(frame))
}

@c @implementation
func probe_stream_finishes(_ storage: UnsafeRawPointer!, _ frame: UnsafeRawPointer!) {
  record(
    CORONER_FUTURE_DONE, address(storage), site: probe_stack_near(frame),
    value: CORONER_OUTCOME_VALUE.rawValue)
}
