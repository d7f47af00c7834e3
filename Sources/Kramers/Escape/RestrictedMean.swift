/// The mean of an escape time up to a horizon, of min(t, horizon), without any assumption about its
/// distribution: the area below the survival curve,
///
///     mean = int_0^horizon S dt,    Var = sum_i A_i^2 d_i / (n_i (n_i - d_i)),
///
/// A_i being the part of the area that row i of `KaplanMeier` scales: what lies behind its step.
/// Between two looks the curve is taken as straight; whatever it does there, the mean lies within
/// `slack`.
///
/// Source: Klein and Moeschberger, Survival Analysis, section 4.5; Royston and Parmar, BMC Med. Res.
/// Methodol. 13, 152 (2013).
public struct RestrictedMean: Sendable, Equatable {
  /// Steps.
  public let mean: Double
  /// Standard error, steps; 0 without escapes before the horizon.
  public let error: Double
  /// Steps by which looks leave the mean open, to either side; 0 for exact times.
  public let slack: Double

  /// - Parameters:
  ///   - sample: with looks of one length.
  ///   - horizon: steps, at most `knownUntil(sample)`.
  public init(_ sample: CensoredSample, horizon: Double) {
    let every = sample.looks.first ?? 0
    let rows = KaplanMeier(sample).rows.filter { $0.step <= horizon }
    /// Steps from the look before the row to the row.
    let looks = rows.map { $0.step - lookBefore($0.step, every) }
    var mean = 0.0
    var slack = 0.0
    var variance = 0.0
    /// The area behind the row after.
    var later = 0.0
    for i in rows.indices.reversed() {
      let row = rows[i]
      let isLast = i == rows.count - 1
      let next = isLast ? horizon : rows[i + 1].step - looks[i + 1]
      later += row.survival * (next - row.step)
      if !isLast { later += 0.5 * looks[i + 1] * (row.survival + rows[i + 1].survival) }
      // Of its own look the triangle below the new level.
      let scaled = later + 0.5 * looks[i] * row.survival
      let left = Double(row.atRisk - row.escapes)
      if left > 0 {
        variance += scaled * scaled * Double(row.escapes) / (Double(row.atRisk) * left)
      }
      slack += 0.5 * looks[i] * ((i > 0 ? rows[i - 1].survival : 1) - row.survival)
    }
    if let first = rows.first, let look = looks.first {
      mean = first.step - look + 0.5 * look * (1 + first.survival) + later
    } else {
      mean = horizon
    }
    self.mean = mean
    self.slack = slack
    error = variance.squareRoot()
  }

  /// Until when the survival curve is known; infinite where it comes down to 0.
  public static func knownUntil(_ sample: CensoredSample) -> Double {
    KaplanMeier(sample).rows.last?.survival == 0 ? .infinity : sample.times.max() ?? 0
  }
}
