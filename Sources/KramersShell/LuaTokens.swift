/// A token of Lua source, as far as an editor needs it.
struct LuaToken: Equatable {
  enum Kind { case name, number, string, comment, symbol }

  var kind: Kind
  var range: Range<Int>
  /// A string or comment that has no end yet.
  var isOpen = false
  /// A string or comment in long brackets, which may go over lines.
  var isLong = false
}

/// Source text with its tokens. Bytes, because an entry need not be UTF-8.
struct LuaText {
  let bytes: [UInt8]
  let tokens: [LuaToken]

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
    var lexer = Lexer(bytes: bytes)
    var tokens: [LuaToken] = []
    while let token = lexer.next() { tokens.append(token) }
    self.tokens = tokens
  }

  func words(_ token: LuaToken) -> String {
    String(decoding: bytes[token.range], as: UTF8.self)
  }

  /// How many blocks and brackets are open at the end.
  var depth: Int { tokens.reduce(0) { $0 + Self.change(of: words($1), $1) } }

  /// What a token does to the depth; `then` opens what `elseif` closed.
  static func change(of words: String, _ token: LuaToken) -> Int {
    switch token.kind {
    case .name:
      ["function", "do", "then", "repeat"].contains(words)
        ? 1 : ["end", "until", "elseif"].contains(words) ? -1 : 0
    case .symbol: ["{", "(", "["].contains(words) ? 1 : ["}", ")", "]"].contains(words) ? -1 : 0
    default: 0
    }
  }

  /// Whether a line that begins so belongs one level further out.
  static func closes(_ words: String) -> Bool {
    ["end", "until", "else", "elseif", "}", ")", "]"].contains(words)
  }
}

private struct Lexer {
  let bytes: [UInt8]
  var at = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func next() -> LuaToken? {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D, 0x0B, 0x0C].contains(bytes[at]) { at += 1 }
    guard at < bytes.count else { return nil }
    let start = at
    let byte = bytes[at]
    if isNameByte(byte), !isDigit(byte) {
      while at < bytes.count, isNameByte(bytes[at]) { at += 1 }
      return LuaToken(kind: .name, range: start..<at)
    }
    if isDigit(byte) || (byte == UInt8(ascii: ".") && isDigit(peek(1))) { return number(start) }
    if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") { return quoted(byte, start) }
    if byte == UInt8(ascii: "-"), peek(1) == UInt8(ascii: "-") { return comment(start) }
    if byte == UInt8(ascii: "["), let isClosed = longBracket() {
      return LuaToken(kind: .string, range: start..<at, isOpen: !isClosed, isLong: true)
    }
    at += 1
    return LuaToken(kind: .symbol, range: start..<at)
  }

  private func peek(_ offset: Int) -> UInt8 {
    at + offset < bytes.count ? bytes[at + offset] : 0
  }

  private mutating func number(_ start: Int) -> LuaToken {
    while at < bytes.count, isNameByte(bytes[at]) || bytes[at] == UInt8(ascii: ".") {
      let isExponent = [0x65, 0x45, 0x70, 0x50].contains(bytes[at])
      at += 1
      if isExponent, peek(0) == UInt8(ascii: "+") || peek(0) == UInt8(ascii: "-") { at += 1 }
    }
    return LuaToken(kind: .number, range: start..<at)
  }

  private mutating func quoted(_ quote: UInt8, _ start: Int) -> LuaToken {
    at += 1
    while at < bytes.count, bytes[at] != quote, bytes[at] != 0x0A {
      at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
    }
    at = min(at, bytes.count)
    let isClosed = at < bytes.count && bytes[at] == quote
    if isClosed { at += 1 }
    return LuaToken(kind: .string, range: start..<at, isOpen: !isClosed)
  }

  private mutating func comment(_ start: Int) -> LuaToken {
    at += 2
    if peek(0) == UInt8(ascii: "["), let isClosed = longBracket() {
      return LuaToken(kind: .comment, range: start..<at, isOpen: !isClosed, isLong: true)
    }
    while at < bytes.count, bytes[at] != 0x0A { at += 1 }
    return LuaToken(kind: .comment, range: start..<at, isOpen: at == bytes.count)
  }

  /// Skips `[==[ ... ]==]`; nil: none begins here.
  private mutating func longBracket() -> Bool? {
    var level = 0
    while peek(1 + level) == UInt8(ascii: "=") { level += 1 }
    guard peek(1 + level) == UInt8(ascii: "[") else { return nil }
    at += 2 + level
    let equals = [UInt8](repeating: UInt8(ascii: "="), count: level)
    let end = [UInt8(ascii: "]")] + equals + [UInt8(ascii: "]")]
    while at < bytes.count {
      if bytes[at] == end[0], bytes[at...].starts(with: end) {
        at += end.count
        return true
      }
      at += 1
    }
    return false
  }

  private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

  private func isNameByte(_ byte: UInt8) -> Bool {
    isDigit(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
      || byte == UInt8(ascii: "_")
  }
}
