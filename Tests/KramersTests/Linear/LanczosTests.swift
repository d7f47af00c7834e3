import Kramers
import Testing

@Suite struct LanczosTests {
  private func product(_ a: Matrix) -> ([Double], inout [Double]) -> Void {
    { vector, result in result = a * vector }
  }

  @Test("both ends agree with the dense solver to 1e-9 and the vectors satisfy A v = value v")
  func ends() {
    let n = 120
    let a = randomSymmetric(n, seed: 21)
    let dense = SymmetricEigen(a).values
    let low = lanczos(size: n, count: 4, end: .smallest, apply: product(a))
    let high = lanczos(size: n, count: 3, end: .largest, apply: product(a))
    #expect(low.converged && high.converged)
    for i in 0..<4 { #expect(abs(low.values[i] - dense[i]) < 1e-9) }
    for i in 0..<3 { #expect(abs(high.values[i] - dense[n - 1 - i]) < 1e-9) }
    for (value, vector) in zip(low.values, low.vectors) {
      #expect(norm(zip(a * vector, vector).map { $0 - value * $1 }) < 1e-8)
      #expect(abs(norm(vector) - 1) < 1e-14)
    }
    #expect(abs(dot(low.vectors[0], low.vectors[1])) < 1e-10)
  }

  @Test("a degenerate lowest eigenvalue is found with its multiplicity")
  func multiplicity() {
    let n = 60
    // A random rotation of the spectrum -2, -2, -2, 1, 2, ..., 57.
    let q = SingularValueDecomposition(randomMatrix(n, n, seed: 22)).u
    let spectrum = [-2.0, -2, -2] + (1...n - 3).map(Double.init)
    let a = q * Matrix(n, n, diagonal: spectrum) * q.transposed
    let result = lanczos(size: n, count: 5, apply: product(a))
    #expect(result.converged)
    for (x, y) in zip(result.values, [-2.0, -2, -2, 1, 2]) { #expect(abs(x - y) < 1e-9) }
    let identity = lanczos(size: 7, count: 7, apply: product(.identity(7)))
    #expect(identity.converged && identity.values.allSatisfy { abs($0 - 1) < 1e-14 })
  }

  @Test("projected-out vectors are left out: the next eigenvalue comes first")
  func deflation() throws {
    let n = 40
    let a = randomSymmetric(n, seed: 23)
    let eigen = SymmetricEigen(a, vectors: true)
    let vectors = try #require(eigen.vectors)
    // Neither normalised nor orthogonal, and one of them twice.
    let first = vectors.column(0)
    let mixed = zip(first, vectors.column(1)).map { 3 * $0 - 5 * $1 }
    let result = lanczos(
      size: n, count: 2, projectingOut: [first, mixed, first], apply: product(a))
    #expect(result.converged)
    for i in 0..<2 { #expect(abs(result.values[i] - eigen.values[i + 2]) < 1e-9) }
    #expect(abs(dot(result.vectors[0], first)) < 1e-12)
  }

  @Test("same seed, same bits; too few steps are reported as not converged")
  func honesty() {
    let a = randomSymmetric(200, seed: 24)
    let one = lanczos(size: 200, seed: 9, apply: product(a))
    let two = lanczos(size: 200, seed: 9, apply: product(a))
    #expect(one.values == two.values && one.vectors == two.vectors)
    #expect(!lanczos(size: 200, maximumSteps: 5, apply: product(a)).converged)
    let broken = lanczos(size: 4) { _, result in result = [.nan, 0, 0, 0] }
    #expect(!broken.converged)
  }
}
