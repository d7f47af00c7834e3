#if canImport(Glibc)
  internal import Glibc
#endif

/// The incomplete beta function I_x(a, b) and 1 - I at x = 1 - e^(-theta), each with its own relative
/// accuracy, about 1e-13 * sqrt(a).
///
/// - Parameters:
///   - a: > 0; below 1e6.
///   - b: > 0, of any size: the exponential scale keeps x = theta small exact.
///
/// Source: DLMF 8.17.22 (continued fraction, modified Lentz).
func incompleteBeta(_ a: Double, _ b: Double, theta: Double) -> (lower: Double, upper: Double) {
  if theta == 0 { return (0, 1) }
  let (x, y) = (-expm1(-theta), exp(-theta))
  let factor = exp(a * log(x) - b * theta + logGammaRatio(b, a) - logGamma(a))
  if x < (a + 1) / (a + b + 2) {
    let lower = min(factor * betaFraction(a, b, x) / a, 1)
    return (lower, 1 - lower)
  }
  let upper = min(factor * betaFraction(b, a, y) / b, 1)
  return (1 - upper, upper)
}

/// The theta with I_x(a, b) = p at x = 1 - e^(-theta), or, if `upper`, with 1 - I = p.
///
/// - Parameter p: probability inside (0, 1).
func betaExponent(_ a: Double, _ b: Double, _ p: Double, upper: Bool = false) -> Double {
  // The density of theta is that of a Gamma(a) variable over b + (a-1)/2, times 1 + (a-1) theta^2/24.
  let guess = inverseIncompleteGamma(a, p, upper: upper) / (b + 0.5 * (a - 1))
  if a * guess * guess < 1e-10 { return guess }
  func isBelow(_ theta: Double) -> Bool {
    let tails = incompleteBeta(a, b, theta: theta)
    return upper ? tails.upper > p : tails.lower < p
  }
  var (low, high) = (guess, guess)
  while low > 0, !isBelow(low) { low *= 0.5 }
  while isBelow(high) { high *= 2 }
  for _ in 0..<100 where high - low > 1e-14 * high {
    let middle = 0.5 * (low + high)
    if isBelow(middle) { low = middle } else { high = middle }
  }
  return 0.5 * (low + high)
}

/// ln Gamma(b + a) - ln Gamma(b), without the cancellation of the two at large b.
private func logGammaRatio(_ b: Double, _ a: Double) -> Double {
  if b < 20 { return logGamma(a + b) - logGamma(b) }
  func stirling(_ z: Double) -> Double {
    let r = 1 / (z * z)
    return (1.0 / 12 - r * (1.0 / 360 - r * (1.0 / 1260 - r / 1680))) / z
  }
  return (b - 0.5) * log1p(a / b) + a * log(a + b) - a + stirling(a + b) - stirling(b)
}

/// The continued fraction of I_x(a, b) for x below (a+1)/(a+b+2).
private func betaFraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
  let tiny = 1e-300
  var c = 1.0
  var d = 1 / max(1 - (a + b) * x / (a + 1), tiny)
  var h = d
  for i in 1..<100_000 {
    let m = Double(i)
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    var change = 1.0
    for term in [even, odd] {
      d = 1 + term * d
      d = 1 / (abs(d) < tiny ? tiny : d)
      c = 1 + term / c
      if abs(c) < tiny { c = tiny }
      change = c * d
      h *= change
    }
    if abs(change - 1) < 1e-15 { break }
  }
  return h
}
