// swift-tools-version:6.2
import PackageDescription

/// What every target that runs offline is built with.
let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

/// What handles every event of a trace. All that is shared there is changed by one replay, in one place.
let hot: [SwiftSetting] = strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]

/// What runs inside the observed process: no Swift runtime of its own, no dependency but libc and libz.
let embedded: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableExperimentalFeature("Embedded"),
  .unsafeFlags(["-wmo", "-Xcc", "-fPIC", "-Xcc", "-fvisibility=hidden"]),
]
let hidden: [CSetting] = [.unsafeFlags(["-fvisibility=hidden", "-fPIC"])]

func exports(_ map: String) -> [LinkerSetting] {
  [
    .unsafeFlags([
      "-Xlinker", "--version-script=\(Context.packageDirectory)/\(map)", "-Xlinker",
      "--gc-sections",
    ])
  ]
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
  name: "coroner",
  products: [
    .executable(name: "coroner", targets: ["coroner"]),
    // For programs: names and primitives of their own. No unsafe flags, so that any package may depend on it.
    .library(name: "Coroner", targets: ["Coroner"]),
    .library(name: "coroner-recorder", type: .dynamic, targets: ["Recorder"]),
    .library(name: "coroner-asyncio", type: .dynamic, targets: ["AsyncioProbe"]),
    .library(name: "coroner-swift", type: .dynamic, targets: ["SwiftProbe"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
  ],
  targets: [
    // The one contract of both sides.
    .target(name: "TraceABI"),
    .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),

    // In the observed process.
    .target(name: "CPlatform", dependencies: ["TraceABI"], cSettings: hidden),
    .target(
      name: "Recorder", dependencies: ["TraceABI", "CPlatform", "CZlib"],
      exclude: ["exports.map"],
      // The accesses are ordered by locks; checking them at run time would cost more than recording.
      swiftSettings: embedded + [.unsafeFlags(["-enforce-exclusivity=unchecked"])],
      linkerSettings: exports("Sources/Recorder/exports.map") + [
        .linkedLibrary("z"),
        // Never unloaded: threads keep pointers into it. lld: gold lists thread-locals as exports.
        .unsafeFlags([
          "-use-ld=lld", "-Xlinker", "-soname=libcoroner.so", "-Xlinker", "-z", "-Xlinker",
          "nodelete",
        ]),
      ]),
    .target(name: "CRecorderLink", dependencies: ["TraceABI"], cSettings: hidden),
    .target(name: "CPythonABI", dependencies: ["CRecorderLink"], cSettings: hidden),
    .target(
      name: "AsyncioProbe", dependencies: ["TraceABI", "CRecorderLink", "CPythonABI"],
      exclude: ["exports.map", "python"],
      // The accesses are ordered by the GIL.
      swiftSettings: embedded + [.unsafeFlags(["-enforce-exclusivity=unchecked"])],
      linkerSettings: exports("Sources/AsyncioProbe/exports.map")),
    // Calling conventions and thread-locals in C; what is recorded, in Swift.
    .target(
      name: "CSwiftRuntime", dependencies: ["CRecorderLink"],
      cSettings: hidden + [.unsafeFlags(["-O2"])]),
    // What is preloaded serves programs in Python as well.
    .target(name: "CPythonStart", cSettings: hidden),
    .target(
      name: "SwiftProbe",
      dependencies: ["TraceABI", "CRecorderLink", "CSwiftRuntime", "CPythonStart"],
      exclude: ["exports.map"],
      swiftSettings: embedded + [.unsafeFlags(["-enforce-exclusivity=unchecked"])],
      linkerSettings: exports("Sources/SwiftProbe/exports.map") + [
        .unsafeFlags(["-use-ld=lld", "-Xlinker", "-z", "-Xlinker", "nodelete"])
      ]),

    // What a program may import.
    .target(name: "CCoroner"),
    .target(
      name: "Coroner", dependencies: ["CCoroner"],
      swiftSettings: [.enableUpcomingFeature("InternalImportsByDefault")]),

    // Offline.
    // What Swift cannot ask of the processor.
    .target(name: "CProcessor"),
    .target(name: "TraceFormat", dependencies: ["TraceABI", "CZlib"], swiftSettings: hot),
    .target(
      name: "History",
      dependencies: [
        "CProcessor", "TraceFormat",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ], swiftSettings: hot),
    .target(name: "Symbols", dependencies: ["TraceFormat"], swiftSettings: strict),
    .target(name: "Findings", dependencies: ["TraceFormat"], swiftSettings: strict),
    .target(
      name: "Analysis",
      dependencies: [
        "TraceFormat", "History", "Findings",
        .product(name: "OrderedCollections", package: "swift-collections"),
      ], swiftSettings: strict),
    .target(
      name: "Rendering", dependencies: ["TraceFormat", "History", "Findings"], swiftSettings: strict
    ),
    .target(
      name: "Commands",
      dependencies: [
        "TraceFormat", "Symbols", "History", "Findings", "Analysis", "Rendering",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ], swiftSettings: strict),
    .executableTarget(name: "coroner", dependencies: ["Commands"], swiftSettings: strict),

    .target(
      name: "TestSupport", dependencies: ["TraceFormat", "Findings"], path: "Tests/TestSupport",
      swiftSettings: strict),
    tests("RecorderTests", ["TraceABI", "CZlib", "TraceFormat", "TestSupport"]),
    tests("TraceFormatTests", ["TraceABI", "CZlib", "TraceFormat", "TestSupport"]),
    tests("SymbolsTests", ["TraceFormat", "Symbols"]),
    tests("AnalysisTests", ["TraceFormat", "History", "Findings", "Analysis", "TestSupport"]),
    tests("RenderingTests", ["TraceFormat", "Findings", "Rendering", "TestSupport"]),
    // Small worlds that know what can happen in them; `make oracle` compares many.
    .target(
      name: "OracleWorlds", dependencies: ["TraceFormat", "History", "Findings", "Analysis"],
      path: "Tests/OracleWorlds", swiftSettings: strict),
    .executableTarget(
      name: "oracle", dependencies: ["OracleWorlds", "TraceFormat"], path: "Tests/Oracle",
      exclude: ["record.py"], swiftSettings: strict),
    tests("OracleTests", ["OracleWorlds", "TraceFormat"]),
    .target(
      name: "FuzzEntry",
      dependencies: ["CZlib", "TraceFormat", "Findings", "Analysis", "Rendering"],
      path: "Tests/FuzzEntry", swiftSettings: strict),
    .testTarget(
      name: "FuzzTests", dependencies: ["FuzzEntry", "TraceFormat"], exclude: ["Corpus"],
      swiftSettings: strict),
    tests("EndToEndTests", ["Findings", "TestSupport"]),
  ]
)

// Its main function comes with libFuzzer: `make fuzz`.
if Context.environment["CORONER_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["FuzzEntry"], path: "Tests/Fuzz",
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])]))
}
