import CPlatform
import CZlib
import TraceABI

/// The trace being written: its header page, mapped, and the sections that follow it.
///
/// `end` in the header is advanced, with release, only after all bytes of a section are in the file:
/// a reader never meets half a section, whenever the process dies. Sections are appended by who drains, one thread
/// at a time.
enum TraceFile {
  nonisolated(unsafe) private(set) static var header: UnsafeMutablePointer<coroner_file_header>?
  nonisolated(unsafe) private static var descriptor: Int32 = -1

  static let page = 4096
  static let sectionHeaderSize = MemoryLayout<coroner_section>.size

  /// Opens the file and writes its header. Returns an errno value; `owner`: see platform_open_trace.
  static func open(
    _ path: UnsafePointer<CChar>, program: UnsafePointer<CChar>, owner: inout UInt32
  ) -> Int32 {
    var file: Int32 = -1
    var error = platform_open_trace(path, &file, &owner)
    guard error == 0 else { return error }
    error = platform_allocate(file, 0, UInt64(page))
    guard error == 0, let memory = platform_map(file, 0, UInt64(page), true) else {
      platform_close(file)
      return error == 0 ? outOfMemory : error
    }
    descriptor = file
    let header = memory.bindMemory(to: coroner_file_header.self, capacity: 1)
    self.header = header
    fill(header, program: program)
    return 0
  }

  private static func fill(
    _ header: UnsafeMutablePointer<coroner_file_header>, program: UnsafePointer<CChar>
  ) {
    header.pointee.version_major = UInt16(CORONER_VERSION_MAJOR)
    header.pointee.version_minor = UInt16(CORONER_VERSION_MINOR)
    header.pointee.byte_order = CORONER_BYTE_ORDER
    header.pointee.header_size = UInt32(page)
    header.pointee.process = platform_process_id()
    header.pointee.parent = platform_parent_id()
    header.pointee.wall_start_ns = platform_wall_ns()
    header.pointee.monotonic_start_ns = platform_start_ns()
    header.pointee.ticks_per_second = platform_ticks_per_second()
    let base = UnsafeMutableRawPointer(header)
    withUnsafeMutableBytes(of: &header.pointee.program) {
      platform_copy($0.baseAddress, program, min(platform_length(program), $0.count &- 1))
    }
    platform_store(&header.pointee.end, UInt64(page))
    // The magic last: what begins with it has a complete header.
    let magic: StaticString = "CORONER\n"
    platform_copy(base, magic.utf8Start, 8)
  }

  private static var outOfMemory: Int32 { 12 }  // ENOMEM

  /// Completes a section whose header has all but its lengths and checksums. `bytes` has the payload,
  /// zero-padded to a multiple of 8, behind room for the header. Returns its length.
  static func complete(
    _ section: inout coroner_section, bytes: UnsafeMutableRawPointer, payload: Int
  ) -> UInt64 {
    let length = (sectionHeaderSize &+ payload &+ 7) & ~7
    section.length = UInt64(length)
    section.payload_length = UInt64(payload)
    section.crc = checksum(bytes + sectionHeaderSize, payload)
    seal(&section)
    bytes.storeBytes(of: section, as: coroner_section.self)
    return UInt64(length)
  }

  /// Appends a section. Whether it is in the file.
  static func append(_ section: EncodedSection) -> Bool {
    if section.length == 0 { return true }
    guard let header else { return false }
    if Ring.isOn, !section.isForEver { return Ring.append(section.bytes, section.length) }
    let end = header.pointee.end
    guard write(section.bytes, section.length, at: end) else {
      // What was written in part must not be taken for the zeros of a padding or of free buffers.
      Window.close()
      _ = platform_truncate(descriptor, end)
      return false
    }
    platform_store(&header.pointee.end, end &+ section.length)
    return true
  }

  /// The most that one buffer can become.
  static let largestSection: UInt64 = 80 * 1024

  /// Whether a section of that length at most can be appended without a call that may wait for the disk.
  static func isReady(for length: UInt64 = largestSection, isForEver: Bool = false) -> Bool {
    guard let header else { return false }
    return Window.shows(Ring.isOn && !isForEver ? Ring.place : header.pointee.end, length)
  }

  /// Where the next sections of events go, and how far they may reach.
  private static var place: (start: UInt64, limit: UInt64) {
    Ring.isOn ? (Ring.place, Ring.placeLimit) : (header?.pointee.end ?? 0, .max)
  }

  /// Whether the window should be moved before long.
  static var isNarrow: Bool { Window.isNarrow(at: place.start, limit: place.limit) }

