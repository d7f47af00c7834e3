/// An array of NumPy's .npy format, versions 1 to 3, as a row-major table of doubles.
///
/// Read are float16, float32 and float64, all integers, and booleans, of either byte order, in C and
/// in Fortran order, of one dimension (a column) or two. Not read: complex numbers, long doubles,
/// texts, records, and Python objects, which are pickled programs.
///
/// Source: `numpy.lib.format`, NEP 1.
public struct NPYArray: Sendable, Equatable {
  /// As the file states it.
  public let shape: [Int]
  public let rows: Int
  public let columns: Int
  /// rows x columns.
  public let values: [Double]

  /// - Parameters:
  ///   - bytes: the whole file.
  ///   - name: how messages begin: `x`.
  /// - Throws: a sentence for what is no such array: nothing is allocated before the file is known
  ///   to hold exactly the numbers that its header claims.
  public init(_ bytes: UnsafeRawBufferPointer, name: String = "npy") throws(InputError) {
    let (header, start) = try Self.header(bytes, name)
    let (format, bigEndian) = try numberFormat(header.descr, name)
    shape = header.shape
    guard shape.count == 1 || shape.count == 2 else {
      throw .rule(
        "\(name)", "an array of 1 or 2 dimensions",
        shape.isEmpty ? "a single number" : "shape \(words(shape))")
    }
    rows = shape[0]
    columns = shape.count == 2 ? shape[1] : 1
    guard rows > 0, columns > 0 else {
      throw .sentence("\(name) must hold at least one number, got shape \(words(shape))")
    }
    let held = bytes.count - start
    let (count, overflow) = rows.multipliedReportingOverflow(by: columns)
    let (needed, overflow2) = count.multipliedReportingOverflow(by: format.size)
    guard !overflow, !overflow2, needed <= held else {
      throw .sentence(
        "\(name): the header claims shape \(words(shape)) of \(sizeWords(format.size)), and "
          + "\(Kramers.count(held, "byte")) follow it")
    }
    guard needed == held else {
      throw .sentence(
        "\(name): \(Kramers.count(held - needed, "byte")) too many for shape \(words(shape)) of "
          + "\(sizeWords(format.size))")
    }
    try checkMemory(
      count: Double(count) * (header.isFortran ? 2 : 1), what: "\(name) of shape \(words(shape))")
    let numbers = format.decode(
      UnsafeRawBufferPointer(rebasing: bytes[start...]), count: count, bigEndian: bigEndian)
    values =
      header.isFortran && columns > 1
      ? Matrix(columns, rows, numbers).transposed.values : numbers
  }

  public init(_ bytes: [UInt8], name: String = "npy") throws(InputError) {
    self = try bytes.withUnsafeBytes { bytes in
      Result { () throws(InputError) in try NPYArray(bytes, name: name) }
    }.get()
  }

  /// The header and where the numbers begin.
  private static func header(
    _ bytes: UnsafeRawBufferPointer, _ name: String
  ) throws(InputError) -> (NPYHeader, Int) {
    guard !bytes.isEmpty else { throw .sentence("\(name): the npy file is empty") }
    let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    guard bytes.starts(with: magic.prefix(bytes.count)) else {
      let found = foreignHint(bytes) ?? ": it does not begin with the bytes \\x93NUMPY"
      throw .sentence("\(name) is no npy file\(found)")
    }
    guard bytes.count >= 8 else { throw truncated(name) }
    guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
      throw .sentence(
        "\(name): npy versions 1.0, 2.0 and 3.0 are read, got \(bytes[6]).\(bytes[7])")
    }
    let sizeBytes = bytes[6] == 1 ? 2 : 4
    guard bytes.count >= 8 + sizeBytes else { throw truncated(name) }
    let size = (0..<sizeBytes).reduce(0) { $0 | Int(bytes[8 + $1]) << (8 * $1) }
    let start = 8 + sizeBytes + size
    guard bytes.count >= start else { throw truncated(name) }
    guard size <= 1 << 16 else {
      throw .rule("\(name): the npy header", "at most 65536 bytes", size)
    }
    let dictionary = UnsafeRawBufferPointer(rebasing: bytes[8 + sizeBytes..<start])
    return (try NPYHeader(dictionary, name), start)
  }

  private static func truncated(_ name: String) -> InputError {
    .sentence("\(name): the npy file ends within its header: it is truncated")
  }
}

/// `numbers of 8 bytes`.
private func sizeWords(_ size: Int) -> String { "numbers of \(count(size, "byte"))" }

/// `(3, 4)`.
private func words(_ shape: [Int]) -> String {
  "(" + shape.map { "\($0)" }.joined(separator: ", ") + (shape.count == 1 ? ",)" : ")")
}

/// The format and byte order of a `descr` such as `<f8`, `>i2`, `|u1`. `=`, the order of the machine
/// that wrote the file, is taken for little-endian, as nearly all machines are.
private func numberFormat(
  _ descr: String, _ name: String
) throws(InputError) -> (BinaryNumber, bigEndian: Bool) {
  let formats: [String: BinaryNumber] = [
    "b1": .bool, "i1": .int8, "i2": .int16, "i4": .int32, "i8": .int64, "u1": .uint8,
    "u2": .uint16, "u4": .uint32, "u8": .uint64, "f2": .float16, "f4": .float32, "f8": .float64,
  ]
  if let format = formats[String(descr.dropFirst())], let order = descr.first,
    "<>=".contains(order) || order == "|" && format.size == 1
  {
    return (format, order == ">")
  }
  if let order = descr.first, formats[String(descr.dropFirst())] != nil {
    throw .rule("\(name): the dtype '\(shown(descr.utf8))'", "marked <, > or =", "'\(order)'")
  }
  let kinds: [Character: String] = [
    "O": "Python objects", "c": "complex numbers", "S": "texts", "U": "texts", "V": "records",
    "M": "dates", "m": "durations", "f": "long doubles",
  ]
  let kind = descr.dropFirst().first.flatMap { kinds[$0] }.map { " (\($0))" } ?? ""
  throw .rule(
    "\(name): the dtype", "an integer, a boolean or a float of up to 64 bits",
    "'\(shown(descr.utf8))'\(kind)")
}
