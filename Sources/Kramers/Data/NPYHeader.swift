/// The header of a .npy file: a Python dictionary of exactly these three entries, in any order,
///
///     {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
///
/// read by a parser that knows nothing else of Python.
struct NPYHeader: Equatable {
  var descr = ""
  var isFortran = false
  var shape: [Int] = []

  /// - Throws: a sentence that says what stands at the place where the header cannot be read.
  init(_ bytes: UnsafeRawBufferPointer, _ name: String) throws(InputError) {
    var parser = Parser(bytes: bytes, name: name)
    var keys: Set<String> = []
    try parser.expect("{")
    while !parser.accept("}") {
      let key = try parser.string()
      guard keys.insert(key).inserted else {
        throw .sentence("\(name): the npy header names '\(shown(key.utf8))' twice")
      }
      try parser.expect(":")
      switch key {
      case "descr": descr = try parser.string()
      case "fortran_order": isFortran = try parser.truth()
      case "shape": shape = try parser.tuple()
      default: throw .sentence("\(name): unknown entry '\(shown(key.utf8))' in the npy header")
      }
      if !parser.accept(",") {
        try parser.expect("}")
        break
      }
    }
    try parser.finish()
    for key in ["descr", "fortran_order", "shape"] where !keys.contains(key) {
      throw .sentence("\(name): the npy header lacks '\(key)'")
    }
  }
}

private struct Parser {
  let bytes: UnsafeRawBufferPointer
  let name: String
  var position = 0

  init(bytes: UnsafeRawBufferPointer, name: String) {
    self.bytes = bytes
    self.name = name
  }

  private mutating func skipBlanks() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
  }

  /// Takes `word` if it comes next.
  mutating func accept(_ word: StaticString) -> Bool {
    skipBlanks()
    let count = word.utf8CodeUnitCount
    guard bytes.count - position >= count,
      (0..<count).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] })
    else { return false }
    position += count
    return true
  }

  mutating func expect(_ word: StaticString) throws(InputError) {
    guard accept(word) else { throw fault("'\(word)'") }
  }

  /// Text between equal quotes, without escapes.
  mutating func string() throws(InputError) -> String {
    skipBlanks()
    guard position < bytes.count, [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(bytes[position])
    else { throw fault("a quoted text") }
    let quote = bytes[position]
    let start = position + 1
    guard let end = bytes[start...].firstIndex(of: quote) else { throw fault("a closing quote") }
    position = end + 1
    return String(decoding: bytes[start..<end], as: UTF8.self)
  }

  mutating func truth() throws(InputError) -> Bool {
    if accept("True") { return true }
    if accept("False") { return false }
    throw fault("True or False")
  }

  /// (), (3,), (3, 4), (3, 4,); lengths below 2^63, with or without the L of Python 2.
  mutating func tuple() throws(InputError) -> [Int] {
    var lengths: [Int] = []
    try expect("(")
    while !accept(")") {
      guard lengths.count < 32 else {
        throw .sentence("\(name): the npy header claims more than 32 dimensions")
      }
      lengths.append(try length())
      if !accept(",") {
        guard lengths.count > 1 else { throw fault("','") }  // (3) is no tuple
        try expect(")")
        break
      }
    }
    return lengths
  }

  private mutating func length() throws(InputError) -> Int {
    skipBlanks()
    let start = position
    var value = 0
    while position < bytes.count, bytes[position] &- UInt8(ascii: "0") <= 9 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(bytes[position] - UInt8(ascii: "0")))
      guard !overflow, !carry else {
        throw .sentence("\(name): the npy header claims a length beyond 2^63")
      }
      value = sum
      position += 1
    }
    guard position > start else { throw fault("a length") }
    _ = accept("L")
    return value
  }

  mutating func finish() throws(InputError) {
    skipBlanks()
    guard position == bytes.count else { throw fault("the end") }
  }

  private func fault(_ expected: String) -> InputError {
    let found = position < bytes.count ? "'\(shown(bytes[position...].prefix(12)))'" : "its end"
    return .sentence("\(name): the npy header must have \(expected) where it has \(found)")
  }
}
