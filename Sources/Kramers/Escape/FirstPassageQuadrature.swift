#if canImport(Glibc)
  internal import Glibc
#endif

/// What bounds a one-dimensional motion on its left.
public enum LeftEnd: Sendable, Equatable {
  /// A reflecting wall at this position.
  case reflecting(Double)
  /// None: the potential confines. The integral is cut where exp(-V/T) has fallen by e^-45 below
  /// its largest value between there and the start; a deeper well behind a wall that high is
  /// not found.
  case natural
}

/// The exact mean first-passage time of one-dimensional overdamped motion,
///
///     dx = -V'(x) dt + sqrt(2 T) dW,    x(0) = start,    absorbed at threshold > start:
///     tau = (1/T) int_start^threshold dy e^(V(y)/T) int_left^y dz e^(-V(z)/T)
///
/// Continuous time: a discrete step lr adds a relative error of O(lr), and tau/lr is in steps. All
/// factors are carried as logarithms, so V/T of several hundred is no problem.
///
/// - Parameters:
///   - temperature: T > 0.
///   - start: initial position.
///   - threshold: where the motion stops, right of `start`.
///   - leftEnd: a wall at or left of `start`, or none.
///   - potential: V(x), smooth between the left end and the threshold.
/// - Returns: the mean time, to a relative error of about 1e-10; nil if the refinement does not
///   settle (V not finite or not smooth there, or it does not confine).
/// - Throws: `InputError` for a temperature or positions that break the rules above.
///
/// Source: Gardiner, Handbook of Stochastic Methods, section 5.5.2; Risken, The Fokker–Planck
/// Equation, section 8.1. Composite Gauss–Legendre with 16 nodes, panels doubled until two
/// results agree.
public func meanFirstPassageTime(
  temperature: Double, from start: Double, to threshold: Double, leftEnd: LeftEnd = .natural,
  potential: (Double) -> Double
) throws(InputError) -> Double? {
  guard temperature > 0, temperature.isFinite else {
    throw .rule("temperature", "positive and finite", temperature)
  }
  guard threshold > start, threshold.isFinite, start.isFinite else {
    throw .sentence("the threshold \(threshold) must lie right of the start \(start)")
  }
  let left: Double
  switch leftEnd {
  case .reflecting(let wall):
    guard wall <= start, wall.isFinite else {
      throw .sentence("the reflecting wall \(wall) must not lie right of the start \(start)")
    }
    left = wall
  case .natural:
    guard let end = confinedEnd(temperature, start, threshold, potential) else { return nil }
    left = end
  }
  let logDiffusivity = log(temperature)
  return logMeanPassageTime(
    left: left, from: start, to: threshold, tolerance: 1e-11,
    potential: { potential($0) / temperature }, logDiffusivity: { _ in logDiffusivity }
  ).map(exp)
}

/// The logarithm of
///
///     tau = int_start^threshold dy e^(U(y)) int_left^y dz e^(-U(z)) / d(z)
///
/// for a potential U in units of the noise and a diffusivity d, panels doubled until two results agree
/// to `tolerance`; nil if they do not.
func logMeanPassageTime(
  left: Double, from start: Double, to threshold: Double, tolerance: Double,
  potential: (Double) -> Double, logDiffusivity: (Double) -> Double
) -> Double? {
  let rule = GaussLegendre(16)
  var previous = Double.nan
  var panels = 16
  while panels <= 1 << 15 {
    let value = logPassageTime(
      rule, panels, left, start, threshold, potential, logDiffusivity)
    guard value.isFinite else { return nil }
    if abs(value - previous) < tolerance * max(1, abs(value)) { return value }
    previous = value
    panels *= 2
  }
  return nil
}

/// The logarithm of tau with `panels` panels on either side of the start.
private func logPassageTime(
  _ rule: GaussLegendre, _ panels: Int, _ left: Double, _ start: Double,
  _ threshold: Double, _ potential: (Double) -> Double, _ logDiffusivity: (Double) -> Double
) -> Double {
  let count = rule.nodes.count
  var inner = -Double.infinity
  var outer = -Double.infinity
  var exponents = [Double](repeating: 0, count: count)

  /// ln int_a^b e^(-U) / d.
  func logWeight(_ a: Double, _ b: Double) -> Double {
    for i in 0..<count {
      let z = a + (b - a) * rule.nodes[i]
      exponents[i] = -potential(z) - logDiffusivity(z)
    }
    let top = exponents.reduce(-.infinity, max)
    var sum = 0.0
    for i in 0..<count { sum += rule.weights[i] * exp(exponents[i] - top) }
    return top + log(sum * (b - a))
  }

  if start > left {
    let width = (start - left) / Double(panels)
    for k in 0..<panels {
      inner = logSum(inner, logWeight(left + Double(k) * width, left + Double(k + 1) * width))
    }
  }
  let width = (threshold - start) / Double(panels)
  for k in 0..<panels {
    let a = start + Double(k) * width
    for (node, weight) in zip(rule.nodes, rule.weights) {
      let y = a + width * node
      let cumulative = logSum(inner, logWeight(a, y))
      outer = logSum(outer, potential(y) + cumulative + log(weight * width))
    }
    inner = logSum(inner, logWeight(a, a + width))
  }
  return outer
}

/// ln(e^a + e^b).
private func logSum(_ a: Double, _ b: Double) -> Double {
  let top = max(a, b)
  return top == -.infinity ? top : top + log1p(exp(min(a, b) - top))
}

/// A position left of `start` where V exceeds its minimum between there and the start by 45 T; nil
/// if there is none within a range 1e6 times the distance to the threshold.
private func confinedEnd(
  _ temperature: Double, _ start: Double, _ threshold: Double, _ potential: (Double) -> Double
) -> Double? {
  let range = threshold - start
  // The minimum left of the start, not that beyond it: on a slope towards the threshold the weight
  // that matters is the one at the start.
  var lowest = potential(start)
  var step = range / 64
  var x = start
  while start - x < 1e6 * range {
    x -= step
    step *= 1.1
    let value = potential(x)
    if value.isNaN { return nil }
    lowest = min(lowest, value)
    if value > lowest + 45 * temperature { return x }
  }
  return nil
}

/// Nodes and weights for integrals over [0, 1], exact for polynomials of degree 2 count - 1.
struct GaussLegendre {
  let nodes: [Double]
  let weights: [Double]

  /// Newton's method on the Legendre polynomial (Press et al., Numerical Recipes, `gauleg`).
  init(_ count: Int) {
    var nodes: [Double] = []
    var weights: [Double] = []
    let n = Double(count)
    for i in 0..<count {
      var x = -cos(Double.pi * (Double(i) + 0.75) / (n + 0.5))
      var derivative = 1.0
      for _ in 0..<20 {
        var p0 = 1.0
        var p1 = x
        for k in 1..<count {
          let j = Double(k)
          (p0, p1) = (p1, ((2 * j + 1) * x * p1 - j * p0) / (j + 1))
        }
        derivative = n * (x * p1 - p0) / (x * x - 1)
        let step = p1 / derivative
        x -= step
        if abs(step) < 1e-16 { break }
      }
      nodes.append(0.5 * (1 + x))
      weights.append(1 / ((1 - x * x) * derivative * derivative))
    }
    self.nodes = nodes
    self.weights = weights
  }
}
