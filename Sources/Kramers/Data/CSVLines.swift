#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Walks over the records of CSV text: lines, except that a line break between quotes belongs to its
/// field. Lines of blanks are passed over; a carriage return before the line break is no part of the
/// record, nor are `trailing` separators at its end, nor blanks around it where they separate.
///
/// A record ends at the first line break behind an even number of quotes: a doubled quote inside a
/// field counts twice, so this needs no look at the fields.
struct CSVLines {
  struct Record {
    let start: Int
    let end: Int
    /// Counted from 1, line breaks inside fields included.
    let line: Int
  }

  let bytes: UnsafePointer<UInt8>
  let end: Int
  let separator: UInt8
  /// Whether there is any quote at all: without one a line break always ends a record.
  let hasQuotes: Bool
  /// LF; CR in a text that has no LF.
  let newline: UInt8
  /// Empty fields at the end of every record that are no columns.
  let trailing: Int
  /// Where the next record is looked for, and the number of that line.
  private(set) var position: Int
  private(set) var line: Int
  /// The line of a quote that is never closed.
  private(set) var openQuote: Int?

  init(
    _ bytes: UnsafePointer<UInt8>, from position: Int, to end: Int, line: Int, separator: UInt8,
    hasQuotes: Bool? = nil, newline: UInt8 = UInt8(ascii: "\n"), trailing: Int = 0
  ) {
    self.bytes = bytes
    self.position = position
    self.end = end
    self.line = line
    self.separator = separator
    self.newline = newline
    self.trailing = trailing
    self.hasQuotes =
      hasQuotes ?? (memchr(bytes + position, Int32(UInt8(ascii: "\"")), end - position) != nil)
  }

  mutating func next() -> Record? {
    while position < end {
      let start = position
      let first = line
      let stop = hasQuotes ? endBehindQuotes() : lineBreak(from: start)
      line += 1
      position = min(stop + 1, end)
      var last = stop
      if last > start, bytes[last - 1] == UInt8(ascii: "\r") { last -= 1 }
      if !isBlank(start, last) { return trimmed(Record(start: start, end: last, line: first)) }
    }
    return nil
  }

  /// The next line break, or the end.
  private func lineBreak(from start: Int) -> Int {
    guard start < end, let found = memchr(bytes + start, Int32(newline), end - start)
    else { return end }
    return UnsafePointer(found.assumingMemoryBound(to: UInt8.self)) - bytes
  }

  /// Counts the lines inside quotes, too.
  private mutating func endBehindQuotes() -> Int {
    let first = line
    var from = position
    var isOpen = false
    while true {
      let stop = lineBreak(from: from)
      for i in from..<stop where bytes[i] == UInt8(ascii: "\"") { isOpen.toggle() }
      if !isOpen { return stop }
      if stop == end {
        openQuote = openQuote ?? first
        return end
      }
      line += 1
      from = stop + 1
    }
  }

  /// How many empty fields end the record.
  func emptyFields(at record: Record) -> Int {
    var i = record.end
    var count = 0
    while true {
      while i > record.start, isPadding(bytes[i - 1]) { i -= 1 }
      guard i > record.start, bytes[i - 1] == separator else { return count }
      i -= 1
      count += 1
    }
  }

  private func trimmed(_ record: Record) -> Record {
    var (start, end) = (record.start, record.end)
    if separator == UInt8(ascii: " ") {
      while isTabOrSpace(bytes[start]) { start &+= 1 }
      while isTabOrSpace(bytes[end &- 1]) { end &-= 1 }
    }
    for _ in 0..<trailing {
      while end > start, isPadding(bytes[end &- 1]) { end &-= 1 }
      end &-= 1
    }
    return Record(start: start, end: end, line: record.line)
  }

  private func isPadding(_ byte: UInt8) -> Bool { isTabOrSpace(byte) && byte != separator }

  private func isTabOrSpace(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t")
  }

  private func isBlank(_ start: Int, _ last: Int) -> Bool {
    var i = start
    while i < last {
      let byte = bytes[i]
      guard byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") && byte != separator else {
        return false
      }
      i &+= 1
    }
    return true
  }
}
