import TraceABI

/// Reads definition items into definitions.
struct DefinitionReader {
  var definitions = Definitions()
  private var facts: [(key: UInt32, value: UInt32)] = []
  private var threads: [(slot: UInt32, tid: UInt64, name: UInt32)] = []
  private var sites: [UInt32: RawSite] = [:]
  private var modules: [UInt32: (path: UInt32, buildID: [UInt8])] = [:]

  private struct RawSite {
    var file: UInt32
    var function: UInt32
    var site: Site
  }

  /// Reads items up to the first one that is cut off.
  mutating func read(_ items: [UInt8]) {
    let bytes = Bytes(items)
    var offset = 0
    while offset + 8 <= items.count {
      let length = Int(bytes.u16(offset))
      let payload = offset + 8
      guard payload + length <= items.count else { return }
      readItem(bytes, kind: items[offset + 2], id: bytes.u32(offset + 4), payload, length)
      offset = payload + (length + 3) / 4 * 4
    }
  }

  private mutating func readItem(
    _ bytes: Bytes, kind: UInt8, id: UInt32, _ at: Int, _ length: Int
  ) {
    switch UInt32(kind) {
    case CORONER_DEFINE_STRING.rawValue:
      definitions.strings[id] = String(decoding: bytes.bytes[at..<(at + length)], as: UTF8.self)
    case CORONER_DEFINE_SITE.rawValue where length >= 24:
      readSite(bytes, id, at)
    case CORONER_DEFINE_STACK.rawValue:
      let count = min(length / 4, Int(CORONER_STACK_LIMIT))
      definitions.stacks[id] = (0..<count).map { bytes.u32(at + $0 * 4) }
    case CORONER_DEFINE_FACT.rawValue where length >= 8:
      facts.append((bytes.u32(at), bytes.u32(at + 4)))
    case CORONER_DEFINE_THREAD.rawValue where length >= 12:
      threads.append((id, bytes.u64(at), bytes.u32(at + 8)))
    case CORONER_DEFINE_MODULE.rawValue where length >= 4:
      modules[id] = (bytes.u32(at), Array(bytes.bytes[(at + 4)..<(at + length)]))
    case CORONER_DEFINE_ADDRESS.rawValue where length >= 16:
      definitions.addresses[id] = CodeAddress(
        module: bytes.u32(at), offset: bytes.u64(at + 8),
        isReturn: bytes.u32(at + 4) & CORONER_ADDRESS_RETURN.rawValue != 0)
    default: break
    }
  }

  private mutating func readSite(_ bytes: Bytes, _ id: UInt32, _ at: Int) {
    let column = Int(bytes.u16(at + 16))
    let endColumn = Int(bytes.u16(at + 18))
    let flags = bytes.u32(at + 20)
    let line = Int(bytes.u32(at + 8))
    let endLine = Int(bytes.u32(at + 12))
    var site = Site(
      file: "", function: "", line: line, endLine: max(line, endLine),
      column: column == 0 ? nil : column, endColumn: endColumn == 0 ? nil : endColumn,
      ownership: flags & CORONER_SITE_RUNTIME.rawValue != 0
        ? .runtime : flags & CORONER_SITE_LIBRARY.rawValue != 0 ? .library : .user)
    site.role = Site.Role.allCases.first { flags & $0.flag != 0 }
    sites[id] = RawSite(file: bytes.u32(at), function: bytes.u32(at + 4), site: site)
  }

  /// The definitions, with their strings put in.
  consuming func finish() -> Definitions {
    for (id, raw) in sites {
      var site = raw.site
      site.file = definitions.strings[raw.file] ?? "?"
      site.function = definitions.strings[raw.function] ?? "?"
      definitions.sites[id] = site
    }
    for (id, module) in modules {
      definitions.modules[id] = Module(
        path: definitions.strings[module.path] ?? "?", buildID: module.buildID)
    }
    for (id, address) in definitions.addresses {
      definitions.sites[id] = definitions.unnamed(address)
    }
    for fact in facts {
      guard let key = definitions.strings[fact.key], let value = definitions.strings[fact.value]
      else { continue }
      definitions.facts.append((key, value))
    }
    for thread in threads {
      definitions.threads[ThreadSlot(thread.slot)] = ThreadDefinition(
        tid: thread.tid, name: definitions.strings[thread.name] ?? "")
    }
    return definitions
  }
}
