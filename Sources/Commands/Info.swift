import ArgumentParser
import Glibc
import Rendering
import Symbols
import TraceFormat

struct Info: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what is in a trace: runtime, counts, size, losses.")

  @Argument(help: ArgumentHelp("The trace.", valueName: "trace"))
  var trace: String

  @OptionGroup var binaries: Binaries

  @OptionGroup var output: Output

  func run() throws {
    let loading = TraceLoading(source: SourceFiles(), binaries: binaries.folders)
    let source = try loading.openUnnamed(trace)
    let contents = try Contents(of: source, label: "reading \(visible(trace))")
    let rows = rows(source, contents)
    let width = min(24, rows.map(\.0.count).max() ?? 0)
    var text = ""
    for (name, value) in rows {
      text +=
        visible(name, limit: width).padded(to: width) + "  " + visible(value, limit: 1000) + "\n"
    }
    text += "\n"
    let kinds = contents.counts.sorted { ($1.value, $0.key.name) < ($0.value, $1.key.name) }
    let digits = kinds.map { count($0.value).count }.max() ?? 0
    for (kind, number) in kinds {
      text += "  " + count(number).paddedLeft(to: digits) + "  \(kind.name)\n"
    }
    let modules = Self.modules(source, loading.files)
    if !modules.isEmpty { text += "\n" }
    for module in modules { text += "  " + visible(module, limit: 1000) + "\n" }
    try output.write(text)
  }

  /// What a reading of all events tells.
  private struct Contents {
    var counts: [EventKind: UInt64] = [:]
    var threads: Set<ThreadSlot> = []
    var last = TraceInstant.start
    var total: UInt64 = 0
    var losses: [Loss] = []

    init(of source: TraceReader, label: String) throws {
      let progress = Progress(label: label)
      do {
        losses = try progress.watching(source).forEachEvent { event in
          counts[event.kind, default: 0] += 1
          threads.insert(event.thread)
          last = max(last, event.time)
          total += 1
        }
      } catch let error as TraceError {
        throw Failure(error)
      }
      progress.end()
    }
  }

  private func rows(_ source: TraceReader, _ contents: Contents) -> [(String, String)] {
    let header = source.header
    var rows: [(String, String)] = [
      ("trace", trace),
      ("program", header.program.isEmpty ? "?" : header.program),
      (
        "process", "\(header.process)" + (header.parent == 0 ? "" : ", started by \(header.parent)")
      ),
      ("began", Self.date(header.wallStart)),
      (
        "duration",
        duration(max(contents.last, header.lastInstant ?? contents.last).nanoseconds)
      ),
      ("ended", header.cleanEnd ? "by itself" : "killed, or still running"),
      ("threads", count(contents.threads.count)),
      ("events", count(contents.total)),
    ]
    let bytes = Self.size(of: trace)
    // While the recording is open, or after a kill, most of a short trace is buffers.
    let perEvent =
      header.cleanEnd && contents.total > 0
      ? ", \(Self.decimals(Double(bytes) / Double(contents.total))) an event" : ""
    rows.append(("bytes", count(bytes) + perEvent))
    if let kept = header.keptFrom {
      rows.append(
        ("events from", duration(kept.nanoseconds) + "; of what came before, what still mattered"))
    }
    rows.append(("lost", count(header.lostEvents, "event")))
    for fact in source.definitions.facts { rows.append((fact.key, fact.value)) }
    for loss in contents.losses {
      rows.append(("missing", loss.what + (loss.byteOffset.map { ", at byte \($0)" } ?? "")))
    }
    return rows
  }

  /// The files whose code is named in the trace, and whether they are here.
  private static func modules(_ trace: TraceReader, _ files: ModuleFiles) -> [String] {
    let recorded = Int(trace.header.wallStart / 1_000_000_000)
    return trace.definitions.modules.sorted { $0.key < $1.key }.map { _, module in
      let id = module.buildID.isEmpty ? "no build id" : "build id " + hexadecimal(module.buildID)
      let place =
        switch files.place(of: module, recorded: recorded) {
        case .found(module.path): "found"
        case .found(let path): "found as \(path)"
        case .maybe: "found, perhaps rebuilt since"
        case .differs(let path): "another build: \(path)"
        case .missing: "missing"
        }
      return "\(module.path)  \(id)  \(place)"
    }
  }

  private static func size(of path: String) -> Int {
    var information = stat()
    return stat(path, &information) == 0 ? Int(information.st_size) : 0
  }

  private static func date(_ nanoseconds: UInt64) -> String {
    var seconds = time_t(nanoseconds / 1_000_000_000)
    var parts = tm()
    var text = [CChar](repeating: 0, count: 64)
    guard nanoseconds > 0, localtime_r(&seconds, &parts) != nil,
      strftime(&text, text.count, "%Y-%m-%d %H:%M:%S %z", &parts) > 0
    else { return "?" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  private static func decimals(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }
}
