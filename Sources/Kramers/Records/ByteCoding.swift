/// Plain values as bytes, for what goes on in another process: integers in 7-bit groups, doubles by
/// their bit pattern in little-endian order, lists with their count in front.
public struct ByteWriter: Sendable {
  public private(set) var bytes: [UInt8] = []

  public init() {}

  public mutating func write(byte: UInt8) { bytes.append(byte) }

  public mutating func write(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Small numbers of either sign take one byte.
  public mutating func write(_ value: Int) {
    write(UInt64(bitPattern: Int64((value << 1) ^ (value >> 63))))
  }

  public mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

  public mutating func write(_ value: Double) {
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  public mutating func write(_ value: [UInt8]) {
    write(UInt64(value.count))
    bytes += value
  }

  public mutating func write(_ value: UnsafeRawBufferPointer) {
    write(UInt64(value.count))
    bytes += value
  }

  public mutating func write(_ value: String) {
    var value = value
    value.withUTF8 { write(UnsafeRawBufferPointer($0)) }
  }

  public mutating func write(_ values: [Double]) {
    write(UInt64(values.count))
    for value in values { write(value) }
  }

  public mutating func write<Value: ByteCodable>(_ value: Value) { value.write(to: &self) }

  public mutating func write<Value: ByteCodable>(_ values: [Value]) {
    write(UInt64(values.count))
    for value in values { value.write(to: &self) }
  }

  /// An optional: whether it is there, and then `write`.
  public mutating func write<Value>(
    _ value: Value?, _ write: (inout ByteWriter, Value) -> Void
  ) {
    self.write(value != nil)
    if let value { write(&self, value) }
  }
}

/// Reads what `ByteWriter` wrote. Nothing is believed: a count beyond the bytes that are left is an
/// error before anything is allocated.
public struct ByteReader: Sendable {
  private let bytes: [UInt8]
  public private(set) var position = 0

  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  public var remaining: Int { bytes.count - position }

  public mutating func byte() throws(ByteError) -> UInt8 {
    guard position < bytes.count else { throw ByteError() }
    position += 1
    return bytes[position - 1]
  }

  public mutating func word() throws(ByteError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      let byte = try byte()
      guard shift < 63 || byte <= 1 else { throw ByteError() }
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw ByteError()
  }

  public mutating func integer() throws(ByteError) -> Int {
    let word = try word()
    return Int(bitPattern: UInt(word >> 1)) ^ -Int(word & 1)
  }

  /// An integer that is 0 or positive.
  public mutating func natural() throws(ByteError) -> Int {
    let value = try integer()
    guard value >= 0 else { throw ByteError() }
    return value
  }

  public mutating func flag() throws(ByteError) -> Bool {
    let byte = try byte()
    guard byte <= 1 else { throw ByteError() }
    return byte == 1
  }

  public mutating func double() throws(ByteError) -> Double {
    guard remaining >= 8 else { throw ByteError() }
    var pattern: UInt64 = 0
    for k in 0..<8 { pattern |= UInt64(bytes[position + k]) << UInt64(8 * k) }
    position += 8
    return Double(bitPattern: pattern)
  }

  /// A number of things that take at least `size` bytes each.
  public mutating func count(size: Int = 1) throws(ByteError) -> Int {
    guard let count = Int(exactly: try word()), count <= remaining / size else { throw ByteError() }
    return count
  }

  public mutating func byteList() throws(ByteError) -> [UInt8] {
    let count = try count()
    position += count
    return Array(bytes[position - count..<position])
  }

  public mutating func text() throws(ByteError) -> String {
    guard let text = String(validating: try byteList(), as: UTF8.self) else { throw ByteError() }
    return text
  }

  public mutating func doubles() throws(ByteError) -> [Double] {
    let count = try count(size: 8)
    var values = [Double](repeating: 0, count: count)
    for k in 0..<count { values[k] = try double() }
    return values
  }

  public mutating func value<Value: ByteCodable>(
    _ type: Value.Type = Value.self
  ) throws(ByteError) -> Value {
    try Value(from: &self)
  }

  public mutating func list<Value: ByteCodable>(
    of type: Value.Type = Value.self
  ) throws(ByteError) -> [Value] {
    let count = try count()
    var values: [Value] = []
    for _ in 0..<count { values.append(try Value(from: &self)) }
    return values
  }

  /// Throws unless everything was read.
  public func end() throws(ByteError) {
    guard remaining == 0 else { throw ByteError() }
  }
}

/// Bytes that no `ByteWriter` wrote.
public struct ByteError: Error, CustomStringConvertible {
  public init() {}
  public var description: String { "its bytes make no sense" }
}

/// A value that can be written as bytes and read back, bit for bit.
public protocol ByteCodable {
  func write(to writer: inout ByteWriter)
  init(from reader: inout ByteReader) throws(ByteError)
}

extension Bool: ByteCodable {
  public func write(to writer: inout ByteWriter) { writer.write(self) }
  public init(from reader: inout ByteReader) throws(ByteError) { self = try reader.flag() }
}

extension Record: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    switch self {
    case .null: writer.write(byte: 0)
    case .boolean(let flag): writer.write(byte: flag ? 2 : 1)
    case .integer(let value):
      writer.write(byte: 3)
      writer.write(value)
    case .number(let value):
      writer.write(byte: 4)
      writer.write(value)
    case .text(let text):
      writer.write(byte: 5)
      writer.write(text)
    case .array(let items):
      writer.write(byte: 6)
      writer.write(items)
    case .object(let fields):
      writer.write(byte: 7)
      writer.write(fields)
    }
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    self = try Self.read(&reader, depth: 0)
  }

  private static func read(_ reader: inout ByteReader, depth: Int) throws(ByteError) -> Record {
    guard depth < 128 else { throw ByteError() }
    switch try reader.byte() {
    case 0: return .null
    case 1: return .boolean(false)
    case 2: return .boolean(true)
    case 3: return .integer(try reader.integer())
    case 4: return .number(try reader.double())
    case 5: return .text(try reader.text())
    case 6:
      var items: [Record] = []
      for _ in 0..<(try reader.count()) { items.append(try read(&reader, depth: depth + 1)) }
      return .array(items)
    case 7:
      var fields: [Field] = []
      for _ in 0..<(try reader.count()) {
        fields.append(Field(try reader.text(), try read(&reader, depth: depth + 1)))
      }
      return .object(fields)
    default: throw ByteError()
    }
  }
}

extension Record.Field: ByteCodable {
  public func write(to writer: inout ByteWriter) {
    writer.write(name)
    writer.write(value)
  }

  public init(from reader: inout ByteReader) throws(ByteError) {
    self.init(try reader.text(), try reader.value())
  }
}
