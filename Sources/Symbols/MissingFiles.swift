import TraceFormat

/// What kept code from being named, file by file.
struct MissingFiles {
  enum Reason: CaseIterable { case differs, missing, maybe, noLines, failed }
  private var files: [Reason: [String]] = [:]

  /// The runtime's own files are told of only where they could not be read at all: nobody expects lines of them.
  mutating func add(_ module: Module, _ reason: Reason) {
    if CodeOwner.isRuntime(module) || reason == .noLines && CodeOwner.isOfSystem(module) { return }
    files[reason, default: []].append(module.name)
  }

  var sentences: [String] {
    Reason.allCases.compactMap { reason in
      guard let names = files[reason] else { return nil }
      let list =
        names.prefix(3).joined(separator: ", ")
        + (names.count > 3 ? " and \(names.count - 3) more" : "")
      let (was, it) = names.count == 1 ? ("was", "it") : ("were", "they")
      return switch reason {
      case .differs:
        "\(list) \(was) rebuilt since: the build id differs from the recorded one; pass --binaries with the "
          + "folder of what ran"
      case .missing:
        "\(list) \(names.count == 1 ? "is" : "are") not on this machine, so code is shown as file and offset; "
          + "pass --binaries with a folder that has \(names.count == 1 ? "it" : "them")"
      case .maybe:
        "\(list) \(was) written after the recording began, and has no build id: lines may be wrong if "
          + "\(it) \(was) rebuilt"
      case .noLines: "\(list) \(was) built without line numbers: build with -g"
      case .failed: "llvm-symbolizer could not read \(list)"
      }
    }
  }
}
