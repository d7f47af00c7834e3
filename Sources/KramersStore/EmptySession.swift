/// The file that a session begins as.
enum EmptySession {
  /// Of every session, in bytes.
  static let pageSize = 4096

  static func bytes() throws(SessionError) -> [UInt8] {
    do {
      let database = try Database(nil)
      try database.execute(
        """
        PRAGMA page_size = \(pageSize);
        PRAGMA auto_vacuum = INCREMENTAL;
        PRAGMA application_id = \(Schema.applicationID);
        PRAGMA user_version = \(Schema.version);
        """)
      try database.inTransaction(.deferred) {
        try Schema.create(database)
        _ = try SavedRows.replace(nil, by: SessionRows(SessionContents()), in: database)
      }
      return try database.serialized()
    } catch {
      throw SessionError(.failure, "session", "cannot be made: \(error)")
    }
  }
}
