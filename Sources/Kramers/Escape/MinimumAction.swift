#if canImport(Glibc)
  internal import Glibc
#endif

/// The quasi-potential of a saddle seen from a minimum, under noise that depends on the weights:
///
///     dtheta = b dt + sqrt(A) dW,      b = -grad E,      A = (lr/B') C(theta) + 2 T
///     phi = min over paths of  int |theta'|_A |b|_A - (theta', b)_A,      (u, v)_A = u' A^-1 v
///
/// so that rates go as e^(-phi) when noise is weak. Where A is 2 T, phi is the barrier over T, along
/// the path of relaxation reversed; elsewhere neither holds. Gaussian noise: the tails of single
/// batches, which `AlignedPassage.phi` has, are left out.
///
/// A path is a broken line of equal pieces between fixed ends, the integrand taken at the middle of
/// each. With u = A^-1 dtheta, w = A^-1 b and the speed s = |b|_A/|dtheta|_A, the momentum of a piece
/// is p = s u - w, and
///
///     d(action)/d(difference) = p,      d(action)/d(middle) = H p/s - d/dtheta (p'A p)/(2 s)
///
/// which L-BFGS descends, with a term beside it that keeps the pieces equal and is 0 where they are.
/// Twice as many pieces tell the error of the discretisation, which is removed to second order.
///
/// A local minimum: of all paths those near the first one are tried.
///
/// Source: M. Heymann and E. Vanden-Eijnden, Commun. Pure Appl. Math. 61 (2008) 1052, whose descent
/// in the continuum this replaces by that of the discrete action itself.
struct MinimumAction {
  /// phi without unit; and by how much the last refinement and the last descent moved it.
  let phi: Double
  let error: Double
  /// The path in coordinates, ends included.
  let path: [[Double]]

  /// Drift and noise in the coordinates of a path.
  protocol Field {
    /// b and A at z. nil where A is singular there.
    func state(_ z: [Double]) -> (drift: [Double], noise: Cholesky)?
    /// -(db/dz)' p: H p, H being the Hessian of E.
    func curvature(_ z: [Double], _ p: [Double]) -> [Double]
    /// (1/2) d/dz (p'A p).
    func bending(_ z: [Double], _ p: [Double]) -> [Double]
  }

  enum Failure: Error { case singular, unsettled, interrupted }

  /// - Parameter start: a path of at least five places, ends included, which stay.
  /// - Throws: `Failure`.
  init(
    _ field: some Field, from start: [[Double]], shouldStop: @escaping () -> Bool = { false }
  ) throws(Failure) {
    let coarse = try Self.descend(field, start, shouldStop)
    let fine = try Self.descend(field, Self.halved(coarse.path), shouldStop)
    path = fine.path
    phi = fine.action + (fine.action - coarse.action) / 3
    error = abs(fine.action - coarse.action) / 3 + fine.unsettled
    guard phi.isFinite, phi > 0, error < 0.1 * phi else { throw .unsettled }
  }

  private static func halved(_ path: [[Double]]) -> [[Double]] {
    var result: [[Double]] = []
    for (a, b) in zip(path, path.dropFirst()) {
      result.append(a)
      result.append(zip(a, b).map { 0.5 * ($0 + $1) })
    }
    return result + path.suffix(1)
  }

  /// The path of least action near `start`.
  private static func descend(
    _ field: some Field, _ start: [[Double]], _ shouldStop: @escaping () -> Bool
  ) throws(Failure) -> (path: [[Double]], action: Double, unsettled: Double) {
    let size = start[0].count
    let pieces = start.count - 1
    func whole(_ x: [Double]) -> [[Double]] {
      [start[0]]
        + (0..<pieces - 1).map { Array(x[$0 * size..<($0 + 1) * size]) } + [start[pieces]]
    }
    var x = start[1..<pieces].flatMap { $0 }
    guard let first = action(field, whole(x)) else { throw .singular }
    let weight = 0.1 * first.value
    func descend(_ iterations: Int) -> Minimum {
      minimize(
        from: x, relativeTolerance: 1e-7, absoluteTolerance: 1e-12,
        maximumIterations: iterations, shouldStop: shouldStop
      ) { x, gradient in
        let path = whole(x)
        guard let found = action(field, path) else { return .nan }
        let even = unevenness(path)
        for i in 0..<pieces - 1 {
          for k in 0..<size {
            gradient[i * size + k] =
              found.gradient[i + 1][k] + weight * even.gradient[i + 1][k]
          }
        }
        return found.value + weight * even.value
      }
    }
    let most = descend(400)
    x = most.x
    let last = most.converged ? most : descend(60)
    if shouldStop() { throw .interrupted }
    guard let end = action(field, whole(last.x)) else { throw .singular }
    return (whole(last.x), end.value, abs(most.value - last.value))
  }

  /// The discrete action and its gradient at every place; nil where A is singular on the way.
  static func action(
    _ field: some Field, _ path: [[Double]]
  ) -> (value: Double, gradient: [[Double]])? {
    let size = path[0].count
    var value = 0.0
    var gradient = [[Double]](repeating: [Double](repeating: 0, count: size), count: path.count)
    for i in 0..<path.count - 1 {
      let middle = zip(path[i], path[i + 1]).map { 0.5 * ($0 + $1) }
      let step = zip(path[i + 1], path[i]).map { $0 - $1 }
      guard let (drift, noise) = field.state(middle) else { return nil }
      let u = noise.solve(step)
      let w = noise.solve(drift)
      let length = max(dot(u, step), 0).squareRoot()
      let force = max(dot(w, drift), 0).squareRoot()
      guard length > 0 else { continue }
      value += length * force - dot(u, drift)
      // p/s, which stays finite where the force vanishes.
      let speed = max(force / length, 1e-14)
      let momentum = zip(u, w).map { $0 - $1 / speed }
      let turn = field.curvature(middle, momentum)
      let bend = field.bending(middle, momentum)
      for k in 0..<size {
        let across = 0.5 * (turn[k] - speed * bend[k])
        gradient[i][k] += across - speed * momentum[k]
        gradient[i + 1][k] += across + speed * momentum[k]
      }
    }
    return (value, gradient)
  }

  /// mean(q^2)/mean(q)^2 - 1 of the squared lengths q of the pieces, and its gradient.
  private static func unevenness(_ path: [[Double]]) -> (value: Double, gradient: [[Double]]) {
    let steps = zip(path.dropFirst(), path).map { zip($0, $1).map { $0 - $1 } }
    let squares = steps.map { dot($0, $0) }
    let n = Double(squares.count)
    let mean = squares.reduce(0, +) / n
    let second = squares.reduce(0) { $0 + $1 * $1 } / n
    var gradient = [[Double]](
      repeating: [Double](repeating: 0, count: path[0].count), count: path.count)
    for (i, step) in steps.enumerated() {
      let slope = 2 / (n * mean * mean) * (squares[i] - second / mean)
      for k in step.indices {
        gradient[i][k] -= 2 * slope * step[k]
        gradient[i + 1][k] += 2 * slope * step[k]
      }
    }
    return (second / (mean * mean) - 1, gradient)
  }
}
