/// Which end of the spectrum to look for.
public enum SpectrumEnd: String, Sendable, CaseIterable {
  case largest, smallest
}

/// What `lanczos` found.
public struct LanczosResult: Sendable {
  /// The eigenvalues, the most extreme first.
  public let values: [Double]
  /// Unit eigenvectors, in the order of `values`, orthogonal to each other and to the vectors that
  /// were projected out.
  public let vectors: [[Double]]
  /// |A v - value v|, measured with one more product each.
  public let residuals: [Double]
  /// Whether every residual met the tolerance and a search of the complement found nothing more
  /// extreme.
  public let converged: Bool
  /// Number of products with the operator.
  public let applications: Int
}

/// The extreme eigenvalues of a symmetric operator that is given only by its product with a vector.
///
///     A Q_m = Q_m T_m + beta_m q_{m+1} e_m',    T_m tridiagonal
///
/// Full reorthogonalisation (twice) keeps Q_m orthonormal, so no spurious copies appear. A Krylov
/// space holds one vector of each eigenspace, so after the first search the complement of what was
/// found is searched again until it holds nothing more extreme: degenerate eigenvalues are counted
/// with their multiplicity, as the index of a saddle needs.
///
/// - Parameters:
///   - size: n, the length of the vectors.
///   - count: number of eigenvalues (at most n minus the vectors projected out).
///   - end: the smallest or the largest ones.
///   - tolerance: bound on |A v - value v| relative to the largest |Ritz value|. The error of the
///     value itself is about the square of it, divided by the gap.
///   - maximumSteps: bound on m in each search; default min(n, 1000). Memory n * m.
///   - projectingOut: vectors, not necessarily orthonormal, whose span is left out of the search
///     (symmetry directions, known eigenvectors).
///   - seed: of the start vectors. Same seed, same bits.
///   - shouldStop: polled before each product; stopped, the search returns what it has so far.
///   - apply: writes A v into its second argument, which enters with n entries.
/// - Returns: eigenvalues and vectors; `converged` is false if the steps ran out.
///
/// Source: Parlett, The Symmetric Eigenvalue Problem, chapter 13.
public func lanczos(
  size n: Int, count: Int = 1, end: SpectrumEnd = .smallest, tolerance: Double = 1e-10,
  maximumSteps: Int? = nil, projectingOut: [[Double]] = [], seed: UInt64 = 0,
  shouldStop: () -> Bool = { false }, apply: ([Double], inout [Double]) -> Void
) -> LanczosResult {
  let excluded = orthonormalized(projectingOut)
  precondition(count >= 1 && count <= n - excluded.count, "more eigenvalues than dimensions")
  let sign: Double = end == .smallest ? 1 : -1
  var search = Krylov(n, excluded, seed, maximumSteps ?? min(n, 1000), sign, tolerance)
  var found = search.run(count, apply, shouldStop)
  // Every further round can find at most one more member of a degenerate group.
  while search.exhausted == false && found.count < n - excluded.count {
    guard let next = search.run(1, apply, shouldStop, besides: found.map(\.vector)).first else {
      break
    }
    let worst = found[count - 1].value
    found.append(next)
    found.sort { $0.value < $1.value }
    if next.value >= worst - tolerance * search.magnitude { break }
  }
  found = Array(found.prefix(count))
  var residuals: [Double] = []
  var product = [Double](repeating: 0, count: n)
  for pair in found {
    apply(pair.vector, &product)
    for i in 0..<n { product[i] -= sign * pair.value * pair.vector[i] }
    projectOut(excluded, from: &product)
    residuals.append(norm(product))
  }
  return LanczosResult(
    values: found.map { sign * $0.value }, vectors: found.map(\.vector), residuals: residuals,
    converged: !search.exhausted
      && residuals.allSatisfy { $0 <= 10 * tolerance * search.magnitude },
    applications: search.applications + found.count)
}

/// An orthonormal basis of the span of `vectors`.
func orthonormalized(_ vectors: [[Double]]) -> [[Double]] {
  var basis: [[Double]] = []
  for vector in vectors {
    let length = norm(vector)
    var rest = vector
    projectOut(basis, from: &rest)
    projectOut(basis, from: &rest)
    let remaining = norm(rest)
    if remaining > 1e-12 * length { basis.append(rest.map { $0 / remaining }) }
  }
  return basis
}

/// The search for the lowest eigenvalues of sign * A in the complement of the excluded vectors.
private struct Krylov {
  let n: Int
  let excluded: [[Double]]
  let seed: UInt64
  let maximumSteps: Int
  let sign: Double
  let tolerance: Double
  /// The largest |Ritz value| seen, an estimate of |A|.
  var magnitude = 0.0
  var applications = 0
  /// Whether a search ran out of steps before its residuals were small enough.
  var exhausted = false
  private var starts: UInt64 = 0

