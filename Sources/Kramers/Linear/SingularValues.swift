#if canImport(Glibc)
  internal import Glibc
#endif

/// The singular value decomposition of any rectangular matrix,
///
///     A = U diag(values) V',    values descending and >= 0,
///
/// by one-sided Jacobi rotations: pairs of columns are rotated until all are orthogonal; their
/// lengths are then the singular values. Small singular values come out with a relative error of a
/// few eps wherever the matrix determines them, which is what an order parameter that starts
/// at 1e-8 needs; bidiagonalisation would only give eps times the largest.
///
/// Source: Hestenes (1958); de Rijk, SIAM J. Sci. Stat. Comput. 10, 359 (1989); accuracy: Demmel
/// and Veselić, SIAM J. Matrix Anal. 13, 1204 (1992). Cost about 10 sweeps of 3 m n^2 flops.
public struct SingularValueDecomposition: Sendable {
  /// Left singular vectors as columns: rows x k, or rows x rows when completed.
  public let u: Matrix
  /// k = min(rows, columns) singular values, descending. All NaN for an input that is not finite.
  public let values: [Double]
  /// Right singular vectors as columns: columns x k, or columns x columns when completed.
  public let v: Matrix

  /// - Parameters:
  ///   - matrix: m x n, any sizes.
  ///   - completing: whether U and V are completed to square orthogonal matrices. Columns that
  ///     belong to a singular value of zero are always an orthonormal completion.
  public init(_ matrix: Matrix, completing: Bool = false) {
    let wide = matrix.rows < matrix.columns
    let m = max(matrix.rows, matrix.columns)
    let n = min(matrix.rows, matrix.columns)
    // Columns of the tall orientation, contiguous: those of A, or the rows of a wide A.
    var work = wide ? matrix.values : matrix.transposed.values
    var right = Matrix.identity(n).values
    let factor = normalize(&work)
    guard factor.isFinite else {
      values = [Double](repeating: .nan, count: n)
      u = Matrix(matrix.rows, n, [Double](repeating: .nan, count: matrix.rows * n))
      v = Matrix(matrix.columns, n, [Double](repeating: .nan, count: matrix.columns * n))
      return
    }
    var lengths = [Double](repeating: 0, count: n)
    work.withUnsafeMutableBufferPointer { work in
      right.withUnsafeMutableBufferPointer { right in
        guard let work = work.baseAddress, let right = right.baseAddress else { return }
        orthogonalizeColumns(work, m, n, rotating: right)
        for j in 0..<n { lengths[j] = dot(work + j * m, work + j * m, m).squareRoot() }
      }
    }
    let order = (0..<n).sorted { lengths[$0] > lengths[$1] }
    values = order.map { lengths[$0] * factor }
    // Squares of lengths below 1e-150 underflow: such a column has no direction left.
    let long: [[Double]] = order.filter { lengths[$0] > 1e-150 }.map { j in
      work[j * m..<(j + 1) * m].map { $0 / lengths[j] }
    }
    let left = completed(long, to: completing ? m : n, size: m)
    let short = order.map { Array(right[$0 * n..<($0 + 1) * n]) }
    u = columns(wide ? short : left, size: matrix.rows)
    v = columns(wide ? left : short, size: matrix.columns)
  }
}

/// The singular values of `matrix`, descending.
public func singularValues(of matrix: Matrix) -> [Double] {
  var workspace = SingularValueWorkspace(rows: matrix.rows, columns: matrix.columns)
  matrix.values.withUnsafeBufferPointer { values in
    if let values = values.baseAddress { workspace.load(values) }
  }
  return workspace.values
}

/// Divides `values` by a power of two near their largest magnitude, so that squares stay in range,
/// and returns that power: 1 for zeros, infinite or NaN for an input that is not finite.
private func normalize(_ values: inout [Double]) -> Double {
  var largest = 0.0
  for value in values {
    if !value.isFinite { return .nan }
    largest = max(largest, abs(value))
  }
  guard largest > 0 else { return 1 }
  let exponent = ilogb(largest)
  for i in values.indices { values[i] = scalbn(values[i], -exponent) }
  return scalbn(1, exponent)
}

