/// Two samples of escape times side by side: whether they have one survival curve, by which factor
/// their rates differ, and by how many steps their means.
///
/// The test and the means take the samples at the looks that they share (`SharedLooks`); the ratio of
/// rates takes each as it is and both as exponential. The samples must be independent.
public struct EscapeComparison: Sendable, Equatable {
  public let logRank: LogRank
  /// Of rates, first over second.
  public let ratio: RateRatio
  /// Of each sample, by its own looks.
  public let medianIntervals: [MedianInterval]
  /// Until where the means go, steps: where the curve of either ends; the last escape if both come
  /// down to 0.
  public let horizon: Double
  public let means: [RestrictedMean]
  /// Of the means, first less second, with its 95 % interval; what looks leave open widens it.
  public let difference: Double
  public let differenceLow: Double
  public let differenceHigh: Double
  /// Escapes behind the last shared look, which the test and the means take as censored.
  public let dropped: Int

  /// - Throws: `InputError` if a sample is empty or the looks have no common multiple.
  public init(_ first: CensoredSample, _ second: CensoredSample) throws(InputError) {
    guard first.count > 0, second.count > 0 else {
      throw .sentence("a sample without replicas cannot be compared")
    }
    let shared = try SharedLooks(first, second)
    dropped = shared.dropped
    logRank = LogRank(shared.samples[0], shared.samples[1])
    ratio = RateRatio(first, second)
    medianIntervals = [MedianInterval(first), MedianInterval(second)]
    let ends = shared.samples.map(RestrictedMean.knownUntil)
    let known = min(ends[0], ends[1])
    let horizon = known.isFinite ? shared.lastLook(until: known) : shared.end
    self.horizon = horizon
    let means = shared.samples.map { RestrictedMean($0, horizon: horizon) }
    self.means = means
    difference = means[0].mean - means[1].mean
    let error = (means[0].error * means[0].error + means[1].error * means[1].error).squareRoot()
    let reach = 1.959963984540054 * error + means[0].slack + means[1].slack
    differenceLow = difference - reach
    differenceHigh = difference + reach
  }
}
