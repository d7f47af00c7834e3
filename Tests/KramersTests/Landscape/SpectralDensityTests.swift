import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct SpectralDensityTests {
  /// z = 4 standard errors over twenty probes.
  @Test("trace, squares, negative eigenvalues and density are those of the dense spectrum")
  func dense() throws {
    var experiment = try Experiment(
      data: .gaussian(singular: [1, 0.7, 0.4], samples: 60, seed: 1),
      network: Network(widths: [3, 8, 8, 3], activation: .tanh, bias: true))
    experiment.reset(seed: 4)
    let spectrum = try #require(
      try {
        var request = HessianRequest()
        request.isDense = true
        return try experiment.hessian(request).values
      }() as [Double]?)
    var request = DensityRequest()
    request.probes = 20
    request.steps = 60
    let found = try experiment.hessianDensity(request, threads: 2)
    #expect(found.probes == 20 && !found.isInterrupted)
    let trace = spectrum.reduce(0, +)
    let squares = spectrum.reduce(0) { $0 + $1 * $1 }
    let negative = Double(spectrum.count { $0 < -found.width })
    #expect(abs(found.trace - trace) < 4 * found.traceError, "\(found.trace), not \(trace)")
    #expect(abs(found.squares - squares) < 4 * found.squaresError)
    #expect(abs(found.negative - negative) < 4 * found.negativeError)
    #expect(found.squaresError < 0.15 * squares && found.negativeError < 0.1 * negative)
    // Of normal probes v the variance of v'Hv is twice the sum of the squares.
    let expected = (2 * squares / 20).squareRoot()
    #expect(found.traceError > 0.5 * expected && found.traceError < 2 * expected)
    var (worst, compared) = (0.0, 0)
    for point in found.points where point.error > 0 {
      let exact =
        spectrum.reduce(0) {
          $0 + exp(-0.5 * pow((point.value - $1) / found.width, 2))
        } / (Double(spectrum.count) * found.width * (2 * Double.pi).squareRoot())
      // Where a density is 1e-3 of its top a probe or two has all of it.
      guard exact > 0.02 else { continue }
      compared += 1
      worst = max(worst, abs(point.density - exact) / point.error)
    }
    #expect(worst < 5 && compared > 20, "\(worst) standard errors at \(compared) points")
    let step = found.points[1].value - found.points[0].value
    let area = step * found.points.reduce(0) { $0 + $1.density }
    // z = 4; of normal probes each has the variance 2/n.
    #expect(abs(area - 1) < 4 * (2 / Double(20 * spectrum.count)).squareRoot(), "\(area)")
    #expect(try experiment.hessianDensity(request).trace == found.trace)
  }

  @Test("one probe has no standard error, and is refused")
  func refused() throws {
    let experiment = try Experiment(
      data: .population(singular: [1]), network: Network(widths: [1, 1, 1]))
    var request = DensityRequest()
    request.probes = 1
    #expect(throws: InputError.self) { try experiment.hessianDensity(request) }
  }
}
