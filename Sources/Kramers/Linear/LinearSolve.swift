#if canImport(Glibc)
  internal import Glibc
#endif

/// The Cholesky factorisation A = L L' of a symmetric positive definite matrix.
///
/// Source: Golub and Van Loan, Matrix Computations, algorithm 4.2.1. Cost n^3/3 flops.
public struct Cholesky: Sendable {
  /// L, n x n, zero above the diagonal.
  public let lower: Matrix

  /// - Parameter matrix: n x n, symmetric; only its lower triangle is read.
  /// - Returns: nil if the matrix is not positive definite to working precision.
  public init?(_ matrix: Matrix) {
    precondition(matrix.rows == matrix.columns, "Cholesky needs a square matrix")
    let n = matrix.rows
    var l = Matrix(n, n)
    var definite = true
    l.values.withUnsafeMutableBufferPointer { l in
      guard let l = l.baseAddress else { return }
      for i in 0..<n {
        for j in 0...i {
          let sum = matrix.values[i * n + j] - dot(l + i * n, l + j * n, j)
          if i > j {
            l[i * n + j] = sum / l[j * n + j]
          } else if sum > 0 && sum.isFinite {
            l[i * n + i] = sum.squareRoot()
          } else {
            definite = false
            return
          }
        }
      }
    }
    guard definite else { return nil }
    lower = l
  }

  /// ln det A = 2 sum ln L_ii, which neither overflows nor underflows.
  public var logDeterminant: Double {
    (0..<lower.rows).reduce(0) { $0 + 2 * log(lower[$1, $1]) }
  }

  /// The solution of A x = b.
  public func solve(_ b: [Double]) -> [Double] {
    let n = lower.rows
    precondition(b.count == n, "the right-hand side has the wrong length")
    var x = b
    for i in 0..<n {
      var sum = x[i]
      for j in 0..<i { sum -= lower[i, j] * x[j] }
      x[i] = sum / lower[i, i]
    }
    for i in stride(from: n - 1, through: 0, by: -1) {
      x[i] /= lower[i, i]
      for j in 0..<i { x[j] -= lower[i, j] * x[i] }
    }
    return x
  }
}

/// ln det A of a symmetric positive definite matrix; nil if it is not positive definite.
public func logDeterminant(positiveDefinite matrix: Matrix) -> Double? {
  Cholesky(matrix)?.logDeterminant
}

/// The factorisation P A = L U of a square matrix by Gaussian elimination with partial pivoting.
///
/// Source: Golub and Van Loan, algorithm 3.4.1. Cost 2n^3/3 flops.
public struct LU: Sendable {
  /// L below the diagonal (its diagonal is 1) and U on and above it, n x n.
  private let factors: Matrix
  private let order: [Int]
  /// The sign of det A, +1 or -1.
  public let determinantSign: Double

  /// - Parameter matrix: n x n.
  /// - Returns: nil if a pivot vanishes exactly (or is not finite): the matrix is singular. A
  ///   matrix that is singular only up to rounding passes; use singular values to decide rank.
  public init?(_ matrix: Matrix) {
    precondition(matrix.rows == matrix.columns, "LU needs a square matrix")
    let n = matrix.rows
    var a = matrix.values
    var order = Array(0..<n)
    var sign = 1.0
    for k in 0..<n {
      let pivot = (k..<n).max { abs(a[$0 * n + k]) < abs(a[$1 * n + k]) } ?? k
      let value = a[pivot * n + k]
      guard value != 0, value.isFinite else { return nil }
      if pivot != k {
        for j in 0..<n { a.swapAt(k * n + j, pivot * n + j) }
        order.swapAt(k, pivot)
        sign = -sign
      }
      if value < 0 { sign = -sign }
      a.withUnsafeMutableBufferPointer { a in
        guard let a = a.baseAddress else { return }
        for i in k + 1..<max(n, k + 1) {
          let factor = a[i * n + k] / value
          a[i * n + k] = factor
          axpy(-factor, a + k * n + k + 1, a + i * n + k + 1, n - k - 1)
        }
      }
    }
    factors = Matrix(n, n, a)
    self.order = order
    determinantSign = sign
  }

  /// ln |det A|.
  public var logAbsoluteDeterminant: Double {
    (0..<factors.rows).reduce(0) { $0 + log(abs(factors[$1, $1])) }
  }

  /// The solution of A x = b.
  public func solve(_ b: [Double]) -> [Double] {
    let n = factors.rows
    precondition(b.count == n, "the right-hand side has the wrong length")
    var x = order.map { b[$0] }
    for i in 0..<n { for j in 0..<i { x[i] -= factors[i, j] * x[j] } }
    for i in stride(from: n - 1, through: 0, by: -1) {
      for j in i + 1..<max(n, i + 1) { x[i] -= factors[i, j] * x[j] }
      x[i] /= factors[i, i]
    }
    return x
  }
}
