#if canImport(Glibc)
  internal import Glibc
#endif

/// The factorisation P A = L U of a square matrix by Gaussian elimination with partial pivoting.
///
/// By panels of 64 columns, so that most of the work is products of blocks that stay in the cache;
/// the bits do not depend on the number of threads.
///
/// Source: Golub and Van Loan, algorithms 3.4.1 and 3.2.5. Cost 2n^3/3 flops, n^3/3 where the matrix is
/// positive definite.
public struct LU: Sendable {
  /// L below the diagonal (its diagonal is 1) and U on and above it: panels of columns, each n rows
  /// of `width` numbers.
  private let factors: [Double]
  private let n: Int
  private let width: Int
  private let order: [Int]
  /// The sign of det A, +1 or -1.
  public let determinantSign: Double

  /// - Parameter matrix: n x n.
  /// - Returns: nil if a pivot vanishes exactly (or is not finite): the matrix is singular. A
  ///   matrix that is singular only up to rounding passes; use singular values to decide rank.
  public init?(_ matrix: Matrix, threads: Int = 1) {
    self.init(matrix, threads: threads, isPositive: false)
  }

  /// Of a symmetric matrix.
  ///
  /// - Returns: nil if it is not positive definite, by the signs of the pivots, none of which is moved.
  public init?(positiveDefinite matrix: Matrix, threads: Int = 1) {
    self.init(matrix, threads: threads, isPositive: true)
  }

  private init?(_ matrix: Matrix, threads: Int, isPositive: Bool) {
    precondition(matrix.rows == matrix.columns, "LU needs a square matrix")
    let n = matrix.rows
    let width = min(64, DenseKernels.stride(max(n, 1)))
    let panels = (n + width - 1) / width
    var factors = [Double](repeating: 0, count: panels * n * width)
    let pivots = factors.withUnsafeMutableBufferPointer { factors in
      matrix.values.withUnsafeBufferPointer { values -> (order: [Int], sign: Double)? in
        guard let a = factors.baseAddress else { return ([], 1) }
        for i in 0..<n {
          for j in 0..<n { a[(j / width * n + i) * width + j % width] = values[i * n + j] }
        }
        return eliminate(a, n, width, threads, isPositive)
      }
    }
    guard let pivots else { return nil }
    self.n = n
    self.width = width
    self.factors = factors
    order = pivots.order
    determinantSign = pivots.sign
  }

  /// ln |det A|.
  public var logAbsoluteDeterminant: Double {
    (0..<n).reduce(0) { $0 + log(abs(factors[($1 / width * n + $1) * width + $1 % width])) }
  }

  /// The solution of A x = b.
  public func solve(_ b: [Double]) -> [Double] {
    precondition(b.count == n, "the right-hand side has the wrong length")
    var x = order.map { b[$0] }
    factors.withUnsafeBufferPointer { factors in
      x.withUnsafeMutableBufferPointer { x in
        guard let a = factors.baseAddress, let x = x.baseAddress else { return }
        let panels = (n + width - 1) / width
        for block in 0..<panels {
          let panel = a + block * n * width
          let first = block * width
          let last = min(first + width, n)
          for i in first..<last {
            for j in first..<i { x[i] -= panel[i * width + j - first] * x[j] }
          }
          for i in last..<max(n, last) { x[i] -= dot(panel + i * width, x + first, last - first) }
        }
        for block in (0..<panels).reversed() {
          let panel = a + block * n * width
          let first = block * width
          let last = min(first + width, n)
          for i in (first..<last).reversed() {
            for j in i + 1..<max(last, i + 1) { x[i] -= panel[i * width + j - first] * x[j] }
            x[i] /= panel[i * width + i - first]
          }
          for i in 0..<first { x[i] -= dot(panel + i * width, x + first, last - first) }
        }
      }
    }
    return x
  }
}

/// Eliminates in the panels of an n x n matrix.
///
/// - Returns: the order of the rows and the sign of the determinant; nil where a pivot will not do.
private func eliminate(
  _ a: UnsafeMutablePointer<Double>, _ n: Int, _ width: Int, _ threads: Int, _ isPositive: Bool
) -> (order: [Int], sign: Double)? {
  var order = Array(0..<n)
  var sign = 1.0
  let panels = (n + width - 1) / width
  let negated = makeBuffer(n * width)
  defer { negated.deallocate() }
  for block in 0..<panels {
    let panel = a + block * n * width
    let first = block * width
    let last = min(first + width, n)
    for k in first..<last {
      let column = k - first
      var pivot = k
      if !isPositive {
        for i in k + 1..<max(n, k + 1)
        where abs(panel[i * width + column]) > abs(panel[pivot * width + column]) { pivot = i }
      }
      let value = panel[pivot * width + column]
      guard value != 0, value.isFinite, value > 0 || !isPositive else { return nil }
      if pivot != k {
        for other in 0..<panels {
          let rows = a + other * n * width
          for j in 0..<width {
            let kept = rows[k * width + j]
            rows[k * width + j] = rows[pivot * width + j]
            rows[pivot * width + j] = kept
          }
        }
        order.swapAt(k, pivot)
        sign = -sign
      }
      if value < 0 { sign = -sign }
      for i in k + 1..<max(n, k + 1) {
        let row = panel + i * width
        let factor = row[column] / value
        row[column] = factor
        axpy(-factor, panel + k * width + column + 1, row + column + 1, last - k - 1)
      }
    }
    for k in last * width..<n * width { negated[k] = -panel[k] }
    nonisolated(unsafe) let (all, left, own) = (a, UnsafePointer(negated), UnsafePointer(panel))
    _ = parallelMap(panels - block - 1, threads: threads) { later in
      let target = all + (block + 1 + later) * n * width
      // Of a symmetric matrix the upper triangle is the lower one times the pivots.
      let top = isPositive ? (block + 1 + later) * width : last
      for r in first..<last {
        if isPositive {
          let pivot = own[r * width + r - first]
          for j in top..<min(top + width, n) {
            target[r * width + j - top] = pivot * own[j * width + r - first]
          }
          continue
        }
        for q in first..<r {
          axpy(-own[r * width + q - first], target + q * width, target + r * width, width)
        }
      }
      DenseKernels.multiply(
        left + top * width, rows: n - top, columns: last - first, rowStride: width,
        columnStride: 1, target + first * width, stride: width, into: target + top * width,
        accumulate: true)
    }
  }
  return (order, sign)
}
