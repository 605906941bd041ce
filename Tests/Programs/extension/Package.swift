// swift-tools-version:6.2
import PackageDescription

/// A module in Swift for programs in Python, which call it through ctypes: `healthy.py` and the others beside this.
let package = Package(
  name: "extension",
  products: [.library(name: "extension", type: .dynamic, targets: ["extension"])],
  targets: [.target(name: "extension")]
)
