import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

/// ln of k e^(dE/T) out of the zero phase for white inputs, in closed form: singular values s
/// descending, hidden widths n, from the saddle's known spectrum.
func zeroPhasePrefactor(
  singular: [Double], inputs: Int, outputs: Int, hidden: [Int], l2 b: Double, temperature: Double
) -> Double {
  let depth = hidden.count + 1
  let s = singular[0]
  let mode = SingleMode(singular: s, depth: depth)
  let w = mode.saddleStrength(l2: b)!
  let a = pow(w, 1 / Double(depth))
  let falling = -mode.curvature(strength: w, l2: b)
  var result = 0.5 * log(falling * b) - log(2 * Double.pi) - 0.5 * Double(depth - 1) * log(2)
  for n in hidden {
    let area = 2 * pow(Double.pi, 0.5 * Double(n)) / tgamma(0.5 * Double(n))
    result += log(area) + 0.5 * Double(n - 1) * log(b * a * a / (2 * Double.pi * temperature))
  }
  let middle = pow(a, Double(depth - 2))
  // Modes without a singular value of their own count with s_j = 0.
  for j in 1..<max(min(inputs, outputs), 1) {
    let other = j < singular.count ? singular[j] : 0
    result += log(b / (middle * (s * s - other * other).squareRoot()))
  }
  return result + 0.5 * Double(abs(inputs - outputs)) * log(b / (s * middle))
}

func whiteMoments(_ singular: [Double], inputs: Int, outputs: Int) -> SecondMoments {
  SecondMoments(
    xx: Matrix.identity(inputs), yx: Matrix(outputs, inputs, diagonal: singular),
    traceYY: Double(outputs))
}

@Suite struct EyringKramersTests {
  static let architectures: [(widths: [Int], singular: [Double])] = [
    ([1, 1, 1, 1], [1.0]), ([2, 2, 2, 2], [0.9, 0.8]), ([3, 4, 2, 2], [0.9, 0.5]),
    ([2, 3, 5, 4], [0.7, 0.2]), ([2, 3, 2, 3, 2], [1.2, 0.4]),
    ([3, 2, 3, 2, 2, 3], [0.8, 0.5, 0.1]),
    ([5, 1, 1, 2], [0.9, 0.3]),
  ]

