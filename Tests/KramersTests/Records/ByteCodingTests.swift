import Testing

@testable import Kramers

@Suite("bytes of plain values") struct ByteCodingTests {
  private let record: Record = [
    "kind": "test", "n": Int.min, "m": Int.max, "x": -0.0, "nan": Double.nan,
    "list": [1.0, .infinity, .leastNonzeroMagnitude], "text": "\u{0}\u{1F600}",
    "nested": Record.array([.null, .boolean(true), .object([]), .array([])]),
  ]

  private func bytes(_ body: (inout ByteWriter) -> Void) -> [UInt8] {
    var writer = ByteWriter()
    body(&writer)
    return writer.bytes
  }

  @Test("integers of every size come back", arguments: 0..<64)
  func integers(bit: Int) throws {
    for value in [1 << bit, (1 << bit) &- 1, ~(1 << bit), 0] {
      var reader = ByteReader(bytes { $0.write(value) })
      #expect(try reader.integer() == value)
      try reader.end()
      var words = ByteReader(bytes { $0.write(UInt64(bitPattern: Int64(value))) })
      #expect(try words.word() == UInt64(bitPattern: Int64(value)))
    }
  }

  @Test("a record comes back bit for bit")
  func records() throws {
    let written = bytes { $0.write(record) }
    var reader = ByteReader(written)
    let copy: Record = try reader.value()
    try reader.end()
    #expect(bytes { $0.write(copy) } == written)
    guard case .number(let zero)? = copy["x"], case .integer(let least)? = copy["n"] else {
      return #expect(Bool(false))
    }
    #expect(zero.sign == .minus && least == .min)
  }

  @Test("cut short, changed or counted too high they are an error, never a trap")
  func hostile() throws {
    let whole = bytes {
      $0.write(record)
      $0.write(TrainingState(parameters: [1, 2, 3]))
    }
    var refused = 0
    for round in 0..<4000 {
      var mutant = whole
      let place = (round &* 2_654_435_761) % mutant.count
      if round % 3 == 0 {
        mutant = Array(mutant.prefix(place))
      } else {
        mutant[place] = UInt8(truncatingIfNeeded: round &* 40_503 >> 5)
      }
      var reader = ByteReader(mutant)
      do {
        let _: Record = try reader.value()
        let _: TrainingState = try reader.value()
        try reader.end()
      } catch {
        refused += 1
      }
    }
    #expect(refused > 1000)
    var counts = ByteReader([6, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1])
    #expect(throws: ByteError.self) { let _: Record = try counts.value() }
    var nested = ByteReader((0..<100_000).flatMap { _ in [6, 1] as [UInt8] } + [0])
    #expect(throws: ByteError.self) { let _: Record = try nested.value() }
  }
}
