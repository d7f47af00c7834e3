/// The fields of one CSV record. A blank as separator stands for any run of blanks and tabs.
struct CSVFields {
  let bytes: UnsafePointer<UInt8>
  let record: CSVLines.Record
  let separator: UInt8
  private let isSpaced: Bool

  init(_ bytes: UnsafePointer<UInt8>, _ record: CSVLines.Record, _ separator: UInt8) {
    self.bytes = bytes
    self.record = record
    self.separator = separator
    isSpaced = separator == UInt8(ascii: " ")
  }

  func count() throws(InputError) -> Int {
    var position = record.start
    var count = 1
    while try skip(&position, column: count) { count += 1 }
    return count
  }

  /// The first field that is a number and the first that is a word, counted from 0, as text.
  func firstKinds() throws(InputError) -> (number: (Int, String)?, word: (Int, String)?) {
    var (firstNumber, firstWord): ((Int, String)?, (Int, String)?)
    var position = record.start
    var column = 0
    var goesOn = true
    while goesOn {
      let start = position
      var end = position
      let isNumber = number(&end) != nil
      goesOn = try skip(&position, column: column + 1)
      let text = text(start, goesOn ? position - 1 : position)
      if isNumber {
        firstNumber = firstNumber ?? (column, text)
      } else if !text.isEmpty {
        firstWord = firstWord ?? (column, text)
      }
      column += 1
    }
    return (firstNumber, firstWord)
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
    guard i == end || isSeparator(bytes[i]) else { return nil }
    position = isSpaced ? lastOfRun(i) : i
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
    while i < end, !isSeparator(bytes[i]) {
      if bytes[i] == quote { throw strayQuote(column) }
      i &+= 1
    }
    if isSpaced { i = lastOfRun(i) }
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
    guard i < end, next >= end || isSeparator(bytes[next]) else { throw strayQuote(column) }
    return i
  }

  /// What the separator probably is, by a field that should be a number or a name.
  func separatorHint(in text: String) -> String {
    for (byte, name) in [
      (UInt8(ascii: ";"), "a semicolon"), (UInt8(ascii: "\t"), "a tab"),
      (UInt8(ascii: "|"), "\"|\""), (UInt8(ascii: ","), "a comma"),
    ] where byte != separator && text.utf8.contains(byte) {
      let isDecimal =
        byte == UInt8(ascii: ",") && Kramers.number(text.replacing(",", with: ".")) != nil
      return isDecimal ? "; decimal commas are not read" : "; is the separator \(name)?"
    }
    let parts = text.split { $0 == " " || $0 == "\t" }
    return !isSpaced && parts.count > 1 && parts.allSatisfy { Kramers.number(String($0)) != nil }
      ? "; is the separator a blank (\" \")?" : ""
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
    while start < end, isPadding(bytes[start]) { start += 1 }
    while start < end, isPadding(bytes[end - 1]) { end -= 1 }
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

  /// Blanks that are no separators.
  @inline(__always)
  private func isBlank(_ byte: UInt8) -> Bool { !isSpaced && isPadding(byte) }

  @inline(__always)
  private func isPadding(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") && byte != separator
  }

  @inline(__always)
  private func isSeparator(_ byte: UInt8) -> Bool {
    byte == separator || isSpaced && byte == UInt8(ascii: "\t")
  }

  /// The last blank of the run that begins at `i`.
  @inline(__always)
  private func lastOfRun(_ i: Int) -> Int {
    var i = i
    while i &+ 1 < record.end, isSeparator(bytes[i]), isSeparator(bytes[i &+ 1]) { i &+= 1 }
    return i
  }

  private var quote: UInt8 { UInt8(ascii: "\"") }
}

/// The number that the whole text is; nil for none.
func number(_ text: String) -> Double? {
  Array(text.utf8).withUnsafeBufferPointer { bytes in
    guard let start = bytes.baseAddress,
      let (value, next) = DecimalNumber.scan(start, 0, bytes.count), next == bytes.count
    else { return nil }
    return value
  }
}
