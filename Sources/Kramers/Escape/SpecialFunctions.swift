#if canImport(Glibc)
  internal import Glibc
#endif

/// ln Gamma(x) for x > 0.
public func logGamma(_ x: Double) -> Double { lgamma(x).0 }

/// P(a, x) and Q(a, x) = 1 - P, each with its own relative accuracy.
///
///     P(a, x) = (1/Gamma(a)) integral_0^x t^(a-1) e^-t dt
///
/// - Parameters:
///   - a: shape, > 0.
///   - x: >= 0.
/// - Returns: P and Q to a relative error of about 1e-14 * sqrt(a), the smaller one not as a
///   difference.
///
/// Source: DLMF 8.7.1 (series), 8.9.2 (continued fraction, modified Lentz).
public func incompleteGamma(_ a: Double, _ x: Double) -> (p: Double, q: Double) {
  precondition(a > 0 && x >= 0, "the incomplete gamma function needs a > 0 and x >= 0")
  if x == 0 { return (0, 1) }
  if x == .infinity { return (1, 0) }
  let factor = gammaFactor(a, x)
  if x < a + 1 {
    var term = 1 / a
    var sum = term
    var k = 1.0
    while term > sum * 1e-17 {
      term *= x / (a + k)
      sum += term
      k += 1
    }
    let p = min(factor * sum, 1)
    return (p, 1 - p)
  }
  var b = x + 1 - a
  var c = 1e300
  var d = 1 / b
  var h = d
  for i in 1..<100_000 {
    let k = Double(i)
    let numerator = -k * (k - a)
    b += 2
    d = 1 / (numerator * d + b)
    c = b + numerator / c
    let change = c * d
    h *= change
    if abs(change - 1) < 1e-16 { break }
  }
  let q = min(factor * h, 1)
  return (1 - q, q)
}

/// The x with P(a, x) = p, or, if `upper`, with Q(a, x) = p; the tails keep their accuracy.
///
/// - Parameters:
///   - a: shape, > 0.
///   - p: probability in [0, 1].
///
/// Wilson and Hilferty's approximation, then safeguarded Newton steps in ln x.
public func inverseIncompleteGamma(_ a: Double, _ p: Double, upper: Bool = false) -> Double {
  precondition(a > 0 && p >= 0 && p <= 1, "the inverse needs a > 0 and a probability")
  if p == (upper ? 1 : 0) { return 0 }
  if p == (upper ? 0 : 1) { return .infinity }
  let z = normalQuantile(p) * (upper ? -1 : 1)
  let cube = 1 - 1 / (9 * a) + z / (3 * a.squareRoot())
  // For small x, P = x^a / Gamma(a+1).
  let small = exp((log(upper ? 1 - p : p) + logGamma(a + 1)) / a)
  var x = cube > 0.2 && a > 0.5 ? a * cube * cube * cube : max(small, 1e-300)
  var low = 0.0
  var high = Double.infinity
  for _ in 0..<200 {
    let both = incompleteGamma(a, x)
    let value = upper ? both.q : both.p
    // Newton on ln(value) as a function of ln x: nearly linear in both tails.
    if (value < p) == upper { high = min(high, x) } else { low = max(low, x) }
    let slope = (upper ? -1 : 1) * gammaFactor(a, x) / value
    var next = x * exp(max(-2, min(2, log(p / value) / slope)))
    // Before the bracket is consulted: at convergence rounding may step across its ends.
    if abs(next - x) <= 4e-16 * x || high - low <= 4e-16 * x { return next }
    if !(next > low && next < high) {
      next = high.isFinite ? (low > 0 ? low + 0.5 * (high - low) : high / 8) : 8 * x
    }
    x = next
  }
  return x
}

/// The x that a chi-square variable with `degrees` degrees of freedom exceeds with probability
/// 1 - p.
public func chiSquareQuantile(_ p: Double, degrees: Double) -> Double {
  2 * inverseIncompleteGamma(0.5 * degrees, p > 0.5 ? 1 - p : p, upper: p > 0.5)
}

/// The probability that a chi-square variable with `degrees` degrees of freedom exceeds x.
public func chiSquareSurvival(_ x: Double, degrees: Double) -> Double {
  x <= 0 ? 1 : incompleteGamma(0.5 * degrees, 0.5 * x).q
}

