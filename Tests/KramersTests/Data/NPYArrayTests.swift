import Testing

@testable import Kramers

private let numbers = [-3.0, 0, 1, 2, 100, 7]

/// A .npy file of version 1 with the given header text, padded by nothing.
private func npy(_ header: String, _ data: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
  let size = header.utf8.count
  let sizeBytes = (0..<(version == 1 ? 2 : 4)).map { UInt8(size >> (8 * $0) & 0xFF) }
  return [0x93] + Array("NUMPY".utf8) + [version, 0] + sizeBytes + Array(header.utf8) + data
}

private func message(_ file: [UInt8]) -> String {
  refusal { () throws(InputError) in try NPYArray(file, name: "x") }
}

@Suite("npy")
struct NPYArrayTests {
  @Test("numpy's arrays of every type and byte order", arguments: npyByType)
  func types(dtype: String, hex: String) throws {
    let array = try NPYArray(bytes(hex: hex))
    #expect(array.shape == [2, 3] && array.rows == 2 && array.columns == 3)
    switch dtype.dropFirst().first {
    case "b": #expect(array.values == numbers.map { $0 == 0 ? 0 : 1 })
    case "u": #expect(array.values == numbers.map { abs($0) })
    default: #expect(array.values == numbers)
    }
  }

  @Test("versions 2 and 3, Fortran order, one dimension")
  func layouts() throws {
    for hex in [npyVersion2, npyVersion3, npyFortran, npyFortranBig] {
      #expect(try NPYArray(bytes(hex: hex)).values == numbers)
    }
    let column = try NPYArray(bytes(hex: npyColumn))
    #expect(column.shape == [3] && column.rows == 3 && column.columns == 1)
    #expect(column.values == [0.1, -2.5, 1e300])
  }

  @Test("half precision: zeros, subnormals, infinities, NaN")
  func half() throws {
    let bits: [UInt16] = [0x0000, 0x8000, 0x0001, 0x03FF, 0x3C00, 0x7BFF, 0xFC00, 0x7E00]
    let data = bits.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    let values = try NPYArray(
      npy("{'descr':'<f2','fortran_order':False,'shape':(8,)}", data)
    ).values
    #expect(values.dropLast() == [0, -0.0, 0x1p-24, 1023 * 0x1p-24, 1, 65504, -.infinity])
    #expect(values[1].sign == .minus && values[7].isNaN)
  }

  @Test("a file cut anywhere, or with bytes too many, is refused")
  func cut() {
    for hex in [npyVersion2, npyFortranBig, npyColumn] {
      let whole = bytes(hex: hex)
      for length in 0..<whole.count {
        #expect(message(Array(whole[..<length])).hasPrefix("x: "), "cut to \(length)")
      }
      #expect(message(whole + [0]).hasPrefix("x: 1 byte too many for shape"))
    }
  }

