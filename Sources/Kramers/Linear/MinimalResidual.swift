/// A solution of A x = b with a symmetric, possibly indefinite or singular A that is given only by
/// its products: MINRES.
///
///     x_m = argmin |b - A x| over the Krylov space of b
///
/// For a singular A and b in its range (a gradient and the Hessian's zero modes of a symmetry, say)
/// the solution without any part in the null space is found: Newton steps need no care of zero modes.
///
/// - Parameters:
///   - b: n values.
///   - tolerance: on |b - A x| / |b|, as the recurrence estimates it.
///   - maximumSteps: products at the most; default 4 n.
///   - apply: A v.
/// - Returns: x. Nothing is said of convergence: the caller looks at its own residual.
///
/// Source: C. Paige and M. Saunders, SIAM J. Numer. Anal. 12 (1975) 617.
func minimalResidual(
  _ b: [Double], tolerance: Double = 1e-12, maximumSteps: Int? = nil,
  shouldStop: () -> Bool = { false }, apply: ([Double]) -> [Double]
) -> [Double] {
  let n = b.count
  let size = norm(b)
  var x = [Double](repeating: 0, count: n)
  guard size > 0 else { return x }
  var v = b.map { $0 / size }
  var previous = [Double](repeating: 0, count: n)
  var beta = 0.0
  // The last two rotations, and the last two directions.
  var (c, s, cBefore, sBefore) = (1.0, 0.0, 1.0, 0.0)
  var direction = [Double](repeating: 0, count: n)
  var directionBefore = direction
  var residual = size
  for _ in 0..<(maximumSteps ?? 4 * n) {
    if shouldStop() { return x }
    var next = apply(v)
    let alpha = dot(v, next)
    for k in 0..<n { next[k] -= alpha * v[k] + beta * previous[k] }
    let betaNext = norm(next)
    // Column of the tridiagonal matrix after the last two rotations.
    let third = sBefore * beta
    let second = c * cBefore * beta + s * alpha
    let first = c * alpha - s * cBefore * beta
    let pivot = (first * first + betaNext * betaNext).squareRoot()
    guard pivot > 1e-14 * (abs(alpha) + beta + betaNext) else { return x }
    (cBefore, sBefore) = (c, s)
    c = first / pivot
    s = betaNext / pivot
    var newDirection = v
    for k in 0..<n {
      newDirection[k] = (v[k] - second * direction[k] - third * directionBefore[k]) / pivot
      x[k] += c * residual * newDirection[k]
    }
    (directionBefore, direction) = (direction, newDirection)
    residual *= -s
    guard abs(residual) > tolerance * size, betaNext > 0 else { return x }
    previous = v
    v = next.map { $0 / betaNext }
    beta = betaNext
  }
  return x
}
