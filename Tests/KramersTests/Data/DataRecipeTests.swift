import Testing

@testable import Kramers

/// Data drawn again by the recipe that made it.
@Suite struct DataRecipeTests {
  /// Every kind of data that is drawn, by the shift of all seeds.
  private static let drawn: [(name: String, make: @Sendable (UInt64) throws -> Dataset)] = [
    ("gaussian", { try .gaussian(singular: [0.9, 0.5], samples: 20, test: 5, seed: 3 + $0) }),
    (
      "rotated",
      { try .gaussian(singular: [0.9, 0.5], samples: 20, rotate: true, seed: 3 + $0) }
    ),
    (
      "teacher",
      {
        try .teacher(
          singular: [0.9, 0.5], samples: 20, test: 6, noise: 0.1, inputSpectrum: [1, 0.2],
          seed: 3 + $0)
      }
    ),
    ("completion", { try .completion(size: 6, rank: 2, fraction: 0.5, seed: 3 + $0) }),
    ("modular", { try .modular(p: 5, operation: .multiply, fraction: 0.4, seed: 3 + $0) }),
    ("digits", { try .digits(classes: [3, 8], train: 0.3, center: true, seed: 3 + $0) }),
    (
      "stages",
      {
        try Dataset.gaussian(singular: [0.9, 0.5], samples: 60, seed: 3 + $0)
          .split(train: 0.7, seed: 8 + $0).subsample(n: 20, seed: 1 + $0).whitened()
      }
    ),
  ]

  @Test("a shift moves every seed of a recipe, through all stages", arguments: 0..<drawn.count)
  func shifts(k: Int) throws {
    let (name, make) = Self.drawn[k]
    let data = try make(0)
    for shift: UInt64 in [0, 5] {
      let again = try data.redrawn(shift: shift)
      let expected = try make(shift)
      #expect(again.train == expected.train && again.test == expected.test, "\(name)")
      #expect(again.checksum == expected.checksum)
      #expect((again.train == data.train) == (shift == 0))
      // What was drawn again can be drawn again.
      #expect(try again.redrawn(shift: 2).train == make(shift + 2).train)
    }
  }

  @Test("a choice among given rows is drawn again, the rows are not")
  func givenRows() throws {
    let rows = try Dataset.from(
      x: (0..<10).map { [Double($0)] }, y: (0..<10).map { [Double(2 * $0)] })
    let some = try rows.subsample(n: 4, seed: 1)
    let other = try some.redrawn(shift: 1)
    #expect(other.train == (try rows.subsample(n: 4, seed: 2)).train)
    #expect(other.train != some.train)
    for data in [rows, rows.whitened()] {
      #expect { try data.redrawn(shift: 1) } throws: { "\($0)".contains("given by its rows") }
    }
    let population = try Dataset.population(singular: [0.9])
    #expect { try population.redrawn(shift: 1) } throws: { "\($0)".contains("exact moments") }
    let exact = try Dataset.gaussian(singular: [0.9], samples: nil)
    #expect { try exact.redrawn(shift: 1) } throws: { "\($0)".contains("exact moments") }
  }
}
