// swift-tools-version:6.2
import PackageDescription

/// Tests that hang, for `coroner record --on-stall kill -- swift test`.
let package = Package(
  name: "hanging-tests", targets: [.testTarget(name: "HangingTests")])
