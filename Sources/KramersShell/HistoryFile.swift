#if canImport(Glibc)
  internal import Glibc
#endif

/// The history that all shells of a user share: one entry a line, with the time in front and
/// newlines as `\n`, so that an entry of many lines comes back whole.
///
/// Each entry is appended at once, under a lock. Before a prompt the entries that other shells have
/// added are taken in; they stand before this shell's own, so that the up arrow always begins with
/// what was typed here.
final class HistoryFile {
  private static let most = 5000
  private static let longest = 1 << 16

  let path: String
  /// Why nothing can be stored, once.
  private(set) var failure: String?
  private var others: [[UInt8]] = []
  private var own: [[UInt8]] = []
  private var offset = 0
  private var isStored = true
  /// Whether others' entries came since `takeNews`.
  private var hasNews = false

  init(path: String) { self.path = path }

  var entries: [[UInt8]] { others + own }

  /// Takes in what others have added.
  /// - Returns: whether there was anything since the last call.
  func takeNews() -> Bool {
    if isStored, let file = open(O_RDONLY) {
      readTail(file)
      close(file)
    }
    defer { hasNews = false }
    return hasNews
  }

  /// Adds an entry, unless it repeats the last one.
  func add(_ entry: [UInt8]) {
    guard own.last != entry else { return }
    own.append(entry)
    guard isStored, entry.count < Self.longest, !entry.contains(0),
      let file = open(O_RDWR | O_APPEND | O_CREAT)
    else { return }
    defer { close(file) }
    flock(file, LOCK_EX)
    readTail(file)
    let line = Array("\(time(nil)) ".utf8) + escaped(entry) + [0x0A]
    let count = line.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
    if count == line.count { offset += count } else { fail() }
  }

  /// Reads the file at the start of the program; a long one loses its older half.
  func load() {
    guard let file = open(O_RDWR | O_CREAT) else { return }
    defer { close(file) }
    flock(file, LOCK_EX)
    readTail(file)
    guard others.count > Self.most else { return }
    others.removeFirst(others.count - Self.most / 2)
    let text: [UInt8] = others.flatMap { Array("0 ".utf8) + escaped($0) + [0x0A] }
    // In place: another shell appends to the same file, and waits for the lock.
    guard ftruncate(file, 0) == 0 else { return }
    let count = text.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
    offset = max(count, 0)
  }

  private func open(_ flags: Int32) -> Int32? {
    let file = Glibc.open(path, flags | O_CLOEXEC, 0o600)
    if file < 0, flags & O_CREAT != 0 { fail() }
    return file < 0 ? nil : file
  }

  private func fail() {
    failure = String(cString: strerror(errno))
    isStored = false
  }

  private func readTail(_ file: Int32) {
    var status = stat()
    guard fstat(file, &status) == 0 else { return }
    let size = Int(status.st_size)
    if size < offset {  // shortened by another shell, which kept the newest: nothing is new
      offset = size
      return
    }
    guard size > offset else { return }
    var bytes = [UInt8](repeating: 0, count: size - offset)
    let start = off_t(offset)
    let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, start) }
    guard count > 0, let end = bytes[..<count].lastIndex(of: 0x0A) else { return }
    offset += end + 1
    for line in bytes[..<end].split(separator: 0x0A) {
      // "time entry"; anything else is not ours.
      let time = line.prefix { $0 != 0x20 }
      guard time.count < line.count, time.allSatisfy({ (0x30...0x39).contains($0) }) else {
        continue
      }
      let entry = unescaped(line[(time.endIndex + 1)...])
      if !entry.isEmpty, others.last != entry { others.append(entry) }
    }
    hasNews = true
  }
}

private let backslash = UInt8(ascii: "\\")

private func escaped(_ entry: [UInt8]) -> [UInt8] {
  entry.flatMap { byte -> [UInt8] in
    switch byte {
    case 0x0A: [backslash, UInt8(ascii: "n")]
    case backslash: [backslash, backslash]
    default: [byte]
    }
  }
}

private func unescaped(_ line: ArraySlice<UInt8>) -> [UInt8] {
  var entry: [UInt8] = []
  var isEscaped = false
  for byte in line {
    if isEscaped {
      entry.append(byte == UInt8(ascii: "n") ? 0x0A : byte)
      isEscaped = false
    } else if byte == backslash {
      isEscaped = true
    } else {
      entry.append(byte)
    }
  }
  return entry
}
