import TraceFormat

/// What names of functions of Swift stand for.
extension Site {
  var isSwift: Bool { file.hasSuffix(".swift") }

  /// Code that the compiler made.
  var isMadeByCompiler: Bool { isInNoFile || function.hasPrefix("implicit closure") }

  /// Whether it asks an async sequence for its next element.
  var isNextElement: Bool {
    function.hasSuffix(".next()") || function.hasSuffix(".next(isolation:)")
  }
}
