#if canImport(Glibc)
  internal import Glibc
#endif

/// The survival curve of a censored sample, without any assumption about its distribution.
///
///     S(t) = prod_{t_i <= t} (1 - d_i/n_i),
///     Var(ln S) = sum d_i / (n_i (n_i - d_i))                      (Greenwood)
///     band: S^exp(-+ z sqrt(Var ln S) / ln S)                      (95 %, log(-log))
///
/// d_i escapes and n_i replicas at risk at t_i. A replica censored at t_i was still at risk there.
/// The band is pointwise and stays in [0, 1]. Where S = 0 Greenwood's variance is infinite: there
/// the row's low is 0 and its high that of the row before (1 in the first).
///
/// Of escapes seen at looks it is the survival at the looks, where it is known; between two looks
/// nothing is. Replicas looked at in different steps count as at risk at the looks of the others.
///
/// Source: Kaplan and Meier, J. Am. Stat. Assoc. 53, 457 (1958); Kalbfleisch and Prentice, The
/// Statistical Analysis of Failure Time Data, section 1.4.
public struct KaplanMeier: Sendable, Equatable {
  public struct Row: Sendable, Equatable {
    /// Time of one or more escapes, in steps.
    public let step: Double
    /// S just after the step.
    public let survival: Double
    public let low: Double
    public let high: Double
    /// Replicas at risk just before the step.
    public let atRisk: Int
    /// Escapes at the step.
    public let escapes: Int
    /// Replicas censored before the step.
    public let censored: Int
  }

  /// One row per distinct escape time, ascending; empty without escapes.
  public let rows: [Row]

  public init(_ sample: CensoredSample) {
    let order = sample.times.indices.sorted { sample.times[$0] < sample.times[$1] }
    var rows: [Row] = []
    var atRisk = sample.count
    var escaped = 0
    var survival = 1.0
    var variance = 0.0
    var high = 1.0
    var i = 0
    while i < order.count {
      let step = sample.times[order[i]]
      var tied = 0
      var escapes = 0
      while i < order.count && sample.times[order[i]] == step {
        tied += 1
        escapes += sample.escaped[order[i]] ? 1 : 0
        i += 1
      }
      if escapes > 0 {
        let left = atRisk - escapes
        survival *= Double(left) / Double(atRisk)
        variance += Double(escapes) / (Double(atRisk) * Double(left))
        var low = 0.0
        if left > 0 {
          let spread = exp(1.959963984540054 * variance.squareRoot() / abs(log(survival)))
          low = pow(survival, spread)
          high = pow(survival, 1 / spread)
        }
        rows.append(
          Row(
            step: step, survival: survival, low: low, high: high, atRisk: atRisk,
            escapes: escapes, censored: sample.count - atRisk - escaped))
        escaped += escapes
      }
      atRisk -= tied
    }
    self.rows = rows
  }

  /// S(t): 1 before the first escape, the last row's value after the last.
  public func survival(at step: Double) -> Double {
    rows.last { $0.step <= step }?.survival ?? 1
  }

  /// The smallest time with S <= p; nil if the curve ends above p. A tolerance of 1e-12 makes
  /// products like (3/4)(2/3) count as 1/2.
  public func time(whenSurvivalReaches p: Double) -> Double? {
    rows.first { $0.survival <= p + 1e-12 }?.step
  }

  /// The median escape time; nil if it is not reached.
  public var median: Double? { time(whenSurvivalReaches: 0.5) }
}
