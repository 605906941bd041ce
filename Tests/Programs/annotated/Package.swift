// swift-tools-version:6.2
import PackageDescription

/// A program with primitives of its own that says so.
let package = Package(
  name: "annotated",
  dependencies: [.package(name: "coroner", path: "../../..")],
  targets: [
    .executableTarget(
      name: "annotated", dependencies: [.product(name: "Coroner", package: "coroner")])
  ]
)
