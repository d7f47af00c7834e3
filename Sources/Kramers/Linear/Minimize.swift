/// Where `minimize` ended.
public struct Minimum: Sendable {
  public let x: [Double]
  public let value: Double
  /// |grad f(x)|.
  public let gradientNorm: Double
  public let iterations: Int
  /// Number of calls of the function.
  public let evaluations: Int
  /// Whether the gradient met the tolerance. False: the iterations ran out, the line search found
  /// no descent within rounding, or the function was not finite at the start.
  public let converged: Bool
}

/// A local minimum of a smooth function by L-BFGS.
///
///     x <- x - step * H grad f(x),    H from the last `memory` pairs (dx, dgrad)
///
/// with a bracketing line search for the Wolfe conditions. Near a minimum the decrease of f drowns
/// in rounding long before the gradient does, so there the slope form of the sufficient decrease
/// (Hager and Zhang's approximate Wolfe condition) is accepted as well; this is what lets the
/// gradient converge to 1e-12 of its start and not only to its square root. It finds minima, never
/// saddles, and says nothing about which minimum.
///
/// - Parameters:
///   - start: where to begin.
///   - relativeTolerance: converged when |grad| <= relativeTolerance * |grad at the start|,
///   - absoluteTolerance: or when |grad| <= absoluteTolerance.
///   - maximumIterations: bound on the iterations.
///   - memory: number of pairs kept.
///   - function: writes the gradient at x into its second argument (which enters with x.count
///     entries) and returns f(x). Not finite means: outside the domain, the step is shortened.
///
/// Source: Nocedal and Wright, Numerical Optimization, algorithm 7.4; Hager and Zhang, SIAM J.
/// Optim. 16, 170 (2005).
public func minimize(
  from start: [Double], relativeTolerance: Double = 1e-12, absoluteTolerance: Double = 1e-14,
  maximumIterations: Int = 10_000, memory: Int = 12, shouldStop: () -> Bool = { false },
  _ function: ([Double], inout [Double]) -> Double
) -> Minimum {
  var x = start
  var gradient = [Double](repeating: 0, count: x.count)
  var value = function(x, &gradient)
  var evaluations = 1
  var length = norm(gradient)
  let goal = max(relativeTolerance * length, absoluteTolerance)
  var pairs = CurvaturePairs(memory)
  var iterations = 0
  var fresh = true

  while length > goal && iterations < maximumIterations && value.isFinite && length.isFinite
    && !shouldStop()
  {
    var direction = pairs.descent(gradient)
    var slope = dot(direction, gradient)
    if !(slope < 0) {
      pairs.clear()
      direction = gradient.map { -$0 }
      slope = -length * length
    }
    let first = pairs.isEmpty ? min(1, 1 / length) : 1
    var line = LineSearch(value, slope)
    let before = x
    let gradientBefore = gradient
    var accepted = false
    var trial: Double? = first
    while let step = trial {
      for i in x.indices { x[i] = before[i] + step * direction[i] }
      let newValue = function(x, &gradient)
      evaluations += 1
      let newSlope = dot(gradient, direction)
      trial = line.next(after: step, newValue, newSlope)
      if trial == nil {
        accepted = line.accepted
        value = accepted ? newValue : value
      }
    }
    iterations += 1
    guard accepted else {
      x = before
      gradient = gradientBefore
      // Once more along the gradient itself, then give up.
      if fresh { break }
      pairs.clear()
      fresh = true
      continue
    }
    fresh = false
    pairs.append(
      zip(x, before).map { $0 - $1 }, zip(gradient, gradientBefore).map { $0 - $1 })
    length = norm(gradient)
  }
  return Minimum(
    x: x, value: value, gradientNorm: length, iterations: iterations, evaluations: evaluations,
    converged: length <= goal && value.isFinite)
}

/// The pairs s = dx, y = dgrad of the last steps, and the two-loop recursion over them.
private struct CurvaturePairs {
  private let memory: Int
  private var pairs: [(s: [Double], y: [Double], sy: Double)] = []

  init(_ memory: Int) { self.memory = memory }

  var isEmpty: Bool { pairs.isEmpty }
  mutating func clear() { pairs.removeAll() }

  /// Keeps the pair if it shows positive curvature beyond rounding.
  mutating func append(_ s: [Double], _ y: [Double]) {
    let sy = dot(s, y)
    guard sy > 1e-14 * norm(s) * norm(y), sy.isFinite else { return }
    if pairs.count == memory { pairs.removeFirst() }
    pairs.append((s, y, sy))
  }

  /// -H gradient.
  func descent(_ gradient: [Double]) -> [Double] {
    var q = gradient.map { -$0 }
    var weights = [Double](repeating: 0, count: pairs.count)
    for i in pairs.indices.reversed() {
      weights[i] = dot(pairs[i].s, q) / pairs[i].sy
      for k in q.indices { q[k] -= weights[i] * pairs[i].y[k] }
    }
    if let last = pairs.last {
      let scale = last.sy / dot(last.y, last.y)
      for k in q.indices { q[k] *= scale }
    }
    for i in pairs.indices {
      let correction = weights[i] - dot(pairs[i].y, q) / pairs[i].sy
      for k in q.indices { q[k] += correction * pairs[i].s[k] }
    }
    return q
  }
}

/// Brackets a step along a descent direction; `next` is told value and slope at a step and answers
/// with the next step to try, or nil when the search is over.
private struct LineSearch {
  private let value: Double
  private let slope: Double
  private var low = (step: 0.0, slope: 0.0)
  private var high: (step: Double, slope: Double?)?
  private var tries = 0
  private(set) var accepted = false

  init(_ value: Double, _ slope: Double) {
    self.value = value
    self.slope = slope
    low.slope = slope
  }

  mutating func next(after step: Double, _ newValue: Double, _ newSlope: Double) -> Double? {
    tries += 1
    let finite = newValue.isFinite && newSlope.isFinite
    let decreased = newValue <= value + 1e-4 * step * slope
    // Within rounding of f the slope decides: for a quadratic it is equivalent to the decrease.
    let level = newValue <= value + 1e-14 * abs(value) && newSlope <= -0.9998 * slope
    if finite && (decreased || level) {
      if abs(newSlope) <= -0.9 * slope || tries >= 40 {
        accepted = true
        return nil
      }
      if newSlope < 0 { low = (step, newSlope) } else { high = (step, newSlope) }
    } else {
      high = (step, finite && newSlope > 0 ? newSlope : nil)
    }
    if tries >= 60 { return nil }
    guard let high else { return step * 4 }
    let width = high.step - low.step
    if width <= 1e-16 * high.step { return nil }
    guard let highSlope = high.slope else { return low.step + 0.3 * width }
    // Secant of the slopes, kept away from the ends of the bracket.
    let secant = low.step - low.slope * width / (highSlope - low.slope)
    return min(max(secant, low.step + 0.05 * width), high.step - 0.05 * width)
  }
}
