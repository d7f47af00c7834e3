/// Whether the k-th singular value of a matrix A reaches a threshold t, without computing it: A A' - t^2
/// has as many positive eigenvalues as A has singular values above t, and its factor L D L' as many
/// positive pivots (Sylvester's law of inertia). An order of magnitude cheaper than Jacobi rotations,
/// and as exact: where a pivot is too small for its sign to be sure, the answer is nil.
///
/// Made once for one shape; allocates nothing afterwards.
struct SingularValueCount {
  private let rows: Int
  private let columns: Int
  /// Rows and columns of the smaller Gram matrix.
  private let size: Int
  private let stride: Int
  private var wide: [Double]
  private var gram: [Double]

  init(rows: Int, columns: Int) {
    self.rows = rows
    self.columns = columns
    size = min(rows, columns)
    stride = DenseKernels.stride(max(rows, columns))
    wide = [Double](repeating: 0, count: size * stride)
    gram = [Double](repeating: 0, count: size * size)
  }

  /// - Parameters:
  ///   - matrix: rows x columns entries, row i at `i * rowStride`.
  /// - Returns: nil where only the singular value itself tells, also for NaN.
  mutating func reaches(
    _ threshold: Double, _ k: Int, _ matrix: UnsafePointer<Double>, rowStride: Int
  ) -> Bool? {
    let isWide = rows <= columns
    for i in 0..<size {
      for j in 0..<max(rows, columns) {
        wide[i * stride + j] = isWide ? matrix[i * rowStride + j] : matrix[j * rowStride + i]
      }
    }
    let size = size
    let stride = stride
    let wide = wide
    return gram.withUnsafeMutableBufferPointer { gram in
      wide.withUnsafeBufferPointer { wide in
        guard let m = gram.baseAddress, let a = wide.baseAddress else { return nil }
        DenseKernels.outer(a, rows: size, a, columns: size, stride: stride, into: m)
        var norm = 0.0
        var largest = 0.0
        for i in 0..<size {
          norm += m[i * size + i]
          m[i * size + i] -= threshold * threshold
          largest = max(largest, abs(m[i * size + i]))
        }
        // The k largest squares sum to the squared norm at the most.
        if norm < Double(k) * threshold * threshold * (1 - 1e-9) { return false }
        return countPivots(m, size, atLeast: k, smallest: 1e-6 * largest)
      }
    }
  }
}

/// Whether at least k pivots are positive; nil if one lies within `smallest` of zero or is no number.
/// Row i of the symmetric matrix is read from its diagonal on.
private func countPivots(
  _ m: UnsafeMutablePointer<Double>, _ size: Int, atLeast k: Int, smallest: Double
) -> Bool? {
  var positive = 0
  for j in 0..<size {
    let row = m + j * size
    let pivot = row[j]
    guard abs(pivot) > smallest, pivot.isFinite else { return nil }
    if pivot > 0 { positive += 1 }
    var i = j + 1
    while i < size {
      axpy(-row[i] / pivot, row + i, m + (i * size + i), size - i)
      i += 1
    }
  }
  return positive >= k
}
