import Foundation
import Testing

@testable import Kramers

/// Section 4 of the physics notes: the rate out of the zero phase for white inputs, in closed form.
private func closedFormRate(
  _ singular: [Double], widths: [Int], l2 b: Double, temperature T: Double
) throws -> Double {
  let depth = Double(widths.count - 1)
  let s = singular[0]
  let mode = SingleMode(singular: s, depth: widths.count - 1)
  let w = try #require(mode.saddleStrength(l2: b))
  let a = pow(w, 1 / depth)
  let barrier = try #require(mode.barrierFromZero(l2: b))
  let negative = depth * pow(a, 2 * depth - 2) - (depth - 2) * b
  var rate = sqrt(abs(negative) * b) / (2 * .pi) * pow(2, -(depth - 1) / 2)
  for n in widths.dropFirst().dropLast() {
    let sphere = 2 * pow(.pi, Double(n) / 2) / tgamma(Double(n) / 2)
    rate *= sphere * pow(b * a * a / (2 * .pi * T), Double(n - 1) / 2)
  }
  let inputs = widths[0]
  let outputs = widths[widths.count - 1]
  for j in 1..<max(min(inputs, outputs), 1) {
    let other = j < singular.count ? singular[j] : 0
    rate *= b / (pow(a, depth - 2) * sqrt(s * s - other * other))
  }
  rate *= pow(b / (s * pow(a, depth - 2)), Double(abs(inputs - outputs)) / 2)
  return rate * exp(-barrier / T)
}

@Suite struct EyringKramersTests {
  static let architectures: [(widths: [Int], singular: [Double], l2: Double)] = [
    ([1, 1, 1, 1], [1], 0.3), ([2, 2, 2, 2], [0.9, 0.8], 0.1), ([3, 3, 3, 3], [1, 0.7, 0.4], 0.2),
    ([2, 4, 3, 3], [0.9, 0.5], 0.15), ([4, 2, 2, 1], [0.8], 0.1), ([1, 3, 2, 2, 1], [1], 0.2),
  ]

  @Test("from the zero phase the rate equals the closed form", arguments: architectures.indices)
  func zeroPhase(index: Int) throws {
    let (widths, singular, l2) = Self.architectures[index]
    let data = try Dataset.population(
      singular: singular, inputs: widths[0], outputs: widths[widths.count - 1])
    let network = try Network(widths: widths)
    let theory = try EyringKramers(data.moments, network: network, rank: 0, l2: l2)
    for temperature in [1e-4, 1e-3] {
      let expected = try closedFormRate(
        singular, widths: widths, l2: l2, temperature: temperature)
      let rate = exp(theory.logRate(temperature: temperature))
      // The barrier is a difference of objectives of order 1: 1e-16 / T on top of rounding.
      #expect(abs(rate / expected - 1) < 1e-9, "\(widths): \(rate) \(expected)")
    }
    let hidden = widths.dropFirst().dropLast()
    #expect(theory.zeroModeExcess == hidden.reduce(0) { $0 + $1 - 1 })
  }

  @Test("the saddle's spectrum equals the closed form", arguments: architectures.indices)
  func spectrum(index: Int) throws {
    let (widths, singular, b) = Self.architectures[index]
    let data = try Dataset.population(
      singular: singular, inputs: widths[0], outputs: widths[widths.count - 1])
    let network = try Network(widths: widths)
    let theory = try EyringKramers(data.moments, network: network, rank: 0, l2: b)
    let batch = Batch(moments: data.moments)
    let eigenvalues = HessianSpectrum(
      try denseHessian(network, theory.saddle, batch, l2: b)
    ).eigenvalues
    let depth = Double(network.depth)
    let s = singular[0]
    let w = try #require(
      SingleMode(singular: s, depth: network.depth).saddleStrength(l2: b))
    let a = pow(w, 1 / depth)
    let zeroModes = network.hiddenWidths.reduce(0) { $0 + $1 - 1 }
    let a2 = pow(a, depth - 2)
    var expected = [depth * pow(a, 2 * depth - 2) - (depth - 2) * b]
    expected += [Double](repeating: 2 * b, count: network.depth - 1 + zeroModes)
    expected += [Double](repeating: 0, count: zeroModes)
    let modes = min(widths[0], widths[widths.count - 1])
    for j in 1..<max(modes, 1) {
      let other = j < singular.count ? singular[j] : 0
      expected += [a2 * (s - other), a2 * (s + other)]
    }
    expected += [Double](
      repeating: s * a2, count: abs(widths[0] - widths[widths.count - 1]))
    expected += [Double](repeating: b, count: network.parameterCount - expected.count)
    for (x, y) in zip(eigenvalues, expected.sorted()) { #expect(abs(x - y) < 1e-9) }
  }

  @Test("the scalar chain has the listed escape times")
  func scalarChain() throws {
    let data = try Dataset.population(singular: [1])
    let theory = try EyringKramers(
      data.moments, network: Network(widths: [1, 1, 1, 1]), rank: 0, l2: 0.3)
    #expect(abs(theory.barrier - 0.01389806) < 1e-8)
    #expect(abs(theory.negativeEigenvalue + 0.2726033) < 1e-7)
    for (x, tau) in [(3.0, 1103.0), (4, 2999), (5, 8152), (6, 22160), (7.5, 99312)] {
      let computed = theory.escapeTime(temperature: theory.barrier / x, learningRate: 0.2)
      #expect(abs(computed - tau) <= 0.5)
    }
  }

  @Test("a rank-1 trap of width 2 has no zero-mode correction and the listed barrier")
  func rankOne() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    let theory = try EyringKramers(
      data.moments, network: Network(widths: [2, 2, 2, 2]), rank: 1, l2: 0.1)
    #expect(abs(theory.barrier - 7.8317e-4) < 5e-9)
    #expect(theory.zeroModeExcess == 0)
    #expect(theory.minimumZeroModes == 2)
    // Independent of the rank below: mode 2 sees the barrier of its own chain.
    let own = try #require(SingleMode(singular: 0.8, depth: 3).barrierFromZero(l2: 0.1))
    #expect(abs(theory.barrier - own) < 1e-12)
  }

  @Test("where it is not valid it gives a reason instead of a number")
  func reasons() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    let wide = try EyringKramers(
      data.moments, network: Network(widths: [2, 10, 10, 2]), rank: 1, l2: 0.1)
    #expect(wide.zeroModeExcess == 16)
    let theory = wide.prediction(temperature: 3e-4, learningRate: 0.2)
    #expect(theory.tau == nil && theory.reason?.contains("16 zero modes") == true)
    #expect(throws: InputError.self) {
      // Above the spinodal of mode 2, .3676 for s = .8.
      try EyringKramers(
        data.moments, network: Network(widths: [2, 2, 2, 2]), rank: 1, l2: 0.38)
    }
    let degenerate = try Dataset.population(singular: [0.8, 0.8])
    #expect(throws: InputError.self) {
      try EyringKramers(
        degenerate.moments, network: Network(widths: [2, 2, 2, 2]), rank: 0, l2: 0.1)
    }
  }
}