/// The probability that a standard normal variable is below x.
public func normalCDF(_ x: Double) -> Double { 0.5 * erfc(-x * 0.5.squareRoot()) }

/// The x that a standard normal variable is below with probability p in [0, 1].
///
/// Abramowitz and Stegun 26.2.23 (4.5e-4), then Halley steps in the lower tail.
public func normalQuantile(_ p: Double) -> Double {
  precondition(p >= 0 && p <= 1, "a quantile needs a probability")
  if p == 0 { return -.infinity }
  if p > 0.5 { return -normalQuantile(1 - p) }
  let t = (-2 * log(p)).squareRoot()
  let numerator = 2.515517 + t * (0.802853 + t * 0.010328)
  var x = numerator / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t
  for _ in 0..<4 {
    let phi = normalCDF(x)
    // u = (Phi - p)/Phi', and Phi''/Phi' = -x.
    let u = (phi - p) * (2 * Double.pi).squareRoot() * exp(0.5 * x * x)
    let step = u / (1 + 0.5 * x * u)
    if !step.isFinite { break }
    x -= step
  }
  return x
}

/// The x that a Student variable with `degrees` >= 1 degrees of freedom is below with probability p.
///
/// The exact quantile solves I_y(degrees/2, 1/2) = 2 (1 - p); here by bisection on the integral of
/// the density, Simpson's rule in the angle theta = atan(x / sqrt(degrees)), whose integrand
/// cos(theta)^(degrees - 1) is smooth. Relative error below 1e-9.
public func studentQuantile(_ p: Double, degrees: Double) -> Double {
  precondition(p > 0 && p < 1 && degrees >= 1, "a quantile needs a probability and degrees >= 1")
  if p < 0.5 { return -studentQuantile(1 - p, degrees: degrees) }
  func area(_ angle: Double) -> Double {
    let panels = 400
    let h = angle / Double(panels)
    return (0...panels).reduce(0) { sum, k in
      let weight = k == 0 || k == panels ? 1.0 : k % 2 == 1 ? 4 : 2
      return sum + weight * pow(cos(h * Double(k)), degrees - 1)
    } * h / 3
  }
  let half =
    0.5 * exp(logGamma(0.5 * degrees) - logGamma(0.5 * degrees + 0.5)) * Double.pi.squareRoot()
  var (low, high) = (0.0, 0.5 * Double.pi)
  for _ in 0..<60 {
    let middle = 0.5 * (low + high)
    if area(middle) < (2 * p - 1) * half { low = middle } else { high = middle }
  }
  return degrees.squareRoot() * tan(0.5 * (low + high))
}

/// x^a e^-x / Gamma(a), without the cancellation of the three logarithms at large a.
private func gammaFactor(_ a: Double, _ x: Double) -> Double {
  if a < 12 { return exp(a * log(x) - x - logGamma(a)) }
  // Gamma(a) = sqrt(2 pi / a) (a/e)^a e^(1/12a - 1/360a^3 + ...), and
  // a ln(x/a) - x + a = a (ln(1+m) - m) with m = (x - a)/a.
  let r = 1 / (a * a)
  let stirling =
    (1.0 / 12 - r
      * (1.0 / 360 - r
        * (1.0 / 1260 - r * (1.0 / 1680 - r * (1.0 / 1188 - r * (691.0 / 360360 - r / 156))))))
    / a
  let m = (x - a) / a
  // Far from a, m is rounded; near a, the logarithm is.
  let logRatio = abs(m) > 0.3 ? log(x / a) - m : logOnePlusMinus(m)
  return (a / (2 * Double.pi)).squareRoot() * exp(a * logRatio - stirling)
}

/// ln(1 + m) - m for |m| <= 0.3.
private func logOnePlusMinus(_ m: Double) -> Double {
  // With s = m/(2+m): ln(1+m) = 2 atanh s, and m - 2s = m s.
  let s = m / (2 + m)
  let z = s * s
  var sum = 0.0
  var k = 21.0
  while k >= 3 {
    sum = z * (sum + 1 / k)
    k -= 2
  }
  return 2 * s * sum - m * s
}
