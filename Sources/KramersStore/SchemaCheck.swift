extension Schema {
  /// Compares what the file defines with what this program defines. Nothing of it has been
  /// executed: SQLite parses a schema when it reads it, and runs triggers and views on use only.
  ///
  /// - Returns: the file's version.
  @discardableResult
  static func check(_ database: Database) throws -> Int {
    var version = 0
    try Statement(database, "PRAGMA user_version").forEachRow { version = try $0.count(0) }
    let tables = tables(of: version)
    var missing = Dictionary(uniqueKeysWithValues: tables.map { ($0.name, $0.sql) })
    let statement = try Statement(
      database, "SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid")
    try statement.forEachRow { row in
      let (type, name) = (try row.text(0), try row.text(1))
      let table = try row.text(2)
      if type == "index", row.isNull(3), automaticIndices[name] == table { return }
      guard type == "table", let sql = missing[name] else {
        throw Damage(
          "is no session file: it holds the \(type.prefix(20)) '\(name.prefix(80))', which no "
            + "session has")
      }
      guard table == name, try row.text(3) == sql else {
        throw Damage("is no session file: its table '\(name)' is not defined as in a session")
      }
      missing[name] = nil
    }
    if let name = tables.first(where: { missing[$0.name] != nil })?.name {
      throw Damage("is no session file: it has no table '\(name)'")
    }
    return version
  }

  /// Takes the tables of another version out of the open transaction, and makes those of this one.
  static func replace(_ old: Int, in database: Database) throws {
    for table in tables(of: old).reversed() {
      try database.execute("DROP TABLE \(table.name)")
    }
    try create(database)
    try database.execute("PRAGMA user_version = \(version)")
  }

  static func create(_ database: Database) throws {
    for table in tables { try database.execute(table.sql) }
  }
}
