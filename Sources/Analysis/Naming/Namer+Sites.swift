import Findings
import History
import TraceFormat

/// Which frame of a stack says where something is.
extension Namer {
  /// The innermost frame of the user's own code, else of an installed package, else the innermost.
  func userSite(_ stack: StackID?) -> Site? {
    let frames = world.definitions.frames(stack)
    return frames.first { $0.ownership == .user && !$0.isInNoFile }
      ?? frames.first { $0.ownership == .library && !$0.isInNoFile }
      ?? frames.first { $0.ownership == .user } ?? frames.first { $0.ownership == .library }
      ?? frames.first
  }

  /// Whether a wait goes through the library's wait_for(predicate).
  func waitsForPredicate(_ stack: StackID?) -> Bool {
    world.definitions.frames(stack).prefix { $0.ownership == .runtime }.contains(
      where: \.waitsForPredicate)
  }

  /// Whether a stack goes through the user's own code.
  func isOwn(_ stack: StackID?) -> Bool {
    world.definitions.frames(stack).contains { $0.ownership == .user }
  }

  /// The outermost frame of the user's own code, if it is another function than that of `userSite`.
  func outerSite(_ stack: StackID?) -> Site? {
    let own = world.definitions.frames(stack).filter { $0.ownership == .user }
    guard let inner = own.first, let outer = own.last,
      inner.function != outer.function || inner.file != outer.file
    else { return nil }
    // What starts the loop is no part of a task.
    return outer.isModule
      ? own.dropLast().last.flatMap { $0 == inner ? nil : $0 } : outer
  }

  /// The innermost frame outside of the language's own library: the line that does it, whoever asked.
  func directSite(_ stack: StackID?) -> Site? {
    let frames = world.definitions.frames(stack)
    return frames.first { $0.ownership != .runtime } ?? frames.first
  }

  static func place(_ site: Site) -> String {
    let file = site.file.split(separator: "/").last.map(String.init) ?? site.file
    return site.line > 0 ? "\(file):\(site.line)" : file
  }
}