  @Test("rates out of the zero phase equal the closed form", arguments: architectures)
  func zeroPhase(widths: [Int], singular: [Double]) throws {
    let moments = whiteMoments(singular, inputs: widths[0], outputs: widths[widths.count - 1])
    let network = try Network(widths: widths)
    let spinodal = SingleMode(singular: singular[0], depth: network.depth).spinodal!
    for fraction in [0.2, 0.6] {
      let b = fraction * spinodal
      let escape = try EyringKramers(moments: moments, network: network, rank: 0, l2: b)
      #expect(escape.rate.reason == nil)
      #expect(
        escape.rate.temperaturePower == 0.5 * Double(network.hiddenWidths.reduce(0) { $0 + $1 - 1 })
      )
      let mode = SingleMode(singular: singular[0], depth: network.depth)
      #expect(isClose(escape.rate.barrier, mode.barrierFromZero(l2: b)!, 1e-9))
      let temperature = escape.rate.barrier / 7
      let expected = zeroPhasePrefactor(
        singular: singular, inputs: widths[0], outputs: widths[widths.count - 1],
        hidden: Array(network.hiddenWidths), l2: b, temperature: temperature)
      let tau = try #require(escape.rate.escapeTime(temperature: temperature, learningRate: 0.1))
      #expect(abs(log(tau) - (7 - expected - log(0.1))) < 1e-9)
    }
  }

  @Test("the saddle's spectrum is the known one", arguments: architectures)
  func spectrum(widths: [Int], singular: [Double]) throws {
    let (inputs, outputs) = (widths[0], widths[widths.count - 1])
    let network = try Network(widths: widths)
    let depth = network.depth
    let moments = whiteMoments(singular, inputs: inputs, outputs: outputs)
    let mode = SingleMode(singular: singular[0], depth: depth)
    let b = 0.5 * mode.spinodal!
    let builder = try StateBuilder(moments, network)
    let saddle = try builder.saddle(rank: 1, l2: b)
    #expect(saddle.gradientNorm < 1e-14)
    let values = HessianSpectrum(
      try denseHessian(network, saddle.parameters, builder.batch, l2: L2Term(b))
    ).values
    let a = mode.saddleWeight(l2: b)!
    let m = network.hiddenWidths.reduce(0) { $0 + $1 - 1 }
    let middle = pow(a, Double(depth - 2))
    let s = singular[0]
    var expected = [mode.curvature(strength: pow(a, Double(depth)), l2: b)]
    expected += [Double](repeating: 0, count: m)
    expected += [Double](repeating: 2 * b, count: depth - 1 + m)
    for j in 1..<max(min(inputs, outputs), 1) {
      let other = j < singular.count ? singular[j] : 0
      expected += [middle * (s - other), middle * (s + other)]
    }
    expected += [Double](repeating: s * middle, count: abs(inputs - outputs))
    expected += [Double](repeating: b, count: network.parameterCount - expected.count)
    for (value, exact) in zip(values, expected.sorted()) { #expect(abs(value - exact) < 1e-13) }
  }

  @Test("the scalar chain has the published escape times")
  func scalarChain() throws {
    let escape = try EyringKramers(
      moments: whiteMoments([1], inputs: 1, outputs: 1),
      network: try Network(widths: [1, 1, 1, 1]),
      rank: 0, l2: 0.3)
    #expect(isClose(escape.rate.negativeEigenvalue, -0.2726033, 1e-6))
    for (x, tau) in [(3.0, 1103.0), (4, 2999), (5, 8152), (6, 22160), (7.5, 99312)] {
      let value = escape.rate.escapeTime(temperature: escape.rate.barrier / x, learningRate: 0.2)
      #expect(abs((value ?? 0) - tau) < 0.51)
      guard
        case .time(_, let error, _) = escape.rate.prediction(
          temperature: escape.rate.barrier / x, learningRate: 0.2)
      else {
        Issue.record("no prediction at x = \(x)")
        continue
      }
      #expect(isClose(error, 0.5 / x, 1e-12))
    }
  }

  @Test("the rank-1 trap of width 2 has the published barrier and no power of T")
  func rankOneTrap() throws {
    let escape = try EyringKramers(
      moments: whiteMoments([0.9, 0.8], inputs: 2, outputs: 2),
      network: try Network(widths: [2, 2, 2, 2]), rank: 1, l2: 0.1)
    #expect(isClose(escape.rate.barrier, 7.8317e-4, 1e-5))
    #expect(escape.rate.temperaturePower == 0)
    let mode = SingleMode(singular: 0.8, depth: 3)
    #expect(isClose(escape.sigmaSaddle, mode.saddleStrength(l2: 0.1)!, 1e-10))
    #expect(isClose(escape.sigmaLearned, mode.learnedStrength(l2: 0.1)!, 1e-7))
    // Measured: 9,019 steps, with the finite-temperature factor 1 + c/x, c = .5. 10 % is more than
    // the standard error of a hundred escapes.
    guard
      case .time(let tau, let error, _) = escape.rate.prediction(
        temperature: 2e-4, learningRate: 0.2)
    else {
      Issue.record("no prediction for the rank-1 trap")
      return
    }
    #expect(isClose(error, 0.5 * 2e-4 / escape.rate.barrier, 1e-12))
    #expect(isClose(tau * (1 + error), 9019, 0.1))
  }

  @Test("unequal variances: sigma_2 crosses a threshold that belongs to it")
  func unequalVariances() throws {
    let moments = SecondMoments(
      xx: Matrix(2, 2, diagonal: [1, 0.05]), yx: Matrix(2, 2, diagonal: [0.3, 0.05]), traceYY: 2)
    let escape = try EyringKramers(
      moments: moments, network: try Network(widths: [2, 3, 3, 2]), rank: 1, l2: 0.01)
    // Strengths .285 and .783: the second largest is mode 1's.
    #expect(abs(escape.sigmaLearned - 0.285) < 5e-4)
    #expect(escape.threshold < escape.sigmaLearned)
    #expect(escape.rate.reason == nil)
  }

  @Test("rates of coupled moments do not depend on the basis, and the saddle is one")
  func coupled() throws {
    let moments = randomMoments(inputs: 3, outputs: 2, samples: 40, seed: 4)
    let network = try Network(widths: [3, 3, 2, 2])
    let theory = PhaseTheory(moments: moments, depth: 3, hiddenWidths: [3, 2])
    for rank in 0...1 {
      let b = 0.5 * theory.modes[rank].spinodal!
      let escape = try EyringKramers(moments: moments, network: network, rank: rank, l2: b)
      #expect(escape.rate.reason == nil)
      #expect(escape.saddle.gradientNorm < 1e-13 && escape.minimum.gradientNorm < 1e-13)
      #expect(escape.rate.barrier > 0)
      let q = Matrix.haarOrthogonal(3, RandomStream(seed: 3, purpose: .data))
      let turned = SecondMoments(
        xx: q * moments.xx * q.transposed, yx: moments.yx * q.transposed, traceYY: moments.traceYY)
      let other = try EyringKramers(moments: turned, network: network, rank: rank, l2: b)
      #expect(isClose(other.rate.barrier, escape.rate.barrier, 1e-9))
      #expect(abs(other.rate.logPrefactor! - escape.rate.logPrefactor!) < 1e-7)
      #expect(isClose(other.sigmaLearned, escape.sigmaLearned, 1e-8))
    }
  }

  @Test("what has no rate says why")
  func reasons() throws {
    let white = whiteMoments([0.9, 0.9], inputs: 2, outputs: 2)
    let degenerate = try EyringKramers(
      moments: white, network: try Network(widths: [2, 2, 2, 2]), rank: 0, l2: 0.1)
    #expect(degenerate.rate.reason?.contains("degenerate") == true)
    #expect(degenerate.rate.barrier > 0 && degenerate.threshold > 0)
    let near = try EyringKramers(
      moments: whiteMoments([0.9, 0.899], inputs: 2, outputs: 2),
      network: try Network(widths: [2, 1, 1, 2]), rank: 0, l2: 0.1)
    guard
      case .unavailable(let words) = near.rate.prediction(
        temperature: near.rate.barrier / 5, learningRate: 0.1)
    else {
      Issue.record("a nearly degenerate saddle was predicted")
      return
    }
    #expect(words.contains("degenerate"))
    let wide = try EyringKramers(
      moments: whiteMoments([0.9, 0.8], inputs: 2, outputs: 2),
      network: try Network(widths: [2, 50, 50, 2]), rank: 1, l2: 0.1)
    #expect(
      wide.rate.reason?.contains("GiB") == true && isClose(wide.rate.barrier, 7.8317e-4, 1e-5))
    #expect(throws: InputError.self) {
      try EyringKramers(
        moments: white, network: try Network(widths: [2, 2, 2, 2], activation: .tanh), rank: 0,
        l2: 0.1)
    }
    #expect(throws: InputError.self) {
      try EyringKramers(
        moments: whiteMoments([0.9, 0.8], inputs: 2, outputs: 2),
        network: try Network(widths: [2, 2, 2, 2]), rank: 0, l2: 0.5)
    }
    let spinodal = SingleMode(singular: 1, depth: 3).spinodal!
    let flat = try EyringKramers(
      moments: whiteMoments([1], inputs: 1, outputs: 1),
      network: try Network(widths: [1, 1, 1, 1]),
      rank: 0, l2: 0.9999 * spinodal)
    guard
      case .unavailable(let flatWords) = flat.rate.prediction(
        temperature: flat.rate.barrier / 5, learningRate: 0.1)
    else {
      Issue.record("a flat barrier was predicted")
      return
    }
    #expect(flatWords.contains("spinodal"))
  }

  @Test("a 2-10-10-2 network takes well under 0.3 s")
  func cost() throws {
    let gaussian = try Dataset.gaussian(singular: [0.9, 0.8], samples: 512, seed: 1)
    let network = try Network(widths: [2, 10, 10, 2])
    let duration = try ContinuousClock().measure {
      let escape = try EyringKramers(moments: gaussian.moments, network: network, rank: 1, l2: 0.1)
      #expect(escape.rate.reason == nil && escape.rate.temperaturePower == 8)
    }
    // Alone 45 ms; other tests run beside it.
    #expect(duration < .milliseconds(600))
  }
}