/// Rotates the n contiguous columns of length m at `a` until they are orthogonal, and applies the
/// same rotations to the n x n columns at `v` if given.
func orthogonalizeColumns(
  _ a: UnsafeMutablePointer<Double>, _ m: Int, _ n: Int,
  rotating v: UnsafeMutablePointer<Double>? = nil
) {
  // Below this an inner product is the rounding of its own sum; asking for less never ends.
  let tolerance = 0x1p-52 * Double(m).squareRoot()
  // Quadratic convergence: 5 to 10 sweeps; the bound is never reached by finite input.
  for _ in 0..<60 {
    var rotated = false
    for i in 0..<max(n - 1, 0) {
      for j in i + 1..<n {
        let x = a + i * m
        let y = a + j * m
        var alpha = dot(x, x, m)
        var beta = dot(y, y, m)
        if alpha < beta {
          // De Rijk's order: the longer column goes first, which speeds up graded matrices.
          swap(&alpha, &beta)
          for k in 0..<m { (x[k], y[k]) = (y[k], -x[k]) }
          if let v {
            let (p, q) = (v + i * n, v + j * n)
            for k in 0..<n { (p[k], q[k]) = (q[k], -p[k]) }
          }
        }
        let gamma = dot(x, y, m)
        if beta < 1e-300 || abs(gamma) <= tolerance * alpha.squareRoot() * beta.squareRoot() {
          continue
        }
        rotated = true
        // tan of the angle with tan(2 angle) = 2 gamma / (alpha - beta), the smaller root.
        let zeta = (alpha - beta) / (2 * gamma)
        let t =
          abs(zeta) > 1e8
          ? 0.5 / zeta : (zeta < 0 ? -1 : 1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
        let c = 1 / (1 + t * t).squareRoot()
        let s = c * t
        rotate(x, y, m, cosine: c, sine: -s)
        if let v { rotate(v + i * n, v + j * n, n, cosine: c, sine: -s) }
      }
    }
    if !rotated { return }
  }
}

/// `vectors` (orthonormal, length `size`) followed by as many more as make `count` of them.
private func completed(_ vectors: [[Double]], to count: Int, size: Int) -> [[Double]] {
  var basis = vectors
  // What the basis covers of each unit vector; the least covered one is the next candidate, and
  // it keeps a length of at least 1/sqrt(size) after projection.
  var covered = [Double](repeating: 0, count: size)
  for vector in basis { for k in 0..<size { covered[k] += vector[k] * vector[k] } }
  while basis.count < count {
    let next = covered.indices.min { covered[$0] < covered[$1] } ?? 0
    var vector = [Double](repeating: 0, count: size)
    vector[next] = 1
    projectOut(basis, from: &vector)
    projectOut(basis, from: &vector)
    let length = norm(vector)
    for k in 0..<size {
      vector[k] /= length
      covered[k] += vector[k] * vector[k]
    }
    basis.append(vector)
  }
  return basis
}

/// Subtracts from `vector` its components along the orthonormal `basis` (modified Gram–Schmidt).
func projectOut(_ basis: [[Double]], from vector: inout [Double]) {
  let n = vector.count
  vector.withUnsafeMutableBufferPointer { vector in
    guard let target = vector.baseAddress else { return }
    for direction in basis {
      precondition(direction.count == n, "a basis vector has the wrong length")
      direction.withUnsafeBufferPointer { direction in
        guard let direction = direction.baseAddress else { return }
        axpy(-dot(direction, target, n), direction, target, n)
      }
    }
  }
}

private func columns(_ vectors: [[Double]], size: Int) -> Matrix {
  var result = Matrix(size, vectors.count)
  for (j, vector) in vectors.enumerated() { for i in 0..<size { result[i, j] = vector[i] } }
  return result
}
