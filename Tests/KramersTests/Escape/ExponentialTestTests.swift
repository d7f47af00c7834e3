import Glibc
import Kramers
import Testing

/// 400 experiments in the normal suite, 4,000 when KRAMERS_LONG is set.
private let experiments = getenv("KRAMERS_LONG") == nil ? 400 : 4000

@Suite struct ExponentialTestTests {
  @Test(
    "an exponential sample, 30 % censored, is rejected in 5 %, within 3 standard errors",
    arguments: [0, 0.3, 2])
  func level(lag: Double) throws {
    let budget = lag - log(0.3)
    let share = try rejections { try exponentialSample(64, lag: lag, budget: budget, seed: 51, $0) }
    let error = (0.05 * 0.95 / Double(experiments)).squareRoot()
    #expect(abs(share - 0.05) < 3 * error, "rejects \(share)")
  }

  @Test("with censoring times that differ the level is within 1.5 % and 3 standard errors of 5 %")
  func randomCensoring() throws {
    let share = try rejections { experiment in
      let sample = try exponentialSample(64, lag: 0.2, seed: 52, experiment)
      let ends = try exponentialSample(64, lag: 0.1, seed: 53, experiment).times.map { 2 * $0 }
      return try CensoredSample(
        times: zip(sample.times, ends).map(min), escaped: zip(sample.times, ends).map(<=))
    }
    let error = (0.05 * 0.95 / Double(experiments)).squareRoot()
    #expect(abs(share - 0.05) < 3 * error + 0.015, "rejects \(share)")
  }

  @Test(
    "with 70 and 90 % censored, 19 and 13 escapes expected, it still rejects 5 %",
    arguments: [(64, 0.7), (128, 0.9)])
  func heavyCensoring(replicas: Int, censored: Double) throws {
    let share = try rejections {
      try exponentialSample(replicas, budget: -log(censored), seed: 59, $0)
    }
    let error = (0.05 * 0.95 / Double(experiments)).squareRoot()
    // 1.5 % is what the test promises; 400 experiments see three standard errors, 3.3 %.
    #expect(abs(share - 0.05) < max(3 * error, 0.015), "rejects \(share)")
  }

  private func rejections(_ sample: (Int) throws -> CensoredSample) throws -> Double {
    var rejected = 0
    for experiment in 0..<experiments {
      let test = ExponentialTest(try sample(experiment), seed: UInt64(experiment))
      // Fewer than five escapes give no p, and no rejection.
      if let p = test.p, p <= 0.05 { rejected += 1 }
    }
    return Double(rejected) / Double(experiments)
  }

  @Test("Gamma(3) times and a mixture of two rates are rejected in most samples of 128")
  func power() throws {
    var gamma = 0
    var mixture = 0
    for experiment in 0..<50 {
      let parts = try exponentialSample(3 * 128, seed: 54, experiment).times
      let times = (0..<128).map { parts[3 * $0..<3 * $0 + 3].reduce(0, +) }
      let all = [Bool](repeating: true, count: 128)
      let test = ExponentialTest(try CensoredSample(times: times, escaped: all), seed: 1)
      if try #require(test.p) <= 0.05 { gamma += 1 }
      let mixed = (0..<128).map { ($0 % 2 == 0 ? 1 : 20) * parts[$0] }
      let other = ExponentialTest(try CensoredSample(times: mixed, escaped: all), seed: 1)
      if try #require(other.p) <= 0.05 { mixture += 1 }
    }
    #expect(gamma >= 40 && mixture >= 45, "rejected \(gamma) and \(mixture) of 50")
  }

  @Test("the lag estimate is unbiased: its mean over 2,000 samples is the lag, at z = 4")
  func lag() throws {
    let estimates = try (0..<2000).map {
      ballisticLag(try exponentialSample(64, lag: 1, budget: 2.2, seed: 55, $0))
    }
    let mean = estimates.reduce(0, +) / 2000
    // Standard deviation of the minimum of 64 exponentials: 1/64.
    #expect(abs(mean - 1) < 4 / 64 / Double(2000).squareRoot(), "mean \(mean)")
    #expect(ballisticLag(try CensoredSample(times: [], escaped: [])) == 0)
    #expect(ballisticLag(try CensoredSample(times: [5], escaped: [true])) == 0)
  }

  @Test("fewer than five escapes give no p; the same seed gives the same p")
  func edges() throws {
    let few = try CensoredSample(
      times: [1, 2, 3, 4, 9], escaped: [true, true, true, true, false])
    #expect(ExponentialTest(few).p == nil && ExponentialTest(few).escapes == 4)
    #expect(ExponentialTest(try CensoredSample(times: [], escaped: [])).p == nil)
    let equal = try CensoredSample(
      times: [Double](repeating: 3, count: 8), escaped: [Bool](repeating: true, count: 8))
    #expect(ExponentialTest(equal).p == nil)
    let sample = try exponentialSample(64, budget: 1, seed: 56, 0)
    #expect(ExponentialTest(sample, seed: 3) == ExponentialTest(sample, seed: 3))
    #expect(ExponentialTest(sample, seed: 3).p != ExponentialTest(sample, seed: 4).p)
  }

  @Test("scaling the times scales lag and mean and leaves p alone")
  func scale() throws {
    let sample = try exponentialSample(64, lag: 0.5, budget: 2, seed: 57, 0)
    let scaled = try CensoredSample(times: sample.times.map { 1024 * $0 }, escaped: sample.escaped)
    let (one, two) = (ExponentialTest(sample), ExponentialTest(scaled))
    #expect(two.lag == 1024 * one.lag && two.mean == 1024 * one.mean && one.p == two.p)
  }

  @Test("4,096 replicas take less than 300 ms (30 to 50 on an idle core)")
  func speed() throws {
    for budget in [1.0, .infinity] {
      let sample = try exponentialSample(4096, budget: budget, seed: 58, 0)
      let elapsed = ContinuousClock().measure { _ = ExponentialTest(sample) }
      #expect(elapsed < .milliseconds(300), "took \(elapsed)")
    }
  }
}
