#if canImport(Glibc)
  internal import Glibc
#endif

/// An exponential law fitted to times that are known within a look: n_h escapes within looks of
/// length h, and A steps that were seen to be survived,
///
///     d(ln L)/d(rate) = sum_h n_h h / (e^(h rate) - 1) - A = 0        (1/rate for h = 0)
///
/// It decreases with the rate, so the root is unique. Looks of one length give
/// rate = ln(1 + n h/A) / h.
struct GroupedExponential {
  /// Number of escapes.
  let escapes: Double
  /// A, steps.
  let survived: Double
  /// The length of look with which all escapes alone would give the same tau; that of all looks if
  /// they are equal. Only a last look cut short by the budget differs in a measurement.
  let look: Double
  /// Mean in steps; infinite without escapes, 0 if nothing was seen to be survived.
  let tau: Double

  init(_ sample: CensoredSample) {
    var counts: [Double: Double] = [:]
    var survived = 0.0
    for i in 0..<sample.count {
      let start = sample.start(i)
      survived += start
      if sample.escaped[i] { counts[sample.times[i] - start, default: 0] += 1 }
    }
    self.init(survived: survived, counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }

  /// - Parameter looks: lengths, ascending, each with the escapes seen in it.
  init(survived: Double, _ looks: [(length: Double, escapes: Double)]) {
    let n = looks.reduce(0) { $0 + $1.escapes }
    escapes = n
    self.survived = survived
    guard let shortest = looks.first?.length, let longest = looks.last?.length else {
      look = 0
      tau = .infinity
      return
    }
    guard survived > 0, shortest < longest else {
      look = longest
      tau = meanTime(survived: survived, escapes: n, look: longest)
      return
    }
    // The mean time grows with the length of the looks.
    let mean = bisected(
      meanTime(survived: survived, escapes: n, look: shortest),
      meanTime(survived: survived, escapes: n, look: longest)
    ) { tau in
      looks.reduce(0) { $0 + $1.escapes * tau * lookFactor($1.length / tau) } < survived
    }
    tau = mean
    look = bisected(shortest, longest) { n * mean * lookFactor($0 / mean) > survived }
  }

  /// Total time at risk, steps.
  var exposure: Double { escapes > 0 ? escapes * tau : survived }

  /// The conservative interval of the mean, each end wrong with probability `tail` at most.
  func interval(tail: Double) -> (low: Double, high: Double) {
    guard look > 0, escapes > 0 else {
      let low = survived / inverseIncompleteGamma(escapes + 1, tail, upper: true)
      return (low, escapes > 0 ? survived / inverseIncompleteGamma(escapes, tail) : .infinity)
    }
    // n of m = n + A/h looks saw an escape; q = 1 - e^(-h/tau) is the probability of one.
    let stayed = survived / look
    let high = look / betaExponent(escapes, stayed + 1, tail)
    guard stayed > 0 else { return (0, high) }
    return (look / betaExponent(escapes + 1, stayed, tail, upper: true), high)
  }
}

/// The mean of an exponential law with `escapes` in looks of one length and `survived` steps.
func meanTime(survived: Double, escapes: Double, look: Double) -> Double {
  guard look > 0 else { return survived / escapes }
  return look / log1p(escapes * look / survived)
}

/// x / (e^x - 1): the part of the mean time that an escape adds to what it was seen to survive.
func lookFactor(_ x: Double) -> Double {
  if x == 0 { return 1 }
  return x > 700 ? 0 : x / expm1(x)
}

/// The place between `low` and `high` where `isBelow` turns false.
private func bisected(_ low: Double, _ high: Double, isBelow: (Double) -> Bool) -> Double {
  var (low, high) = (low, high)
  for _ in 0..<200 where high - low > 1e-15 * high {
    let middle = 0.5 * (low + high)
    if isBelow(middle) { low = middle } else { high = middle }
  }
  return 0.5 * (low + high)
}
