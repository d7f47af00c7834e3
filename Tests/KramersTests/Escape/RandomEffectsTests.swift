import Testing

@testable import Kramers

/// What groups have in common, told apart from how they differ.
@Suite struct RandomEffectsTests {
  @Test("with equal errors the estimates are those of the plain mean and variance")
  func equalErrors() throws {
    let values = [1.0, 2.5, 0.7, 3.1, 2.0]
    let mean = values.reduce(0, +) / 5
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4
    let found = try #require(RandomEffects(values: values, errors: Array(repeating: 0.5, count: 5)))
    #expect(abs(found.mean - mean) < 1e-12)
    #expect(abs(try #require(found.between) - (variance - 0.25).squareRoot()) < 1e-10)
    let half = studentQuantile(0.975, degrees: 4) * (variance / 5).squareRoot()
    #expect(abs(found.high - mean - half) < 1e-9 && abs(mean - found.low - half) < 1e-9)
    #expect(found.within == 0.5 && found.groups == 5)
    // (k - 1) variance / (s^2 + t) at the quantiles of chi-square with 4 degrees.
    for (limit, p) in [(found.betweenLow, 0.975), (found.betweenHigh, 0.025)] {
      let t = 4 * variance / chiSquareQuantile(p, degrees: 4) - 0.25
      #expect(abs(try #require(limit) - max(t, 0).squareRoot()) < 1e-8)
    }
    #expect(abs(try #require(found.p) - chiSquareSurvival(16 * variance, degrees: 4)) < 1e-12)
  }

  @Test("with unequal errors the spread solves Paule and Mandel's equation; equal values have none")
  func unequalErrors() throws {
    let (values, errors) = ([1.0, 2.5, 0.7, 3.1], [0.1, 0.9, 0.3, 0.4])
    let found = try #require(RandomEffects(values: values, errors: errors))
    let t = try #require(found.between) * found.between!
    let weights = errors.map { 1 / ($0 * $0 + t) }
    let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +)
    let q = zip(weights, values).reduce(0) { $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean) }
    #expect(abs(q - 3) < 1e-9 && abs(found.mean - mean) < 1e-12)
    let same = try #require(RandomEffects(values: [2, 2, 2], errors: [0.1, 0.2, 0.4]))
    #expect(same.between == 0 && same.mean == 2 && same.p == 1)
    // Errors alone: 1/sqrt(sum 1/s^2) times Student's quantile.
    let alone = studentQuantile(0.975, degrees: 2) / (100.0 + 25 + 6.25).squareRoot()
    #expect(abs(same.high - 2 - alone) < 1e-9)
    let one = try #require(RandomEffects(values: [2], errors: [0.5]))
    #expect(one.between == nil && abs(one.high - 2 - 0.98) < 1e-3)
    #expect(RandomEffects(values: [], errors: []) == nil)
    #expect(RandomEffects(values: [1, 2], errors: [0, 1]) == nil)
  }

  @Test("both intervals cover in 95 % of 1000 simulated experiments, z = 4", arguments: [0, 0.5])
  func coverage(between: Double) throws {
    let random = RandomStream(seed: 5, purpose: .statistics)
    var (meanCovered, spreadCovered, square) = (0, 0, 0.0)
    let errors = [0.2, 0.3, 0.5, 0.8, 0.3, 0.4, 0.25, 0.6]
    for k in 0..<1000 {
      let u = random.normals(16, step: UInt64(k))
      let values = errors.indices.map { 2 + between * u[$0] + errors[$0] * u[8 + $0] }
      let found = try #require(RandomEffects(values: values, errors: errors))
      if found.low <= 2, found.high >= 2 { meanCovered += 1 }
      if found.betweenLow! <= between, found.betweenHigh! >= between { spreadCovered += 1 }
      square += found.between! * found.between! / 1000
    }
    // Binomial error .0069. Without differences the interval of the mean is conservative, and that
    // of the spread has only one end: 97.5 %.
    let slack = 4 * (0.05 * 0.95 / 1000).squareRoot()
    #expect(Double(meanCovered) / 1000 > 0.95 - slack, "\(meanCovered)")
    if between > 0 { #expect(Double(meanCovered) / 1000 < 0.95 + slack, "\(meanCovered)") }
    #expect(abs(Double(spreadCovered) / 1000 - (between == 0 ? 0.975 : 0.95)) < slack)
    // The estimate of the variance scatters by about .2 in one experiment, and is cut off at 0.
    if between > 0 { #expect(abs(square - 0.25) < 4 * 0.2 / 1000.squareRoot(), "\(square)") }
  }
}
