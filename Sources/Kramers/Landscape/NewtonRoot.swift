/// A root of a smooth map R^n -> R^n near `start`, by Newton's method to the rounding of the
/// residual; nil if the iteration does not settle there. The factorised Jacobian is kept as long
/// as it reduces the residual by 1000 a step, so its own error does not matter.
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
  for _ in 0..<40 {
    if size < 1e-16 { return point }
    if factors == nil { factors = LU(jacobian(point, value)) }
    guard let step = factors?.solve(value) else { return nil }
    let next = zip(point, step).map { $0 - $1 }
    let nextValue = residual(next)
    let nextSize = norm(nextValue)
    guard nextSize.isFinite, nextSize < 1e3 else { return nil }
    if nextSize > 0.5 * size {
      if size < 1e-12 { return point }
      if size < 1e-6, nextSize > size { return nil }
    }
    if nextSize > 1e-3 * size { factors = nil }
    (point, value, size) = (next, nextValue, nextSize)
  }
  return size < 1e-12 ? point : nil
}
