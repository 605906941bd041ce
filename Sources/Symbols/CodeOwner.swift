import TraceFormat

/// Whose code a frame is, by where it was built from and loaded from.
enum CodeOwner {
  /// - Parameters:
  ///   - file: the source file; nothing if it is not known.
  ///   - swiftModule: the module of Swift that the function is of; nothing if it is not known.
  static func owner(
    module: Module, file: String?, function: String, swiftModule: String?
  ) -> Site.Ownership {
    if isRuntime(module) || swiftModule.map(runtimeModules.contains) == true { return .runtime }
    if let file {
      // What the package manager brought, or made.
      if ["/checkouts/", "/.build/", "@__swiftmacro_"].contains(where: file.contains) {
        return .library
      }
      if systemFolders.contains(where: file.hasPrefix) { return .library }
      return .user
    }
    // Linked into the program, the runtime has no lines.
    if function == "_start" || runtimePrefixes.contains(where: function.hasPrefix) {
      return .runtime
    }
    return isOfSystem(module) ? .library : .user
  }

  static func isOfSystem(_ module: Module) -> Bool {
    systemFolders.contains(where: module.path.hasPrefix)
  }

  static func isRuntime(_ module: Module) -> Bool {
    ["/swift/linux/", "/lib-dynload/"].contains(where: module.path.contains)
      || runtimeFiles.contains { module.name == $0 || module.name.hasPrefix($0 + ".") }
      || runtimeFilePrefixes.contains(where: module.name.hasPrefix)
  }

  private static let systemFolders = ["/usr/", "/lib/", "/lib64/", "/opt/"]
  private static let runtimeFilePrefixes = [
    "libswift", "libFoundation", "lib_Foundation", "ld-linux", "ld-musl", "linux-vdso",
    "libcoroner", "_coroner_probe", "python3", "libpython3",
  ]
  private static let runtimeFiles: Set = [
    "libdispatch", "libBlocksRuntime", "libXCTest", "libTesting", "lib_TestingInterop", "libc",
    "libpthread", "libm", "libdl", "librt", "libstdc++", "libc++", "libc++abi", "libgcc_s",
  ]
  private static let runtimePrefixes = ["swift_", "_swift_", "swift::", "dispatch_", "_dispatch_"]
  private static let runtimeModules: Set = [
    "Swift", "_Concurrency", "Synchronization", "_StringProcessing", "Distributed", "Observation",
    "Foundation", "FoundationEssentials", "FoundationInternationalization", "Dispatch", "Glibc",
    "XCTest", "Testing",
  ]
}
