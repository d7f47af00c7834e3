import Foundation
import Kramers
import Testing

@Suite struct RivalLawsTests {
  static let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil
  /// Learning rates of figure 2b of arXiv 2606.17120; its temperature is lr / (B C).
  static let paper = [5e-4, 1e-3, 2e-3, 3e-3, 5e-3]

  /// `replicas` exponential times of mean tau(T) a point, none censored.
  private func points(
    _ temperatures: [Double], replicas: Int, seed: UInt64, _ experiment: Int,
    tau: (Double) -> Double
  ) throws -> [ArrheniusPoint] {
    try temperatures.enumerated().map { i, temperature in
      let sample = try exponentialSample(replicas, seed: seed + UInt64(i), experiment)
      return ArrheniusPoint(
        inverseTemperature: 1 / temperature, escapes: Double(sample.escapes),
        exposure: CensoredRate(sample).exposure * tau(temperature))
    }
  }

  @Test("a clock at the paper's five learning rates is called one in 93 to 97 % of 1,000 seeds")
  func clock() throws {
    let experiments = 1000
    var called = 0
    var covered = 0
    for experiment in 0..<experiments {
      let laws = try RivalLaws(
        points(Self.paper, replicas: 50, seed: 700, experiment) { _ in 3.7 }, predictedPower: 0)
      if laws.best == .clock { called += 1 }
      let barrier = try #require(laws[.arrhenius]?.barrier)
      if barrier.low <= 0 && 0 <= barrier.high { covered += 1 }
    }
    #expect((930...970).contains(called), "\(called)")
    #expect((930...970).contains(covered), "\(covered)")
    if Self.isLong { print("clock called \(called), E = 0 covered \(covered) of \(experiments)") }
  }

  @Test("each law is found where it is true, and the others are rejected")
  func each() throws {
    let temperatures = [1.0, 0.75, 0.6, 0.5, 0.42]
    let truths: [(RivalLaws.Law, (Double) -> Double)] = [
      (.arrhenius, { exp(4 / $0) }), (.power, { 50 * pow($0, -9) }),
      (.prefactor, { pow($0, 3) * exp(4 / $0) }),
    ]
    for (law, tau) in truths {
      var found = 0
      for experiment in 0..<40 {
        let laws = try RivalLaws(
          points(temperatures, replicas: 2000, seed: 710, experiment, tau: tau), predictedPower: 3)
        if laws.best == law && laws.alsoPossible.isEmpty { found += 1 }
        #expect(laws[.clock]?.isRejected == true)
      }
      // The true law is rejected in 5 %: 2 of 40, and 7 is 3.6 standard errors above.
      #expect(found >= 33, "\(law): \(found) of 40")
    }
  }

  @Test("likelihoods, weights and p are those of their definitions")
  func definitions() throws {
    let rows = [(1.0, 5.0, 40.0), (2, 4, 150), (3, 6, 500), (3.5, 2, 800)]
    let points = rows.map {
      ArrheniusPoint(inverseTemperature: $0.0, escapes: $0.1, exposure: $0.2)
    }
    let laws = try RivalLaws(points, predictedPower: nil)
    // Clock: tau = total exposure / total escapes.
    let clock = try #require(laws[.clock])
    #expect(abs(clock.logLikelihood - (-17 * log(1490.0 / 17) - 17)) < 1e-12)
    #expect(abs(try #require(clock.logPrefactor) - log(1490.0 / 17)) < 1e-12)
    // Arrhenius' law is RateLaw's with the design (1, 1/T); p of the clock by the chi-square law.
    let arrhenius = try RateLaw(
      rows.map { RatePoint(escapes: $0.1, survived: $0.2, design: [1, $0.0]) })
    #expect(abs(try #require(laws[.arrhenius]).logLikelihood - arrhenius.logLikelihood) < 1e-9)
    let ratio = 2 * (arrhenius.logLikelihood - clock.logLikelihood)
    #expect(abs(try #require(clock.p) - chiSquareSurvival(ratio, degrees: 1)) < 1e-9)
    // Power: the design (1, ln T) in its own unit.
    let power = try RateLaw(
      rows.map { RatePoint(escapes: $0.1, survived: $0.2, design: [1, -log($0.0)]) })
    let row = try #require(laws[.power])
    #expect(abs(row.logLikelihood - power.logLikelihood) < 1e-9)
    #expect(abs(try #require(row.logPrefactor) - (try #require(power.coefficients))[0]) < 1e-7)
    // A prefactor without prediction is fitted: three parameters, contained in nothing.
    let free = try #require(laws[.prefactor])
    #expect(free.parameters == 3 && free.p == nil)
    let total = laws.rows.reduce(0) { $0 + ($1.weight ?? 0) }
    #expect(abs(total - 1) < 1e-12)
    let relative = try #require(free.weight) / (try #require(clock.weight))
    #expect(abs(log(relative) - 0.5 * (clock.aic - free.aic)) < 1e-9)
  }

  @Test("without a prediction of its own the prefactor law is Arrhenius' and has no weight")
  func coincidence() throws {
    let laws = try RivalLaws(
      points([1, 0.7, 0.5], replicas: 200, seed: 720, 0) { exp(4 / $0) }, predictedPower: 0)
    #expect(laws[.prefactor]?.weight == nil)
    #expect(
      abs(
        try #require(laws[.prefactor]).logLikelihood
          - (try #require(laws[.arrhenius]).logLikelihood)) < 1e-12)
  }

  @Test("laws that cannot be told apart are named; a scatter beyond counting is seen")
  func warnings() throws {
    // A factor 2 in tau: Arrhenius and a power of T are the same line.
    let narrow = try RivalLaws(
      points([1, 0.95, 0.9], replicas: 400, seed: 730, 1) { exp(6 / $0) }, predictedPower: nil)
    #expect(narrow.best == nil && narrow.simplest != .clock)
    #expect(narrow.warning?.contains("cannot be told apart") == true)
    let hopeless = try RivalLaws(
      points([1, 0.99], replicas: 10, seed: 731, 0) { exp(6 / $0) }, predictedPower: nil)
    #expect(hopeless.best == nil && hopeless.simplest == .clock)
    #expect(hopeless.warning?.contains("not excluded") == true)
    let one = try RivalLaws(
      points([1, 1], replicas: 10, seed: 732, 0) { _ in 1 }, predictedPower: nil)
    #expect(one.best == nil && one.warning?.contains("one temperature") == true)
    // The same temperature twice, with tau that differs tenfold.
    let torn = try RivalLaws(
      [(1.0, 50.0), (1, 500), (2, 1e3), (2, 1e4)].map {
        ArrheniusPoint(inverseTemperature: $0.0, escapes: 50, exposure: 50 * $0.1)
      }, predictedPower: nil)
    #expect(try #require(torn.fitP) < 1e-6)
    #expect(torn.warning?.contains("more than the temperature") == true)
  }

  @Test("points without escapes take part, and bad values are refused")
  func edges() throws {
    let laws = try RivalLaws(
      [
        ArrheniusPoint(inverseTemperature: 1, escapes: 30, exposure: 300),
        ArrheniusPoint(inverseTemperature: 2, escapes: 0, exposure: 30_000),
      ], predictedPower: nil)
    // Two temperatures, one without escapes: not a clock, and nothing more.
    #expect(laws.best == nil && laws.simplest == .arrhenius)
    let barrier = try #require(laws[.arrhenius]?.barrier)
    #expect(barrier.value == nil && barrier.high == .infinity && barrier.low > 2)
    #expect(throws: (InputError).self) { try RivalLaws([], predictedPower: nil) }
  }
}
