/// The fields of one CSV record.
struct CSVFields {
  let bytes: UnsafePointer<UInt8>
  let record: CSVLines.Record
  let separator: UInt8

  init(_ bytes: UnsafePointer<UInt8>, _ record: CSVLines.Record, _ separator: UInt8) {
    self.bytes = bytes
    self.record = record
    self.separator = separator
  }

  func count() throws(InputError) -> Int {
    var position = record.start
    var count = 1
    while try skip(&position, column: count) { count += 1 }
    return count
  }

  /// Whether every field is a number.
  func areNumbers() throws(InputError) -> Bool {
    var position = record.start
    var column = 1
    while true {
      guard number(&position) != nil else { return false }
      guard try skip(&position, column: column) else { return true }
      column += 1
    }
  }

  /// The fields as text, without blanks around unquoted ones.
  func texts() throws(InputError) -> [String] {
    var texts: [String] = []
    var position = record.start
    while true {
      let start = position
      let goesOn = try skip(&position, column: texts.count + 1)
      texts.append(text(start, goesOn ? position - 1 : position))
      if !goesOn { return texts }
    }
  }

  /// The number that fills the field at `position`, which moves to its end; nil if it is none.
  @inline(__always)
  func number(_ position: inout Int) -> Double? {
    let end = record.end
    var i = position
    while i < end, isBlank(bytes[i]) { i &+= 1 }
    let isQuoted = i < end && bytes[i] == quote
    if isQuoted {
      i &+= 1
      while i < end, isBlank(bytes[i]) { i &+= 1 }
    }
    guard let (value, next) = DecimalNumber.scan(bytes, i, end) else { return nil }
    i = next
    while i < end, isBlank(bytes[i]) { i &+= 1 }
    if isQuoted {
      guard i < end, bytes[i] == quote else { return nil }
      i &+= 1
      while i < end, isBlank(bytes[i]) { i &+= 1 }
    }
    guard i == end || bytes[i] == separator else { return nil }
    position = i
    return value
  }

  /// Moves behind the field at `position` and its separator.
  /// - Returns: whether another field follows.
  /// - Throws: a sentence for a stray quote; `column` counts from 1.
  @inline(__always)
  func skip(_ position: inout Int, column: Int) throws(InputError) -> Bool {
    let end = record.end
    var i = position
    while i < end, isBlank(bytes[i]) { i &+= 1 }
    if i < end, bytes[i] == quote { i = try closingQuote(i, column) &+ 1 }
    while i < end, bytes[i] != separator {
      if bytes[i] == quote { throw strayQuote(column) }
      i &+= 1
    }
    position = i &+ (i < end ? 1 : 0)
    return i < end
  }

  /// Where the quote opened at `start` closes: nothing but blanks may follow in the field.
  private func closingQuote(_ start: Int, _ column: Int) throws(InputError) -> Int {
    let end = record.end
    var i = start + 1
    while i < end {
      if bytes[i] == quote {
        guard i + 1 < end, bytes[i + 1] == quote else { break }
        i += 1
      }
      i += 1
    }
    var next = i + 1
    while next < end, isBlank(bytes[next]) { next += 1 }
    guard i < end, next >= end || bytes[next] == separator else { throw strayQuote(column) }
    return i
  }

  private func strayQuote(_ column: Int) -> InputError {
    .sentence(
      "line \(record.line), column \(column): a quote must enclose the whole field, and stand "
        + "doubled inside it")
  }

  /// The text of the field in start..<end, which `skip` has found well-formed.
  func text(_ start: Int, _ end: Int) -> String {
    var start = start
    var end = end
    while start < end, isBlank(bytes[start]) { start += 1 }
    while start < end, isBlank(bytes[end - 1]) { end -= 1 }
    guard start < end, bytes[start] == quote else {
      return String(
        decoding: UnsafeBufferPointer(start: bytes + start, count: end - start), as: UTF8.self)
    }
    var content: [UInt8] = []
    var i = start + 1
    while i < end - 1 {
      content.append(bytes[i])
      i += bytes[i] == quote ? 2 : 1
    }
    return String(decoding: content, as: UTF8.self)
  }

  @inline(__always)
  private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") && byte != separator
  }

  private var quote: UInt8 { UInt8(ascii: "\"") }
}
