import Glibc
import Kramers
import Testing

private let isLong = getenv("KRAMERS_LONG") != nil

/// Three scalar weights on exact moments (s = 1, b = .3, lr = .2), from zero to w = abc >= .3:
/// barrier .01389806. Mean first-passage times of an independent simulation.
@Suite struct ScalarChainTests {
  private static let oracle: [(barrier: Double, tau: Double, error: Double)] = [
    (3, 1301, 9), (4, 3377, 34), (5, 8965, 90), (6, 24144, 241),
  ]

  /// Escape times are nearly exponential, so the standard error of the mean of 400 is tau/20, joined
  /// with the oracle's own. z = 4.
  @Test(
    "the escape time of the scalar chain equals the independent simulation",
    arguments: isLong ? oracle : Array(oracle[..<2]))
  func escapeTime(barrier: Double, tau: Double, error: Double) throws {
    var settings = Settings()
    settings.learningRate = 0.2
    settings.l2 = 0.3
    settings.temperature = 0.01389806 / barrier
    var options = FirstPassageOptions(observable: .mode(1), threshold: 0.3, seed: 71)
    options.replicas = 400
    options.every = 1
    let record = try measureFirstPassage(
      data: .population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
      settings: settings, from: TrainingState(parameters: [0, 0, 0]), options: options, threads: 2)
    #expect(record.escaped.allSatisfy { $0 })
    let mean = Double(record.totalSteps) / 400
    let standardError = (tau * tau / 400 + error * error).squareRoot()
    #expect(abs(mean - tau) < 4 * standardError, "\(mean), not \(tau) +- \(standardError)")
    if isLong { print("barrier/T = \(barrier): tau = \(mean), oracle \(tau) +- \(error)") }
  }
}
