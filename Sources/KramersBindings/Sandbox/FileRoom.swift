#if canImport(Glibc)
  internal import Glibc
#endif
internal import CStandardStreams
internal import Synchronization

/// Where files that scripts name may lie: anywhere, or in a sandbox below one folder. Every binding
/// that opens a file goes through here.
///
/// Names are relative to that folder then. A link that stays inside is followed, one that leads out is
/// refused; a file that is written replaces no link, no hidden file and no program, which somebody may
/// run later.
package final class FileRoom: Sendable {
  /// As it was given, for messages.
  package let given: String
  /// Absolute, without links.
  package let path: String
  private let folder: Int32

  private static let room = Mutex<FileRoom?>(nil)
  /// nil: files may lie anywhere.
  package static var current: FileRoom? { room.withLock { $0 } }

  /// From now on, for the whole process.
  package static func confine(to room: FileRoom) { self.room.withLock { $0 = room } }

  /// - Throws: `FileError` for what is no folder, and for the root, which confines nothing.
  package init(_ given: String) throws {
    try checkPath(given)
    self.given = given
    guard let resolved = realpath(given, nil) else {
      throw FileError(given, String(cString: strerror(errno)))
    }
    defer { free(resolved) }
    path = String(cString: resolved)
    guard path != "/" else { throw FileError(given, "is the root, which confines nothing") }
    folder = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw FileError(given, String(cString: strerror(errno))) }
  }

  deinit { close(folder) }

  /// Opens a file for reading, as `open` does.
  ///
  /// - Returns: a descriptor; -1 and `errno`.
  /// - Throws: `FileError` for one outside of the room.
  static func open(_ path: String, _ flags: Int32) throws -> Int32 {
    guard let room = current else { return Glibc.open(path, flags | O_CLOEXEC) }
    let file = ks_open_beneath(room.folder, try room.inside(path), flags, 0)
    if file < 0, errno == EXDEV || errno == ELOOP { throw room.outside(path) }
    return file
  }

  /// Writes a file whole, as `writeWhole` says.
  func write(_ bytes: [UInt8], to path: String) throws {
    let (parent, name) = try parentAndName(path)
    defer { close(parent) }
    var status = stat()
    let exists = fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) == 0
    if exists, status.st_mode & S_IFMT == S_IFDIR { throw FileError(path, "is a directory") }
    guard !exists || status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(path, "is a link or a device; the sandbox writes files alone")
    }
    guard !exists || status.st_mode & 0o111 == 0 else {
      throw FileError(path, "is a program, which the sandbox leaves as it is")
    }
    let temporary = "\(name).\(getpid()).tmp"
    let file = openat(
      parent, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
      exists ? status.st_mode & 0o666 : 0o666)
    guard file >= 0 else { throw FileError(path, String(cString: strerror(errno))) }
    do {
      try fill(file, bytes, named: path)
      guard renameat(parent, temporary, parent, name) == 0 else {
        throw FileError(path, String(cString: strerror(errno)))
      }
    } catch {
      unlinkat(parent, temporary, 0)
      throw error
    }
  }

  /// The absolute path of a session's file, which SQLite opens by itself: no part of it is a link,
  /// so that it means the same file then.
  func sessionPath(_ path: String) throws -> String {
    let (parent, name) = try parentAndName(path)
    close(parent)
    let inside = try inside(path)
    let slash = inside.lastIndex(of: "/")
    let above = slash.map { "/" + inside[..<$0] } ?? ""
    guard let resolved = realpath(self.path + above, nil) else {
      throw FileError(path, String(cString: strerror(errno)))
    }
    defer { free(resolved) }
    let place = String(cString: resolved) + "/" + name
    var status = stat()
    let exists = lstat(place, &status) == 0
    guard place.hasPrefix(self.path + "/"), !exists || status.st_mode & S_IFMT == S_IFREG else {
      throw outside(path)
    }
    return place
  }

  /// The folder of a script that lies in the room, relative to it and with the slash; nil for one
  /// that lies elsewhere.
  func folder(of script: String) -> String? {
    guard let resolved = realpath(script, nil) else { return nil }
    defer { free(resolved) }
    let file = String(cString: resolved)
    guard file.hasPrefix(path + "/"), let slash = file.lastIndex(of: "/") else { return nil }
    return String(file[...slash].dropFirst(path.count + 1))
  }

  /// The folder of a file that is written, and its name there.
  private func parentAndName(_ path: String) throws -> (folder: Int32, name: String) {
    let inside = try inside(path)
    let parts = inside.split(separator: "/")
    guard let name = parts.last, !inside.hasSuffix("/") else {
      throw FileError(path, "is a directory")
    }
    guard !parts.contains(where: { $0.hasPrefix(".") && $0 != "." }) else {
      throw parts.contains("..")
        ? outside(path) : FileError(path, "is hidden; the sandbox writes no hidden files")
    }
    let above = parts.dropLast().joined(separator: "/")
    let parent = ks_open_beneath(
      folder, above.isEmpty ? "." : above, O_RDONLY | O_DIRECTORY, 0)
    if parent < 0, [EXDEV, ELOOP].contains(errno) { throw outside(path) }
    guard parent >= 0 else { throw FileError(path, String(cString: strerror(errno))) }
    return (parent, String(name))
  }

  /// A path relative to the room's folder.
  private func inside(_ path: String) throws -> String {
    try checkPath(path)
    guard !path.isEmpty else { throw FileError(path, String(cString: strerror(ENOENT))) }
    guard path.hasPrefix("/") else { return path }
    guard path.hasPrefix(self.path + "/") else { throw outside(path) }
    return String(path.dropFirst(self.path.count).drop { $0 == "/" })
  }

  private func outside(_ path: String) -> FileError {
    FileError(path, "lies outside of the sandbox, whose folder is '\(given)'")
  }
}
