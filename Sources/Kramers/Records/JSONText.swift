/// Reads JSON (RFC 8259), strictly: no comments, no trailing commas, no repeated keys, numbers as
/// JSON writes them, text in valid UTF-8, nothing behind the value but blanks.
///
/// Whole numbers that fit are `.integer`, all others `.number`. Nesting is limited, so that hostile
/// text cannot exhaust the stack; memory is bounded by a small multiple of the text.
///
/// - Throws: a sentence with the byte at which the text stops being JSON, counted from 0.
public func record(
  fromJSON bytes: UnsafeRawBufferPointer, depthLimit: Int = 32
) throws(InputError) -> Record {
  var reader = JSONReader(bytes: bytes, depthLimit: depthLimit)
  let value = try reader.value(depth: 0)
  reader.skipBlanks()
  guard reader.position == bytes.count else { throw reader.fault("the end") }
  return value
}

private struct JSONReader {
  let bytes: UnsafeRawBufferPointer
  let depthLimit: Int
  var position = 0

  init(bytes: UnsafeRawBufferPointer, depthLimit: Int) {
    self.bytes = bytes
    self.depthLimit = depthLimit
  }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  mutating func skipBlanks() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  func fault(_ expected: String) -> InputError {
    .sentence("json: expected \(expected) at byte \(position)")
  }

  mutating func value(depth: Int) throws(InputError) -> Record {
    guard depth <= depthLimit else {
      throw .sentence("json: nested deeper than \(depthLimit) at byte \(position)")
    }
    skipBlanks()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .text(try string())
    default:
      if accept("true") { return .boolean(true) }
      if accept("false") { return .boolean(false) }
      if accept("null") { return .null }
      return try number()
    }
  }

  private mutating func accept(_ word: StaticString) -> Bool {
    let count = word.utf8CodeUnitCount
    guard bytes.count - position >= count,
      (0..<count).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
    else { return false }
    position += count
    return true
  }

  private mutating func object(depth: Int) throws(InputError) -> Record {
    position += 1
    var fields: [Record.Field] = []
    var names: Set<String> = []
    skipBlanks()
    if accept("}") { return .object([]) }
    while true {
      skipBlanks()
      guard next == UInt8(ascii: "\"") else { throw fault("a quoted name") }
      let name = try string()
      guard names.insert(name).inserted else {
        throw .sentence("json: '\(shown(name.utf8))' stands twice in one object")
      }
      skipBlanks()
      guard accept(":") else { throw fault("':'") }
      fields.append(Record.Field(name, try value(depth: depth + 1)))
      skipBlanks()
      if accept("}") { return .object(fields) }
      guard accept(",") else { throw fault("',' or '}'") }
    }
  }

  private mutating func array(depth: Int) throws(InputError) -> Record {
    position += 1
    var items: [Record] = []
    skipBlanks()
    if accept("]") { return .array([]) }
    while true {
      items.append(try value(depth: depth + 1))
      skipBlanks()
      if accept("]") { return .array(items) }
      guard accept(",") else { throw fault("',' or ']'") }
    }
  }

  /// -12, 0.5, 1e3: no leading zeros, no plus, digits on both sides of the point.
  private mutating func number() throws(InputError) -> Record {
    let start = position
    _ = accept("-")
    let whole = digits()
    guard whole > 0, whole == 1 || bytes[position - whole] != UInt8(ascii: "0") else {
      position = start
      throw fault("a value")
    }
    var isWhole = true
    if accept(".") {
      isWhole = false
      guard digits() > 0 else { throw fault("a digit") }
    }
    if accept("e") || accept("E") {
      isWhole = false
      if !accept("-") { _ = accept("+") }
      guard digits() > 0 else { throw fault("a digit") }
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let integer = Int(text) { return .integer(integer) }
    guard let value = Double(text), value.isFinite else {
      throw .sentence("json: \(shown(text.utf8)) at byte \(start) is beyond the range of doubles")
    }
    return .number(value)
  }

  private mutating func digits() -> Int {
    let start = position
    while let byte = next, byte &- UInt8(ascii: "0") <= 9 { position += 1 }
    return position - start
  }

  private mutating func string() throws(InputError) -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    while true {
      guard let byte = next, byte >= 0x20 else { throw fault("a closing quote") }
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: content, as: UTF8.self) else {
          throw .sentence("json: the text at byte \(start) is no UTF-8")
        }
        return text
      case UInt8(ascii: "\\"): content += String(try escape()).utf8
      default: content.append(byte)
      }
    }
  }

  private mutating func escape() throws(InputError) -> Unicode.Scalar {
    guard let byte = next else { throw fault("an escaped character") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{08}"
    case UInt8(ascii: "f"): return "\u{0C}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code) {
        guard accept("\\u") else { throw fault("the second half of a surrogate pair") }
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else {
          throw fault("the second half of a surrogate pair")
        }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw fault("a character") }
      return scalar
    default: throw fault("an escaped character")
    }
  }

  private mutating func hexadecimal() throws(InputError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw fault("four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
