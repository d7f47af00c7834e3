/// One number measured in several groups, each with an error of its own, where the groups differ too:
///
///     y_i = mu + u_i + e_i,      u_i ~ N(0, between^2),      e_i ~ N(0, s_i^2)
///
/// The groups are draws of the data, e_i comes from the replicas of one draw. `between` is the root
/// of Paule and Mandel's equation
///
///     Q(t) = sum (y_i - mu(t))^2 / (s_i^2 + t) = k - 1,      mu(t) weighted by 1/(s_i^2 + t)
///
/// or 0 where Q(0) is below that; its interval is that of Q by chi-square (Viechtbauer). That of mu
/// is Hartung and Knapp's, by Student's law with k - 1 degrees, never narrower than errors alone
/// would make it.
///
/// Source: R. Paule and J. Mandel, J. Res. Natl. Bur. Stand. 87 (1982) 377; J. Hartung and G. Knapp,
/// Stat. Med. 20 (2001) 3875; W. Viechtbauer, Stat. Med. 26 (2007) 37.
public struct RandomEffects: Sendable, Equatable {
  /// k.
  public let groups: Int
  /// mu and its 95 % interval; with one group that of its own error.
  public let mean: Double
  public let low: Double
  public let high: Double
  /// Standard deviation between groups, and its 95 % interval; nil with one group.
  public let between: Double?
  public let betweenLow: Double?
  public let betweenHigh: Double?
  /// Root mean square of the s_i.
  public let within: Double
  /// Probability of such scatter or more if the groups did not differ (Cochran's Q); nil with one.
  public let p: Double?

  /// - Parameter errors: the s_i, positive.
  /// - Returns: nil without a group.
  public init?(values: [Double], errors: [Double]) {
    precondition(values.count == errors.count, "random effects: an error a value")
    guard !values.isEmpty, errors.allSatisfy({ $0 > 0 && $0.isFinite }),
      values.allSatisfy(\.isFinite)
    else { return nil }
    let squares = errors.map { $0 * $0 }
    groups = values.count
    let degrees = Double(groups - 1)
    within = (squares.reduce(0, +) / Double(groups)).squareRoot()
    func sums(_ t: Double) -> (mean: Double, weight: Double, q: Double) {
      let weights = squares.map { 1 / ($0 + t) }
      let weight = weights.reduce(0, +)
      let mean = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / weight
      let q = zip(weights, values).reduce(0) {
        $0 + $1.0 * ($1.1 - mean) * ($1.1 - mean)
      }
      return (mean, weight, q)
    }
    guard groups > 1 else {
      mean = values[0]
      low = mean - normalQuantile(0.975) * errors[0]
      high = mean + normalQuantile(0.975) * errors[0]
      (between, betweenLow, betweenHigh, p) = (nil, nil, nil, nil)
      return
    }
    /// The t >= 0 at which Q, which falls in t, is `goal`; 0 where it is below that at 0.
    func root(_ goal: Double) -> Double {
      guard sums(0).q > goal else { return 0 }
      var (inner, outer) = (0.0, squares.max() ?? 1)
      while sums(outer).q > goal { (inner, outer) = (outer, 4 * outer) }
      for _ in 0..<200 where outer - inner > 1e-14 * outer {
        let middle = 0.5 * (inner + outer)
        if sums(middle).q > goal { inner = middle } else { outer = middle }
      }
      return 0.5 * (inner + outer)
    }
    let t = root(degrees)
    let found = sums(t)
    let scatter = max(found.q / degrees, 1)
    let half = studentQuantile(0.975, degrees: degrees) * (scatter / found.weight).squareRoot()
    mean = found.mean
    low = mean - half
    high = mean + half
    between = t.squareRoot()
    betweenLow = root(chiSquareQuantile(0.975, degrees: degrees)).squareRoot()
    betweenHigh = root(chiSquareQuantile(0.025, degrees: degrees)).squareRoot()
    p = chiSquareSurvival(sums(0).q, degrees: degrees)
  }
}
