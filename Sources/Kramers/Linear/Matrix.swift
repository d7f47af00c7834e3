/// A dense row-major matrix of doubles: element (i, j) is `values[i * columns + j]`.
///
/// The small algebra of theory and certificates uses it. Step loops do not: they work on the flat
/// parameter vector through pointers (`DenseKernels`).
public struct Matrix: Sendable, Equatable {
  public let rows: Int
  public let columns: Int
  public var values: [Double]

  /// A matrix of zeros, or of the given row-major `values` (count rows * columns).
  public init(_ rows: Int, _ columns: Int, _ values: [Double]? = nil) {
    precondition(rows >= 0 && columns >= 0, "matrix sizes must not be negative")
    let values = values ?? [Double](repeating: 0, count: rows * columns)
    precondition(values.count == rows * columns, "a matrix needs rows * columns values")
    self.rows = rows
    self.columns = columns
    self.values = values
  }

  /// The rectangular identity, or `diagonal` placed on the main diagonal.
  public init(_ rows: Int, _ columns: Int, diagonal: [Double]) {
    self.init(rows, columns)
    for (i, value) in diagonal.prefix(min(rows, columns)).enumerated() { self[i, i] = value }
  }

  public static func identity(_ size: Int) -> Matrix {
    Matrix(size, size, diagonal: [Double](repeating: 1, count: size))
  }

  public subscript(i: Int, j: Int) -> Double {
    get { values[i * columns + j] }
    set { values[i * columns + j] = newValue }
  }

  public var transposed: Matrix {
    var result = Matrix(columns, rows)
    for i in 0..<rows { for j in 0..<columns { result[j, i] = self[i, j] } }
    return result
  }

  /// tr(A).
  public var trace: Double { (0..<min(rows, columns)).reduce(0) { $0 + self[$1, $1] } }

  /// |A|_F, the square root of the sum of squares.
  public var frobeniusNorm: Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }

  public func row(_ i: Int) -> [Double] { Array(values[i * columns..<(i + 1) * columns]) }
  public func column(_ j: Int) -> [Double] { (0..<rows).map { self[$0, j] } }

  public static func * (a: Matrix, b: Matrix) -> Matrix {
    precondition(a.columns == b.rows, "matrix product: inner sizes differ")
    var result = Matrix(a.rows, b.columns)
    for i in 0..<a.rows {
      for k in 0..<a.columns {
        let factor = a[i, k]
        if factor == 0 { continue }
        for j in 0..<b.columns {
          result.values[i * b.columns + j] += factor * b.values[k * b.columns + j]
        }
      }
    }
    return result
  }

  public static func * (a: Matrix, v: [Double]) -> [Double] {
    precondition(a.columns == v.count, "matrix times vector: inner sizes differ")
    return (0..<a.rows).map { i in
      var sum = 0.0
      for j in 0..<a.columns { sum += a[i, j] * v[j] }
      return sum
    }
  }

  /// A v by partial sums of fixed order, several times faster than `*` for large matrices.
  func product(_ v: [Double]) -> [Double] {
    precondition(columns == v.count, "matrix times vector: inner sizes differ")
    return values.withUnsafeBufferPointer { a in
      v.withUnsafeBufferPointer { v in
        guard let a = a.baseAddress, let v = v.baseAddress else { return [] }
        return (0..<rows).map { dot(a + $0 * columns, v, columns) }
      }
    }
  }

  public static func * (scale: Double, a: Matrix) -> Matrix {
    Matrix(a.rows, a.columns, a.values.map { scale * $0 })
  }

  public static func + (a: Matrix, b: Matrix) -> Matrix {
    precondition(a.rows == b.rows && a.columns == b.columns, "matrix sum: sizes differ")
    return Matrix(a.rows, a.columns, zip(a.values, b.values).map { $0 + $1 })
  }

  public static func - (a: Matrix, b: Matrix) -> Matrix { a + (-1) * b }
}

/// The inner product of two vectors of equal length.
public func dot(_ a: [Double], _ b: [Double]) -> Double {
  precondition(a.count == b.count, "inner product: lengths differ")
  var sum = 0.0
  for i in a.indices { sum += a[i] * b[i] }
  return sum
}

/// The Euclidean norm.
public func norm(_ a: [Double]) -> Double { dot(a, a).squareRoot() }
