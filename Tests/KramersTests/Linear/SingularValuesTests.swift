import Kramers
import Testing

@Suite struct SingularValuesTests {
  @Test(
    "U S V' = A with orthonormal U and V, thin and completed, to 1e-13",
    arguments: [(1, 1), (1, 7), (7, 1), (2, 2), (3, 3), (5, 3), (3, 5), (40, 25), (25, 40)])
  func decomposition(rows: Int, columns: Int) {
    check(randomMatrix(rows, columns, seed: 1))
  }

  @Test("zero, rank-deficient and huge or tiny matrices get orthonormal U and V, to 1e-13")
  func deficient() {
    check(Matrix(3, 2))
    check(Matrix(1, 4))
    check(Matrix(4, 4, diagonal: [0, 2, 0, -1]))
    check(randomMatrix(6, 2, seed: 2) * randomMatrix(2, 5, seed: 3))
    check(randomMatrix(9, 1, seed: 2) * randomMatrix(1, 9, seed: 3))
    check(1e200 * randomMatrix(4, 3, seed: 4))
    check(1e-200 * randomMatrix(3, 4, seed: 5))
  }

  private func check(_ a: Matrix) {
    let k = min(a.rows, a.columns)
    for completing in [false, true] {
      let svd = SingularValueDecomposition(a, completing: completing)
      let (p, q) = completing ? (a.rows, a.columns) : (k, k)
      #expect(svd.u.columns == p && svd.v.columns == q)
      #expect((svd.u.transposed * svd.u - .identity(p)).frobeniusNorm < 1e-13 * Double(p))
      #expect((svd.v.transposed * svd.v - .identity(q)).frobeniusNorm < 1e-13 * Double(q))
      let back = svd.u * Matrix(p, q, diagonal: svd.values) * svd.v.transposed
      // Entrywise: the Frobenius norm of a matrix of 1e200 would overflow.
      let scale = a.values.reduce(0) { max($0, abs($1)) }
      #expect(zip(back.values, a.values).allSatisfy { abs($0 - $1) <= 1e-13 * scale })
      #expect(svd.values == svd.values.sorted(by: >))
      let workspace = singularValues(of: a)
      for (x, y) in zip(svd.values, workspace) { #expect(abs(x - y) <= 1e-14 * scale) }
    }
  }

  @Test(
    "two by two values agree with 60 digits to 1e-14 relative, also the smaller of a near-singular")
  func twoByTwo() {
    // python3 -c "import mpmath as m; m.mp.dps=60; print(m.svd_r(m.matrix(A), compute_uv=False))"
    let cases: [([Double], Double, Double)] = [
      ([1, 1, 1, 1 + 1e-10], 2.0000000000500000041, 5.0000004135768549748e-11),
      ([3, -1, 0.5, 2], 3.169093621602584969, 2.0510596328526901208),
      ([1e-8, 1, 1e-12, 3e-5], 1.0000000004500000499, 6.9999999968499993122e-13),
    ]
    for (values, larger, smaller) in cases {
      var workspace = SingularValueWorkspace(rows: 2, columns: 2)
      for scale in [1, 0x1p-400, 0x1p400] {
        let a = values.map { scale * $0 }
        #expect(abs(workspace.singularValue(0, of: a) / (scale * larger) - 1) < 1e-14)
        #expect(abs(workspace.singularValue(1, of: a) / (scale * smaller) - 1) < 1e-14)
      }
    }
  }

  @Test("the values of a Vandermonde matrix agree with 60 digits to 1e-13 relative")
  func vandermonde() {
    var a = Matrix(5, 5)
    for i in 0..<5 {
      var power = 1.0
      for j in 0..<5 {
        a[i, j] = power
        power *= Double(i + 1)
      }
    }
    // python3: mpmath.svd_r of the matrix (i+1)^j, i, j = 0..4
    let exact = [
      695.84175855785248843, 18.249862985735674043, 2.0018248184114456727, 0.42607335789537711418,
      0.026589608532539613702,
    ]
    for (x, y) in zip(singularValues(of: a), exact) { #expect(abs(x / y - 1) < 1e-13) }
  }

  @Test("an orthogonal matrix with columns scaled down to 1e-60 keeps 13 digits of every value")
  func graded() {
    let q = SingularValueDecomposition(randomMatrix(5, 5, seed: 8)).u
    let scales = [1e-60, 1, 1e-9, 1e-30, 1e-15]
    let values = singularValues(of: q * Matrix(5, 5, diagonal: scales))
    for (x, y) in zip(values, scales.sorted(by: >)) { #expect(abs(x / y - 1) < 1e-13) }
  }

  @Test("the workspace returns zero for zeros and NaN for NaN or infinity")
  func special() {
    for (rows, columns) in [(1, 1), (1, 3), (2, 2), (3, 2)] {
      var workspace = SingularValueWorkspace(rows: rows, columns: columns)
      var values = [Double](repeating: 0, count: rows * columns)
      #expect(workspace.singularValue(0, of: values) == 0)
      values[rows * columns - 1] = -2
      #expect(workspace.singularValue(0, of: values) == 2)
      for bad in [Double.nan, .infinity] {
        values[0] = bad
        #expect(workspace.singularValue(0, of: values).isNaN)
      }
    }
  }
}
