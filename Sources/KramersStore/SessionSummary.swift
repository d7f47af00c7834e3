/// What a list of sessions shows of one.
public struct SessionSummary: Sendable, Equatable {
  public var program = ""
  /// Seconds since 1970; both 0 in a session that was never saved.
  public var created = 0.0
  public var saved = 0.0
  public var journalCount = 0
  /// The first 4096 bytes of the journal's last entry.
  public var lastSource: [UInt8]?
  public var variableCount = 0
  public var resultCount = 0
  /// The entry that was interrupted or under way, counted from 0.
  public var interruptedEntry: Int?
  /// The file's size.
  public var bytes = 0

  init(_ place: FilePlace, size: Int) throws(SessionError) {
    self = try Connection(place, .reading(size: size)).run { database in
      try Schema.check(database)
      return try SessionSummary(database, bytes: size)
    }
  }

  private init(_ database: Database, bytes: Int) throws {
    self.bytes = bytes
    try Statement(
      database,
      """
      SELECT program, created, saved, (SELECT count(*) FROM journal),
        (SELECT count(*) FROM variable), (SELECT count(*) FROM result),
        (SELECT entry FROM state WHERE id = 1),
        (SELECT substr(source, 1, 4096) FROM journal ORDER BY entry DESC LIMIT 1)
      FROM session WHERE id = 1
      """
    ).forEachRow { row in
      program = try row.text(0)
      created = try row.number(1)
      saved = try row.number(2)
      journalCount = try row.count(3)
      variableCount = try row.count(4)
      resultCount = try row.count(5)
      interruptedEntry = try row.optional(6, row.count)
      lastSource = try row.optional(7, row.blob)
    }
  }
}
