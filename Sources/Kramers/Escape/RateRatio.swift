#if canImport(Glibc)
  internal import Glibc
#endif

/// The ratio of the escape rates of two exponential samples, first over second, with the interval of
/// the likelihood ratio,
///
///     2 [max ln L(r1, r2) - max over r of ln L(ratio r, r)] <= chi2_1(level),
///     ln L = sum over escapes ln(e^(-r start) - e^(-r t)) - r sum over censored t
///
/// so that a look with an escape says no more than that, and samples without escapes bound the ratio
/// on one side. The inner maximum is `GroupedExponential`'s, of the first sample in its time times
/// the ratio. Measured coverage of the nominal 95 %: see `RateRatioTests`.
///
/// Source: Cox and Oakes, Analysis of Survival Data, sections 3.3 and 5.2.
public struct RateRatio: Sendable, Equatable {
  /// nil without escapes in either, and where both rates are infinite (all escaped at once).
  public let ratio: Double?
  /// 0 where the first sample has no escapes; nil with `ratio`.
  public let low: Double?
  /// Infinite where the second has none; nil with `ratio`.
  public let high: Double?

  public init(_ first: CensoredSample, _ second: CensoredSample, level: Double = 0.95) {
    precondition(level > 0 && level < 1, "a confidence level lies between 0 and 1")
    let (a, b) = (Likelihood(first), Likelihood(second))
    guard a.escapes + b.escapes > 0, a.rate.isFinite || b.rate.isFinite else {
      (ratio, low, high) = (nil, nil, nil)
      return
    }
    let best = a.value(a.rate) + b.value(b.rate)
    let allowed = 0.5 * chiSquareQuantile(level, degrees: 1)
    /// Whether the logarithm of a ratio lies in the interval.
    func isWithin(_ logarithm: Double) -> Bool {
      let ratio = exp(logarithm)
      let rate = a.commonRate(with: b, ratio)
      return best - a.value(ratio * rate) - b.value(rate) <= allowed
    }
    /// The end on one side of a ratio that lies in it.
    func end(_ sign: Double, from inside: Double) -> Double {
      var (near, far) = (inside, inside + sign)
      while isWithin(far), abs(far) < 700 { (near, far) = (far, inside + 2 * (far - inside)) }
      for _ in 0..<100 where abs(far - near) > 1e-13 * max(1, abs(far)) {
        let middle = 0.5 * (near + far)
        if isWithin(middle) { near = middle } else { far = middle }
      }
      return exp(near)
    }
    let found = a.rate / b.rate
    ratio = found
    if found > 0, found.isFinite {
      low = end(-1, from: log(found))
      high = end(1, from: log(found))
    } else {
      // One end is open; a ratio far out on that side lies in the interval.
      let isNone = found == 0
      var inside = log(a.scale / b.scale)
      while !isWithin(inside), abs(inside) < 600 { inside += isNone ? -1 : 1 }
      low = isNone ? 0 : end(-1, from: inside)
      high = isNone ? end(1, from: inside) : .infinity
    }
  }
}

/// The likelihood of an exponential law, as a function of its rate.
private struct Likelihood {
  /// Lengths of looks, ascending, each with the escapes seen in it.
  let looks: [(length: Double, escapes: Double)]
  /// Steps that were seen to be survived.
  let survived: Double
  let escapes: Double
  let rate: Double

  init(_ sample: CensoredSample) {
    var counts: [Double: Double] = [:]
    var survived = 0.0
    for i in 0..<sample.count {
      let start = sample.start(i)
      survived += start
      if sample.escaped[i] { counts[sample.times[i] - start, default: 0] += 1 }
    }
    looks = counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    self.survived = survived
    let law = GroupedExponential(survived: survived, looks)
    escapes = law.escapes
    rate = 1 / law.tau
  }

  /// Some time of the sample, steps.
  var scale: Double { survived > 0 ? 1 / survived : 1 / (looks.last?.length ?? 1) }

  func value(_ rate: Double) -> Double {
    var sum = survived > 0 ? -rate * survived : 0
    for (length, escapes) in looks {
      sum += escapes * (length > 0 ? log(-expm1(-rate * length)) : log(rate))
    }
    return sum
  }

  /// The rate of `other` at which both are likeliest if that of this is `ratio` times as large.
  func commonRate(with other: Likelihood, _ ratio: Double) -> Double {
    let scaled = looks.map { (length: ratio * $0.length, escapes: $0.escapes) }
    let law = GroupedExponential(
      survived: ratio * survived + other.survived,
      (scaled + other.looks).sorted { $0.length < $1.length })
    return 1 / law.tau
  }
}
