import TraceFormat

@testable import Analysis

/// The analysis of a trace whose program's source is not there.
func analyze(_ trace: any EventSource, predicting: Bool = false) throws -> Analysis {
  try Analyzer(sourceLoader: { _ in nil }).analyze(trace, path: "test", predicting: predicting)
}

/// The same of a trace in text form.
func analyze(_ text: String, predicting: Bool = false) throws -> Analysis {
  try analyze(TraceText.parse(text), predicting: predicting)
}
