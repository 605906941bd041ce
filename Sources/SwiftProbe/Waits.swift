// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRecorderLink
import CSwiftRuntime
import TraceABI

// What threads hold and wait for, told when somebody has to wait. The calling thread acts.

@c @implementation
func probe_record_wait(
  _ resource: UInt64, _ operation: UInt32, _ limit_ms: UInt64, _ stack: UInt32
) {
  record(CORONER_BLOCK_BEGIN, resource, limit_ms, site: stack, value: operation)
}

@c @implementation
func probe_record_wait_end(_ resource: UInt64) { record(CORONER_BLOCK_END, resource) }

@c @implementation
func probe_record_held(
  _ resource: UInt64, _ holder: UInt64, _ stack: UInt32, _ microseconds: UInt32
) {
  record(CORONER_HELD, resource, holder, site: stack, value: microseconds)
}

@c @implementation
func probe_record_taken(_ resource: UInt64, _ stack: UInt32) {
  record(CORONER_ACQUIRED, resource, site: stack)
}

@c @implementation
func probe_record_given_back(_ resource: UInt64, _ stack: UInt32) {
  record(CORONER_RELEASED, resource, site: stack)
}

@c @implementation
func probe_record_notified(
  _ condition: UInt64, _ count: UInt64, _ waiters: UInt32, _ stack: UInt32
) {
  record(CORONER_NOTIFIED, condition, count, site: stack, value: waiters)
}

@c @implementation
func probe_record_semaphore(_ semaphore: UInt64, _ permits: UInt64, _ stack: UInt32) {
  record(
    CORONER_RESOURCE_CREATE, semaphore, permits, site: stack,
    value: CORONER_RESOURCE_SEMAPHORE.rawValue)
}

@c @implementation
func probe_record_barrier(_ barrier: UInt64, _ parties: UInt64, _ stack: UInt32) {
  record(
    CORONER_RESOURCE_CREATE, barrier, parties, site: stack,
    value: CORONER_RESOURCE_BARRIER.rawValue)
}

@c @implementation
func probe_record_group(_ group: UInt64, _ stack: UInt32) {
  record(CORONER_RESOURCE_CREATE, group, site: stack, value: CORONER_RESOURCE_GROUP.rawValue)
}

@c @implementation
func probe_record_queue(
  _ queue: UInt64, _ shared: Bool, _ label: UnsafePointer<CChar>!, _ length: Int
) {
  record(
    CORONER_RESOURCE_CREATE, queue, shared ? 1 : 0, value: CORONER_RESOURCE_ACTOR.rawValue)
  let name = length > 0 ? probe_define_string(label, length) : 0
  if name != 0 { record(CORONER_NAME, queue, value: name) }
}

@c @implementation
func probe_record_thread(_ thread: UInt64) { record(CORONER_THREAD_BIND, thread) }

@c @implementation
func probe_record_name(_ resource: UInt64, _ name: UnsafePointer<CChar>!) {
  record(CORONER_NAME, resource, value: probe_define_text(name))
}

@c @implementation
func probe_record_job(_ queue: UInt64, _ job: UInt64, _ stack: UInt32, _ function: UInt32) {
  record(CORONER_JOB_QUEUE, job, queue, site: stack, value: function)
}

@c @implementation
func probe_record_operation_queue(
  _ queue: UInt64, _ limit: UInt64, _ name: UnsafePointer<CChar>!, _ length: Int
) {
  record(CORONER_RESOURCE_CREATE, queue, limit, value: CORONER_RESOURCE_EXECUTOR.rawValue)
  if length > 0 { record(CORONER_NAME, queue, value: probe_define_string(name, length)) }
}

@c @implementation
func probe_record_operation_awaits(_ job: UInt64, _ other: UInt64) {
  record(CORONER_DEPENDS, job, other, value: CORONER_DEPENDS_ALL.rawValue)
}

@c @implementation
func probe_record_job_start(_ job: UInt64) { record(CORONER_JOB_START, job) }

@c @implementation
func probe_record_job_end(_ job: UInt64) { record(CORONER_JOB_END, job) }
