/// The factorised Jacobian of an earlier root nearby and what was learned of its changes since then.
/// For one system of equations only.
final class KeptJacobian {
  fileprivate(set) var factors: LU?
  /// Broyden's updates, oldest first: J^-1 v gains change (step . u) for u so far.
  private var updates: [(step: [Double], change: [Double])] = []

  fileprivate func replace(_ matrix: Matrix) {
    factors = LU(matrix)
    updates = []
  }

  fileprivate func forget() {
    factors = nil
    updates = []
  }

  /// J^-1 v; nil for a singular J.
  fileprivate func solve(_ v: [Double]) -> [Double]? {
    guard var result = factors?.solve(v) else { return nil }
    for (step, change) in updates {
      let share = dot(step, result)
      for i in result.indices { result[i] += share * change[i] }
    }
    return result
  }

  /// Learns that a step s led to the residual r: Broyden's first update, by q = J^-1 r,
  ///
  ///     J^-1 <- (1 - q s' / (s.s + s.q)) J^-1
  ///
  /// - Returns: the new J^-1 r.
  fileprivate func learn(_ s: [Double], _ q: [Double]) -> [Double] {
    let (length, overlap) = (dot(s, s), dot(s, q))
    guard length + overlap > 0.1 * length else { return q }
    if updates.count >= 40 { updates = [] }
    updates.append((s, q.map { -$0 / (length + overlap) }))
    return q.map { $0 * length / (length + overlap) }
  }
}

/// A root of a smooth map R^n -> R^n near `start`, by Newton's method to the rounding of the
/// residual; nil if the iteration does not settle there. A Jacobian costs n residuals here, so the
/// factorised one of an earlier root is kept, with Broyden's updates, as long as it shrinks the
/// residual each step; its own error does not matter either.
///
/// Finds saddles as readily as minima: what kind it is, the caller must check.
///
/// - Parameters:
///   - kept: of the same equations nearby, or empty; the last one on return.
///   - residual: n values at a point, of order 1 away from roots.
///   - jacobian: n x n at a point with the given residual.
///
/// Source: Kelley, Iterative Methods for Linear and Nonlinear Equations, chapter 7.
func newtonRoot(
  near start: [Double], keeping kept: KeptJacobian, residual: ([Double]) -> [Double],
  jacobian: ([Double], [Double]) -> Matrix
) -> [Double]? {
  var point = start
  var value = residual(point)
  var size = norm(value)
  var isFresh = false
  var known: [Double]?
  for _ in 0..<200 {
    if size < 1e-16 { return point }
    if kept.factors == nil {
      kept.replace(jacobian(point, value))
      isFresh = true
      known = nil
    }
    guard let step = known ?? kept.solve(value) else { return nil }
    let next = zip(point, step).map { $0 - $1 }
    let nextValue = residual(next)
    let nextSize = norm(nextValue)
    // Many slow steps of an old Jacobian cost less than a new one.
    let shrinks = nextSize < (isFresh ? 0.3 : 0.7) * size
    if !shrinks && size < 1e-12 { return nextSize < size ? next : point }
    if !shrinks && !isFresh {
      // The step of a stale Jacobian: not taken.
      kept.forget()
      continue
    }
    guard nextSize.isFinite, nextSize < 1e3, shrinks || size > 1e-6 || nextSize < size else {
      kept.forget()
      return nil
    }
    if shrinks {
      known = kept.solve(nextValue).map { kept.learn(step.map { -$0 }, $0) }
    } else {
      kept.forget()
    }
    isFresh = false
    (point, value, size) = (next, nextValue, nextSize)
  }
  return size < 1e-12 ? point : nil
}
