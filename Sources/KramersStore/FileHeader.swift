internal import Kramers

/// The first 100 bytes of an SQLite file (sqlite.org/fileformat2.html, section 1.3), looked at
/// before SQLite is.
struct FileHeader {
  static let size = 100

  let pageSize: Int
  /// Counts transactions.
  let changes: UInt32
  let pageCount: Int

  /// - Throws: `SessionError`, unless these are the bytes of a session of a known version.
  init(_ bytes: [UInt8], path: String) throws(SessionError) {
    func fail(_ words: String) -> SessionError { SessionError(.corrupt, path, words) }
    func word(_ offset: Int) -> UInt32 {
      bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
    guard !bytes.isEmpty else { throw fail("is no session file: it is empty") }
    guard bytes.starts(with: "SQLite format 3\0".utf8) else {
      let found = bytes.withUnsafeBytes(foreignFormat) ?? "does not begin like an SQLite database"
      throw fail("is no session file: it \(found.hasPrefix("does") ? "" : "is ")\(found)")
    }
    guard bytes.count >= FileHeader.size else {
      throw fail("is damaged: it ends in its first line of \(FileHeader.size) bytes")
    }
    let code = Int(bytes[16]) << 8 | Int(bytes[17])
    pageSize = code == 1 ? 65_536 : code
    changes = word(24)
    pageCount = Int(word(28))
    guard word(68) == UInt32(Schema.applicationID) else {
      throw fail("is no session file: it is an SQLite database of another program")
    }
    let version = Int(Int32(bitPattern: word(60)))
    guard version <= Schema.version else {
      throw SessionError(
        .newer, path,
        "is of version \(version) of the session format, and this program knows versions up to "
          + "\(Schema.version): a newer Kramers made it")
    }
    guard version >= 1 else { throw fail("is damaged: it states version \(version)") }
    guard pageSize >= 512, pageSize & (pageSize - 1) == 0, bytes[20] == 0 else {
      throw fail("is damaged: its page size is \(pageSize)")
    }
    guard bytes[18] == 1, bytes[19] == 1 else {
      throw fail(
        bytes[18] == 2 && bytes[19] == 2
          ? "is in WAL mode, which sessions are not; sqlite3 turns it off: "
            + "PRAGMA journal_mode = DELETE" : "is damaged: its header is not one of SQLite")
    }
    guard Array(bytes[21..<24]) == [64, 32, 32], word(44) == 4, word(56) == 1,
      bytes[72..<92].allSatisfy({ $0 == 0 })
    else { throw fail("is damaged: its header is not one of SQLite") }
  }

  /// Whether the header's count of pages is the file's. Not so while a transaction is written.
  func fits(_ bytes: [UInt8], fileSize: Int) -> Bool {
    bytes[24..<28] == bytes[92..<96] && pageCount > 0 && fileSize / pageSize == pageCount
      && fileSize % pageSize == 0
  }
}
