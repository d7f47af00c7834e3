// swift-tools-version:6.1
import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

let package = Package(
  name: "kramers",
  products: [.library(name: "Lua", targets: ["Lua"])],
  targets: [
    .target(name: "CLua", linkerSettings: [.linkedLibrary("lua5.4")]),
    .target(name: "Lua", dependencies: ["CLua"], swiftSettings: settings),
    .testTarget(name: "LuaTests", dependencies: ["Lua"], swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
