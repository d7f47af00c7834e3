/// First-passage times of an ensemble of replicas, some of them censored: a replica that has not
/// escaped is known only to have survived its time. Censored replicas stay in every statistic;
/// leaving them out biases escape times low.
public struct CensoredSample: Sendable, Equatable {
  /// Steps until escape, or until observation ended.
  public let times: [Double]
  /// Whether the replica escaped at its time; false means censored.
  public let escaped: [Bool]

  /// - Parameters:
  ///   - times: one per replica, in steps (any unit of time works), finite and >= 0.
  ///   - escaped: one per replica.
  /// - Throws: `InputError` if the counts differ or a time is negative or not finite.
  public init(times: [Double], escaped: [Bool]) throws(InputError) {
    guard times.count == escaped.count else {
      throw .sentence("\(times.count) times but \(escaped.count) escaped flags")
    }
    for time in times where !(time >= 0 && time.isFinite) {
      throw .rule("escape time", "finite and not negative", time)
    }
    self.times = times
    self.escaped = escaped
  }

  /// Number of replicas.
  public var count: Int { times.count }
  /// Number of replicas that escaped.
  public var escapes: Int { escaped.reduce(0) { $0 + ($1 ? 1 : 0) } }
  /// Total time at risk, the sum of all times, escaped or not.
  public var exposure: Double { times.reduce(0, +) }
}
