internal import GRDB
internal import GRDBSQLite

/// The file that a session begins as.
enum EmptySession {
  static func bytes() throws(SessionError) -> [UInt8] {
    do {
      let queue = try DatabaseQueue()
      return try queue.inDatabase { database in
        try database.execute(
          sql: """
            PRAGMA page_size = 4096;
            PRAGMA auto_vacuum = INCREMENTAL;
            PRAGMA application_id = \(Schema.applicationID);
            PRAGMA user_version = \(Schema.version);
            """)
        try database.inTransaction {
          try Schema.create(database)
          _ = try SavedRows.replace(nil, by: SessionRows(SessionContents()), in: database)
          return .commit
        }
        var size: Int64 = 0
        guard let start = sqlite3_serialize(database.sqliteConnection, "main", &size, 0) else {
          throw DatabaseError(resultCode: .SQLITE_NOMEM)
        }
        defer { sqlite3_free(start) }
        return Array(UnsafeBufferPointer(start: start, count: Int(size)))
      }
    } catch {
      throw SessionError(.failure, "session", "cannot be made: \(error)")
    }
  }
}
