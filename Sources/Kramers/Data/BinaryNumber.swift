/// A number format of binary arrays.
enum BinaryNumber: Sendable {
  case bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64
  case float16, bfloat16, float32, float64

  /// Bytes per number.
  var size: Int {
    switch self {
    case .bool, .int8, .uint8: 1
    case .int16, .uint16, .float16, .bfloat16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// `count` numbers from the beginning of `bytes`, as doubles: exact, except that integers beyond
  /// 2^53 are rounded. A truth value is 1 for any byte but 0.
  func decode(_ bytes: UnsafeRawBufferPointer, count: Int, bigEndian: Bool) -> [Double] {
    precondition(count <= bytes.count / size, "numbers beyond the end of their bytes")
    switch self {
    case .bool: return map(bytes, count, bigEndian) { (x: UInt8) in x == 0 ? 0 : 1 }
    case .int8: return map(bytes, count, bigEndian) { (x: Int8) in Double(x) }
    case .int16: return map(bytes, count, bigEndian) { (x: Int16) in Double(x) }
    case .int32: return map(bytes, count, bigEndian) { (x: Int32) in Double(x) }
    case .int64: return map(bytes, count, bigEndian) { (x: Int64) in Double(x) }
    case .uint8: return map(bytes, count, bigEndian) { (x: UInt8) in Double(x) }
    case .uint16: return map(bytes, count, bigEndian) { (x: UInt16) in Double(x) }
    case .uint32: return map(bytes, count, bigEndian) { (x: UInt32) in Double(x) }
    case .uint64: return map(bytes, count, bigEndian) { (x: UInt64) in Double(x) }
    case .float16: return map(bytes, count, bigEndian) { (x: UInt16) in halfPrecision(x) }
    case .bfloat16:
      return map(bytes, count, bigEndian) { (x: UInt16) in
        Double(Float(bitPattern: UInt32(x) << 16))
      }
    case .float32:
      return map(bytes, count, bigEndian) { (x: UInt32) in Double(Float(bitPattern: x)) }
    case .float64: return map(bytes, count, bigEndian) { (x: UInt64) in Double(bitPattern: x) }
    }
  }
}

@inline(__always)
private func map<Word: FixedWidthInteger & BitwiseCopyable>(
  _ bytes: UnsafeRawBufferPointer, _ count: Int, _ bigEndian: Bool, _ value: (Word) -> Double
) -> [Double] {
  [Double](unsafeUninitializedCapacity: count) { target, initialized in
    for n in 0..<count {
      let word = bytes.loadUnaligned(fromByteOffset: n &* MemoryLayout<Word>.size, as: Word.self)
      let native = bigEndian ? Word(bigEndian: word) : Word(littleEndian: word)
      (target.baseAddress! + n).initialize(to: value(native))
    }
    initialized = count
  }
}

/// IEEE binary16. (`Float16` does not exist on every platform.)
private func halfPrecision(_ bits: UInt16) -> Double {
  let sign = bits >> 15 == 0 ? 1.0 : -1.0
  let exponent = Int(bits >> 10 & 0x1F)
  let fraction = Double(bits & 0x3FF)
  switch exponent {
  case 0: return sign * fraction * 0x1p-24
  case 0x1F: return fraction == 0 ? sign * .infinity : .nan
  default:
    return sign * Double(sign: .plus, exponent: exponent - 15, significand: 1 + fraction / 1024)
  }
}
