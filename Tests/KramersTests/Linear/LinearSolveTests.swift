import Glibc
import Kramers
import Testing

@Suite struct LinearSolveTests {
  @Test("LU solves A x = b to 1e-10 and its determinant equals the product of singular values")
  func lu() throws {
    for n in [1, 2, 5, 30, 64, 65, 150] {
      let a = randomMatrix(n, n, seed: 11)
      let x = RandomStream(seed: 12, purpose: .data).normals(n)
      let factors = try #require(LU(a))
      #expect(zip(factors.solve(a * x), x).allSatisfy { abs($0 - $1) < 1e-10 })
      let product = singularValues(of: a).reduce(0) { $0 + log($1) }
      #expect(abs(factors.logAbsoluteDeterminant - product) < 1e-10)
      // The bits do not depend on the number of threads.
      let threaded = try #require(LU(a, threads: 2))
      #expect(threaded.solve(a * x) == factors.solve(a * x))
    }
  }

  @Test("positive definite matrices alone have pivots that are all positive")
  func positive() throws {
    for n in [3, 70, 130] {
      let b = randomMatrix(n, n, seed: 15)
      var a = b * b.transposed
      let x = RandomStream(seed: 16, purpose: .data).normals(n)
      let factors = try #require(LU(positiveDefinite: a))
      let error = zip(a * factors.solve(x), x).map { $0 - $1 }
      #expect(norm(error) < 1e-9 * norm(x))
      let lowest = try #require(SymmetricEigen(a).values.first)
      for k in 0..<n { a[k, k] -= 1.01 * lowest }
      #expect(LU(positiveDefinite: a) == nil)
    }
  }

  @Test("the determinant's sign is that of a permutation times the diagonal's")
  func sign() throws {
    let cycle = try #require(LU(Matrix(3, 3, [0, 1, 0, 0, 0, 1, 1, 0, 0])))
    #expect(cycle.determinantSign == 1)
    let exchange = try #require(LU(Matrix(2, 2, [0, 3, 2, 0])))
    #expect(exchange.determinantSign == -1)
    #expect(abs(exchange.logAbsoluteDeterminant - log(6)) < 1e-15)
    #expect(try #require(LU(Matrix(2, 2, diagonal: [-1, 1]))).determinantSign == -1)
  }

  @Test("a singular matrix has no LU, an indefinite one no Cholesky factor")
  func refused() {
    #expect(LU(Matrix(2, 2, [1, 2, 2, 4])) == nil)
    #expect(LU(Matrix(2, 2, [1, .nan, 2, 4])) == nil)
    #expect(Cholesky(Matrix(2, 2, [1, 2, 2, 1])) == nil)
    #expect(logDeterminant(positiveDefinite: Matrix(2, 2)) == nil)
  }

  @Test("Cholesky gives L L' = A, solves, and ln det = sum of ln eigenvalues, to 1e-10")
  func cholesky() throws {
    for n in [1, 2, 20, 33] {
      let b = randomMatrix(n, n + 3, seed: 13)
      let a = b * b.transposed
      let factor = try #require(Cholesky(a))
      #expect((factor.lower * factor.lower.transposed - a).frobeniusNorm < 1e-12 * a.frobeniusNorm)
      let x = RandomStream(seed: 14, purpose: .data).normals(n)
      #expect(zip(factor.solve(a * x), x).allSatisfy { abs($0 - $1) < 1e-10 })
      let sum = SymmetricEigen(a).values.reduce(0) { $0 + log($1) }
      #expect(abs(factor.logDeterminant - sum) < 1e-10)
    }
    // The determinant itself, 1e-400, underflows.
    let tiny = try #require(logDeterminant(positiveDefinite: 1e-100 * .identity(4)))
    #expect(abs(tiny + 400 * log(10)) < 1e-10)
  }
}
