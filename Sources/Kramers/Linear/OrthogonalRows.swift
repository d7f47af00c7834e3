/// J a with pairwise orthogonal rows, J orthogonal: one-sided Jacobi. The lengths of the rows are
/// the singular values of `a` (rows <= columns), in no particular order.
///
/// Cost: about ten sweeps of 4.5 rows^2 columns operations.
///
/// Source: M. Hestenes, J. SIAM 6 (1958) 51; Golub and Van Loan, section 8.6.3.
func orthogonalRows(of a: Matrix) -> Matrix {
  var result = a
  let (rows, columns) = (a.rows, a.columns)
  let size = a.frobeniusNorm
  let negligible = Double.ulpOfOne * Double.ulpOfOne * size * size
  result.values.withUnsafeMutableBufferPointer { v in
    for _ in 0..<60 {
      var rotated = false
      for p in 0..<rows {
        for q in (p + 1)..<max(rows, p + 1) {
          var (alpha, beta, gamma) = (0.0, 0.0, 0.0)
          for k in 0..<columns {
            let (x, y) = (v[p * columns + k], v[q * columns + k])
            alpha += x * x
            beta += y * y
            gamma += x * y
          }
          let small = Double.ulpOfOne * alpha.squareRoot() * beta.squareRoot()
          if abs(gamma) <= max(small, negligible) { continue }
          rotated = true
          let zeta = (beta - alpha) / (2 * gamma)
          let t = (zeta < 0 ? -1 : 1) / (abs(zeta) + (1 + zeta * zeta).squareRoot())
          let c = 1 / (1 + t * t).squareRoot()
          let s = c * t
          for k in 0..<columns {
            let (x, y) = (v[p * columns + k], v[q * columns + k])
            v[p * columns + k] = c * x - s * y
            v[q * columns + k] = s * x + c * y
          }
        }
      }
      if !rotated { break }
    }
  }
  return result
}

/// Eigenvalues and eigenvectors (columns) of a positive semidefinite matrix. Eigenvectors of zero
/// eigenvalues are zero columns: rows of J S are value * vector'.
func positiveEigen(_ s: Matrix) -> (values: [Double], vectors: Matrix) {
  let rows = orthogonalRows(of: s)
  var values: [Double] = []
  var vectors = Matrix(s.rows, s.rows)
  for k in 0..<s.rows {
    let row = rows.row(k)
    let length = norm(row)
    values.append(length)
    if length > 0 { for i in 0..<s.rows { vectors[i, k] = row[i] / length } }
  }
  return (values, vectors)
}
