/// A root of a smooth map R^n -> R^n near `start`, by Newton's method to the rounding of the
/// residual; nil if the iteration does not settle there. A Jacobian costs n residuals here, so a
/// factorised one is kept as long as it shrinks the residual to a third each step; its own error
/// does not matter either.
///
/// Finds saddles as readily as minima: what kind it is, the caller must check.
///
/// - Parameters:
///   - residual: n values at a point, of order 1 away from roots.
///   - jacobian: n x n at a point with the given residual.
func newtonRoot(
  near start: [Double], residual: ([Double]) -> [Double],
  jacobian: ([Double], [Double]) -> Matrix
) -> [Double]? {
  var point = start
  var value = residual(point)
  var size = norm(value)
  var factors: LU?
  var isFresh = false
  for _ in 0..<200 {
    if size < 1e-16 { return point }
    if factors == nil {
      factors = LU(jacobian(point, value))
      isFresh = true
    }
    guard let step = factors?.solve(value) else { return nil }
    let next = zip(point, step).map { $0 - $1 }
    let nextValue = residual(next)
    let nextSize = norm(nextValue)
    let shrinks = nextSize < 0.3 * size
    if !shrinks && size < 1e-12 { return nextSize < size ? next : point }
    if !shrinks && !isFresh {
      // The step of a stale Jacobian: not taken.
      factors = nil
      continue
    }
    guard nextSize.isFinite, nextSize < 1e3, shrinks || size > 1e-6 || nextSize < size else {
      return nil
    }
    if !shrinks { factors = nil }
    isFresh = false
    (point, value, size) = (next, nextValue, nextSize)
  }
  return size < 1e-12 ? point : nil
}
