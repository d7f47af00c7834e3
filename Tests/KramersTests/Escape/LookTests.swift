import Foundation
import Testing

@testable import Kramers

/// Escape times that are known only within a look.
@Suite struct LookTests {
  static let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil
  static let experiments = isLong ? 4000 : 400

  /// n exponential times of mean 1, seen at the next look and at the budget.
  private func seen(
    _ n: Int, every: Double, budget: Double = .infinity, lag: Double = 0, seed: UInt64,
    _ experiment: Int
  ) throws -> CensoredSample {
    let exact = try exponentialSample(n, lag: lag, budget: budget, seed: seed, experiment)
    return try CensoredSample(
      times: zip(exact.times, exact.escaped).map { time, hasEscaped in
        hasEscaped ? min((time / every).rounded(.up) * every, budget) : time
      }, escaped: exact.escaped, every: every)
  }

  @Test("equal looks: tau = -every / ln(1 - every/mean of the rounded times)")
  func closedForm() throws {
    let sample = try seen(64, every: 0.5, seed: 1001, 0)
    let mean = sample.times.reduce(0, +) / 64
    let rate = CensoredRate(sample)
    #expect(abs(rate.tau / (-0.5 / log(1 - 0.5 / mean)) - 1) < 1e-13)
    #expect(abs(rate.exposure / (64 * rate.tau) - 1) < 1e-13)
    #expect(rate.low < rate.tau && rate.tau < rate.high)
  }

  @Test("an end of the interval is where the binomial tail is 2.5 %, summed term by term")
  func binomialTails() throws {
    // 5 escapes at 40 looks of 10 steps: 5 * 8 looks each.
    let rate = CensoredRate(
      try CensoredSample(
        times: [30, 20, 50, 40, 10, 100, 150],
        escaped: [true, true, true, true, true, false, false], every: 10))
    func tail(_ range: ClosedRange<Int>, _ tau: Double) -> Double {
      let q = 1 - exp(-10 / tau)
      return range.reduce(0) { sum, k in
        let choose = exp(logGamma(41) - logGamma(Double(k) + 1) - logGamma(41 - Double(k)))
        return sum + choose * pow(q, Double(k)) * pow(1 - q, Double(40 - k))
      }
    }
    #expect(abs(tail(5...40, rate.high) / 0.025 - 1) < 1e-10)
    #expect(abs(tail(0...5, rate.low) / 0.025 - 1) < 1e-10)
  }

  @Test(
    "as every/tau goes to 0 tau and interval become those of exact times, linearly in every",
    arguments: [3, 40])
  func continuity(n: Int) throws {
    let exact = try exponentialSample(64, budget: -log(1 - Double(n) / 64), seed: 1002, 3)
    let old = CensoredRate(exact)
    // Small looks cannot see the order of the statistics' difference below rounding of the times.
    for every in [1e-3, 1e-5, 1e-7, 1e-9] {
      let new = CensoredRate(
        try CensoredSample(
          times: zip(exact.times, exact.escaped).map {
            $1 ? ($0 / every).rounded(.up) * every : $0
          }, escaped: exact.escaped, every: every))
      for (a, b) in [(old.tau, new.tau), (old.low, new.low), (old.high, new.high)] {
        #expect(abs(b / a - 1) < 2 * every + 1e-9, "every \(every): \(a), \(b)")
      }
    }
  }

  @Test("all at the first look: tau 0, the upper end is where that has probability 2.5 %")
  func firstLook() throws {
    let rate = CensoredRate(
      try CensoredSample(
        times: [Double](repeating: 100, count: 8), escaped: [Bool](repeating: true, count: 8),
        every: 100))
    #expect(rate.tau == 0 && rate.low == 0)
    #expect(abs(rate.high / (-100 / log(1 - pow(0.025, 1 / 8))) - 1) < 1e-10)
    // One survivor bounds it from below.
    let other = CensoredRate(
      try CensoredSample(
        times: [100, 100, 100, 200], escaped: [true, true, true, true], every: 100))
    #expect(other.low > 0 && other.low < other.tau && other.tau < other.high)
  }

  @Test("a last look cut short by the budget: tau maximises the likelihood of the intervals")
  func shortLook() throws {
    let sample = try seen(64, every: 0.5, budget: 1.3, seed: 1003, 1)
    #expect(zip(sample.times, sample.escaped).contains { $0 == 1.3 && $1 })
    func logLikelihood(_ tau: Double) -> Double {
      (0..<64).reduce(0) { sum, i in
        let start = sample.start(i)
        let width = sample.times[i] - start
        return sum - start / tau + (sample.escaped[i] ? log(1 - exp(-width / tau)) : 0)
      }
    }
    let rate = CensoredRate(sample)
    let slope = (logLikelihood(rate.tau * 1.0001) - logLikelihood(rate.tau / 1.0001)) / 2e-4
    let curvature =
      (logLikelihood(rate.tau * 1.01) + logLikelihood(rate.tau / 1.01)
        - 2 * logLikelihood(rate.tau)) / 1e-4
    #expect(abs(slope / curvature) < 1e-4)
    #expect(rate.low < rate.tau && rate.tau < rate.high)
  }

