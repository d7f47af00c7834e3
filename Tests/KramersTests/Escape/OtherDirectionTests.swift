import Glibc
import Testing

@testable import Kramers

/// Two inputs and outputs on 48 points of a circle, whose moments commute exactly.
@Suite struct OtherDirectionTests {
  private func wave(_ k: Int, _ phase: Double = 0) -> [Double] {
    (0..<48).map { 2.0.squareRoot() * cos(2 * Double.pi * Double(k * $0) / 48 + phase) }
  }

  private func sum(_ terms: [(Double, [Double])]) -> [Double] {
    (0..<48).map { i in terms.reduce(0) { $0 + $1.0 * $1.1[i] } }
  }

  /// Drift and variance by finite differences of singular values, in NumPy: of the end-to-end map
  /// and its balanced flow where j is learned, of all layers where it is not.
  @Test(
    "the shifts of drift and variance equal finite differences of the full network",
    arguments: [
      (3, 0.9, 0.2, 0.75, 0.9, -0.40957782, 0.40414119),
      (4, 0.9, 0.15, 0.8, 0.93, -0.44535638, 0.39679611),
      (3, 0.3, 0.2, 0.7, 0, -0.0186868503, -0.0450956175),
      (4, 0.3, 0.15, 0.8, 0, -0.0245142370, -0.0444960702),
    ])
  func differences(
    depth: Int, singular: Double, l2: Double, a: Double, c: Double, drift: Double, variance: Double
  ) {
    let (xk, xj) = (wave(1), wave(2))
    let yk = sum([(0.6, xk), (0.5, wave(3)), (0.2, wave(5, 0.4))])
    let yj = sum([(singular, xj), (0.3, wave(5, 1)), (0.25, wave(7, 0.3))])
    let other = OtherDirection(
      own: SingleMode(singular: 0.6, depth: depth), l2: l2, singular: singular, variance: 1,
      weight: c,
      x: (xk, xj), y: (yk, yj), isOutput: true, factor: 1, labels: 0)
    let shifts = other.shifts(a)
    #expect(abs(shifts.drift - drift) < 2e-5 * abs(drift), "\(shifts.drift), not \(drift)")
    #expect(
      abs(shifts.variance - variance) < 1e-4 * abs(variance) + 2e-7,
      "\(shifts.variance), not \(variance)")
  }

  @Test("a direction that does not relax, a stronger mode that is not learned, has no shift")
  func unstable() {
    let other = OtherDirection(
      own: SingleMode(singular: 0.6, depth: 3), l2: 0.2, singular: 0.9, variance: 1, weight: 0,
      x: (wave(1), wave(2)), y: (wave(1), wave(2)), isOutput: true, factor: 1, labels: 0)
    #expect(other.shifts(0.7).drift.isNaN)
  }

  @Test("a direction without noise does nothing")
  func silent() {
    let zeros = [Double](repeating: 0, count: 48)
    let other = OtherDirection(
      own: SingleMode(singular: 0.6, depth: 3), l2: 0.2, singular: 0, variance: 0, weight: 0,
      x: (wave(1), zeros), y: (wave(1), zeros), isOutput: false, factor: 1, labels: 0)
    let shifts = other.shifts(0.7)
    #expect(shifts.drift == 0 && shifts.variance == 0)
  }
}