  /// Prepares a window for the next sections. For the drain thread; others may append meanwhile. Whether there is
  /// room for it.
  static func prepareWindow(isLarger: Bool) -> Bool {
    let (start, limit) = place
    guard start > 0 else { return false }
    if isLarger { Window.enlarge() }
    guard Ring.isOn || platform_allocate(descriptor, start, Window.size) == 0 else { return false }
    return Window.prepare(descriptor, from: start, limit: limit)
  }

  /// Hot sections, one behind the other.
  struct HotSections {
    let memory: UnsafeMutableRawPointer
    let start: UInt64
    let count: Int
    /// Of one of them.
    let size: UInt64

    var end: UInt64 { start(count) }
    func start(_ number: Int) -> UInt64 { start &+ UInt64(number) &* size }
    func buffers(_ number: Int) -> UnsafeMutableRawPointer {
      memory + number &* Int(truncatingIfNeeded: size) + page
    }
  }

  /// Where the next hot section can be: behind what others may append to meanwhile, at a page boundary.
  static var hotPlace: UInt64 {
    guard let header else { return 0 }
    let end = header.pointee.end
    if !Ring.isOn, let behind = Window.end(showing: end) { return behind }
    let start = (end &+ UInt64(page) &- 1) & ~UInt64(page &- 1)
    return start != end && start &- end < UInt64(sectionHeaderSize) ? start &+ UInt64(page) : start
  }

  /// Makes hot sections with room for `buffers` buffers each, all free, and a window behind them; nothing if there is no
  /// space or memory. Others may append meanwhile. What is urgent is used before the kernel has all pages of it.
  static func prepareHotSections(
    _ count: Int, at start: UInt64, buffers: Int, isUrgent: Bool
  ) -> HotSections? {
    guard header != nil else { return nil }
    let size = UInt64(page &+ buffers &* Int(CORONER_BUFFER_SIZE))
    let total = UInt64(count) &* size
    guard platform_allocate(descriptor, start, total) == 0,
      let memory = platform_map(descriptor, start, total, !isUrgent)
    else { return nil }
    let sections = HotSections(memory: memory, start: start, count: count, size: size)
    for number in 0..<count {
      var section = newSection(CORONER_SECTION_HOT)
      section.length = size
      section.payload_length = size &- UInt64(sectionHeaderSize)
      section.thread = UInt32(buffers)
      seal(&section)
      (sections.buffers(number) - page).storeBytes(of: section, as: coroner_section.self)
    }
    if !Ring.isOn, platform_allocate(descriptor, sections.end, Window.size) == 0 {
      _ = Window.prepare(descriptor, from: sections.end, limit: .max)
    }
    return sections
  }

  /// Makes them sections of the file, and the window the one behind them. Nobody else may append. What is padding
  /// before them; nothing if that cannot be written.
  static func add(_ sections: HotSections) -> Range<UInt64>? {
    guard let header else { return nil }
    let end = header.pointee.end
    if sections.start != end, !writePadding(from: end, to: sections.start) { return nil }
    platform_store(&header.pointee.end, sections.end)
    if !Ring.isOn { Window.turn() }
    return end..<sections.start
  }

  /// Gives the room that padding takes back to the disk.
  static func empty(_ padding: Range<UInt64>) {
    let start = (padding.lowerBound &+ UInt64(sectionHeaderSize &+ page &- 1)) & ~UInt64(page &- 1)
    if start < padding.upperBound { platform_punch(descriptor, start, padding.upperBound &- start) }
  }

  /// Appends an empty segment; where its section begins, or nothing if there is no space.
  static func appendSegment(size: UInt64) -> UInt64? {
    guard let header else { return nil }
    let start = header.pointee.end
    guard platform_allocate(descriptor, start, size) == 0 else { return nil }
    var section = newSection(CORONER_SECTION_SEGMENT)
    section.length = size
    section.payload_length = size &- UInt64(sectionHeaderSize)
    seal(&section)
    guard platform_write(descriptor, &section, UInt64(sectionHeaderSize), start) == 0 else {
      return nil
    }
    platform_store(&header.pointee.end, start &+ size)
    return start
  }

  /// Writes what `end` passes later. Whether it is in the file.
  static func write(_ bytes: UnsafeRawPointer, _ length: UInt64, at offset: UInt64) -> Bool {
    Window.write(bytes, length, at: offset)
      || platform_write(descriptor, bytes, length, offset) == 0
  }

  /// The bytes of padding are zero, as the space allocated for them is.
  private static func writePadding(from start: UInt64, to end: UInt64) -> Bool {
    var section = newSection(CORONER_SECTION_PADDING)
    section.length = end &- start
    section.payload_length = section.length &- UInt64(sectionHeaderSize)
    section.crc = checksum(zeros: section.payload_length)
    seal(&section)
    return write(&section, UInt64(sectionHeaderSize), at: start)
  }

