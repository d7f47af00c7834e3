import Glibc
import Testing

@testable import Kramers

@Suite struct SharedLooksTests {
  @Test("looks of one length are kept as they are, a last short one too where both end there")
  func kept() throws {
    let first = try CensoredSample(
      times: [10, 20, 25, 25], escaped: [true, true, true, false], every: 10)
    let second = try CensoredSample(
      times: [10, 10, 25, 25], escaped: [true, false, false, false], every: 10)
    let shared = try SharedLooks(first, second)
    #expect(shared.samples == [first, second] && shared.dropped == 0)
  }

  @Test("a short look that only one had ends the observation of both before it")
  func cut() throws {
    let first = try CensoredSample(
      times: [10, 20, 25, 25], escaped: [true, true, true, false], every: 10)
    let second = try CensoredSample(
      times: [10, 30, 40, 60], escaped: [true, true, false, false], every: 10)
    let shared = try SharedLooks(first, second)
    #expect(shared.dropped == 2)
    #expect(shared.samples[0].times == [10, 20, 20, 20])
    #expect(shared.samples[0].escaped == [true, true, false, false])
    #expect(shared.samples[1].times == [10, 20, 20, 20])
    #expect(shared.samples[1].escaped == [true, false, false, false])
  }

  @Test("looks of 20 and 30 share those of 60; what cannot be shared is refused")
  func multiples() throws {
    let first = try CensoredSample(times: [20, 80, 120], escaped: [true, true, false], every: 20)
    let second = try CensoredSample(times: [60, 90, 240], escaped: [true, true, true], every: 30)
    let shared = try SharedLooks(first, second)
    #expect(shared.samples[0].times == [60, 120, 120] && shared.samples[0].looks[0] == 60)
    #expect(shared.samples[1].times == [60, 120, 240] && shared.dropped == 0)
    // Their least common multiple is beyond 2^53, and that of 20 and 31 beyond the end.
    let primes = try [1_073_741_827.0, 1_073_741_789].map {
      try CensoredSample(times: [$0], escaped: [true], every: $0)
    }
    #expect(throws: InputError.self) { try SharedLooks(primes[0], primes[1]) }
    let odd = try CensoredSample(times: [31, 62], escaped: [true, false], every: 31)
    let none = try EscapeComparison(first, odd)
    #expect(none.logRank.p == nil && none.horizon == 0 && none.dropped == 3)
    #expect(none.ratio.ratio != nil)
  }

  @Test(
    "the log-rank test rejects equal laws in 5 % within 3 standard errors, whatever the looks",
    arguments: [(0.0, 0.0, 150.0), (50, 50, 150), (50, 50, 170), (20, 30, 150), (0, 40, 150)])
  func size(_ first: Double, _ second: Double, _ budget: Double) throws {
    let experiments = 2000
    var rejected = 0
    for k in 0..<experiments {
      let a = try looked(40, mean: 100, budget: budget, every: first, seed: 11, k)
      let b = try looked(90, mean: 100, budget: budget + 25, every: second, seed: 12, k)
      let p = try #require(try EscapeComparison(a, b).logRank.p)
      rejected += p < 0.05 ? 1 : 0
    }
    let share = Double(rejected) / Double(experiments)
    // Chi squared is the limit of many escapes: half a per cent for that.
    let error = (0.05 * 0.95 / Double(experiments)).squareRoot()
    #expect(abs(share - 0.05) < 3 * error + 0.005, "\(share)")
  }
}
