internal import Kramers

/// What a file is known to hold, because this program wrote it or has read and checked it: ids of
/// what is known by its hash, digests of the rows of the other tables.
struct SavedRows {
  private var contents: Set<UInt64> = []
  private var datasets: Set<UInt64> = []
  private var experiments: Set<UInt64> = []
  private var tables: [String: [UInt64]] = [:]

  init(_ rows: SessionRows) {
    contents = Set(rows.contents.keys)
    datasets = Set(rows.datasets.keys)
    experiments = Set(rows.experiments.keys)
    tables = rows.tables.mapValues { $0.map(\.digest) }
  }

  /// Writes into the open transaction what is new in `rows`, and removes what they do not have.
  ///
  /// The new comes first: pages that become free in a transaction cannot be used in it without a
  /// copy in the rollback journal, so that two states of a session take turns in the file.
  ///
  /// - Parameter saved: what the file has; nil if that is unknown, and then all of it is replaced.
  /// - Returns: what the file has now.
  static func replace(
    _ saved: SavedRows?, by rows: SessionRows, in database: Database
  ) throws -> SavedRows {
    let new = SavedRows(rows)
    if saved == nil {
      for table in Schema.tables { try database.execute("DELETE FROM \(table.name)") }
    }
    let add = try Statement(
      database, "INSERT INTO content (id, part, bytes) VALUES (?, ?, ?)")
    for (id, source) in rows.contents where saved?.contents.contains(id) != true {
      try source.withBytes { bytes in
        for part in 0..<max((bytes.count + Schema.partSize - 1) / Schema.partSize, 1) {
          let start = part * Schema.partSize
          let end = min(start + Schema.partSize, bytes.count)
          try add.run(
            [.bits(id), .count(part)], bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        }
      }
    }
    for (table, entities, known) in [
      ("dataset", rows.datasets, saved?.datasets),
      ("experiment", rows.experiments, saved?.experiments),
    ] {
      var insert: Statement?
      for (id, cells) in entities where known?.contains(id) != true {
        let statement = try insert ?? Statement(database, insertion(table, cells.count))
        insert = statement
        try statement.run(cells)
      }
    }
    for (table, rows) in rows.tables {
      try replace(
        saved?.tables[table] ?? [], by: rows, new.tables[table] ?? [], table, database)
    }
    for (table, old, live) in [
      ("content", saved?.contents, new.contents), ("dataset", saved?.datasets, new.datasets),
      ("experiment", saved?.experiments, new.experiments),
    ] {
      guard let dead = old?.subtracting(live), !dead.isEmpty else { continue }
      let remove = try Statement(database, "DELETE FROM \(table) WHERE id = ?")
      for id in dead { try remove.run([.bits(id)]) }
    }
    try shrink(database)
    return new
  }

  /// Gives free pages back when they are most of the file: as many as are in use stay for the next
  /// save, which will need them.
  private static func shrink(_ database: Database) throws {
    func number(_ pragma: String) throws -> Int {
      var number = 0
      try Statement(database, "PRAGMA \(pragma)").forEachRow { number = try $0.count(0) }
      return number
    }
    let free = try number("freelist_count")
    let used = try number("page_count") - free
    guard free > 2 * used + 256 else { return }
    try Statement(database, "PRAGMA incremental_vacuum(\(free - used))").forEachRow { _ in }
  }

  /// Replaces the rows of a table that are not as they were: one by one where they have a number,
  /// all of them otherwise.
  private static func replace(
    _ old: [UInt64], by rows: [[Cell]], _ digests: [UInt64], _ table: String, _ database: Database
  ) throws {
    guard old != digests else { return }
    let isNumbered = !["object", "object_state", "call_experiment"].contains(table)
    if isNumbered, rows.count < old.count {
      try Statement(database, "DELETE FROM \(table) WHERE rowid >= ?").run([.count(rows.count)])
    } else if !isNumbered, !old.isEmpty {
      try Statement(database, "DELETE FROM \(table)").run([])
    }
    guard let columns = rows.first?.count else { return }
    let insert = try Statement(database, insertion(table, columns))
    for (k, cells) in rows.enumerated() {
      if isNumbered, k < old.count, old[k] == digests[k] { continue }
      try insert.run(cells)
    }
  }

  private static func insertion(_ table: String, _ columns: Int) -> String {
    "INSERT OR REPLACE INTO \(table) VALUES ("
      + [String](repeating: "?", count: columns).joined(separator: ", ") + ")"
  }
}

extension SessionRows.Source {
  func withBytes(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    switch self {
    case .doubles(let values): try values.withUnsafeBytes(body)
    case .bytes(let bytes): try bytes.withUnsafeBytes(body)
    case .moments(let moments): try moments.flat.withUnsafeBytes(body)
    }
  }
}
