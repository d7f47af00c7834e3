import Testing

@testable import Kramers

@Suite("a data set's checksum")
struct DatasetHashesTests {
  private func data(
    name: String = "literal", x: [Double] = [1, 2, 3, 4], y: [Double] = [1, 0],
    weights: [Double]? = nil, test: Bool = false
  ) -> Dataset {
    let train = Samples(count: 2, inputs: 2, outputs: 1, x: x, y: y, targetWeights: weights)
    return Dataset(name: name, train: train, test: test ? train : nil)
  }

  @Test("is the same for the same data, and another when anything differs")
  func differs() {
    #expect(data().checksum == data().checksum)
    let others = [
      data(), data(name: "litera"), data(x: [1, 2, 3, 4.000000000000001]), data(y: [1, -0.0]),
      data(x: [1, 3, 2, 4]), data(weights: [1, 1]), data(weights: [1, 0]), data(test: true),
      Dataset(name: "literal", population: data().moments),
    ]
    #expect(Set(others.map(\.checksum)).count == others.count)
  }

  /// The hashes of arrays were computed by another program too.
  @Test("is the same on every machine and in every version")
  func fixed() {
    #expect(data(test: true).checksum == 17_288_995_214_776_786_071)
    #expect(StateHash.of([]) == 12_638_153_114_141_198_995)
    #expect(StateHash.of([1, -0.0]) == 9_214_510_684_836_042_454)
  }

  @Test("of bytes is that of the doubles they are")
  func bytes() {
    let values = [0.5, .nan, -3]
    #expect(values.withUnsafeBytes { StateHash.of($0) } == StateHash.of(values))
    let (seven, eight) = ([UInt8](repeating: 0, count: 7), [UInt8](repeating: 0, count: 8))
    #expect(
      seven.withUnsafeBytes { StateHash.of($0) } != eight.withUnsafeBytes { StateHash.of($0) })
  }
}

@Suite("a data set from its parts")
struct RestoringDataTests {
  @Test("is the one they came from, with the moments that it had")
  func whole() throws {
    let original = try Dataset.gaussian(singular: [0.9, 0.8], samples: 20, test: 5, seed: 1)
    let restored = try Dataset(
      restoring: original.name, inputs: 2, outputs: 2, train: original.train, test: original.test,
      moments: original.moments.flat)
    #expect(restored.checksum == original.checksum && restored.moments == original.moments)
    #expect(restored.train == original.train && restored.test == original.test)
    #expect(restored.isClassification == original.isClassification)
  }

  @Test("is refused when sizes do not fit, without a trap")
  func sizes() {
    for sizes in [
      (1 << 60, 1, 1), (-1, 1, 1), (1, Int.max, 1), (1, 1, -5), (2, 1, 1), (0, 1, 1),
      (Int(Int32.max), Int(Int32.max), Int(Int32.max)),
    ] {
      #expect(throws: InputError.self) {
        try Samples(
          restoring: sizes.0, inputs: sizes.1, outputs: sizes.2, x: [1], y: [1], targetWeights: nil)
      }
    }
    for (inputs, outputs) in [(0, 1), (1, 0), (Int.max, 1), (1 << 31, 1), (2, 1), (1, 2)] {
      #expect(throws: InputError.self) {
        try Dataset(
          restoring: "x", inputs: inputs, outputs: outputs, train: nil, test: nil,
          moments: [1, 2, 3])
      }
    }
    let large = Int(Int32.max)
    #expect(throws: InputError.self) {
      try Dataset(
        restoring: "x", inputs: large, outputs: large, train: nil, test: nil, moments: [])
    }
  }
}
