extension Matrix {
  /// A size x size orthogonal matrix from the Haar measure of O(size), reflections included.
  ///
  /// The Q of the QR decomposition of a Gaussian matrix is Haar-distributed if the diagonal of R is
  /// positive, which Gram–Schmidt makes it; library QRs need their signs corrected. Every column is
  /// orthogonalised twice, which brings Q'Q - I to rounding ("twice is enough", Kahan and Parlett).
  ///
  /// Cost: 4 size^3 operations.
  ///
  /// Source: F. Mezzadri, Notices of the AMS 54 (2007) 592.
  public static func haarOrthogonal(
    _ size: Int, _ stream: RandomStream, step: UInt64 = 0
  ) -> Matrix {
    orthonormalColumns(Matrix(size, size, stream.normals(size * size, step: step)))
  }
}

/// The columns made orthonormal one after the other (Gram–Schmidt, twice for accuracy). Gaussian
/// columns give a Haar-distributed isometry.
func orthonormalColumns(_ matrix: Matrix) -> Matrix {
  var columns: [[Double]] = []
  for j in 0..<matrix.columns {
    var column = matrix.column(j)
    for _ in 0..<2 {
      for other in columns {
        let overlap = dot(column, other)
        for i in column.indices { column[i] -= overlap * other[i] }
      }
    }
    let length = norm(column)
    columns.append(column.map { $0 / length })
  }
  var result = Matrix(matrix.rows, matrix.columns)
  for (j, column) in columns.enumerated() {
    for (i, value) in column.enumerated() { result[i, j] = value }
  }
  return result
}
