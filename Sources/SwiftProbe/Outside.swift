// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CRecorderLink
import CSwiftRuntime
import TraceABI

// What may come from outside, and threads that rest until it does.

@c @implementation
func probe_record_rest(_ loop: UInt64, _ limit_ms: UInt32) {
  record(CORONER_LOOP_IDLE, loop, value: limit_ms)
}

@c @implementation
func probe_record_rest_end(_ loop: UInt64, _ ready: UInt32) {
  record(CORONER_LOOP_WAKE, loop, value: ready)
}

@c @implementation
func probe_record_loop(_ loop: UInt64, _ begins: Bool) {
  record(begins ? CORONER_LOOP_START : CORONER_LOOP_STOP, loop)
}

@c @implementation
func probe_record_call(_ loop: UInt64) { record(CORONER_LOOP_WAKEUP, loop) }

@c @implementation
func probe_record_descriptor(
  _ descriptor: UInt64, _ loop: UInt64, _ watched: Bool, _ interest: UInt32
) {
  record(watched ? CORONER_IO_REGISTER : CORONER_IO_UNREGISTER, descriptor, loop, value: interest)
}

@c @implementation
func probe_record_timer(_ timer: UInt64, _ loop: UInt64, _ armed: Bool, _ ms: UInt32) {
  record(armed ? CORONER_TIMER_ARM : CORONER_TIMER_CANCEL, timer, armed ? loop : 0, value: ms)
}

@c @implementation
func probe_record_signal(_ number: UInt32, _ handled: Bool) {
  record(CORONER_SIGNAL_HANDLER, UInt64(number), value: handled ? 1 : 0)
}
