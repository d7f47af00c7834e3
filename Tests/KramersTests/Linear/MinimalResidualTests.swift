import Testing

@testable import Kramers

@Suite struct MinimalResidualTests {
  @Test("indefinite systems are solved, singular ones without a part in the null space")
  func solves() {
    let q = Matrix.haarOrthogonal(6, RandomStream(seed: 3, purpose: .data))
    let values = [-2, -0.5, 0, 0, 0.7, 3.0]
    let a = q * Matrix(6, 6, diagonal: values) * q.transposed
    let target = q * [1, -2, 0, 0, 0.5, 3]
    let x = minimalResidual(a * target) { a * $0 }
    for (found, expected) in zip(x, target) { #expect(abs(found - expected) < 1e-12) }
  }

  @Test("zero needs no product")
  func zero() {
    #expect(minimalResidual([0, 0]) { _ in [.nan, .nan] } == [0, 0])
  }
}
