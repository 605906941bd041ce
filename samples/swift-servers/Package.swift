// swift-tools-version:6.2
import PackageDescription

/// Servers and clients that hang, each in its own way, and healthy ones; what a report must say is in their comments.
/// They take minutes to build: `make servers` builds, records and judges them.
let nio: [Target.Dependency] = [
  .product(name: "NIOCore", package: "swift-nio"),
  .product(name: "NIOPosix", package: "swift-nio"),
]
let http: [Target.Dependency] =
  nio + [
    .product(name: "NIOHTTP1", package: "swift-nio"),
    .product(name: "AsyncHTTPClient", package: "async-http-client"),
  ]
let hummingbird: [Target.Dependency] =
  http + [
    .product(name: "Hummingbird", package: "hummingbird")
  ]
let samples: [(name: String, needs: [Target.Dependency])] = [
  ("nio_echo", nio),
  ("nio_promise_kept", nio),
  ("nio_waits_on_own_loop", nio),
  ("http_bodies_never_read", http),
  ("http_bodies_read", http),
  ("http_calls_own_server", http),
  ("hummingbird_answers", hummingbird),
  ("hummingbird_blocks_its_loop", hummingbird),
  ("hummingbird_never_answers", hummingbird),
  ("hummingbird_never_shuts_down", hummingbird),
  ("hummingbird_shuts_down", hummingbird),
]

let package = Package(
  name: "swift-servers",
  dependencies: [
    .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
    .package(url: "https://github.com/swift-server/async-http-client.git", exact: "1.37.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1"),
  ],
  targets: samples.map { sample in
    .executableTarget(
      name: sample.name, dependencies: sample.needs, path: ".",
      exclude: samples.filter { $0.name != sample.name }.map { $0.name + ".swift" },
      sources: [sample.name + ".swift"])
  }
)
