import Glibc
import Testing

@testable import Kramers

@Suite struct EscapeComparisonTests {
  private func samples(_ figures: SurvivalFigures) throws -> [CensoredSample] {
    try [figures.first, figures.second].map {
      try CensoredSample(times: $0.map(\.0), escaped: $0.map(\.1), every: figures.every)
    }
  }

  @Test(
    "log-rank, medians, rates and restricted means are those of lifelines",
    arguments: SurvivalFigures.all.indices)
  func lifelines(_ k: Int) throws {
    let figures = SurvivalFigures.all[k]
    let samples = try samples(figures)
    let comparison = try EscapeComparison(samples[0], samples[1])
    let test = comparison.logRank
    #expect(areClose(try #require(test.chiSquare), figures.chiSquare, 1e-10))
    #expect(areClose(try #require(test.p), figures.p, 1e-8))
    #expect(comparison.dropped == 0 && comparison.horizon == figures.horizon)
    for i in 0..<2 {
      let interval = comparison.medianIntervals[i]
      let (low, high) = figures.medians[i]
      // lifelines says at which look the band falls; the escapes lie between it and the one before.
      #expect(interval.low == (low.isFinite ? low - figures.every : nil))
      #expect(interval.high == (low.isFinite ? high : nil))
      // Its optimiser stops at 1e-5 or so.
      #expect(areClose(1 / CensoredRate(samples[i]).tau, figures.rates[i], 1e-4))
      let mean = comparison.means[i]
      #expect(areClose(mean.mean, figures.means[i], 1e-10))
      // A bootstrap of 1,000: 4 standard errors, and (n - 1)/n.
      let n = Double(samples[i].count)
      #expect(
        abs(mean.error / figures.errors[i] - 1) < 4 / 2000.0.squareRoot() + 1 / n
          || mean.error == 0 && figures.errors[i] == 0, "\(mean.error) \(figures.errors[i])")
    }
    #expect(areClose(comparison.difference, figures.means[0] - figures.means[1], 1e-9))
    let errors = comparison.means.map(\.error)
    let reach =
      1.959963984540054 * hypot(errors[0], errors[1])
      + comparison.means[0].slack + comparison.means[1].slack
    #expect(areClose(comparison.differenceHigh - comparison.difference, reach, 1e-9))
    #expect(areClose(comparison.difference - comparison.differenceLow, reach, 1e-9))
  }

  @Test(
    "the ratio of rates has the interval that SciPy finds", arguments: SurvivalFigures.all.indices)
  func ratio(_ k: Int) throws {
    let figures = SurvivalFigures.all[k]
    let samples = try samples(figures)
    let found = RateRatio(samples[0], samples[1])
    #expect(areClose(try #require(found.ratio), figures.ratio, 1e-5))
    #expect(areClose(try #require(found.low), figures.ratioLow, 1e-5))
    #expect(areClose(try #require(found.high), figures.ratioHigh, 1e-5))
    // The other way round it is its inverse.
    let other = RateRatio(samples[1], samples[0])
    #expect(areClose(try #require(other.low), 1 / figures.ratioHigh, 1e-5))
    #expect(
      figures.ratioLow == 0
        ? other.high == .infinity : areClose(try #require(other.high), 1 / figures.ratioLow, 1e-5))
  }

  @Test("no escapes at all, one replica, all at the first look: what is not known is nil")
  func extremes() throws {
    let none = try CensoredSample(times: [50, 50], escaped: [false, false], every: 10)
    let nothing = try EscapeComparison(none, none)
    #expect(nothing.ratio.ratio == nil && nothing.logRank.p == nil && nothing.difference == 0)
    #expect(nothing.horizon == 50 && nothing.medianIntervals[0].low == nil)
    let soon = try CensoredSample(times: [10, 10, 10], escaped: [true, true, true], every: 10)
    let fast = RateRatio(soon, none)
    #expect(fast.ratio == .infinity && fast.high == .infinity)
    #expect(try #require(fast.low) > 1)
    #expect(RateRatio(soon, soon).ratio == nil)
    let slow = RateRatio(none, soon)
    #expect(areClose(try #require(slow.high), 1 / (try #require(fast.low)), 1e-9))
    let one = try CensoredSample(times: [20], escaped: [true], every: 10)
    #expect(try EscapeComparison(one, none).logRank.p != nil)
    #expect(throws: InputError.self) {
      try EscapeComparison(one, try CensoredSample(times: [], escaped: []))
    }
  }

  @Test("Brookmeyer-Crowley covers the true median in 95 %, within 3 standard errors and 1.5 %")
  func medianCoverage() throws {
    for every in [0, 0.25] {
      let experiments = 2000
      var covered = 0
      for experiment in 0..<experiments {
        let sample = try looked(60, mean: 1, budget: 2, every: every, seed: 7, experiment)
        let interval = MedianInterval(sample)
        if let low = interval.low, let high = interval.high, low <= M_LN2, M_LN2 <= high {
          covered += 1
        }
      }
      let share = Double(covered) / Double(experiments)
      let error = (0.95 * 0.05 / Double(experiments)).squareRoot()
      #expect(share > 0.95 - 3 * error - 0.015, "every \(every): \(share)")
      // Looks of a third of the median can only widen it.
      if every == 0 { #expect(share < 0.95 + 3 * error + 0.015, "\(share)") }
    }
  }
}

/// Exponential times seen at looks, until a budget.
func looked(
  _ n: Int, mean: Double, budget: Double, every: Double, seed: UInt64, _ experiment: Int
) throws -> CensoredSample {
  let exact = try exponentialSample(n, seed: seed, experiment).times.map { mean * $0 }
  let escaped = exact.map { $0 <= budget }
  let times = exact.map { time in
    time > budget
      ? budget : every > 0 ? min((time / every).rounded(.up) * every, budget) : time
  }
  return try CensoredSample(times: times, escaped: escaped, every: every)
}

private func areClose(_ a: Double, _ b: Double, _ tolerance: Double) -> Bool {
  a == b || abs(a - b) <= tolerance * max(abs(a), abs(b))
}
