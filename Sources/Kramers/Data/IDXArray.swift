/// An array of the IDX format, in which MNIST and its relatives come: two zero bytes, a type, the
/// number of dimensions, the lengths and then the numbers, all big-endian.
///
/// Source: Y. LeCun, "The MNIST database of handwritten digits" (1998), file formats.
public struct IDXArray: Sendable {
  public let shape: [Int]
  /// Numbers per item: the product of all lengths but the first.
  public let width: Int
  let format: BinaryNumber
  /// The file, decompressed, and where its numbers begin.
  private let bytes: [UInt8]
  private let start: Int

  /// Number of images or labels.
  public var count: Int { shape[0] }

  /// - Parameters:
  ///   - file: the bytes of the file, plain or gzip.
  ///   - name: how messages begin: `images`.
  /// - Throws: a sentence for what is no such array.
  public init(_ file: [UInt8], name: String = "idx") throws(InputError) {
    guard !file.isEmpty else { throw .sentence("\(name): the idx file is empty") }
    // Doubles will take eight times the bytes.
    bytes =
      file.starts(with: [0x1F, 0x8B])
      ? try naming(name) { () throws(InputError) in try gunzip(file, limit: Int(usableMemory) / 8) }
      : file
    if bytes.prefix(2) != [0, 0], let hint = bytes.withUnsafeBytes(foreignHint) {
      throw .sentence("\(name) is no idx file\(hint)")
    }
    guard bytes.prefix(2).allSatisfy({ $0 == 0 }), bytes.count < 3 || Self.formats[bytes[2]] != nil
    else {
      throw .sentence("\(name) is no idx file: it does not begin with 0, 0 and a type of number")
    }
    guard bytes.count >= 4, let format = Self.formats[bytes[2]] else {
      throw Self.truncated(name)
    }
    let dimensions = Int(bytes[3])
    guard (1...8).contains(dimensions) else {
      throw .rule("\(name): the idx file", "of 1 to 8 dimensions", dimensions)
    }
    start = 4 + 4 * dimensions
    guard bytes.count >= start else { throw Self.truncated(name) }
    let header = bytes
    shape = (0..<dimensions).map { d in
      (0..<4).reduce(0) { $0 << 8 | Int(header[4 + 4 * d + $1]) }
    }
    self.format = format
    let words = shape.map { "\($0)" }.joined(separator: " x ")
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw .sentence("\(name) must hold at least one number, got shape \(words)")
    }
    let held = bytes.count - start
    let needed = shape.reduce(Double(format.size)) { $0 * Double($1) }
    guard needed == Double(held) else {
      throw .sentence(
        "\(name): the header claims \(words) numbers of \(Kramers.count(format.size, "byte")), and "
          + "\(Kramers.count(held, "byte")) follow it")
    }
    width = shape.dropFirst().reduce(1, *)
  }

  /// The numbers of the first `count` items, unsigned bytes divided by `whole`.
  func values(_ count: Int, dividingBytesBy whole: Double = 1) -> [Double] {
    let numbers = bytes.withUnsafeBytes {
      format.decode(
        UnsafeRawBufferPointer(rebasing: $0[start...]), count: count * width, bigEndian: true)
    }
    guard case .uint8 = format, whole != 1 else { return numbers }
    return numbers.map { $0 / whole }
  }

  private static let formats: [UInt8: BinaryNumber] = [
    0x08: .uint8, 0x09: .int8, 0x0B: .int16, 0x0C: .int32, 0x0D: .float32, 0x0E: .float64,
  ]

  private static func truncated(_ name: String) -> InputError {
    .sentence("\(name): the idx file ends within its header: it is truncated")
  }
}

/// Puts the name of the file before a message that does not know it.
private func naming<Value>(
  _ name: String, _ body: () throws(InputError) -> Value
) throws(InputError) -> Value {
  do throws(InputError) { return try body() } catch { throw .sentence("\(name): \(error)") }
}
