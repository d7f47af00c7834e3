import Testing

@testable import Kramers

@Suite("activations")
struct ActivationTests {
  private static let points = [-9, -3.1, -1, -0.4, -0.01, 0.02, 0.3, 1.2, 2.7, 8]

  @Test(
    "slope and curvature are derivatives, by central differences", arguments: Activation.allCases)
  func derivatives(activation: Activation) {
    let f = activation.function
    let h = 1e-5
    for z in Self.points {
      let slope = (f.value(z + h) - f.value(z - h)) / (2 * h)
      let curvature = (f.slope(z + h) - f.slope(z - h)) / (2 * h)
      // Errors h^2 f'''/6 and rounding 1e-16/h.
      #expect(abs(f.slope(z) - slope) < 1e-8 && abs(f.curvature(z) - curvature) < 1e-8)
    }
  }

  @Test("what an activation says of itself is so", arguments: Activation.allCases)
  func declarations(activation: Activation) {
    let f = activation.function
    let isOdd = Self.points.allSatisfy { abs(f.value($0) + f.value(-$0)) < 1e-12 }
    #expect(f.isOdd == isOdd)
    let h = 1e-6
    let isSmooth = abs(f.slope(h) - f.slope(-h)) < 1e-4
    #expect(f.isSmooth == isSmooth)
    if f.isSmooth { #expect(f.slopeAtZero == f.slope(0)) }
  }

  @Test("softplus and quadratic at known points")
  func known() {
    let softplus = Activation.softplus.function
    // ln 2, ln(1 + e), and the first term of the series where e^z is small.
    #expect(abs(softplus.value(0) - 0.6931471805599453) < 1e-15)
    #expect(abs(softplus.value(1) - 1.3132616875182228) < 1e-15)
    #expect(abs(softplus.value(-40) / 4.248354255291589e-18 - 1) < 1e-12)
    #expect(softplus.value(800) == 800)
    #expect(Activation.quadratic.function.value(-3) == 9)
  }
}
