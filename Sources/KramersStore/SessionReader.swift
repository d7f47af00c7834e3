internal import Foundation
internal import Kramers

/// Reads a session; every value that the file holds may be wrong.
struct SessionReader {
  private let database: Database
  private let version: Int
  private let stored: StoredExperiments

  /// - Returns: what the file holds, and that as rows, unless there are rows that belong to nothing.
  static func read(
    _ place: FilePlace, size: Int
  ) throws(SessionError) -> (contents: SessionContents, saved: SavedRows?) {
    try Connection(place, .reading(size: size)).run { database in
      try database.inTransaction(.deferred) {
        let version = try check(database)
        let reader = try SessionReader(database, version: version, size: size)
        let contents = try reader.contents()
        return (contents, try reader.saved(contents))
      }
    }
  }

  /// Whether the file is sound, without reading what it holds.
  static func check(_ place: FilePlace, size: Int) throws(SessionError) {
    try Connection(place, .reading(size: size)).run { _ = try check($0) }
  }

  private static func check(_ database: Database) throws -> Int {
    let version = try Schema.check(database)
    try Statement(database, "PRAGMA quick_check(1)").forEachRow { row in
      let words = try row.text(0)
      let line = words.split(separator: "\n").last.map(String.init) ?? words
      guard words == "ok" else { throw Damage("is damaged: \(line.prefix(200))") }
    }
    return version
  }

  init(_ database: Database, version: Int = Schema.version, size: Int) throws {
    self.database = database
    self.version = version
    let arrays = try StoredArrays(database, size: size)
    stored = try StoredExperiments(database, arrays, version: version, size: size)
  }

  /// All of it, checked but for the hashes of experiments and rows.
  func contents() throws -> SessionContents {
    do {
      var contents = SessionContents()
      try readSession(&contents)
      try readJournal(&contents)
      try readWords(&contents)
      try readStates(&contents)
      try contents.check()
      return contents
    } catch let damage as Damage {
      throw Damage("is damaged: \(damage.words)")
    } catch let error as InputError {
      throw Damage("is damaged: an experiment in it is impossible: \(error)")
    }
  }

  private func readSession(_ contents: inout SessionContents) throws {
    var rows = 0
    try rowsOf("SELECT program, instruction_set, created, saved FROM session") { row in
      contents.program = try row.text(0)
      contents.instructionSet = try row.text(1)
      contents.created = try row.number(2)
      contents.saved = try row.number(3)
      rows += 1
    }
    guard rows == 1 else { throw Damage("table 'session' has \(rows) rows") }
  }

  private func readJournal(_ contents: inout SessionContents) throws {
    try rowsOf(
      """
      SELECT entry, kind, source, chunk, arguments, started, seconds, outcome, message
      FROM journal ORDER BY entry
      """
    ) { row in
      try expect(contents.journal.count, row, "journal")
      let text = Data(try row.text(4).utf8)
      guard let arguments = try? JSONDecoder().decode([String].self, from: text) else {
        throw Damage("a script's arguments are no list of strings")
      }
      contents.journal.append(
        JournalEntry(
          kind: try row.word(1, as: JournalEntry.Kind.self), source: try row.blob(2),
          chunkName: try row.text(3), arguments: arguments, started: try row.number(5),
          seconds: try row.number(6), outcome: try row.word(7, as: JournalEntry.Outcome.self),
          message: try row.optional(8, row.text)))
    }
  }

  private func readWords(_ contents: inout SessionContents) throws {
    try rowsOf("SELECT position, name, kind, summary FROM variable ORDER BY position") { row in
      try expect(contents.variables.count, row, "variable")
      contents.variables.append(
        VariableRow(name: try row.text(1), kind: try row.text(2), summary: try row.text(3)))
    }
    try rowsOf(
      "SELECT position, name, kind, json, provenance FROM result ORDER BY position"
    ) { row in
      try expect(contents.results.count, row, "result")
      contents.results.append(
        ResultRow(
          name: try row.text(1), kind: try row.text(2), json: try row.text(3),
          provenance: try row.optional(4, row.text)))
    }
    try rowsOf("SELECT position, name, kind, entry FROM unsaved ORDER BY position") { row in
      try expect(contents.unsaved.count, row, "unsaved")
      contents.unsaved.append(
        UnsavedValue(
          name: try row.text(1), kind: try row.text(2), entry: try row.optional(3, row.count)))
    }
  }

