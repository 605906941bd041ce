extension [String] {
  /// "a, b and c"; of more than the limit the first few, and how many more there are.
  func listed(limit: Int = 4) -> String {
    guard count <= limit else {
      let shown = limit - 1
      return prefix(shown).joined(separator: ", ") + " and \(count - shown) more"
    }
    guard let last, count > 1 else { return first ?? "" }
    return dropLast().joined(separator: ", ") + " and " + last
  }
}