  @Test(
    "95 % intervals cover at least 95 % less three standard errors, at every/tau from .01 to 2",
    arguments: [0.01, 0.1, 0.5, 2], [4, 32])
  func coverage(every: Double, replicas: Int) throws {
    var covered = 0
    for experiment in 0..<Self.experiments {
      // The budget is no multiple of the looks.
      let rate = CensoredRate(
        try seen(replicas, every: every, budget: 2.3, seed: 1004, experiment))
      if rate.low <= 1 && 1 <= rate.high { covered += 1 }
      #expect(rate.low < rate.high)
    }
    let share = Double(covered) / Double(Self.experiments)
    let error = (0.05 * 0.95 / Double(Self.experiments)).squareRoot()
    #expect(share >= 0.95 - 3 * error, "covers \(share)")
    if Self.isLong { print("coverage, every/tau \(every), \(replicas) replicas: \(share)") }
  }

  @Test("looks of different lengths are one sample: the mean of 4,000 is 1 within z = 4")
  func mixedLooks() throws {
    let fine = try seen(2000, every: 0.125, seed: 1005, 0)
    let coarse = try seen(2000, every: 1.5, budget: 4.5, seed: 1006, 0)
    let both = try CensoredSample(
      times: fine.times + coarse.times, escaped: fine.escaped + coarse.escaped,
      looks: fine.looks + coarse.looks)
    let rate = CensoredRate(both)
    // A grouped escape tells less than an exact one; at these looks less than a third is lost.
    #expect(abs(rate.tau - 1) < 4 * 1.2 / Double(4000).squareRoot(), "\(rate)")
    // A lie about the looks is seen.
    let lie = CensoredRate(
      try CensoredSample(times: both.times, escaped: both.escaped))
    #expect(abs(lie.tau - 1) > 0.2)
    #expect(EscapeStatistics(both, seed: 1).exponentialP.map { $0 > 1e-3 } == true)
  }

  @Test(
    "exponential times at looks are rejected in 5 % at the most, within 3 standard errors",
    arguments: [0.1, 0.5, 2.0], [0, 0.7])
  func level(every: Double, lag: Double) throws {
    var rejected = 0
    for experiment in 0..<Self.experiments {
      let test = ExponentialTest(
        try seen(64, every: every, budget: lag + 1.7, lag: lag, seed: 1007, experiment),
        seed: UInt64(experiment))
      if let p = test.p, p <= 0.05 { rejected += 1 }
    }
    let share = Double(rejected) / Double(Self.experiments)
    #expect(
      share < 0.05 + 3 * (0.05 * 0.95 / Double(Self.experiments)).squareRoot(),
      "rejects \(share)")
    if Self.isLong { print("exponential at looks of \(every), lag \(lag): rejects \(share)") }
  }

  @Test(
    "a lag inside a look is found from the share that escapes in it: the mean of 400 within z = 4",
    arguments: [0.1, 0.5])
  func lag(every: Double) throws {
    let estimates = try (0..<400).map {
      ballisticLag(try seen(64, every: every, budget: 3, lag: 0.73, seed: 1009, $0))
    }
    let mean = estimates.reduce(0, +) / 400
    let variance = estimates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 399
    // The bias of second order, (k/n)/(2n) of the mean, is allowed for.
    #expect(abs(mean - 0.73) < 4 * (variance / 400).squareRoot() + 0.005, "\(mean)")
  }

  @Test("Gamma(3) times at looks of a tenth of their mean are rejected in most samples of 128")
  func power() throws {
    var rejected = 0
    for experiment in 0..<50 {
      let parts = try exponentialSample(3 * 128, seed: 1008, experiment).times
      let times = (0..<128).map { i in
        (parts[3 * i..<3 * i + 3].reduce(0, +) / 0.3).rounded(.up) * 0.3
      }
      let sample = try CensoredSample(
        times: times, escaped: [Bool](repeating: true, count: 128), every: 0.3)
      if try #require(ExponentialTest(sample, seed: 1).p) <= 0.05 { rejected += 1 }
    }
    #expect(rejected >= 40, "\(rejected) of 50")
  }

  @Test("laws over looks give back barrier and prefactor from what they expect, to 1e-9")
  func laws() throws {
    let points = [1.0, 2, 3, 4].map { x in
      // h = 5: longer than the shortest tau.
      ArrheniusPoint(inverseTemperature: x, escapes: 50, exposure: 50 * exp(0.3 + x), look: 5)
    }
    let fit = try fitArrhenius(points)
    #expect(abs(try #require(fit.barrier) - 1) < 1e-9)
    #expect(abs(try #require(fit.logPrefactor) - 0.3) < 1e-8)
    let laws = try RivalLaws(points, predictedPower: nil)
    #expect(try #require(laws.fitP) > 0.999)
    // The likelihood that is maximised is that of the intervals.
    let law = fit.law
    let direct = points.reduce(0) { sum, point in
      let tau = exp(0.3 + point.inverseTemperature)
      let survived = 50 * 5 / (exp(5 / tau) - 1)
      return sum + 50 * log((1 - exp(-5 / tau)) / 5) - survived / tau
    }
    #expect(abs(law.logLikelihood / direct - 1) < 1e-12)
    // All at the first look at the hottest point: no lower end there, and still a law.
    let hot = ArrheniusPoint(inverseTemperature: 0.5, escapes: 50, exposure: 0, look: 50)
    #expect(try #require(try fitArrhenius([hot] + points).barrier) > 0.9)
  }
}
