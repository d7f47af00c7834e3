#if canImport(Glibc)
  internal import Glibc
#elseif canImport(Musl)
  internal import Musl
#elseif canImport(Darwin)
  internal import Darwin
#endif

/// Walks over the records of CSV text: lines, except that a line break between quotes belongs to its
/// field. Lines of blanks are passed over; a carriage return before the line break is no part of the
/// record.
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
  /// Where the next record is looked for, and the number of that line.
  private(set) var position: Int
  private(set) var line: Int
  /// The line of a quote that is never closed.
  private(set) var openQuote: Int?

  init(
    _ bytes: UnsafePointer<UInt8>, from position: Int, to end: Int, line: Int, separator: UInt8,
    hasQuotes: Bool? = nil
  ) {
    self.bytes = bytes
    self.position = position
    self.end = end
    self.line = line
    self.separator = separator
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
      if !isBlank(start, last) { return Record(start: start, end: last, line: first) }
    }
    return nil
  }

  /// The next line break, or the end.
  private func lineBreak(from start: Int) -> Int {
    guard start < end, let found = memchr(bytes + start, Int32(UInt8(ascii: "\n")), end - start)
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
