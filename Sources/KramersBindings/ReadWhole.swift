import Kramers

#if canImport(Glibc)
  internal import Glibc
#endif

/// The bytes of a regular file, read at once.
///
/// Directories, FIFOs and devices are refused before anything is read: a data file is read to its
/// end, and a FIFO has none that could be known.
///
/// - Throws: `FileError` with the path and the reason.
func readWhole(_ path: String) throws -> [UInt8] {
  try checkPath(path)
  let file = try FileRoom.open(path, O_RDONLY | O_NONBLOCK)
  guard file >= 0 else { throw FileError(path, String(cString: strerror(errno))) }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0 else { throw FileError(path, String(cString: strerror(errno))) }
  switch status.st_mode & S_IFMT {
  case S_IFREG: break
  case S_IFDIR: throw FileError(path, "is a directory, not a data file")
  case S_IFIFO: throw FileError(path, "is a pipe; a data file must be a regular file")
  default: throw FileError(path, "is a device; a data file must be a regular file")
  }
  let size = Int(status.st_size)
  guard Double(size) <= usableMemory / 2 else {
    throw FileError(path, "has \(size) bytes, more than half of the memory that may be used")
  }
  var failure: Int32 = 0
  let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
    while count < size, let start = buffer.baseAddress {
      let got = read(file, start + count, size - count)
      if got < 0, errno == EINTR { continue }
      if got < 0 { failure = errno }
      if got <= 0 { break }
      count += got
    }
  }
  guard failure == 0 else { throw FileError(path, String(cString: strerror(failure))) }
  return bytes
}
