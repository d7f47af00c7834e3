import Testing

@testable import Kramers

@Suite("Haar-random orthogonal matrices")
struct HaarOrthogonalTests {
  @Test("rows and columns are orthonormal", arguments: [1, 2, 7, 60])
  func orthogonal(size: Int) {
    let q = Matrix.haarOrthogonal(size, RandomStream(seed: 1, purpose: .data))
    #expect(distance(q * q.transposed, .identity(size)) < 1e-14)
    #expect(distance(q.transposed * q, .identity(size)) < 1e-14)
  }

  @Test("traces have the moments of the Haar measure of O(3)")
  func haar() {
    // <tr Q> = 0, <(tr Q)^2> = 1, <(tr Q)^4> = 3 for size >= 2 (Diaconis and Shahshahani, 1994), so
    // the average of (tr Q)^2 over N draws has the standard error sqrt(2 / N). z = 5. A QR without
    // the sign correction gives 1.5 or more.
    let count = 4000
    let traces = (0..<count).map {
      Matrix.haarOrthogonal(3, RandomStream(seed: 3, purpose: .data), step: UInt64($0)).trace
    }
    let mean = traces.reduce(0, +) / Double(count)
    let square = traces.reduce(0) { $0 + $1 * $1 } / Double(count)
    #expect(abs(mean) < 5 / Double(count).squareRoot())
    #expect(abs(square - 1) < 5 * (2 / Double(count)).squareRoot())
  }
}
