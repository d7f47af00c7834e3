internal import CSessionFile

/// A prepared statement: strings keep their NULs, blobs are not copied on their way,
/// a value that is too large or of the wrong type is an error and not the end of the program.
final class Statement {
  private let database: Database
  private let handle: OpaquePointer?

  init(_ database: Database, _ sql: String) throws {
    self.database = database
    var handle: OpaquePointer?
    let code = sqlite3_prepare_v2(database.connection, sql, -1, &handle, nil)
    self.handle = handle
    try check(code)
  }

  deinit { sqlite3_finalize(handle) }

  /// Binds, runs to the end, and is ready to run again.
  func run(_ cells: [Cell]) throws {
    for (k, cell) in cells.enumerated() { try bind(cell, at: k + 1) }
    try finish()
  }

  /// The same with bytes, which are not copied, as the last parameter.
  func run(_ cells: [Cell], bytes: UnsafeRawBufferPointer) throws {
    for (k, cell) in cells.enumerated() { try bind(cell, at: k + 1) }
    try bindBlob(bytes, at: cells.count + 1, destructor: nil)
    try finish()
  }

  /// Calls `body` for every row.
  func forEachRow(_ cells: [Cell] = [], _ body: (StoredRow) throws -> Void) throws {
    defer { sqlite3_reset(handle) }
    for (k, cell) in cells.enumerated() { try bind(cell, at: k + 1) }
    while true {
      let code = sqlite3_step(handle)
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else { return try check(code) }
      try body(StoredRow(handle: handle))
    }
  }

  private func finish() throws {
    let code = sqlite3_step(handle)
    defer { sqlite3_reset(handle) }
    if code != SQLITE_DONE, code != SQLITE_ROW { try check(code) }
  }

  private func bind(_ cell: Cell, at place: Int) throws {
    let index = CInt(place)
    switch cell {
    case .null: try check(sqlite3_bind_null(handle, index))
    case .integer(let n): try check(sqlite3_bind_int64(handle, index, n))
    case .real(let x): try check(sqlite3_bind_double(handle, index, x))
    case .text(var words):
      try words.withUTF8 { bytes in
        let start = UnsafeRawPointer(bytes.baseAddress ?? emptyBytes)
        try check(
          sqlite3_bind_text64(
            handle, index, start.assumingMemoryBound(to: CChar.self), UInt64(bytes.count),
            copyingDestructor, UInt8(SQLITE_UTF8)))
      }
    case .blob(let bytes):
      try bytes.withUnsafeBytes {
        try bindBlob($0, at: place, destructor: copyingDestructor)
      }
    }
  }

  private func bindBlob(
    _ bytes: UnsafeRawBufferPointer, at place: Int, destructor: sqlite3_destructor_type?
  ) throws {
    // No address would be NULL.
    let start = bytes.baseAddress ?? UnsafeRawPointer(emptyBytes)
    try check(
      sqlite3_bind_blob64(handle, CInt(place), start, UInt64(bytes.count), destructor))
  }

  private func check(_ code: CInt) throws { try database.check(code) }
}

/// SQLITE_TRANSIENT.
private let copyingDestructor = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
nonisolated(unsafe) private let emptyBytes = UnsafePointer(
  UnsafeMutablePointer<UInt8>.allocate(capacity: 1))

/// The present row of a statement. Columns are counted from 0; a value of another type than the
/// one asked for is damage.
struct StoredRow {
  fileprivate let handle: OpaquePointer?

  func isNull(_ column: Int) -> Bool { type(column) == SQLITE_NULL }

  func integer(_ column: Int) throws -> Int64 {
    try expect(SQLITE_INTEGER, column)
    return sqlite3_column_int64(handle, CInt(column))
  }

  func bits(_ column: Int) throws -> UInt64 { UInt64(bitPattern: try integer(column)) }

  func count(_ column: Int) throws -> Int {
    let n = try integer(column)
    guard n >= 0 else { throw Damage("\(name(column)) is \(n)") }
    return Int(n)
  }

  func flag(_ column: Int) throws -> Bool {
    let n = try integer(column)
    guard n == 0 || n == 1 else { throw Damage("\(name(column)) is \(n)") }
    return n == 1
  }

  /// NaN for NULL.
  func number(_ column: Int) throws -> Double {
    if isNull(column) { return .nan }
    try expect(SQLITE_FLOAT, column)
    return sqlite3_column_double(handle, CInt(column))
  }

  func text(_ column: Int) throws -> String {
    try expect(SQLITE_TEXT, column)
    return try withBytes(column) { bytes in
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw Damage("\(name(column)) is not UTF-8")
      }
      return text
    }
  }

  func blob(_ column: Int) throws -> [UInt8] {
    try expect(SQLITE_BLOB, column)
    return try withBytes(column) { Array($0) }
  }

  func withBlob<R>(_ column: Int, _ body: (UnsafeRawBufferPointer) throws -> R) throws -> R {
    try expect(SQLITE_BLOB, column)
    return try withBytes(column, body)
  }

  func optional<R>(_ column: Int, _ read: (Int) throws -> R) throws -> R? {
    isNull(column) ? nil : try read(column)
  }

  /// One of the words of an enumeration.
  func word<Word: RawRepresentable<String>>(_ column: Int, as _: Word.Type) throws -> Word {
    let text = try text(column)
    guard let word = Word(rawValue: text) else { throw unknown(text, column) }
    return word
  }

  func word(_ column: Int, among words: [String]) throws -> String {
    let text = try text(column)
    guard words.contains(text) else { throw unknown(text, column) }
    return text
  }

  private func unknown(_ text: String, _ column: Int) -> Damage {
    Damage("\(name(column)) is '\(text.prefix(40))'")
  }

  private func type(_ column: Int) -> CInt { sqlite3_column_type(handle, CInt(column)) }

  private func expect(_ expected: CInt, _ column: Int) throws {
    guard type(column) == expected else { throw Damage("\(name(column)) is of a wrong type") }
  }

  private func name(_ column: Int) -> String {
    sqlite3_column_name(handle, CInt(column)).map { String(cString: $0) } ?? "column \(column)"
  }

  private func withBytes<R>(
    _ column: Int, _ body: (UnsafeRawBufferPointer) throws -> R
  ) throws -> R {
    let start = sqlite3_column_blob(handle, CInt(column))
    let count = Int(sqlite3_column_bytes(handle, CInt(column)))
    return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
  }
}
