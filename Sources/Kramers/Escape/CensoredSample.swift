/// First-passage times of an ensemble of replicas, some of them censored: a replica that has not
/// escaped is known only to have survived its time. Censored replicas stay in every statistic;
/// leaving them out biases escape times low.
///
/// An escape that was looked for every h steps is known only to lie within its look: at time t it
/// is in (start, t], start being the look before, the last multiple of h below t. Every statistic
/// takes a sample as such intervals; h = 0 are exact times.
public struct CensoredSample: Sendable, Equatable {
  /// Steps until the look that saw the escape, or until observation ended.
  public let times: [Double]
  /// Whether the replica escaped at its time; false means censored.
  public let escaped: [Bool]
  /// Steps between two looks at each replica; 0 for exact times.
  public let looks: [Double]

  /// - Parameters:
  ///   - times: one per replica, in steps (any unit of time works), finite and >= 0.
  ///   - escaped: one per replica.
  ///   - looks: one per replica, the steps between two looks at it; looks are at its multiples and,
  ///     where the time is none, at the time.
  /// - Throws: `InputError` if the counts differ or a time or look is negative or not finite.
  public init(times: [Double], escaped: [Bool], looks: [Double]) throws(InputError) {
    guard times.count == escaped.count else {
      throw .sentence("\(times.count) times but \(escaped.count) escaped flags")
    }
    guard times.count == looks.count else {
      throw .sentence("\(times.count) times but \(looks.count) looks")
    }
    for time in times where !(time >= 0 && time.isFinite) {
      throw .rule("escape time", "finite and not negative", time)
    }
    for look in looks where !(look >= 0 && look.isFinite) {
      throw .rule("every", "finite and not negative", look)
    }
    self.times = times
    self.escaped = escaped
    self.looks = looks
  }

  /// - Parameter every: steps between two looks at all replicas; 0 for exact times.
  public init(times: [Double], escaped: [Bool], every: Double = 0) throws(InputError) {
    try self.init(
      times: times, escaped: escaped, looks: [Double](repeating: every, count: times.count))
  }

  /// Number of replicas.
  public var count: Int { times.count }
  /// Number of replicas that escaped.
  public var escapes: Int { escaped.reduce(0) { $0 + ($1 ? 1 : 0) } }

  /// What replica `i` was seen to survive: its time if censored, the look before it if escaped.
  func start(_ i: Int) -> Double {
    escaped[i] ? lookBefore(times[i], looks[i]) : times[i]
  }

  /// As many looks as the coarsest replica had, if they do not differ already: looks of different
  /// lengths share those at the multiples of all of them.
  ///
  /// - Returns: nil where lengths have no common multiple below 2^53.
  func withEqualLooks() -> CensoredSample? {
    guard let first = looks.first, looks.contains(where: { $0 != first }) else { return self }
    guard let common = Self.commonLook(looks) else { return nil }
    let coarser = times.indices.map { i in
      escaped[i]
        ? (times[i] / common).rounded(.up) * common : (times[i] / common).rounded(.down) * common
    }
    return try? CensoredSample(times: coarser, escaped: escaped, every: common)
  }

  /// The shortest look that is a multiple of all; 0 where all times are exact, nil where there is none
  /// below 2^53.
  static func commonLook(_ looks: [Double]) -> Double? {
    var common = 0.0
    for look in Set(looks).sorted() where look > 0 {
      guard common > 0 else {
        common = look
        continue
      }
      var (a, b) = (common, look)
      while b > 0 { (a, b) = (b, a.truncatingRemainder(dividingBy: b)) }
      common = common / a * look
      guard common < 0x1p53 else { return nil }
    }
    return common
  }
}

/// The look before the one at `time`, looks being at multiples of `every`; the time itself if it is
/// known exactly (`every` = 0).
func lookBefore(_ time: Double, _ every: Double) -> Double {
  every > 0 ? max(((time / every).rounded(.up) - 1) * every, 0) : time
}
