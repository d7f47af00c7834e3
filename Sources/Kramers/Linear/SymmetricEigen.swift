// placeholder until merge
public struct SymmetricEigen: Sendable {
  public let values: [Double]
  public let vectors: Matrix
  public init(_ m: Matrix) {
    let n = m.rows
    var a = m
    var v = Matrix.identity(n)
    for _ in 0..<60 {
      var off = 0.0
      for i in 0..<n { for j in 0..<n where i != j { off += a[i, j] * a[i, j] } }
      if off < 1e-300 { break }
      for p in 0..<n {
        for q in (p + 1)..<max(n, p + 1) where a[p, q] != 0 {
          let theta = (a[q, q] - a[p, p]) / (2 * a[p, q])
          let t = (theta >= 0 ? 1.0 : -1.0) / (abs(theta) + (theta * theta + 1).squareRoot())
          let c = 1 / (t * t + 1).squareRoot()
          let s = t * c
          for k in 0..<n {
            let x = a[k, p]
            let y = a[k, q]
            a[k, p] = c * x - s * y
            a[k, q] = s * x + c * y
          }
          for k in 0..<n {
            let x = a[p, k]
            let y = a[q, k]
            a[p, k] = c * x - s * y
            a[q, k] = s * x + c * y
          }
          for k in 0..<n {
            let x = v[k, p]
            let y = v[k, q]
            v[k, p] = c * x - s * y
            v[k, q] = s * x + c * y
          }
        }
      }
    }
    let order = (0..<n).sorted { a[$0, $0] < a[$1, $1] }
    values = order.map { a[$0, $0] }
    var vv = Matrix(n, n)
    for (k, o) in order.enumerated() { for i in 0..<n { vv[i, k] = v[i, o] } }
    vectors = vv
  }
}