  private func readStates(_ contents: inout SessionContents) throws {
    var rows = 0
    try rowsOf("SELECT id, entry, seed, random, current, content FROM state ORDER BY id") { row in
      try expect(rows, row, "state")
      rows += 1
      var state = SessionState()
      state.seed = try row.bits(2)
      state.random = try row.withBlob(3) { bytes in
        guard bytes.count % 8 == 0 else { throw Damage("the state of math.random is cut off") }
        return (0..<bytes.count / 8).map {
          UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))
        }
      }
      state.current = try row.optional(4, row.count)
      state.values = try stored.arrays.bytes(row.bits(5))
      switch rows {
      case 1: contents.state = state
      case 2:
        contents.interrupted = InterruptedEntry(entry: try row.count(1))
        contents.interrupted?.start = state
      default: throw Damage("table 'state' has more than two rows")
      }
    }
    guard rows >= 1 else { throw Damage("table 'state' has no row") }
    contents.state.objects = try objects(0)
    let start = try objects(1)
    let calls = try calls()
    if contents.interrupted == nil, !start.isEmpty || !calls.isEmpty {
      throw Damage("it tells what an entry did, and of no entry that was interrupted")
    }
    contents.interrupted?.start.objects = start
    contents.interrupted?.calls = calls
  }

  private func objects(_ state: Int) throws -> [SessionObject] {
    var objects: [SessionObject] = []
    try rowsOf(
      "SELECT position, kind, data, experiment, owner FROM object WHERE state = ? ORDER BY position",
      [.count(state)]
    ) { row in
      try expect(objects.count, row, "object")
      switch try row.text(1) {
      case "data": objects.append(.data(try stored.dataset(row.bits(2))))
      case "experiment": objects.append(.experiment(try stored.experiment(row.bits(3))))
      case "snapshot": objects.append(.snapshot(try stored.experiment(row.bits(3))))
      case "states": objects.append(.states([], owner: try row.count(4)))
      case let kind: throw Damage("an object is a '\(kind.prefix(40))'")
      }
    }
    var members: [Int: [Experiment]] = [:]
    try rowsOf(
      """
      SELECT position, object, experiment FROM object_state WHERE state = ?
      ORDER BY object, position
      """, [.count(state)]
    ) { row in
      let object = try row.count(1)
      try expect(members[object]?.count ?? 0, row, "object_state")
      members[object, default: []].append(try stored.experiment(row.bits(2)))
    }
    for (object, experiments) in members {
      guard objects.indices.contains(object), case .states(_, let owner) = objects[object] else {
        throw Damage("states belong to object \(object) of \(objects.count), which has none")
      }
      objects[object] = .states(experiments, owner: owner)
    }
    return objects
  }

  private func calls() throws -> [StoredCall] {
    var calls: [StoredCall] = []
    try rowsOf(
      "SELECT position, number, verb, hash, has_ended, content FROM call ORDER BY position"
    ) { row in
      try expect(calls.count, row, "call")
      calls.append(
        StoredCall(
          index: try row.count(1), verb: try row.text(2), hash: try row.bits(3),
          hasEnded: try row.flag(4), content: try stored.arrays.bytes(row.bits(5)),
          experiments: []))
    }
    try rowsOf(
      "SELECT position, call, experiment FROM call_experiment ORDER BY call, position"
    ) { row in
      let call = try row.count(1)
      guard calls.indices.contains(call) else {
        throw Damage("an experiment belongs to call \(call) of \(calls.count)")
      }
      try expect(calls[call].experiments.count, row, "call_experiment")
      calls[call].experiments.append(try stored.experiment(row.bits(2)))
    }
    return calls
  }

  /// Compares ids with what they are the hashes of.
  private func saved(_ contents: SessionContents) throws -> SavedRows? {
    let rows = SessionRows(contents, version: version)
    for id in stored.experiments.keys where rows.experiments[id] == nil {
      throw Damage("is damaged: an experiment is not the one that was saved")
    }
    var digest: UInt64 = 0
    try rowsOf("SELECT digest FROM session") { digest = try $0.bits(0) }
    guard digest == rows.digest else {
      throw Damage("is damaged: a row is not the one that was saved")
    }
    let saved = SavedRows(rows)
    var isComplete = true
    for (table, known) in [
      ("dataset", rows.datasets.count), ("experiment", rows.experiments.count),
      ("(SELECT DISTINCT id FROM content)", rows.contents.count),
    ] {
      try rowsOf("SELECT count(*) FROM \(table)") {
        isComplete = try $0.count(0) == known && isComplete
      }
    }
    return isComplete && version == Schema.version ? saved : nil
  }

  private func rowsOf(
    _ sql: String, _ cells: [Cell] = [], _ body: (StoredRow) throws -> Void
  ) throws {
    try Statement(database, sql).forEachRow(cells, body)
  }

  /// Rows are numbered from 0 without gaps.
  private func expect(_ position: Int, _ row: StoredRow, _ table: String) throws {
    guard try row.count(0) == position else {
      throw Damage("row \(position) of table '\(table)' is missing")
    }
  }
}
