import Analysis
import Findings
import Rendering
import TraceFormat

/// Opens traces and analyzes them; failures are said in the form of our own.
struct TraceLoading {
  var source: SourceFiles

  func open(_ path: String) throws -> any EventSource {
    do {
      return try TraceReader(path: path)
    } catch {
      throw Failure(error)
    }
  }

  func analysis(of path: String, until: TraceInstant? = nil) throws -> Analysis {
    let trace = try open(path)
    let progress = Progress(label: "reading \(visible(path))")
    defer { progress.end() }
    let analyzer = Analyzer { [source] in source.lines(of: $0) }
    do {
      return try analyzer.analyze(progress.watching(trace), path: path, until: until)
    } catch let error as TraceError {
      throw Failure(error)
    }
  }

  /// One report of several traces: all their findings, worst first.
  func report(of paths: [String], until: TraceInstant?) throws -> Report {
    ProcessFamily.combine(try paths.map { try analysis(of: $0, until: until).report })
  }
}
