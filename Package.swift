// swift-tools-version:6.2
import PackageDescription

/// Fused multiply-add is part of "same seed, same bits", so the whole program is compiled for it:
/// AVX2 and FMA on x86-64 (`CProcessor` refuses an older CPU with a sentence before any Swift
/// code runs), NEON on ARM64, which has it by itself.
#if arch(x86_64)
  let instructionSet: [String] = ["-Xcc", "-march=x86-64-v3"]
#else
  let instructionSet: [String] = []
#endif

/// The shipped binary links the C libraries statically (`scripts/setup`); tests use the shared ones.
let isStatic = Context.environment["KRAMERS_STATIC"] != nil
func library(_ name: String) -> [LinkerSetting] {
  isStatic ? [.linkedLibrary(":lib\(name).a"), .linkedLibrary("m")] : [.linkedLibrary(name)]
}

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .unsafeFlags(instructionSet),
]

/// The kernels that take most of the time, compiled once for each instruction set from the same
/// sources (`KramersLanes512` is a link to `KramersLanes`); `LaneKernels.swift` in `Kramers` chooses
/// when the program starts. They handle pointers and numbers only, so bounds checks
/// have nothing to check: -Ounchecked removes overflow traps.
func kernels(_ name: String, _ flags: [String]) -> Target {
  .target(
    name: name, dependencies: ["CProcessor"],
    swiftSettings: [.enableUpcomingFeature("InternalImportsByDefault")]
      + [.unsafeFlags(["-Ounchecked"] + flags)])
}

#if arch(x86_64)
  let wideKernels = [
    kernels("KramersLanes512", ["-Xcc", "-march=x86-64-v4", "-DAVX512"])
  ]
#else
  let wideKernels: [Target] = []
#endif

let package = Package(
  name: "kramers",
  products: [
    .executable(name: "kramers", targets: ["KramersCLI"]),
    // For scripts/bench; not installed.
    .executable(name: "kramers-bench", targets: ["KramersBench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],
  targets: [
    .target(name: "CProcessor"),
    .target(name: "CStandardStreams"),
    .target(name: "CGzip", linkerSettings: library("z")),
    .target(
      name: "CResources", exclude: ["digits.csv.gz"],
      cSettings: [.unsafeFlags(["-std=c23"])]),
    kernels("KramersLanes", instructionSet),
    .target(
      name: "Kramers",
      dependencies: ["CProcessor", "CGzip", "CResources", "KramersLanes"]
        + wideKernels.map { .byName(name: $0.name) },
      exclude: ["README.md"],
      swiftSettings: swiftSettings + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]),
    .target(name: "CSessionFile", linkerSettings: library("sqlite3")),
    .target(
      name: "KramersStore",
      dependencies: ["Kramers", "CSessionFile"],
      swiftSettings: swiftSettings),
    .target(name: "CLua", linkerSettings: library("lua5.4")),
    .target(name: "Lua", dependencies: ["CLua"], swiftSettings: swiftSettings),
    .target(
      name: "KramersBindings",
      dependencies: ["Kramers", "KramersStore", "Lua", "CResources", "CStandardStreams"],
      swiftSettings: swiftSettings + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]),
    .target(name: "CReadline", linkerSettings: library("readline") + library("tinfo")),
    .target(
      name: "KramersShell",
      dependencies: ["Kramers", "KramersBindings", "Lua", "CReadline", "CStandardStreams"],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "KramersCLI",
      dependencies: [
        "Kramers", "KramersBindings", "KramersShell", "Lua", "CStandardStreams",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "KramersBench", dependencies: ["Kramers"], swiftSettings: swiftSettings),
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    .target(name: "Fuzzing", path: "Tests/Fuzzing", swiftSettings: swiftSettings),
    .target(
      name: "CFaultyFiles", path: "Tests/CFaultyFiles", linkerSettings: library("sqlite3")),
    .target(
      name: "CConfinement", dependencies: ["CStandardStreams"], path: "Tests/CConfinement"),
    .testTarget(
      name: "KramersTests", dependencies: ["Kramers", "CAllocations", "Fuzzing"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "KramersStoreTests",
      dependencies: ["CSessionFile", "CFaultyFiles", "Fuzzing", "Kramers", "KramersStore"],
      exclude: ["version1.sqlite", "version1.txt", "version2.sqlite", "version2.txt"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "LuaTests", dependencies: ["Lua", "CLua", "Fuzzing"], swiftSettings: swiftSettings),
    .testTarget(
      name: "KramersCLITests",
      dependencies: [
        "CConfinement", "CStandardStreams", "Fuzzing", "KramersBindings", "KramersCLI",
        "KramersStore", "Lua",
      ],
      exclude: ["torture.sh", "Shards/slurm.sh"],
      swiftSettings: swiftSettings),
  ] + wideKernels,
  swiftLanguageModes: [.v6]
)
