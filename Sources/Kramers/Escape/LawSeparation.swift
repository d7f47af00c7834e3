#if canImport(Glibc)
  internal import Glibc
#endif

/// Whether measurements at these temperatures, with these exposures, can tell Arrhenius' law from a
/// power of the temperature: the power of the likelihood-ratio test of `RivalLaws` before it is made.
///
/// If law A is true with the parameters that were fitted, and law B fits what A predicts as well as
/// it can, 2 ln L of B falls short by
///
///     lambda = 2 sum_i n_i (ln(tau_B/tau_A) + tau_A/tau_B - 1),      n_i = exposure_i / tau_A
///
/// for times known exactly, and the test statistic, with one degree of freedom, is noncentral chi-square of that
/// noncentrality: 7.85 rejects B at 5 % in 80 % of experiments. lambda grows in proportion to the
/// number of escapes. The smaller of the two ways round counts.
///
/// Source: Cox and Oakes, Analysis of Survival Data, chapter 3; Self and Mauritsen, Biometrics 44
/// (1988) 79 (the power of likelihood-ratio tests from expected data).
public struct LawSeparation: Sendable, Equatable {
  /// The smaller lambda; 0 where a law is not determined or fewer than three temperatures differ.
  public let noncentrality: Double

  public static let needed = 7.85
  public var tells: Bool { noncentrality >= Self.needed }
  /// How many times as many escapes at the same temperatures would tell; nil where none would.
  public var factor: Double? {
    noncentrality > 1e-6 ? max(1, Self.needed / noncentrality) : nil
  }

  /// - Parameters:
  ///   - arrhenius: the law with design (1, 1/T).
  ///   - power: the law with design (1, ln T).
  init(arrhenius: RateLaw, power: RateLaw) {
    guard let a = Self.shortfall(of: power, under: arrhenius),
      let b = Self.shortfall(of: arrhenius, under: power)
    else {
      noncentrality = 0
      return
    }
    noncentrality = min(a, b)
  }

  private static func shortfall(of wrong: RateLaw, under truth: RateLaw) -> Double? {
    guard let coefficients = truth.coefficients else { return nil }
    var perfect = 0.0
    var expected: [RatePoint] = []
    for (point, other) in zip(truth.points, wrong.points) {
      let logTau = zip(point.design, coefficients).reduce(point.offset) { $0 + $1.0 * $1.1 }
      let tau = exp(logTau)
      // What stays the same: the time at risk, escapes counting for the whole of their look.
      let atRisk = point.survived + point.escapes * point.look
      let escapes =
        point.look > 0 ? -expm1(-point.look / tau) * atRisk / point.look : atRisk / tau
      let data = RatePoint(
        escapes: escapes, survived: atRisk - escapes * point.look, look: point.look,
        design: other.design, offset: other.offset)
      perfect += data.saturated
      expected.append(data)
    }
    guard perfect.isFinite, let best = try? RateLaw(expected) else { return nil }
    return max(0, 2 * (perfect - best.logLikelihood))
  }
}
