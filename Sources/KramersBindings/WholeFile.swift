#if canImport(Glibc)
  internal import Glibc
#endif

/// Writes a file whole: to a temporary one beside it, renamed into place, so that no reader sees half
/// of it and a failure leaves the old one. A device or a pipe is written in place.
///
/// - Throws: `FileError` with the path and the system's reason.
func writeWhole(_ bytes: [UInt8], to path: String) throws {
  try checkPath(path)
  if let room = FileRoom.current { return try room.write(bytes, to: path) }
  var status = stat()
  let exists = stat(path, &status) == 0
  if exists, status.st_mode & S_IFMT == S_IFDIR { throw FileError(path, "is a directory") }
  if exists, status.st_mode & S_IFMT != S_IFREG {
    return try write(bytes, to: path, flags: O_WRONLY, mode: 0, named: path)
  }
  // Through a symbolic link to the file itself: the rename would replace the link.
  var target = path
  if exists, let resolved = realpath(path, nil) {
    target = String(cString: resolved)
    free(resolved)
  }
  // Nodes of a cluster that write into one folder have processes of one number.
  let temporary = "\(target).\(hostName).\(getpid()).tmp"
  let mode = exists ? status.st_mode & 0o777 : 0o666
  do {
    try write(
      bytes, to: temporary, flags: O_WRONLY | O_CREAT | O_TRUNC, mode: mode, named: path)
    guard rename(temporary, target) == 0 else { throw FileError(path, systemReason()) }
  } catch {
    unlink(temporary)
    throw error
  }
}

private let hostName: String = {
  var name = [CChar](repeating: 0, count: 256)
  guard gethostname(&name, name.count - 1) == 0 else { return "host" }
  return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}()

private func write(
  _ bytes: [UInt8], to path: String, flags: Int32, mode: mode_t, named name: String
) throws {
  let file = open(path, flags | O_CLOEXEC, mode)
  guard file >= 0 else { throw FileError(name, systemReason()) }
  try fill(file, bytes, named: name)
}

/// Writes everything and closes the file.
func fill(_ file: Int32, _ bytes: [UInt8], named name: String) throws {
  var done = 0
  while done < bytes.count {
    let count = bytes[done...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count >= 0 else {
      let reason = systemReason()
      close(file)
      throw FileError(name, reason)
    }
    done += count
  }
  guard close(file) == 0 else { throw FileError(name, systemReason()) }
}

private func systemReason() -> String { String(cString: strerror(errno)) }
