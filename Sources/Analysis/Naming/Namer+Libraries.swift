import History
import TraceFormat

/// Resources whose class is a library's: its constructor made them, not the line to be shown.
extension Namer {
  /// The innermost frame that is neither of the language's own library nor of the one that the resource
  /// itself belongs to.
  func directSite(_ stack: StackID?, of resource: Int?) -> Site? {
    guard let home = resource.flatMap(library(of:)) else { return directSite(stack) }
    let outside = world.definitions.frames(stack).first {
      $0.ownership != .runtime && Self.package($0) != home && !$0.isInNoFile
    }
    return outside ?? directSite(stack)
  }

  /// What a library calls it: "anyio capacity limiter".
  func libraryWord(resource index: Int) -> String? {
    guard let home = library(of: index) else { return nil }
    let kind = word(world.resources[index].kind)
    let frames = world.definitions.frames(world.resources[index].created?.site)
    // CapacityLimiter.__init__, create_memory_object_stream.__new__; up to 3.10 only "__init__".
    let parts = (frames.first?.function ?? "").split(separator: ".").filter { !$0.hasPrefix("__") }
    guard let type = parts.last else { return "\(home) \(kind)" }
    return "\(home) \(Self.words(String(type)))"
  }

  /// The library whose own constructor is the innermost frame where a resource was made.
  private func library(of index: Int) -> String? {
    // Others are made by C code, and have no frame of their own.
    guard world.resources[index].kind.terms.traits.contains(.derived) else { return nil }
    let frames = world.definitions.frames(world.resources[index].created?.site)
    guard let first = frames.first, first.ownership == .library else { return nil }
    return Self.package(first)
  }

  /// The installed package that a file is in.
  private static func package(_ site: Site) -> String? {
    let parts = site.file.split(separator: "/")
    guard let folder = parts.lastIndex(where: { $0 == "site-packages" || $0 == "dist-packages" }),
      folder + 1 < parts.count
    else { return nil }
    return parts[folder + 1].split(separator: ".").first.map(String.init)
  }

  /// "CapacityLimiter" and "create_capacity_limiter" as "capacity limiter".
  static func words(_ name: String) -> String {
    var result = ""
    for character in name.hasPrefix("create_") ? name.dropFirst(7) : name[...] {
      if character.isUppercase, !result.isEmpty { result += " " }
      result += character == "_" ? " " : character.lowercased()
    }
    return result
  }
}
