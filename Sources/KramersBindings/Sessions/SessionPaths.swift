#if canImport(Glibc)
  internal import Glibc
#endif
import KramersStore

/// Names of sessions and their files.
package enum SessionPaths {
  static let ending = ".kramers"
  private static let autosavePrefix = "autosave-"

  /// Where sessions live that have a name alone: the user's state directory, or the sandbox.
  private static var directory: String? { FileRoom.current?.path ?? UserDirectories.state }

  /// The file of a session that a script names; in a sandbox a file below its folder.
  static func path(of name: String) throws -> String {
    guard let room = FileRoom.current else { return try userPath(of: name) }
    guard !name.isEmpty else { throw VerbError("session", "the name must not be empty") }
    let isPath = name.contains("/") || name.hasSuffix(ending)
    return try room.sessionPath(isPath ? name : name + ending)
  }

  /// The file of a session that the user names: a name with a slash or the ending is a path, others
  /// live in the user's state directory.
  package static func userPath(of name: String) throws -> String {
    guard !name.isEmpty else { throw VerbError("session", "the name must not be empty") }
    try checkPath(name)
    if name.contains("/") || name.hasSuffix(ending) { return name }
    guard let directory = UserDirectories.state else {
      throw VerbError(
        "session", "no HOME to keep '\(name)' in; give a path: './\(name)\(ending)'")
    }
    return "\(directory)/\(name)\(ending)"
  }

  /// The shortest that `path(of:)` understands.
  static func name(of path: String) -> String {
    guard let directory, path.hasPrefix(directory + "/") else {
      return path
    }
    let name = path.dropFirst(directory.count + 1)
    return name.hasSuffix(ending) && !name.contains("/")
      ? String(name.dropLast(ending.count)) : path
  }

  static func autosave(in directory: String) -> String {
    let time = timeText(wallClock()).filter(\.isNumber)
    return
      "\(directory)/\(autosavePrefix)\(time.prefix(8))-\(time.dropFirst(8))-\(getpid())\(ending)"
  }

  static func isAutosave(_ path: String) -> Bool {
    path.split(separator: "/").last?.hasPrefix(autosavePrefix) ?? false
  }

  /// The names of the sessions in the user's state directory.
  package static var names: [String] { all().map(name(of:)) }

  /// - Throws: `FileError` when there is a state directory that cannot be read.
  static func checkDirectory() throws {
    guard let directory else { return }
    guard let stream = opendir(directory) else {
      if errno == ENOENT { return }
      throw FileError(directory, "cannot be read: \(String(cString: strerror(errno)))")
    }
    closedir(stream)
  }

  /// The sessions of the user's state directory, by path.
  static func all() -> [String] {
    guard let directory, let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var paths: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(ending), name.utf8.count > ending.utf8.count {
        paths.append("\(directory)/\(name)")
      }
    }
    // A link out of a sandbox would show what lies there.
    if let room = FileRoom.current { paths = paths.filter { (try? room.sessionPath($0)) != nil } }
    return paths.sorted()
  }
}
