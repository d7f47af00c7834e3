#if canImport(Glibc)
  internal import Glibc
#endif

/// All eigenvalues, and on request the eigenvectors, of a real symmetric matrix.
///
///     A v_j = values[j] v_j,    values ascending,    v_i.v_j = 1 if i = j, else 0
///
/// Householder reduction to tridiagonal form, then the implicit QL iteration. The error of every
/// eigenvalue is a small multiple of eps |A|, *not* of the eigenvalue itself: one that is 1e-16 of
/// the largest is rounding. Cost about 9 n^3 flops with vectors, 4/3 n^3 without.
///
/// Source: EISPACK `tred2` and `tql2` (Bowdler, Martin, Reinsch, Wilkinson, Numer. Math. 11, 1968),
/// in the arrangement of JAMA, with columns stored contiguously.
public struct SymmetricEigen: Sendable {
  /// n eigenvalues, ascending. All NaN if the matrix has an entry that is not finite.
  public let values: [Double]
  /// n x n; column j belongs to `values[j]`. Nil unless asked for.
  public let vectors: Matrix?

  /// - Parameters:
  ///   - matrix: n x n; only its lower triangle is read.
  ///   - vectors: whether to compute eigenvectors.
  public init(_ matrix: Matrix, vectors wanted: Bool = false) {
    precondition(matrix.rows == matrix.columns, "eigenvalues need a square matrix")
    let n = matrix.rows
    let largest = matrix.values.reduce(0) { max($0, $1.isFinite ? abs($1) : .infinity) }
    guard n > 0, largest.isFinite else {
      values = [Double](repeating: .nan, count: n)
      vectors = wanted ? Matrix(n, n, [Double](repeating: .nan, count: n * n)) : nil
      return
    }
    // A power of two keeps squares in range and costs no rounding.
    let scale = largest > 0 ? scalbn(1, -ilogb(largest)) : 1
    var v = [Double](repeating: 0, count: n * n)
    for i in 0..<n {
      for j in 0...i {
        let value = scale * matrix.values[i * n + j]
        v[j * n + i] = value
        v[i * n + j] = value
      }
    }
    var d = [Double](repeating: 0, count: n)
    var e = [Double](repeating: 0, count: n)
    v.withUnsafeMutableBufferPointer { v in
      d.withUnsafeMutableBufferPointer { d in
        e.withUnsafeMutableBufferPointer { e in
          guard let v = v.baseAddress, let d = d.baseAddress, let e = e.baseAddress else { return }
          tridiagonalize(v, d, e, n, accumulating: wanted)
          tridiagonalQL(d, e, n, rotating: v, rows: wanted ? n : 0)
        }
      }
    }
    let order = (0..<n).sorted { d[$0] < d[$1] }
    values = order.map { d[$0] / scale }
    guard wanted else {
      vectors = nil
      return
    }
    var columns = Matrix(n, n)
    for (j, source) in order.enumerated() {
      for i in 0..<n { columns.values[i * n + j] = v[source * n + i] }
    }
    vectors = columns
  }
}