  /// In few steps, however many there are.
  private static func checksum(zeros count: UInt64) -> UInt32 {
    var zero: UInt8 = 0
    var (power, length) = (crc32(0, &zero, 1), 1)
    var crc = crc32(0, nil, 0)
    var left = count
    while left > 0 {
      if left & 1 != 0 { crc = crc32_combine(crc, power, length) }
      power = crc32_combine(power, power, length)
      length &*= 2
      left >>= 1
    }
    return UInt32(truncatingIfNeeded: crc)
  }

  static func newSection(_ kind: coroner_section_kind) -> coroner_section {
    var section = coroner_section()
    section.magic = CORONER_SECTION_MAGIC
    section.kind = UInt16(kind.rawValue)
    return section
  }

  private static func seal(_ section: inout coroner_section) {
    section.header_crc = 0
    section.header_crc = withUnsafeMutableBytes(of: &section) {
      checksum($0.baseAddress, sectionHeaderSize)
    }
  }

  private static func checksum(_ bytes: UnsafeRawPointer?, _ count: Int) -> UInt32 {
    guard let bytes else { return 0 }
    let base = bytes.assumingMemoryBound(to: UInt8.self)
    return UInt32(truncatingIfNeeded: crc32(0, base, UInt32(count)))
  }

  /// Writes a second pair of clock readings, from which a reader gets the clock's rate.
  static func noteTime() {
    guard let header else { return }
    var ticks: UInt64 = 0
    var ns: UInt64 = 0
    platform_read_clocks(&ticks, &ns)
    platform_store(&header.pointee.tick_last, 0)  // no pair, until both are new
    platform_store(&header.pointee.monotonic_last_ns, ns)
    platform_store(&header.pointee.tick_last, ticks)
  }

  static func countLost(_ events: UInt64) {
    if let header { _ = platform_add(&header.pointee.lost_events, events) }
  }

  private static func loss(_ number: UInt32) -> UnsafeMutablePointer<coroner_loss> {
    let table = UnsafeMutableRawPointer(header!) + Int(CORONER_LOSSES_OFFSET)
    return table.assumingMemoryBound(to: coroner_loss.self) + Int(number &- 1)
  }

  /// An entry for a thread that loses events; 0 if there is none. Any thread may call it.
  static func claimLoss(of thread: UInt32, at time: UInt64) -> UInt32 {
    guard header != nil, thread != 0 else { return 0 }
    var number: UInt32 = 1
    while number <= UInt32(CORONER_LOSSES) {
      let it = loss(number)
      if it.pointee.thread == 0, platform_claim32(&it.pointee.thread, thread) {
        it.pointee.since = time
        return number
      }
      number &+= 1
    }
    return 0
  }

  static func noteLoss(_ number: UInt32, events: UInt64, at time: UInt64) {
    guard header != nil, number != 0 else { return }
    platform_store(&loss(number).pointee.last, time)
    platform_store(&loss(number).pointee.events, events)
  }

  static func endLoss(_ number: UInt32) {
    guard header != nil, number != 0 else { return }
    platform_store(&loss(number).pointee.events, 0)
    platform_store32(&loss(number).pointee.thread, 0)
  }

  /// Cuts off what follows `end` and a hot section at the end of the file, empties the other ones, and
  /// says that the recording ended properly. No buffer holds anything any more, nor is one mapped.
  static func finish(hotSections: UnsafePointer<UInt64>, count: Int, buffers: Int) {
    guard let header else { return }
    let size = UInt64(buffers) &* UInt64(CORONER_BUFFER_SIZE)
    var end = header.pointee.end
    var i = count &- 1
    while i >= 0 {
      let start = hotSections[i]
      if start &+ UInt64(page) &+ size == end {
        end = start
      } else {
        platform_punch(descriptor, start &+ UInt64(page), size)
      }
      i &-= 1
    }
    platform_store(&header.pointee.end, end)
    _ = platform_truncate(descriptor, end)
    platform_store32(&header.pointee.clean_end, 1)
  }

  /// Whether somebody has removed the file or cut off what is in it.
  static var isGone: Bool {
    guard let header else { return false }
    return platform_is_gone(descriptor, header.pointee.end)
  }

  /// Closes the file. The header stays mapped: a thread may still count a loss.
  static func close() {
    platform_close(descriptor)
    descriptor = -1
  }

  /// Forgets the file in a forked child: it belongs to the parent.
  static func abandon() {
    Window.detach()
    if let header { platform_unmap(header, page) }
    header = nil
    if descriptor >= 0 { close() }
  }
}
