#if canImport(Glibc)
  internal import Glibc
#endif

/// Where a user's files live (XDG Base Directory Specification, 0.8).
package enum UserDirectories {
  /// `init.lua`.
  package static var configuration: String? { directory("XDG_CONFIG_HOME", under: ".config") }
  /// The history and the sessions.
  package static var state: String? { directory("XDG_STATE_HOME", under: ".local/state") }

  /// Protocols of the user's own.
  package static var protocols: String? {
    directory("XDG_DATA_HOME", under: ".local/share").map { $0 + "/protocols" }
  }

  /// nil without a home. A variable that is not an absolute path is ignored, as the specification
  /// wants it.
  private static func directory(_ name: String, under home: String) -> String? {
    if let path = variable(name), path.hasPrefix("/") { return path + "/kramers" }
    return variable("HOME").map { "\($0)/\(home)/kramers" }
  }

  /// Where files of a moment go.
  package static var temporary: String { variable("TMPDIR") ?? "/tmp" }

  /// A variable of the environment; nil where it is not set or empty.
  package static func variable(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Makes a directory and those above it, for the user alone.
  /// - Returns: why not, or nil.
  package static func make(_ path: String) -> String? {
    var made = ""
    for part in path.split(separator: "/") {
      made += "/" + part
      if mkdir(made, 0o700) != 0, errno != EEXIST { return String(cString: strerror(errno)) }
    }
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return nil }
    return String(cString: strerror(ENOTDIR))
  }
}