  init(
    _ n: Int, _ excluded: [[Double]], _ seed: UInt64, _ maximumSteps: Int, _ sign: Double,
    _ tolerance: Double
  ) {
    self.n = n
    self.excluded = excluded
    self.seed = seed
    self.maximumSteps = maximumSteps
    self.sign = sign
    self.tolerance = tolerance
  }

  /// The `count` lowest eigenpairs besides `known`, ascending.
  mutating func run(
    _ count: Int, _ apply: ([Double], inout [Double]) -> Void, _ shouldStop: () -> Bool,
    besides known: [[Double]] = []
  ) -> [(value: Double, vector: [Double])] {
    let outside = excluded + known
    let limit = min(n - outside.count, max(maximumSteps, count))
    var q: [[Double]] = []
    var alpha: [Double] = []
    // beta[j] couples q[j-1] and q[j]; beta[0] is unused.
    var beta = [0.0]
    var product = [Double](repeating: 0, count: n)
    guard var next = start(besides: outside) else { return [] }
    var check = min(limit, max(2 * count, 8))
    while true {
      if shouldStop() {
        exhausted = true
        return q.isEmpty ? [] : pairs(min(count, q.count), q, alpha, beta)
      }
      q.append(next)
      apply(next, &product)
      applications += 1
      next = product.map { sign * $0 }
      alpha.append(dot(next, q[q.count - 1]))
      magnitude = max(magnitude, abs(alpha[alpha.count - 1]))
      for _ in 0..<2 {
        projectOut(outside, from: &next)
        projectOut(q, from: &next)
      }
      let coupling = norm(next)
      guard coupling.isFinite else {
        exhausted = true
        return []
      }
      let invariant = coupling <= 1e-14 * max(magnitude, .leastNormalMagnitude)
      let done = q.count == limit
      if q.count >= check || done || invariant && q.count >= count {
        let (values, last) = ritz(alpha, beta)
        magnitude = max(magnitude, values.reduce(0) { max($0, abs($1)) })
        let small = (0..<min(count, values.count)).allSatisfy { i in
          abs(coupling * last[i]) <= tolerance * magnitude
        }
        if done || small && values.count >= count {
          exhausted = exhausted || !(small || q.count == n - outside.count)
          return pairs(min(count, q.count), q, alpha, beta)
        }
        check = min(limit, max(q.count + 4, q.count * 5 / 4))
      }
      if invariant {
        // The Krylov space is invariant: go on with a fresh vector, uncoupled.
        beta.append(0)
        guard let fresh = start(besides: outside + q) else {
          return pairs(min(count, q.count), q, alpha, beta)
        }
        next = fresh
      } else {
        beta.append(coupling)
        for i in 0..<n { next[i] /= coupling }
      }
    }
  }

  /// A random unit vector orthogonal to `others`; nil if none is left.
  private mutating func start(besides others: [[Double]]) -> [Double]? {
    guard others.count < n else { return nil }
    starts += 1
    var vector = RandomStream(seed: seed, purpose: .statistics).normals(n, step: starts)
    projectOut(others, from: &vector)
    projectOut(others, from: &vector)
    let length = norm(vector)
    return vector.map { $0 / length }
  }

  /// Ascending eigenvalues of T and the last components of its eigenvectors.
  private func ritz(_ alpha: [Double], _ beta: [Double]) -> (values: [Double], last: [Double]) {
    var z = [Double](repeating: 0, count: alpha.count)
    z[alpha.count - 1] = 1
    let d = diagonalize(alpha, beta, &z, rows: 1)
    let order = d.indices.sorted { d[$0] < d[$1] }
    return (order.map { d[$0] }, order.map { z[$0] })
  }

  private func pairs(
    _ count: Int, _ q: [[Double]], _ alpha: [Double], _ beta: [Double]
  ) -> [(value: Double, vector: [Double])] {
    let m = alpha.count
    var z = Matrix.identity(m).values
    let d = diagonalize(alpha, beta, &z, rows: m)
    return d.indices.sorted { d[$0] < d[$1] }.prefix(count).map { column in
      var vector = [Double](repeating: 0, count: n)
      for j in 0..<m {
        let weight = z[column * m + j]
        for i in 0..<n { vector[i] += weight * q[j][i] }
      }
      let length = norm(vector)
      return (d[column], vector.map { $0 / length })
    }
  }

  private func diagonalize(
    _ alpha: [Double], _ beta: [Double], _ z: inout [Double], rows: Int
  ) -> [Double] {
    var d = alpha
    var e = Array(beta.prefix(alpha.count))
    d.withUnsafeMutableBufferPointer { d in
      e.withUnsafeMutableBufferPointer { e in
        z.withUnsafeMutableBufferPointer { z in
          guard let d = d.baseAddress, let e = e.baseAddress, let z = z.baseAddress else { return }
          tridiagonalQL(d, e, alpha.count, rotating: z, rows: rows)
        }
      }
    }
    return d
  }
}
