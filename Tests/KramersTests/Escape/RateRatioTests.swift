import Glibc
import Testing

@testable import Kramers

@Suite struct RateRatioTests {
  @Test(
    "the interval covers the true ratio in 95 %, within 3 standard errors and 1 %",
    arguments: [(0.0, 0.0, 40), (0.5, 0.5, 40), (0.0, 0.7, 60), (0.1, 0.1, 12)])
  func coverage(_ first: Double, _ second: Double, _ replicas: Int) throws {
    let experiments = 1000
    var covered = 0
    for k in 0..<experiments {
      let a = try looked(replicas, mean: 1, budget: 1, every: first, seed: 21, k)
      let b = try looked(2 * replicas, mean: 2, budget: 1.4, every: second, seed: 22, k)
      let found = RateRatio(a, b)
      if let low = found.low, let high = found.high, low <= 2, 2 <= high { covered += 1 }
    }
    let share = Double(covered) / Double(experiments)
    let error = (0.95 * 0.05 / Double(experiments)).squareRoot()
    #expect(abs(share - 0.95) < 3 * error + 0.01, "\(share)")
  }

  @Test("the difference of restricted means covers the true one at least in 95 %, looks or none")
  func means() throws {
    for every in [0, 0.5] {
      let experiments = 1000
      var covered = 0
      for k in 0..<experiments {
        let a = try looked(40, mean: 1, budget: 2, every: every, seed: 31, k)
        let b = try looked(60, mean: 1.5, budget: 2, every: every, seed: 32, k)
        let found = try EscapeComparison(a, b)
        // Where one curve comes down to 0 before the budget the horizon is the other's.
        let truth = (1 - exp(-found.horizon)) - 1.5 * (1 - exp(-found.horizon / 1.5))
        covered += found.differenceLow <= truth && truth <= found.differenceHigh ? 1 : 0
      }
      let share = Double(covered) / Double(experiments)
      let error = (0.95 * 0.05 / Double(experiments)).squareRoot()
      #expect(share > 0.95 - 3 * error - 0.01, "every \(every): \(share)")
      if every == 0 { #expect(share < 0.95 + 3 * error + 0.01, "\(share)") }
    }
  }
}
