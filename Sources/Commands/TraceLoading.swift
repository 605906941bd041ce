import Analysis
import Findings
import Rendering
import Symbols
import TraceFormat

/// Opens traces and analyzes them; failures are said in the form of our own.
struct TraceLoading {
  var source: SourceFiles
  /// Folders with the files whose code the program ran.
  var binaries: [String] = []

  var files: ModuleFiles { ModuleFiles(folders: binaries.map(Path.absolute)) }

  func open(_ path: String) throws -> NamedTrace {
    NamedTrace(
      try openUnnamed(path), Symbolizer(files: files, run: SymbolizerTool.find()?.run))
  }

  /// With addresses left as they are.
  func openUnnamed(_ path: String) throws -> TraceReader {
    do {
      return try TraceReader(path: path)
    } catch {
      throw Failure(error)
    }
  }

  func analysis(
    of path: String, until: TraceInstant? = nil, predicting: Bool = false
  ) throws -> Analysis {
    let trace = try open(path)
    let progress = Progress(label: "reading \(visible(path))")
    defer { progress.end() }
    let analyzer = Analyzer { [source] in source.lines(of: $0) }
    do {
      var analysis = try analyzer.analyze(
        progress.watching(trace), path: path, until: until, predicting: predicting)
      let missing = trace.definitions.facts.filter { $0.key == "probe.missing" }.map(\.value)
      analysis.report.traces[0].notes = missing + trace.notes
      return analysis
    } catch let error as TraceError {
      throw Failure(error)
    }
  }

  /// Says on standard error what kept names from being found, where the result has no place for it.
  static func tellNotes(of analysis: Analysis) {
    for note in analysis.report.traces.flatMap(\.notes) {
      Console.standardError.write("note: \(visible(note, limit: 1000))\n")
    }
  }

  /// One report of several traces: all their findings, worst first.
  func report(
    of paths: [String], until: TraceInstant?, predicting: Bool = false
  ) throws -> Report {
    ProcessFamily.combine(
      try paths.map { try analysis(of: $0, until: until, predicting: predicting).report })
  }
}

/// A trace with names in the place of addresses of code.
struct NamedTrace: EventSource {
  private let trace: TraceReader
  let definitions: Definitions
  /// What could not be named, and what to do about it: a sentence each.
  let notes: [String]

  init(_ trace: TraceReader, _ symbolizer: Symbolizer) {
    self.trace = trace
    var definitions = trace.definitions
    notes = symbolizer.name(
      &definitions, recorded: Int(trace.header.wallStart / 1_000_000_000))
    self.definitions = definitions
  }

  var header: TraceHeader { trace.header }

  func forEachBatch(_ body: (UnsafeBufferPointer<Event>) throws -> Void) throws -> [Loss] {
    try trace.forEachBatch(body)
  }
}