  @Test("what is no readable array is refused with a sentence")
  func refusals() {
    #expect(message([]) == "x: the npy file is empty")
    #expect(
      message(Array("1,2\n".utf8))
        == "x is no npy file: it does not begin with the bytes \\x93NUMPY")
    #expect(message(npy("{}", version: 4)) == "x: npy versions 1.0, 2.0 and 3.0 are read, got 4.0")
    let kinds = [
      (npyObject, "'|O' (Python objects)"), (npyComplex, "'<c16' (complex numbers)"),
      (npyText, "'<U2' (texts)"), (npyLongDouble, "'<f16' (long doubles)"),
    ]
    for (hex, kind) in kinds {
      #expect(
        message(bytes(hex: hex))
          == "x: the dtype must be an integer, a boolean or a float of up to 64 bits, got \(kind)")
    }
    #expect(
      message(bytes(hex: npyRecord))
        == "x: the npy header must have a quoted text where it has '[('a', '<i4'...'"
        || message(bytes(hex: npyRecord))
          == "x: the npy header must have a quoted text where it has '[('a', '<i4''"
    )
    #expect(
      message(bytes(hex: npyScalar))
        == "x must be an array of 1 or 2 dimensions, got a single number")
    #expect(
      message(bytes(hex: npyCube)) == "x must be an array of 1 or 2 dimensions, got shape (2, 1, 2)"
    )
    #expect(message(bytes(hex: npyEmpty)) == "x must hold at least one number, got shape (0, 3)")
  }

  @Test("sizes that the file does not hold are refused before anything is allocated")
  func claims() {
    func claim(_ shape: String, _ descr: String = "<f8", _ data: [UInt8] = [0, 0]) -> String {
      message(npy("{'descr': '\(descr)', 'fortran_order': False, 'shape': \(shape), }\n", data))
    }
    #expect(
      claim("(1152921504606846976,)")
        == "x: the header claims shape (1152921504606846976,) of numbers of 8 bytes, and 2 bytes "
        + "follow it")
    #expect(claim("(4294967296, 4294967296)").contains("claims shape (4294967296, 4294967296)"))
    #expect(claim("(9223372036854775807, 2)", "|u1").contains("and 2 bytes follow it"))
    #expect(claim("(9223372036854775808,)") == "x: the npy header claims a length beyond 2^63")
    #expect(claim("(3,)", "|u1").contains("of numbers of 1 byte, and 2 bytes follow it"))
    #expect(claim("(\(String(repeating: "1,", count: 33)))").contains("more than 32 dimensions"))
    #expect(
      claim("(2L,)", "|u1")
        == "accepted: NPYArray(shape: [2], rows: 2, columns: 1, values: [0.0, 0.0])")
  }

  @Test("the header is read strictly")
  func header() {
    let good = "'descr': '|u1', 'fortran_order': False, 'shape': (1,)"
    for text in ["{\(good)}", "{\(good), }", " { \(good)\n} \n"] {
      #expect(message(npy(text, [7])).hasPrefix("accepted"), "\(text)")
    }
    for text in [
      "", "{", "{\(good)", "{\(good)} x", "{\(good), 'more': 1}", "{\(good), \(good)}",
      "{'descr': '|u1', 'shape': (1,)}", "{'descr': |u1, 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '|u1', 'fortran_order': 0, 'shape': (1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (1)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': '|u1', 'fortran_order': False, 'shape': [1]}",
      "{'descr': '|f8', 'fortran_order': False, 'shape': (1,)}",
      "{'descr' '|u1', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '|u1' 'fortran_order': False, 'shape': (1,)}",
    ] {
      #expect(
        message(npy(text, [7])).contains("npy header")
          || message(npy(text, [7])).contains("the dtype"), "\(text)")
    }
  }
}

@Suite("data.npy")
struct NPYDataTests {
  @Test("rows become samples; a test set must match")
  func samples() throws {
    let x = bytes(hex: npyFortran)
    let y = npy("{'descr':'<i2','fortran_order':False,'shape':(2,)}", [5, 0, 0xFF, 0xFF])
    let data = try Dataset.npy(x: x, y: y, testX: x, testY: y)
    #expect(data.train == Samples(count: 2, inputs: 3, outputs: 1, x: numbers, y: [5, -1]))
    #expect(data.test == data.train)
    func message(
      _ x: [UInt8], _ y: [UInt8], _ testX: [UInt8]? = nil, _ testY: [UInt8]? = nil
    ) -> String {
      refusal { () throws(InputError) in try Dataset.npy(x: x, y: y, testX: testX, testY: testY) }
    }
    let column = bytes(hex: npyVersion2)
    #expect(message(x, y, x) == "test_x needs test_y beside it")
    #expect(message(x, y, nil, y) == "test_y needs test_x beside it")
    #expect(message(y, x, x, x) == "test_x must have 1 column like the training set, got 3")
    #expect(message(x, y, x, column) == "test_y must have 1 column like the training set, got 3")
    let one = npy("{'descr':'|u1','fortran_order':False,'shape':(1,)}", [5])
    #expect(message(x, one) == "x and y must hold equally many rows, got 2 and 1")
    #expect(
      message(x, y, x, bytes(hex: npyNaN))
        == "test_y row 2, column 2 must be a finite number, got nan; missing = \"drop\" leaves such "
        + "rows out")
    #expect(try Dataset.npy(x: x, y: bytes(hex: npyNaN), missing: .keep).sampleCount == 2)
    #expect(
      message(bytes(hex: npyColumn), bytes(hex: npyColumn))
        == "x row 3, column 1 must be at most 1e+100 in magnitude, got 1e+300")
  }
}
