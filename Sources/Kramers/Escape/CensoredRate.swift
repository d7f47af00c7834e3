/// The mean escape time of a Poisson process seen through censored replicas.
///
///     tau = (total time at risk) / (escapes)
///     2 total / chi2(1-a/2; 2n+2)  <=  tau  <=  2 total / chi2(a/2; 2n),    a = 1 - level
///
/// For n escapes by a fixed time the interval is conservative: a nominal 95 % covers 98.8 % at 3
/// expected escapes, 97 % at 12 and 95.7 % at 40. It assumes exponential times; ask
/// `exponentialTest` whether they are, and `KaplanMeier` for what holds without that assumption.
///
/// Source: Epstein and Sobel, J. Am. Stat. Assoc. 48, 486 (1953); Cox and Oakes, Analysis of
/// Survival Data, section 3.3.
public struct CensoredRate: Sendable, Equatable {
  /// Number of replicas.
  public let replicas: Int
  /// Number of escapes.
  public let escapes: Int
  /// Total time at risk, in steps.
  public let exposure: Double
  /// Mean escape time in steps; infinite without escapes.
  public let tau: Double
  /// Lower end of the interval; without escapes exposure/3.689 at 95 %.
  public let low: Double
  /// Upper end of the interval; infinite without escapes.
  public let high: Double
  /// The median escape time by Kaplan–Meier; nil if fewer than half escaped.
  public let median: Double?

  /// - Parameters:
  ///   - sample: times in steps and escaped flags, per replica; may be empty.
  ///   - level: of the two-sided interval.
  public init(_ sample: CensoredSample, level: Double = 0.95) {
    precondition(level > 0 && level < 1, "a confidence level lies between 0 and 1")
    replicas = sample.count
    escapes = sample.escapes
    exposure = sample.exposure
    let tail = 0.5 * (1 - level)
    let n = Double(escapes)
    let upper = 2 * inverseIncompleteGamma(n + 1, tail, upper: true)
    low = 2 * exposure / upper
    if escapes > 0 {
      tau = exposure / n
      high = 2 * exposure / (2 * inverseIncompleteGamma(n, tail))
    } else {
      tau = .infinity
      high = .infinity
    }
    median = KaplanMeier(sample).median
  }

  /// The escape rate per step, 1/tau.
  public var rate: Double { 1 / tau }
}
