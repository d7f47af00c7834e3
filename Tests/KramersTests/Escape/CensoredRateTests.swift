import Glibc
import Kramers
import Testing

@Suite struct CensoredRateTests {
  @Test("tau is time at risk over escapes, with chi-square ends, to 1e-12")
  func hand() throws {
    let sample = try CensoredSample(
      times: [10, 20, 30, 100, 100], escaped: [true, true, true, false, false])
    let rate = CensoredRate(sample)
    #expect(rate.replicas == 5 && rate.escapes == 3 && rate.exposure == 260)
    #expect(abs(rate.tau - 260.0 / 3) < 1e-12)
    // 2 * 260 / scipy.stats.chi2.ppf(.975, 8) and ppf(.025, 6), see SpecialFunctionsTests
    #expect(abs(rate.low / (520 / 17.534546139484649541) - 1) < 1e-12)
    #expect(abs(rate.high / (520 / 1.2373442457912026001) - 1) < 1e-12)
    // S = 4/5, 3/5, 2/5.
    #expect(rate.median == 30)
  }

  @Test("no escapes: the lower bound is total/3.689, tau and the upper bound are infinite")
  func noEscapes() throws {
    let rate = CensoredRate(try CensoredSample(times: [500, 500], escaped: [false, false]))
    #expect(rate.tau == .infinity && rate.high == .infinity && rate.median == nil)
    // chi2(.975; 2) = -2 ln .025
    #expect(abs(rate.low / (1000 / -log(0.025)) - 1) < 1e-12)
    #expect(abs(1000 / rate.low - 3.689) < 5e-4)
  }

  @Test("no replicas: nothing is known, tau is anywhere from 0 to infinity")
  func empty() throws {
    let rate = CensoredRate(try CensoredSample(times: [], escaped: []))
    #expect(rate.escapes == 0 && rate.low == 0 && rate.high == .infinity && rate.median == nil)
  }

  @Test("uneven, negative and not finite input is refused with a sentence")
  func refused() {
    #expect(throws: InputError.sentence("2 times but 1 escaped flags")) {
      try CensoredSample(times: [1, 2], escaped: [true])
    }
    for bad in [-1, Double.nan, .infinity] {
      #expect(throws: (InputError).self) { try CensoredSample(times: [bad], escaped: [true]) }
    }
  }

  @Test("95 % intervals at 12 expected escapes of 64 cover 97 %, within 3 standard errors")
  func coverage() throws {
    let experiments = 4000
    let budget = -log(1 - 12.0 / 64)
    var covered = 0
    for experiment in 0..<experiments {
      let sample = try exponentialSample(64, budget: budget, seed: 41, experiment)
      let rate = CensoredRate(sample)
      if rate.low <= 1 && 1 <= rate.high { covered += 1 }
    }
    let share = Double(covered) / Double(experiments)
    // The nominal coverage is a lower bound (conservative); 97 % was measured elsewhere.
    let error = (0.97 * 0.03 / Double(experiments)).squareRoot()
    #expect(abs(share - 0.97) < 3 * error + 0.005, "covers \(share)")
  }
}

/// n exponential times of mean 1 after a lag, censored at a common budget, seeded.
func exponentialSample(
  _ n: Int, lag: Double = 0, budget: Double = .infinity, seed: UInt64, _ experiment: Int
) throws -> CensoredSample {
  let stream = RandomStream(seed: seed, replica: UInt32(experiment), purpose: .data)
  let times = (0..<n).map { lag - log(stream.uniforms(step: 0, UInt32($0)).0) }
  return try CensoredSample(
    times: times.map { min($0, budget) }, escaped: times.map { $0 <= budget })
}
