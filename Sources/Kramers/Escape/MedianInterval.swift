/// The 95 % interval of the median escape time, without any assumption about its distribution: the
/// times at which the band of `KaplanMeier` does not exclude one half,
///
///     low = min { t : S_low(t) <= 1/2 },    high = min { t : S_high(t) <= 1/2 }.
///
/// Of escapes seen at looks the lower end is the look before: the escapes that brought the band down
/// lie within their look.
///
/// Source: Brookmeyer and Crowley, Biometrics 38, 29 (1982), with the log(-log) band, as R's survfit
/// (conf.type = "log-log") and lifelines take it.
public struct MedianInterval: Sendable, Equatable {
  /// nil where the lower band does not come down to one half.
  public let low: Double?
  /// Infinite where the upper band does not come down to one half; nil where there is no lower end.
  public let high: Double?

  public init(_ sample: CensoredSample) {
    let curve = KaplanMeier(sample)
    let reached = curve.rows.first { $0.low <= 0.5 + 1e-12 }?.step
    low = reached.map { step in
      sample.times.indices.filter { sample.escaped[$0] && sample.times[$0] == step }
        .map { sample.start($0) }.min() ?? step
    }
    high = low == nil ? nil : curve.rows.first { $0.high <= 0.5 + 1e-12 }?.step ?? .infinity
  }
}
