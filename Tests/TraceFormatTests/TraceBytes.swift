import CZlib
import Foundation
import TraceFormat

/// Trace files built byte by byte from docs/format.md, so that the reader is not tested against itself.
enum TraceBytes {
  /// An event as it is stored.
  struct Record {
    var ticks: UInt64
    var kind: UInt8
    var subject: UInt64
    var value: UInt32 = 0
    init(_ ticks: UInt64, _ kind: EventKind, _ subject: UInt64, value: UInt32 = 0) {
      self.init(ticks, number: kind.rawValue, subject, value: value)
    }
    init(_ ticks: UInt64, number: UInt8, _ subject: UInt64, value: UInt32 = 0) {
      self.ticks = ticks
      self.kind = number
      self.subject = subject
      self.value = value
    }
  }

  /// A file of these sections, recorded by process 1 with a tick of 1 ns.
  static func file(_ sections: [UInt8]..., major: UInt16 = 1) -> [UInt8] {
    let body = sections.flatMap { $0 }
    var header = Array("CORONER\n".utf8) + le(major) + le(UInt16(0))
    header += le(UInt32(0x0102_0304)) + le(UInt32(4096)) + le(UInt32(1))
    header += [0, 0, 1_000_000_000, 0, 0, 4096 + UInt64(body.count), 0].flatMap { le($0 as UInt64) }
    header += le(UInt64(0)) + Array("app.py".utf8)
    return padded(header, to: 4096) + body
  }

  /// A hot section of the buffers that `buffer` makes.
  static func hot(_ buffers: [UInt8]...) -> [UInt8] {
    let header = section(
      kind: 3, length: 4096 + buffers.count * 65536, thread: UInt32(buffers.count))
    return padded(header, to: 4096) + buffers.flatMap { $0 }
  }

  static func buffer(thread: UInt32, firstIndex: UInt64, _ records: [Record]) -> [UInt8] {
    let contents = records.flatMap {
      le($0.ticks << 8 | UInt64($0.kind)) + le($0.subject) + le(UInt64(0)) + le(UInt32(0))
        + le($0.value)
    }
    return buffer(
      content: 1, thread: thread, firstIndex: firstIndex, committed: records.count, contents)
  }

  static func buffer(definitions items: [UInt8]) -> [UInt8] {
    buffer(content: 2, thread: 0, firstIndex: 0, committed: items.count, items)
  }

  private static func buffer(
    content: UInt32, thread: UInt32, firstIndex: UInt64, committed: Int, _ contents: [UInt8]
  ) -> [UInt8] {
    let header =
      le(UInt32(1)) + le(content) + le(thread) + le(UInt32(0)) + le(firstIndex)
      + le(UInt64(committed))
    return padded(padded(header, to: 64) + contents, to: 65536)
  }

  static func item(_ kind: UInt8, id: UInt32, _ payload: [UInt8]) -> [UInt8] {
    let bytes = le(UInt16(payload.count)) + [kind, 0] + le(id) + payload
    return padded(bytes, to: (bytes.count + 3) / 4 * 4)
  }

  /// Events that fit into one byte a field; as they happened, or by kind.
  static func events(
    thread: UInt32, firstIndex: UInt64, byKind: Bool = false, _ records: [Record]
  ) -> [UInt8] {
    let first = records.first?.ticks ?? 0
    var last = first
    var deltas: [UInt8] = []
    for record in records {
      deltas.append(UInt8(record.ticks - last))
      last = record.ticks
    }
    let mask: UInt64 = 1 << 0 | 1 << 8 | 1 << 9 | 1 << 16 | 1 << 29 | (byKind ? 1 << 33 : 0)
    let order = records.indices.sorted {
      byKind ? (records[$0].kind, $0) < (records[$1].kind, $1) : $0 < $1
    }
    let inflated =
      le(mask) + order.map { deltas[$0] } + records.map(\.kind)
      + order.map { UInt8(records[$0].subject >> 4) }
      + order.map { UInt8(records[$0].subject & 15) << 4 }
      + order.map { UInt8(records[$0].value) }
    let payload = deflated(inflated)
    let length = (72 + payload.count + 7) / 8 * 8
    let header = section(
      kind: 1, length: length, payload: payload, thread: thread, firstIndex: firstIndex,
      times: (first, last), count: records.count, inflated: inflated.count)
    return padded(header + payload, to: length)
  }

  private static func section(
    kind: UInt16, length: Int, payload: [UInt8] = [], thread: UInt32, firstIndex: UInt64 = 0,
    times: (UInt64, UInt64) = (0, 0), count: Int = 0, inflated: Int = 0
  ) -> [UInt8] {
    var header = le(UInt32(0x4e52_4f43)) + le(kind) + le(UInt16(0)) + le(UInt64(length))
    header += le(UInt64(payload.count)) + le(payload.isEmpty ? 0 : crc(payload)) + le(thread)
    header += le(firstIndex) + le(times.0) + le(times.1) + le(UInt32(count)) + le(UInt32(inflated))
    let sum = crc(header + [UInt8](repeating: 0, count: 8))
    return header + le(sum) + le(UInt32(0))
  }

  static func le(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
  }

  private static func padded(_ bytes: [UInt8], to count: Int) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: count - bytes.count)
  }

  private static func crc(_ bytes: [UInt8]) -> UInt32 {
    UInt32(crc32(0, bytes, uInt(bytes.count)))
  }

  private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var length = compressBound(uLong(bytes.count))
    return [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, filled in
      let status = compress2(buffer.baseAddress, &length, bytes, uLong(bytes.count), 1)
      precondition(status == Z_OK)
      filled = Int(length)
    }
  }
}

/// A file that is removed with the value that stands for it.
final class ScratchFile {
  let path: String
  private let descriptor: Int32

  init(_ bytes: [UInt8]) {
    path = NSTemporaryDirectory() + "trace-\(UUID().uuidString).coroner"
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0 && pwrite(descriptor, bytes, bytes.count, 0) == bytes.count)
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  func truncate(to size: Int) { precondition(ftruncate(descriptor, off_t(size)) == 0) }
  func put(_ byte: UInt8, at offset: Int) {
    precondition(pwrite(descriptor, [byte], 1, off_t(offset)) == 1)
  }
}
