import TraceFormat

extension Failure {
  /// A trace that cannot be read.
  init(_ error: TraceError) {
    self.init(
      message: error.description, help: [error.advice], status: .unreadableTrace)
  }
}
