import Glibc
import Kramers
import Testing

@Suite struct SymmetricEigenTests {
  @Test("the eigenvalues of the second difference are 2 - 2 cos(k pi/(n+1)), to 1e-13")
  func secondDifference() {
    for n in [1, 2, 3, 17, 200] {
      var a = Matrix(n, n)
      for i in 0..<n {
        a[i, i] = 2
        if i > 0 {
          a[i, i - 1] = -1
          a[i - 1, i] = -1
        }
      }
      let values = SymmetricEigen(a).values
      for k in 1...n {
        let exact = 2 - 2 * cos(Double(k) * Double.pi / Double(n + 1))
        #expect(abs(values[k - 1] - exact) < 1e-13)
      }
    }
  }

  @Test("vectors are orthonormal and A V = V D, to 1e-13 n of |A|", arguments: [1, 2, 5, 60, 151])
  func decomposition(n: Int) throws {
    let a = randomSymmetric(n, seed: 3)
    let eigen = SymmetricEigen(a, vectors: true)
    let v = try #require(eigen.vectors)
    let tolerance = 1e-14 * Double(n) * max(a.frobeniusNorm, 1)
    #expect((v.transposed * v - .identity(n)).frobeniusNorm < tolerance)
    #expect((a * v - v * Matrix(n, n, diagonal: eigen.values)).frobeniusNorm < tolerance)
    #expect(eigen.values == eigen.values.sorted())
    let valuesOnly = SymmetricEigen(a).values
    for (x, y) in zip(valuesOnly, eigen.values) { #expect(abs(x - y) < tolerance) }
  }

  @Test("degenerate, zero, huge and tiny matrices come out right")
  func special() {
    #expect(SymmetricEigen(Matrix(4, 4)).values == [0, 0, 0, 0])
    #expect(SymmetricEigen(.identity(5)).values == [1, 1, 1, 1, 1])
    // All ones: n once, 0 otherwise.
    for scale in [1e-300, 1, 1e300] {
      let values = SymmetricEigen(scale * Matrix(3, 3, [Double](repeating: 1, count: 9))).values
      #expect(abs(values[0]) < 1e-15 * scale && abs(values[1]) < 1e-15 * scale)
      #expect(abs(values[2] / scale - 3) < 1e-14)
    }
    #expect(SymmetricEigen(Matrix(2, 2, [1, .nan, .nan, 1])).values.allSatisfy { $0.isNaN })
  }

  @Test("700 eigenpairs take less than 5 s and keep trace and norm to 1e-11 relative")
  func large() throws {
    let n = 700
    let a = randomSymmetric(n, seed: 5)
    let clock = ContinuousClock()
    var eigen: SymmetricEigen?
    let elapsed = clock.measure { eigen = SymmetricEigen(a, vectors: true) }
    #expect(elapsed < .seconds(5), "took \(elapsed)")
    let values = try #require(eigen).values
    #expect(abs(values.reduce(0, +) - a.trace) < 1e-11 * a.frobeniusNorm)
    #expect(abs(norm(values) / a.frobeniusNorm - 1) < 1e-11)
  }
}

func randomSymmetric(_ n: Int, seed: UInt64) -> Matrix {
  let a = randomMatrix(n, n, seed: seed)
  return 0.5 * (a + a.transposed)
}

func randomMatrix(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
  Matrix(
    rows, columns, RandomStream(seed: seed, purpose: .data).normals(rows * columns, step: 1))
}