/// Reduces the symmetric matrix `v` (column-major n x n) to tridiagonal form with diagonal `d` and
/// subdiagonal e[1...]; on return `v` holds the orthogonal transformation if it is accumulated.
private func tridiagonalize(
  _ v: UnsafeMutablePointer<Double>, _ d: UnsafeMutablePointer<Double>,
  _ e: UnsafeMutablePointer<Double>, _ n: Int, accumulating: Bool
) {
  for j in 0..<n { d[j] = v[j * n + n - 1] }
  for i in stride(from: n - 1, to: 0, by: -1) {
    var scale = 0.0
    for k in 0..<i { scale += abs(d[k]) }
    var h = 0.0
    if scale == 0 {
      e[i] = d[i - 1]
      for j in 0..<i {
        d[j] = v[j * n + i - 1]
        v[j * n + i] = 0
        v[i * n + j] = 0
      }
    } else {
      // The Householder vector, scaled so that its square cannot underflow.
      for k in 0..<i {
        d[k] /= scale
        h += d[k] * d[k]
      }
      var f = d[i - 1]
      var g = f > 0 ? -h.squareRoot() : h.squareRoot()
      e[i] = scale * g
      h -= f * g
      d[i - 1] = f - g
      for j in 0..<i { e[j] = 0 }
      for j in 0..<i {
        f = d[j]
        v[i * n + j] = f
        let column = v + j * n
        let below = i - j - 1
        g = e[j] + column[j] * f + dot(column + j + 1, d + j + 1, below)
        axpy(f, column + j + 1, e + j + 1, below)
        e[j] = g
      }
      f = 0
      for j in 0..<i {
        e[j] /= h
        f += e[j] * d[j]
      }
      let hh = f / (h + h)
      for j in 0..<i { e[j] -= hh * d[j] }
      for j in 0..<i {
        let column = v + j * n
        axpy(-d[j], e + j, column + j, i - j)
        axpy(-e[j], d + j, column + j, i - j)
        d[j] = column[i - 1]
        column[i] = 0
      }
    }
    d[i] = h
  }
  guard accumulating else {
    for j in 0..<n { d[j] = v[j * n + j] }
    e[0] = 0
    return
  }
  for i in 0..<n - 1 {
    v[i * n + n - 1] = v[i * n + i]
    v[i * n + i] = 1
    let h = d[i + 1]
    let next = v + (i + 1) * n
    if h != 0 {
      for k in 0...i { d[k] = next[k] / h }
      for j in 0...i {
        let g = dot(next, v + j * n, i + 1)
        axpy(-g, d, v + j * n, i + 1)
      }
    }
    for k in 0...i { next[k] = 0 }
  }
  for j in 0..<n {
    d[j] = v[j * n + n - 1]
    v[j * n + n - 1] = 0
  }
  v[n * n - 1] = 1
  e[0] = 0
}

/// Diagonalises the symmetric tridiagonal matrix with diagonal `d` and subdiagonal e[1...] (both
/// overwritten, e[0] unused): the eigenvalues are left in `d`, unsorted, and the rotations are
/// applied to the n columns of length `rows` at `v`.
///
/// `rows` = n gives eigenvectors, 0 only values, 1 a single component of every eigenvector.
func tridiagonalQL(
  _ d: UnsafeMutablePointer<Double>, _ e: UnsafeMutablePointer<Double>, _ n: Int,
  rotating v: UnsafeMutablePointer<Double>, rows: Int
) {
  for i in 1..<max(n, 1) { e[i - 1] = e[i] }
  e[n - 1] = 0
  var f = 0.0
  var magnitude = 0.0
  for l in 0..<n {
    magnitude = max(magnitude, abs(d[l]) + abs(e[l]))
    var m = l
    while m < n - 1 && abs(e[m]) > 0x1p-53 * magnitude { m += 1 }
    // Two or three rounds are typical; the bound only stops a matrix of NaN.
    var round = 0
    while m > l && round < 100 {
      round += 1
      var g = d[l]
      var p = (d[l + 1] - g) / (2 * e[l])
      var r = hypot(p, 1)
      if p < 0 { r = -r }
      d[l] = e[l] / (p + r)
      d[l + 1] = e[l] * (p + r)
      let next = d[l + 1]
      var h = g - d[l]
      for i in l + 2..<max(n, l + 2) { d[i] -= h }
      f += h
      p = d[m]
      var c = 1.0
      var c2 = 1.0
      var c3 = 1.0
      let subdiagonal = e[l + 1]
      var s = 0.0
      var s2 = 0.0
      for i in stride(from: m - 1, through: l, by: -1) {
        c3 = c2
        c2 = c
        s2 = s
        g = c * e[i]
        h = c * p
        r = hypot(p, e[i])
        e[i + 1] = s * r
        s = e[i] / r
        c = p / r
        p = c * d[i] - s * g
        d[i + 1] = h + s * (c * g + s * d[i])
        if rows > 0 { rotate(v + i * rows, v + (i + 1) * rows, rows, cosine: c, sine: s) }
      }
      p = -s * s2 * c3 * subdiagonal * e[l] / next
      e[l] = s * p
      d[l] = c * p
      if abs(e[l]) <= 0x1p-53 * magnitude { break }
    }
    d[l] += f
    e[l] = 0
  }
}
