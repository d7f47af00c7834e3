extension Matrix {
  /// A size x size orthogonal matrix from the Haar measure of O(size), reflections included.
  ///
  /// The Q of the QR decomposition of a Gaussian matrix is Haar-distributed if the diagonal of R is
  /// positive, which Gram–Schmidt makes it; library QRs need their signs corrected. Every row is
  /// orthogonalised twice, which brings Q'Q - I to rounding ("twice is enough", Kahan and Parlett).
  ///
  /// Cost: 4 size^3 operations.
  ///
  /// Source: F. Mezzadri, Notices of the AMS 54 (2007) 592.
  public static func haarOrthogonal(
    _ size: Int, _ stream: RandomStream, step: UInt64 = 0
  ) -> Matrix {
    var q = Matrix(size, size, stream.normals(size * size, step: step))
    for i in 0..<size {
      var row = q.row(i)
      for _ in 0..<2 {
        for j in 0..<i {
          let overlap = (0..<size).reduce(0) { $0 + q[j, $1] * row[$1] }
          for k in 0..<size { row[k] -= overlap * q[j, k] }
        }
      }
      let length = norm(row)
      for k in 0..<size { q[i, k] = row[k] / length }
    }
    return q
  }
}
