internal import CSessionFile

/// A connection to SQLite; closed when the last reference goes.
final class Database {
  let connection: OpaquePointer?

  /// - Parameter path: nil for a database in memory.
  init(_ path: String?, readOnly: Bool = false) throws {
    let flags =
      SQLITE_OPEN_NOMUTEX
      | (readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
    var handle: OpaquePointer?
    let code = sqlite3_open_v2(path ?? ":memory:", &handle, flags, nil)
    connection = handle
    guard code == SQLITE_OK else { throw error(code) }
    sqlite3_busy_timeout(handle, 10_000)
  }

  deinit { sqlite3_close_v2(connection) }

  /// Closes at once; no statement may be left.
  ///
  /// - Throws: `DatabaseError` when one is.
  func close() throws { try check(sqlite3_close(connection)) }

  /// Runs statements whose rows nobody wants.
  func execute(_ sql: String) throws {
    try check(sqlite3_exec(connection, sql, nil, nil, nil))
  }

  enum Transaction: String { case deferred, immediate }

  /// Runs `body` in a transaction: kept when it returns, taken back when it throws.
  func inTransaction<R>(_ kind: Transaction, _ body: () throws -> R) throws -> R {
    try execute("BEGIN \(kind.rawValue)")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      // SQLite may have taken it back by itself.
      if sqlite3_get_autocommit(connection) == 0 { try? execute("ROLLBACK") }
      throw error
    }
  }

  /// The system's code of the last failure; 0 where there was none.
  var systemCode: CInt { sqlite3_system_errno(connection) }

  /// The file that this database would be.
  func serialized() throws -> [UInt8] {
    var size: Int64 = 0
    guard let start = sqlite3_serialize(connection, "main", &size, 0) else {
      throw error(SQLITE_NOMEM)
    }
    defer { sqlite3_free(start) }
    return Array(UnsafeBufferPointer(start: start, count: Int(size)))
  }

  /// Rows changed since the connection was opened.
  var changes: Int { Int(sqlite3_total_changes(connection)) }

  func check(_ code: CInt) throws {
    if code != SQLITE_OK { throw error(code) }
  }

  func error(_ code: CInt) -> DatabaseError {
    let words = connection.flatMap { sqlite3_errmsg($0) } ?? sqlite3_errstr(code)
    return DatabaseError(code: code & 0xff, words: words.map { String(cString: $0) } ?? "\(code)")
  }
}

/// What SQLite says of a failure.
struct DatabaseError: Error, CustomStringConvertible {
  /// The primary result code: `SQLITE_FULL`, ...
  let code: CInt
  let words: String

  var description: String { "SQLite: \(words) (\(code))" }
}
