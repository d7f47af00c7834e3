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

  var environment: [String: String] { ["XDG_STATE_HOME": url.path] }

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
