import CSessionFile
import Foundation
import Kramers

@testable import KramersStore

/// The file with every id and the digest made right again after its rows were changed, as whoever
/// writes a hostile file can do it.
func rehashed(_ original: [UInt8]) throws -> [UInt8] {
  let folder = try Folder()
  try Data(original).write(to: URL(fileURLWithPath: folder.file()))
  let database = try Database(folder.file())
  try database.inTransaction(.immediate) {
    try rehashArrays(database)
    try rehashDatasets(database)
    try rehashExperiments(database)
    try Statement(database, "UPDATE session SET digest = ?").run([.bits(digest(database))])
  }
  try database.close()
  return bytes(of: folder.file())
}

/// Gives a row a new id, and everything that refers to it.
private func rename(
  _ old: Int64, _ new: UInt64, in table: String, _ references: [(String, [String])],
  _ database: Database
) throws {
  let new = Int64(bitPattern: new)
  guard new != old else { return }
  for (table, columns) in [(table, ["id"])] + references {
    for column in columns {
      try Statement(
        database, "UPDATE OR REPLACE \(table) SET \(column) = ? WHERE \(column) = ?"
      ).run([.integer(new), .integer(old)])
    }
  }
}

private func rehashArrays(_ database: Database) throws {
  for row in try cells(database, "SELECT DISTINCT id FROM content") {
    guard case .integer(let old) = row[0] else { continue }
    let parts = try cells(database, "SELECT bytes FROM content WHERE id = \(old) ORDER BY part")
    let all = parts.flatMap { part -> [UInt8] in
      switch part[0] {
      case .blob(let bytes): bytes
      case .text(let words): Array(words.utf8)
      default: []
      }
    }
    try rename(
      old, all.withUnsafeBytes(StateHash.of), in: "content",
      [
        (
          "dataset",
          ["x", "y", "target_weights", "test_x", "test_y", "test_target_weights", "moments"]
        ),
        ("experiment", ["parameters", "first_moment", "second_moment", "l2_center"]),
        ("state", ["content"]), ("call", ["content"]),
      ], database)
  }
}

private func rehashDatasets(_ database: Database) throws {
  let columns = try columns(of: "dataset", database)
  for cells in try cells(database, "SELECT * FROM dataset") {
    let row = Dictionary(uniqueKeysWithValues: zip(columns, cells))
    func word(_ name: String) -> UInt64? {
      guard case .integer(let n)? = row[name] else { return nil }
      return UInt64(bitPattern: n)
    }
    var hash = StateHash()
    if case .text(let name)? = row["name"] { hash.add(name) } else { hash.add("") }
    for prefix in ["", "test_"] {
      guard let samples = word(prefix + "samples") else {
        hash.add(0)
        continue
      }
      for size in [1, samples, word("inputs") ?? 0, word("outputs") ?? 0] { hash.add(size) }
      hash.add(word(prefix + "x") ?? 0)
      hash.add(word(prefix + "y") ?? 0)
      hash.add(word(prefix + "target_weights") == nil ? 0 : 1)
      hash.add(word(prefix + "target_weights") ?? 0)
    }
    for name in ["inputs", "outputs", "moments"] { hash.add(word(name) ?? 0) }
    guard case .integer(let old)? = row["id"] else { continue }
    try rename(
      old, hash.value, in: "dataset", [("experiment", ["data"]), ("object", ["data"])], database)
  }
}

private func rehashExperiments(_ database: Database) throws {
  for row in try rows("experiment", "id", database) {
    guard case .integer(let old) = row[0] else { continue }
    try rename(
      old, Array(row.dropFirst()).digest, in: "experiment",
      [
        ("object", ["experiment"]), ("object_state", ["experiment"]),
        ("call_experiment", ["experiment"]),
      ], database)
  }
}

/// The rows of a table as the program has them.
private func rows(_ table: String, _ order: String, _ database: Database) throws -> [[Cell]] {
  try cells(database, "SELECT * FROM \(table) ORDER BY \(order)")
}

private func columns(of table: String, _ database: Database) throws -> [String] {
  try cells(database, "PRAGMA table_info(\(table))").map { row in
    if case .text(let name) = row[1] { name } else { "" }
  }
}

/// The rows of a query. Texts are read by their length: they may hold zeros.
private func cells(_ database: Database, _ sql: String) throws -> [[Cell]] {
  var statement: OpaquePointer?
  try database.check(sqlite3_prepare_v2(database.connection, sql, -1, &statement, nil))
  defer { sqlite3_finalize(statement) }
  var rows: [[Cell]] = []
  while sqlite3_step(statement) == SQLITE_ROW {
    rows.append(
      (0..<sqlite3_column_count(statement)).map { k -> Cell in
        let type = sqlite3_column_type(statement, k)
        let start = sqlite3_column_blob(statement, k)
        let count = Int(sqlite3_column_bytes(statement, k))
        let bytes = Array(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
        switch type {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, k))
        case SQLITE_FLOAT: return .number(sqlite3_column_double(statement, k))
        case SQLITE_TEXT: return .text(String(decoding: bytes, as: UTF8.self))
        case SQLITE_BLOB: return .blob(bytes)
        default: return .null
        }
      })
  }
  return rows
}

private func digest(_ database: Database) throws -> UInt64 {
  let keyed = ["content", "dataset", "experiment"]
  return try Schema.tables.map { table, _ in
    guard !keyed.contains(table) else { return [UInt64]().digest }
    let order = ["object": "1, 2", "object_state": "1, 2, 3", "call_experiment": "1, 2"]
    return try rows(table, order[table] ?? "1", database).map { row in
      (table == "session" ? Array(row.dropLast()) : row).digest
    }.digest
  }.digest
}

/// Bytes of one array or text of the file, changed in one to three places; its length too, in one of
/// four.
func arrayChange(_ original: [UInt8], _ seed: UInt64) throws -> [UInt8] {
  let random = RandomStream(seed: seed, purpose: .data)
  let w = random.words(step: 2, 0)
  let folder = try Folder()
  try Data(original).write(to: URL(fileURLWithPath: folder.file()))
  let database = try Database(folder.file())
  let rows = try cells(database, "SELECT rowid, bytes FROM content ORDER BY id")
  let row = rows[Int(w[0]) % rows.count]
  guard case .integer = row[0], case .blob(var array) = row[1] else { return original }
  for change in 0..<1 + w[1] % 3 where !array.isEmpty {
    let v = random.words(step: 3, change)
    let odd: [UInt8] = [0, 1, 0x7F, 0x80, 0xF0, 0xFF]
    array[Int(v[0]) % array.count] =
      v[1] % 2 == 0 ? odd[Int(v[2]) % odd.count] : UInt8(truncatingIfNeeded: v[2])
  }
  if w[2] % 4 == 0 { array.removeLast(min(array.count, 1 + Int(w[3]) % 16)) }
  try Statement(database, "UPDATE content SET bytes = ? WHERE rowid = ?")
    .run([.blob(array), row[0]])
  try database.close()
  return bytes(of: folder.file())
}
