import Foundation
import GRDB
import Kramers

@testable import KramersStore

/// The file with every id and the digest made right again after its rows were changed, as whoever
/// writes a hostile file can do it.
func rehashed(_ original: [UInt8]) throws -> [UInt8] {
  let folder = try Folder()
  FileManager.default.createFile(atPath: folder.file(), contents: Data(original))
  var configuration = Configuration()
  configuration.foreignKeysEnabled = false
  let queue = try DatabaseQueue(path: folder.file(), configuration: configuration)
  try queue.writeWithoutTransaction { database in
    try database.inTransaction {
      try rehashArrays(database)
      try rehashDatasets(database)
      try rehashExperiments(database)
      try database.execute(
        sql: "UPDATE session SET digest = ?", arguments: [Int64(bitPattern: digest(database))])
      return .commit
    }
  }
  try queue.close()
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
      try database.execute(
        sql: "UPDATE OR REPLACE \(table) SET \(column) = ? WHERE \(column) = ?",
        arguments: [new, old])
    }
  }
}

private func rehashArrays(_ database: Database) throws {
  for old in try Int64.fetchAll(database, sql: "SELECT DISTINCT id FROM content") {
    let parts = try Data.fetchAll(
      database, sql: "SELECT bytes FROM content WHERE id = ? ORDER BY part", arguments: [old])
    let all = [UInt8](parts.reduce(Data(), +))
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
  for row in try Row.fetchAll(database, sql: "SELECT * FROM dataset") {
    func word(_ name: String) -> UInt64? {
      Int64.fromDatabaseValue(row[name]).map { UInt64(bitPattern: $0) }
    }
    var hash = StateHash()
    hash.add(String.fromDatabaseValue(row["name"]) ?? "")
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
    guard let old = Int64.fromDatabaseValue(row["id"]) else { continue }
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

/// The rows of a table as the program has them. Texts are read as bytes: they may hold zeros.
private func rows(_ table: String, _ order: String, _ database: Database) throws -> [[Cell]] {
  let columns = try database.columns(in: table).map(\.name)
  let bytes = columns.map { "CAST(\($0) AS BLOB)" }.joined(separator: ", ")
  let names = columns.joined(separator: ", ")
  return try Row.fetchAll(
    database, sql: "SELECT \(names), \(bytes) FROM \(table) ORDER BY \(order)"
  ).map { row in
    let values = Array(row.databaseValues)
    return columns.indices.map { k -> Cell in
      switch values[k].storage {
      case .null: .null
      case .int64(let n): .integer(n)
      case .double(let x): .number(x)
      case .string:
        .text(
          String(
            decoding: Data.fromDatabaseValue(values[columns.count + k]) ?? Data(), as: UTF8.self))
      case .blob(let bytes): .blob([UInt8](bytes))
      }
    }
  }
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
  FileManager.default.createFile(atPath: folder.file(), contents: Data(original))
  let queue = try DatabaseQueue(path: folder.file())
  try queue.writeWithoutTransaction { database in
    let rows = try Row.fetchAll(database, sql: "SELECT rowid, bytes FROM content ORDER BY id")
    let row = rows[Int(w[0]) % rows.count]
    var array = [UInt8](Data.fromDatabaseValue(row["bytes"]) ?? Data())
    for change in 0..<1 + w[1] % 3 where !array.isEmpty {
      let v = random.words(step: 3, change)
      let odd: [UInt8] = [0, 1, 0x7F, 0x80, 0xF0, 0xFF]
      array[Int(v[0]) % array.count] =
        v[1] % 2 == 0 ? odd[Int(v[2]) % odd.count] : UInt8(truncatingIfNeeded: v[2])
    }
    if w[2] % 4 == 0 { array.removeLast(min(array.count, 1 + Int(w[3]) % 16)) }
    try database.execute(
      sql: "UPDATE content SET bytes = ? WHERE rowid = ?",
      arguments: [Data(array), row["rowid"] as Int64])
  }
  try queue.close()
  return bytes(of: folder.file())
}
