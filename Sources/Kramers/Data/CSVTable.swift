#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// CSV text (RFC 4180) whose records are counted and whose header is read, but whose numbers are
/// still bytes: a table that knows what reading it will take before it takes it.
///
/// Fields are separated by one byte, may stand between quotes (`""` is a quote), and may have blanks
/// around a number. Lines end with LF or CRLF, or all with CR, the last one with or without. Lines of
/// blanks are skipped; a UTF-8 byte order mark is too. Where every line ends with a separator, there is
/// no column behind it.
struct CSVTable {
  /// The names of the columns; nil without a header.
  let names: [String]?
  let columnCount: Int
  let rowCount: Int
  let bytes: UnsafePointer<UInt8>
  let separator: UInt8
  let hasQuotes: Bool
  let newline: UInt8
  let trailing: Int
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
  ///   - header: whether the first row holds names; nil: it does if none of its fields is a number.
  /// - Throws: a sentence for no rows, an open quote, more columns than 2^20, a first row of numbers
  ///   and words of which nobody said what it is, and for what is no text.
  init(
    _ text: UnsafeBufferPointer<UInt8>, separator: UInt8, header: Bool?
  ) throws(InputError) {
    guard let bytes = text.baseAddress, text.count > 0 else {
      throw .sentence("the csv is empty")
    }
    if let hint = foreignHint(UnsafeRawBufferPointer(text)) { throw .sentence("is no csv\(hint)") }
    guard memchr(bytes, 0, text.count) == nil else {
      throw .sentence("is no csv: it holds bytes that are 0, as binary files and UTF-16 text do")
    }
    let start = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))
    let hasReturns = memchr(bytes, Int32(carriageReturn), text.count) != nil
    let isOld = hasReturns && memchr(bytes, Int32(lineFeed), text.count) == nil
    let newline = isOld ? carriageReturn : lineFeed
    var lines = CSVLines(
      bytes, from: start, to: text.count, line: 1, separator: separator, newline: newline)
    guard let first = lines.next() else { throw .sentence("the csv is empty") }
    try checkQuotes(lines)

    let fields = CSVFields(bytes, first, separator)
    let fieldCount = try fields.count()
    guard fieldCount <= 1 << 20 else {
      throw .sentence("the csv has \(fieldCount) columns, and the limit is \(1 << 20)")
    }
    var hasHeader = header ?? false
    if header == nil { hasHeader = try isHeader(fields) }

    var chunks: [Chunk] = []
    var row = 0
    if !hasHeader {
      lines = CSVLines(
        bytes, from: start, to: text.count, line: 1, separator: separator,
        hasQuotes: lines.hasQuotes, newline: newline)
    }
    // A column of nothing behind the last separator of every line is none.
    var trailing = min(lines.emptyFields(at: first), fieldCount - 1)
    chunks.append(Chunk(start: lines.position, end: text.count, line: lines.line, row: 0))
    while let record = lines.next() {
      if hasReturns, !isOld { try checkReturns(bytes, record) }
      if trailing > 0 { trailing = min(trailing, lines.emptyFields(at: record)) }
      if record.start - chunks[chunks.count - 1].start >= 1 << 20 {
        chunks[chunks.count - 1].end = record.start
        chunks.append(Chunk(start: record.start, end: text.count, line: record.line, row: row))
      }
      row += 1
    }
    try checkQuotes(lines)
    guard row > 0 else { throw .sentence("the csv holds a header and no rows") }
    if hasReturns, !isOld { try checkReturns(bytes, first) }
    columnCount = fieldCount - trailing
    names = hasHeader ? Array(try fields.texts().prefix(columnCount)) : nil
    self.chunks = chunks
    rowCount = row
    self.bytes = bytes
    self.separator = separator
    hasQuotes = lines.hasQuotes
    self.newline = newline
    self.trailing = trailing
  }

  /// `column 2 (mass)`, counted from 1.
  func columnName(_ index: Int) -> String {
    guard let names, index < names.count else { return "column \(index + 1)" }
    return "column \(index + 1) (\(names[index].isEmpty ? "no name" : shown(names[index].utf8)))"
  }

  /// The records of a chunk.
  func lines(of chunk: Chunk) -> CSVLines {
    CSVLines(
      bytes, from: chunk.start, to: chunk.end, line: chunk.line, separator: separator,
      hasQuotes: hasQuotes, newline: newline, trailing: trailing)
  }
}

/// Words make a header, numbers make data; empty fields tell nothing.
/// - Throws: numbers and words in one row, which may be either.
private func isHeader(_ fields: CSVFields) throws(InputError) -> Bool {
  let (number, word) = try fields.firstKinds()
  guard let number, let word else { return number == nil }
  throw .sentence(
    "line \(fields.record.line) may be a header or data: column \(number.0 + 1) is "
      + "'\(shown(number.1.utf8))', column \(word.0 + 1) is '\(shown(word.1.utf8))'; give header = true "
      + "if it holds names, header = false if it is the first sample"
      + fields.separatorHint(in: word.1))
}

/// A carriage return in a record that does not end there hides a line break.
private func checkReturns(
  _ bytes: UnsafePointer<UInt8>, _ record: CSVLines.Record
) throws(InputError) {
  let carriageReturn = UInt8(ascii: "\r")
  guard memchr(bytes + record.start, Int32(carriageReturn), record.end - record.start) != nil else {
    return
  }
  var isOpen = false
  for i in record.start..<record.end {
    if bytes[i] == UInt8(ascii: "\"") { isOpen.toggle() }
    guard !isOpen, bytes[i] == carriageReturn else { continue }
    throw .sentence(
      "line \(record.line) holds a carriage return that ends no line: the line ends of the csv are "
        + "of several systems; convert them all to one kind")
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
