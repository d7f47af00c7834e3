/// CSV text (RFC 4180) whose records are counted and whose header is read, but whose numbers are
/// still bytes: a table that knows what reading it will take before it takes it.
///
/// Fields are separated by one byte, may stand between quotes (`""` is a quote), and may have blanks
/// around a number. Lines end with LF or CRLF, the last one with or without. Lines of blanks are
/// skipped; a UTF-8 byte order mark is too.
struct CSVTable {
  /// The names of the columns; nil without a header.
  let names: [String]?
  let columnCount: Int
  let rowCount: Int
  let bytes: UnsafePointer<UInt8>
  let separator: UInt8
  let hasQuotes: Bool
  /// Pieces of about a mebibyte that begin at a record, to be read in parallel.
  let chunks: [Chunk]

  struct Chunk: Sendable {
    var start: Int
    var end: Int
    /// Of the first line.
    let line: Int
    /// Index of the first row.
    let row: Int
  }

  /// - Parameters:
  ///   - text: must outlive the table.
  ///   - header: whether the first row holds names; nil: it does if one of its fields is no number.
  /// - Throws: a sentence for no rows, an open quote, more columns than 2^20.
  init(
    _ text: UnsafeBufferPointer<UInt8>, separator: UInt8, header: Bool?
  ) throws(InputError) {
    guard let bytes = text.baseAddress, text.count > 0 else {
      throw .sentence("the csv is empty")
    }
    if text.starts(with: [0xFF, 0xFE]) || text.starts(with: [0xFE, 0xFF]) {
      throw .sentence("the csv is UTF-16 text; save it as UTF-8")
    }
    let start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    var lines = CSVLines(bytes, from: start, to: text.count, line: 1, separator: separator)
    guard let first = lines.next() else { throw .sentence("the csv is empty") }
    try checkQuotes(lines)

    let fields = CSVFields(bytes, first, separator)
    columnCount = try fields.count()
    guard columnCount <= 1 << 20 else {
      throw .sentence("the csv has \(columnCount) columns, and the limit is \(1 << 20)")
    }
    let isNumeric = try fields.areNumbers()
    let hasHeader = header ?? !isNumeric
    names = hasHeader ? try fields.texts() : nil

    var chunks: [Chunk] = []
    var row = 0
    if !hasHeader {
      lines = CSVLines(
        bytes, from: start, to: text.count, line: 1, separator: separator,
        hasQuotes: lines.hasQuotes)
    }
    chunks.append(Chunk(start: lines.position, end: text.count, line: lines.line, row: 0))
    while let record = lines.next() {
      if record.start - chunks[chunks.count - 1].start >= 1 << 20 {
        chunks[chunks.count - 1].end = record.start
        chunks.append(Chunk(start: record.start, end: text.count, line: record.line, row: row))
      }
      row += 1
    }
    try checkQuotes(lines)
    guard row > 0 else { throw .sentence("the csv holds a header and no rows") }
    self.chunks = chunks
    rowCount = row
    self.bytes = bytes
    self.separator = separator
    hasQuotes = lines.hasQuotes
  }

  /// `column 2 (mass)`, counted from 1.
  func columnName(_ index: Int) -> String {
    let name = names.map { index < $0.count ? " (\(shown($0[index].utf8)))" : "" } ?? ""
    return "column \(index + 1)\(name)"
  }
}

private func checkQuotes(_ lines: CSVLines) throws(InputError) {
  guard let line = lines.openQuote else { return }
  throw .sentence("line \(line) opens a quote that is never closed")
}

/// Text from a file as a message shows it: cut to 24 characters, without control characters.
func shown(_ bytes: some Collection<UInt8>) -> String {
  let text = String(decoding: bytes.prefix(100), as: UTF8.self)
  let printable = text.unicodeScalars.map { scalar in
    scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : Character(scalar)
  }
  return printable.count > 24 ? String(printable.prefix(24)) + "..." : String(printable)
}
