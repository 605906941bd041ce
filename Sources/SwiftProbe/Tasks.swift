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

@c @implementation
func probe_task_runs(_ task: UnsafeRawPointer!) {
  record(CORONER_TASK_RESUME, address(task))
}

@c @implementation
func probe_task_leaves(_ task: UnsafeRawPointer!) {
  record(CORONER_TASK_SUSPEND, address(task))
}
