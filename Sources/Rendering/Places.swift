import TraceFormat

/// How places in the source are written.
package struct Places: Sendable {
  /// Paths below this folder are shown relative to it; nothing: as they are.
  package var currentFolder: String?

  package init(currentFolder: String? = nil) { self.currentFolder = currentFolder }

  package func path(_ file: String) -> String {
    if let folder = currentFolder, file.hasPrefix(folder + "/") {
      return String(file.dropFirst(folder.count + 1))
    }
    // An installed package's file goes by its name in the package: where it is installed says little.
    for folder in ["/site-packages/", "/dist-packages/", "/.build/checkouts/"] {
      if let range = file.firstRange(of: folder) { return String(file[range.upperBound...]) }
    }
    return file
  }

  /// "samples/app.py:17".
  func line(_ site: Site) -> String {
    guard site.line > 0 else { return Self.short(site) }
    return visible(path(site.file), limit: 200) + ":\(site.line)"
  }

  /// "app.py:17".
  static func short(_ site: Site) -> String {
    // Code without a line has no file but the one that it was loaded from.
    visible(fileName(site.file), limit: 40) + (site.line > 0 ? ":\(site.line)" : "")
  }
}

extension [Site] {
  /// What a stack shows of itself: its innermost frame of the user's own code, else of a library's,
  /// else its innermost.
  var shown: Site? {
    first { $0.ownership == .user } ?? first { $0.ownership == .library } ?? first
  }
}
