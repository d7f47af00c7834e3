internal import CSessionFile

#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Where a session file is, without symbolic links, and what the system says of it.
struct FilePlace {
  /// As the user wrote it, for messages.
  let given: String
  /// Absolute, so that SQLite takes no `file:` for a URL; its journal lies beside it.
  let path: String
  let directory: String

  /// Device and inode: another file under the same name is another file.
  struct Identity: Equatable {
    let device: UInt64
    let inode: UInt64
  }

  init(_ given: String) throws(SessionError) {
    self.given = given
    guard !given.isEmpty, !given.utf8.contains(0) else {
      throw SessionError(.failure, given, "is no path")
    }
    if let resolved = FilePlace.resolve(given) {
      path = resolved
    } else {
      guard errno == ENOENT, !given.hasSuffix("/") else {
        throw SessionError(.failure, given, "cannot be opened: \(systemError())")
      }
      let slash = given.lastIndex(of: "/")
      let parent = slash.map { $0 == given.startIndex ? "/" : String(given[..<$0]) } ?? "."
      let name = slash.map { String(given[given.index(after: $0)...]) } ?? given
      // Without a folder there is no file either, and none can be made.
      path = FilePlace.resolve(parent).map { $0 == "/" ? "/" + name : $0 + "/" + name } ?? given
    }
    let slash = path.lastIndex(of: "/") ?? path.startIndex
    directory = slash == path.startIndex ? "/" : String(path[..<slash])
  }

  var journal: String { path + "-journal" }

  /// nil when there is no such file.
  func identity() -> Identity? {
    var status = stat()
    return stat(path, &status) == 0 ? Identity(status) : nil
  }

  /// Why the file, or a journal beside it, may not be written.
  var writeRefusal: String? {
    if access(path, W_OK) != 0 { return "may not be written: \(systemError())" }
    if access(directory, W_OK) != 0 { return "lies in a folder that may not be written" }
    return nil
  }

  /// Opens without creating; only regular files.
  func open(writing: Bool) throws(SessionError) -> OpenFile {
    var status = stat()
    guard stat(path, &status) == 0 else { throw failure("opened") }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SessionError(.corrupt, given, "is no session file: it is no regular file")
    }
    // A pipe that took the file's place since would make us wait.
    let flags = (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
    let descriptor = Self.open(path, flags)
    guard descriptor >= 0 else { throw failure("opened") }
    return OpenFile(descriptor: descriptor)
  }

  /// Makes the file with these bytes, locked before anybody can see it; nil when it exists.
  func create(_ bytes: [UInt8]) throws(SessionError) -> OpenFile? {
    let descriptor = session_file_create(directory, path, bytes, bytes.count)
    if descriptor >= 0 { return OpenFile(descriptor: descriptor) }
    if errno == EEXIST { return nil }
    throw SessionError(.failure, given, "cannot be made: \(systemError())")
  }

  var replaced: SessionError {
    SessionError(.failure, given, "was replaced by another file while this program had it")
  }

  /// The sentence for the present `errno`.
  func failure(_ verb: String) -> SessionError {
    if errno == ENOENT { return SessionError(.missing, given, "does not exist") }
    return SessionError(.failure, given, "cannot be \(verb): \(systemError())")
  }

  private static func open(_ path: String, _ flags: CInt) -> CInt {
    #if canImport(Glibc)
      Glibc.open(path, flags)
    #elseif canImport(Musl)
      Musl.open(path, flags)
    #else
      Darwin.open(path, flags)
    #endif
  }

  private static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(validatingCString: resolved)
  }
}

extension FilePlace.Identity {
  init(_ status: stat) {
    device = UInt64(truncatingIfNeeded: status.st_dev)
    inode = UInt64(truncatingIfNeeded: status.st_ino)
  }
}

func systemError(_ code: CInt = errno) -> String { String(cString: strerror(code)) }

/// A descriptor. Closing it drops the POSIX locks that SQLite has on the same file anywhere in this
/// process, so it happens under `SessionFile.turn` only, when no connection is open.
final class OpenFile: Sendable {
  let descriptor: CInt

  init(descriptor: CInt) { self.descriptor = descriptor }

  deinit {
    session_file_unlock(descriptor)
    close(descriptor)
  }

  var identity: FilePlace.Identity {
    var status = stat()
    fstat(descriptor, &status)
    return FilePlace.Identity(status)
  }

  var size: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Fewer bytes than asked for at the end of the file.
  func read(_ count: Int, at offset: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      let got = pread(descriptor, buffer.baseAddress, count, off_t(offset))
      filled = max(got, 0)
    }
  }

  /// The process that has the file attached; 0: none, -1: one that cannot be told.
  var holder: Int { session_file_holder(descriptor) }
}
