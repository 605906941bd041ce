// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CPlatform
import TraceABI

// The functions of coroner.h, which says what each does.

@c @implementation
public func coroner_start(_ program: UnsafePointer<CChar>!) -> Bool {
  Recorder.start(program: program)
}

@c @implementation
public func coroner_is_recording() -> Bool { Recorder.state != .off }

@c @implementation
public func coroner_record(
  _ kind: UInt8, _ subject: UInt64, _ object: UInt64, _ site: UInt32, _ value: UInt32
) {
  let thread = platform_this_thread()!
  // Before the clock: a program that is not recorded, and has no buffer, stops here.
  if thread.pointee.writer.limit == 0, Recorder.state == .off { return }
  let time = platform_ticks() << 8
  Record.emit(
    Record(
      timeKind: time | UInt64(kind), subject: subject, object: object, site: site, value: value))
}

@c @implementation
public func coroner_writer() -> UnsafeMutablePointer<coroner_writer>! {
  guard platform_clock_is_counter() else { return nil }
  return withUnsafeMutablePointer(to: &platform_this_thread()!.pointee.writer) { $0 }
}

@c @implementation
public func coroner_now() -> UInt64 { Recorder.state == .off ? 0 : platform_ticks() }

@c @implementation
public func coroner_ticks_per_second() -> UInt64 { platform_ticks_per_second() }

@c @implementation
public func coroner_define_string(_ utf8: UnsafePointer<CChar>!, _ length: Int) -> UInt32 {
  guard let utf8, length >= 0, Recorder.isReady() else { return 0 }
  let kept = cutUTF8(utf8, length, limit: Int(CORONER_STRING_LIMIT))
  platform_lock(Int32(PLATFORM_DEFINITIONS))
  defer { platform_unlock(Int32(PLATFORM_DEFINITIONS)) }
  return Definitions.intern(CORONER_DEFINE_STRING, utf8, kept)
}

@c @implementation
public func coroner_define_site(
  _ file: UInt32, _ function: UInt32, _ line: UInt32, _ end_line: UInt32, _ column: UInt16,
  _ end_column: UInt16, _ flags: UInt32
) -> UInt32 {
  guard Recorder.isReady() else { return 0 }
  var site = coroner_site_definition(
    file: file, function: function, line: line, end_line: end_line, column: column,
    end_column: end_column, flags: flags)
  platform_lock(Int32(PLATFORM_DEFINITIONS))
  defer { platform_unlock(Int32(PLATFORM_DEFINITIONS)) }
  return Definitions.intern(
    CORONER_DEFINE_SITE, &site, MemoryLayout<coroner_site_definition>.size)
}

@c @implementation
public func coroner_define_module(
  _ path: UnsafePointer<CChar>!, _ build_id: UnsafeRawPointer!, _ length: Int
) -> UInt32 {
  guard let path, length >= 0 else { return 0 }
  let kept = build_id == nil ? 0 : min(length, Int(CORONER_BUILD_ID_LIMIT))
  let pathID = internString(path)
  guard pathID != 0 else { return 0 }
  return withUnsafeTemporaryAllocation(byteCount: 4 &+ kept, alignment: 8) { payload in
    payload.storeBytes(of: pathID, as: UInt32.self)
    if kept > 0 { platform_copy(payload.baseAddress! + 4, build_id, kept) }
    platform_lock(Int32(PLATFORM_DEFINITIONS))
    defer { platform_unlock(Int32(PLATFORM_DEFINITIONS)) }
    return Definitions.intern(CORONER_DEFINE_MODULE, payload.baseAddress!, payload.count)
  }
}

@c @implementation
public func coroner_define_address(_ module: UInt32, _ offset: UInt64, _ flags: UInt32) -> UInt32 {
  guard module != 0, Recorder.isReady() else { return 0 }
  var address = coroner_address_definition(module: module, flags: flags, offset: offset)
  platform_lock(Int32(PLATFORM_DEFINITIONS))
  defer { platform_unlock(Int32(PLATFORM_DEFINITIONS)) }
  return Definitions.intern(
    CORONER_DEFINE_ADDRESS, &address, MemoryLayout<coroner_address_definition>.size)
}

@c @implementation
public func coroner_define_stack(_ sites: UnsafePointer<UInt32>!, _ count: Int) -> UInt32 {
  guard let sites, count > 0, Recorder.isReady() else { return 0 }
  platform_lock(Int32(PLATFORM_DEFINITIONS))
  defer { platform_unlock(Int32(PLATFORM_DEFINITIONS)) }
  return Definitions.intern(
    CORONER_DEFINE_STACK, sites, min(count, Int(CORONER_STACK_LIMIT)) &* 4)
}

@c @implementation
public func coroner_define_fact(_ key: UnsafePointer<CChar>!, _ value: UnsafePointer<CChar>!) {
  guard let key, let value else { return }
  let keyID = internString(key)
  let valueID = internString(value)
  guard keyID != 0, valueID != 0 else { return }
  var pair = UInt64(keyID) | UInt64(valueID) << 32  // two u32, little-endian
  platform_lock(Int32(PLATFORM_DEFINITIONS))
  defer { platform_unlock(Int32(PLATFORM_DEFINITIONS)) }
  _ = Definitions.add(CORONER_DEFINE_FACT, id: 0, &pair, 8)
}

private func internString(_ text: UnsafePointer<CChar>) -> UInt32 {
  guard Recorder.isReady() else { return 0 }
  let length = cutUTF8(text, platform_length(text), limit: Int(CORONER_STRING_LIMIT))
  platform_lock(Int32(PLATFORM_DEFINITIONS))
  defer { platform_unlock(Int32(PLATFORM_DEFINITIONS)) }
  return Definitions.intern(CORONER_DEFINE_STRING, text, length)
}

@c @implementation
public func coroner_name_thread(_ name: UnsafePointer<CChar>!) {
  if let name { ThreadRecorder.name(name) }
}

@c @implementation
public func coroner_rest() { Recorder.rest() }

@c @implementation
public func coroner_go_on() { Recorder.goOn() }

@c @implementation
public func coroner_stop() { Recorder.stop() }
