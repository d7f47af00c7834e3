import Foundation

/// A directory with sessions of its own, gone after the test.
final class SessionFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kramers-sessions-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  func write(_ text: String, to name: String) throws -> String {
    try text.write(toFile: path(name), atomically: true, encoding: .utf8)
    return path(name)
  }

  /// The user's directories are in it, too: `kramers/protocols`.
  var environment: [String: String] {
    ["XDG_STATE_HOME": url.path, "XDG_DATA_HOME": url.path]
  }

  func writeProtocol(_ text: String, _ name: String) throws {
    let folder = url.appendingPathComponent("kramers/protocols")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    _ = try write(text, to: "kramers/protocols/\(name).lua")
  }

  /// Runs the program with this folder as the home of sessions.
  func kramers(
    _ arguments: String..., autosave: Double? = nil, timeout: Double = 120
  ) throws -> Run {
    try start(arguments, autosave: autosave).finish(timeout: timeout)
  }

  func start(_ arguments: [String], autosave: Double? = nil) throws -> RunningBinary {
    var variables = environment
    if let autosave { variables["KRAMERS_AUTOSAVE"] = "\(autosave)" }
    return try RunningBinary([binary.path] + arguments, environment: variables)
  }

  /// The names of what lies in it.
  var files: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []).sorted()
  }
}
