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
