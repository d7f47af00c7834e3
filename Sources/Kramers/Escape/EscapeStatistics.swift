/// What a sample of escape times says: the rate under censoring with its interval, the survival
/// curve, and whether the times are exponential after a ballistic lag. Times in steps.
///
/// One path for a measurement and for several combined. Replicas that diverged are a competing end:
/// like the censored they count as at risk up to their time, and no statistic says what would have
/// become of them. Divergence is rarely independent of escape, which that takes for granted.
public struct EscapeStatistics: Sendable, Equatable {
  public let rate: CensoredRate
  /// Replicas that diverged.
  public let diverged: Int
  /// Of `rate.median`.
  public let medianInterval: MedianInterval
  public let survival: [KaplanMeier.Row]
  /// Probability of a deviation from the exponential law as large as this; nil with few escapes.
  public let exponentialP: Double?
  /// Steps before which no replica escapes (ballistic lag); nil without escapes.
  public let lag: Double?
  /// Mean of the exponential part after the lag, in steps; nil without escapes.
  public let meanAfterLag: Double?

  /// - Parameters:
  ///   - diverged: how many replicas of the sample that did not escape diverged.
  ///   - seed: of the simulations behind `exponentialP`.
  public init(_ sample: CensoredSample, diverged: Int = 0, seed: UInt64) {
    self.diverged = diverged
    rate = CensoredRate(sample)
    medianInterval = MedianInterval(sample)
    survival = KaplanMeier(sample).rows
    let test = ExponentialTest(sample, seed: seed)
    exponentialP = test.p
    lag = test.escapes > 0 ? test.lag : nil
    meanAfterLag = test.escapes > 0 ? test.mean : nil
  }

  public var replicas: Int { rate.replicas }
  public var escapes: Int { rate.escapes }
  public var censored: Int { rate.replicas - rate.escapes - diverged }
}
