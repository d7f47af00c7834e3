#if canImport(Glibc)
  internal import Glibc
#endif

/// Singular values without vectors and without allocation, for step loops: made once per replica
/// for one shape, then used with any number of matrices of that shape.
///
///     var workspace = SingularValueWorkspace(rows: 2, columns: 2)
///     let sigma = workspace.singularValue(1, of: pointer)  // the second largest
///
/// One row or column: its length. Two by two: closed form. Otherwise one-sided Jacobi, as in
/// `SingularValueDecomposition`. Relative accuracy of a few eps in every case (2 x 2: also of the
/// smaller value, because the determinant is formed with a fused multiply-add).
public struct SingularValueWorkspace: Sendable {
  public let rows: Int
  public let columns: Int
  /// min(rows, columns) singular values of the last matrix, descending.
  public private(set) var values: [Double]
  private var work: [Double]

  public init(rows: Int, columns: Int) {
    precondition(rows >= 0 && columns >= 0, "matrix sizes must not be negative")
    self.rows = rows
    self.columns = columns
    values = [Double](repeating: 0, count: min(rows, columns))
    work = [Double](repeating: 0, count: rows * columns)
  }

  /// The singular value number `index` of a matrix; 0 is the largest, so index r is the mode that
  /// a trap of rank r lacks.
  ///
  /// - Parameter matrix: rows x columns entries, row-major.
  /// - Returns: the singular value; NaN if an entry is not finite.
  public mutating func singularValue(_ index: Int, of matrix: UnsafePointer<Double>) -> Double {
    precondition(index >= 0 && index < values.count, "there is no singular value of this index")
    load(matrix)
    return values[index]
  }

  /// Computes all `values` of a matrix given as rows x columns entries, row-major.
  public mutating func load(_ matrix: UnsafePointer<Double>) {
    let count = rows * columns
    guard count > 0 else { return }
    var largest = 0.0
    var check = 0.0
    for i in 0..<count {
      largest = max(largest, abs(matrix[i]))
      check += 0 * matrix[i]
    }
    guard check == 0, largest > 0 else {
      let value = check == 0 ? 0 : Double.nan
      for i in values.indices { values[i] = value }
      return
    }
    // Squares and determinants need no care inside this range; outside, rescale by a power of two.
    let exponent = largest > 1e-70 && largest < 1e70 ? Int32(0) : ilogb(largest)
    let scale = exponent == 0 ? 1 : scalbn(1, -exponent)
    if rows == 2 && columns == 2 {
      twoByTwo(scale * matrix[0], scale * matrix[1], scale * matrix[2], scale * matrix[3])
    } else {
      jacobi(matrix, scale)
    }
    if exponent != 0 { for i in values.indices { values[i] = scalbn(values[i], exponent) } }
  }

  /// sigma_1,2 = (|(a+d, b-c)| +- |(a-d, b+c)|)/2 and sigma_1 sigma_2 = |ad - bc|.
  private mutating func twoByTwo(_ a: Double, _ b: Double, _ c: Double, _ d: Double) {
    let p = (a + d) * (a + d) + (b - c) * (b - c)
    let q = (a - d) * (a - d) + (b + c) * (b + c)
    let larger = 0.5 * (p.squareRoot() + q.squareRoot())
    // Kahan's difference of products: 1.5 ulp even when ad and bc nearly cancel.
    let product = b * c
    let rest = product.addingProduct(-b, c)
    let determinant = (-product).addingProduct(a, d) + rest
    values[0] = larger
    values[1] = min(abs(determinant) / larger, larger)
  }

  private mutating func jacobi(_ matrix: UnsafePointer<Double>, _ scale: Double) {
    let m = max(rows, columns)
    let n = min(rows, columns)
    let wide = rows < columns
    let (rows, columns) = (rows, columns)
    work.withUnsafeMutableBufferPointer { work in
      guard let a = work.baseAddress else { return }
      if wide {
        for i in 0..<rows * columns { a[i] = scale * matrix[i] }
      } else {
        for i in 0..<rows {
          for j in 0..<columns { a[j * m + i] = scale * matrix[i * columns + j] }
        }
      }
      orthogonalizeColumns(a, m, n)
      values.withUnsafeMutableBufferPointer { values in
        for j in 0..<n {
          // Insertion sort, descending: the columns come out nearly sorted.
          let value = dot(a + j * m, a + j * m, m).squareRoot()
          var k = j
          while k > 0 && values[k - 1] < value {
            values[k] = values[k - 1]
            k -= 1
          }
          values[k] = value
        }
      }
    }
  }
}
