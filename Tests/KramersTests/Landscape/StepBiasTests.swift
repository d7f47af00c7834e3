import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

private let isLong = getenv("KRAMERS_LONG") != nil

/// The mean first-passage time of the discrete chain x' = x - lr V'(x) + sqrt(2 lr T) xi, in steps:
///
///     tau(x) = 1 + integral up to the threshold of K(x, y) tau(y) dy
///
/// solved on Gauss–Legendre nodes (Nystrom's method). Nothing of it is shared with the theory.
private func chainPassage(
  slope: (Double) -> Double, temperature: Double, lr: Double, from start: Double,
  to threshold: Double, left: Double, panels: Int
) throws -> Double {
  let rule = GaussLegendre(16)
  let width = (threshold - left) / Double(panels)
  var nodes: [Double] = []
  var weights: [Double] = []
  for panel in 0..<panels {
    for (node, weight) in zip(rule.nodes, rule.weights) {
      nodes.append(left + width * (Double(panel) + node))
      weights.append(width * weight)
    }
  }
  let variance = 2 * lr * temperature
  func row(_ x: Double) -> [Double] {
    let center = x - lr * slope(x)
    return zip(nodes, weights).map { y, w in
      w * exp(-(y - center) * (y - center) / (2 * variance))
        / (2 * Double.pi * variance).squareRoot()
    }
  }
  let n = nodes.count
  var system = Matrix(n, n)
  for i in 0..<n {
    let entries = row(nodes[i])
    for j in 0..<n { system[i, j] = (i == j ? 1 : 0) - entries[j] }
  }
  let tau = try #require(LU(system)).solve([Double](repeating: 1, count: n))
  return 1 + zip(row(start), tau).reduce(0) { $0 + $1.0 * $1.1 }
}

/// A one-dimensional potential whose minimum and saddle have curvatures `well` and -`top`.
private struct Potential: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let value: @Sendable (Double) -> Double
  let slope: @Sendable (Double) -> Double
  let barrier: Double
  let (well, top): (Double, Double)
  let (start, threshold, left): (Double, Double, Double)

  /// ln(tau lr) of the chain less that of continuous time.
  func shift(dividing x: Double, lr: Double) throws -> Double {
    let temperature = barrier / x
    let steps = try chainPassage(
      slope: slope, temperature: temperature, lr: lr, from: start, to: threshold, left: left,
      panels: 40)
    let time = try #require(
      try meanFirstPassageTime(
        temperature: temperature, from: start, to: threshold, leftEnd: .reflecting(left),
        potential: value))
    return log(steps * lr / time)
  }

  var rate: RateFormula {
    var rate = RateFormula(
      barrier: barrier, negativeEigenvalue: -top, temperaturePower: 0, anharmonicity: 0)
    rate.logPrefactor = log((well * top).squareRoot() / (2 * Double.pi))
    rate.wellCurvature = well
    rate.stepBias = StepBias(
      minimum: HessianSpectrum(values: [well], relativeTolerance: 1e-9),
      saddle: HessianSpectrum(values: [-top], relativeTolerance: 1e-9))
    return rate
  }
}

@Suite struct StepBiasTests {
  private static let cubic = Potential(
    testDescription: "cubic, equal curvatures", value: { $0 * $0 / 2 - $0 * $0 * $0 / 3 },
    slope: { $0 - $0 * $0 }, barrier: 1.0 / 6, well: 1, top: 1, start: 0, threshold: 2, left: -1.2)
  private static let quartic = Potential(
    testDescription: "double well, the minimum twice as curved",
    value: { 0.25 * ($0 * $0 - 1) * ($0 * $0 - 1) }, slope: { $0 * ($0 * $0 - 1) }, barrier: 0.25,
    well: 2, top: 1, start: -1, threshold: 1, left: -2.2)

  @Test("to first order the chain's time shifts by (lr/4)(|h_saddle| - h_minimum)")
  func firstOrder() throws {
    for (potential, slope) in [(Self.cubic, 0.0), (Self.quartic, -0.25)] {
      #expect(abs(try #require(potential.rate.stepBias).slope - slope) < 1e-15)
      // Twice the shift at lr/2 less the shift at lr removes the second order; what is left of it
      // besides is O(T), which doubling dE/T halves.
      func measured(_ x: Double) throws -> Double {
        let (a, b) = (
          try potential.shift(dividing: x, lr: 0.04), try potential.shift(dividing: x, lr: 0.02)
        )
        return (4 * b - a) / 0.04
      }
      let (hot, cold) = (try measured(8), try measured(16))
      #expect(abs(2 * cold - hot - slope) < 0.01, "\(hot), \(cold) tend to \(2 * cold - hot)")
    }
  }

  @Test("the barrier falls by (lr^2/6) integral |V'' V'|^2 dt: dE/5 of it for a cubic")
  func exponent() throws {
    let lr = 0.2
    let shifts = try [10.0, 13, 16].map { try Self.cubic.shift(dividing: $0, lr: lr) / (lr * lr) }
    for (a, b) in zip(shifts, shifts.dropFirst()) {
      // Per unit of dE/T; 5 % is the next order in lr and T.
      #expect(abs((b - a) / 3 + 0.2 / 6) < 0.05 * 0.2 / 6, "\(shifts)")
    }
  }

  @Test(
    "the prediction holds the chain's exact time within its errors, or is withheld",
    arguments: [0.05, 0.1, 0.2, 0.35, 0.5, 1.2])
  func oneDimension(lr: Double) throws {
    for potential in [Self.cubic, Self.quartic] {
      for x in [8.0, 12, 16] {
        let temperature = potential.barrier / x
        switch potential.rate.prediction(temperature: temperature, learningRate: lr) {
        case .time(let tau, let error, let stepError):
          let exact = try chainPassage(
            slope: potential.slope, temperature: temperature, lr: lr, from: potential.start,
            to: potential.threshold, left: potential.left, panels: 40)
          // The finite-temperature error is one-sided and a bound on c/x with c = .5; in one
          // dimension c is between 0 and that.
          #expect(exact / tau < 1 + error + stepError, "\(potential) x = \(x): \(exact / tau)")
          #expect(exact / tau > 1 - error - stepError, "\(potential) x = \(x): \(exact / tau)")
        case .unavailable(let reason):
          #expect(lr * potential.well >= 0.5 && reason.contains("lr is too large"), "\(reason)")
        }
      }
    }
  }

  private func chain() throws -> Experiment {
    var settings = Settings()
    settings.l2 = 0.3
    settings.learningRate = 0.2
    return try Experiment(
      data: Dataset.population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
      settings: settings, initialization: .zero)
  }

  private func measure(
    _ x: Experiment, ratio: Double, lr: Double, momentum: Double? = nil, replicas: Int
  ) throws -> EscapeResult {
    var settings = x.settings
    settings.temperature = 0.01389806 / ratio
    settings.learningRate = lr
    if let momentum {
      settings.optimizer = .momentum
      settings.momentum = momentum
    }
    var request = EscapeRequest(settings: settings, seed: 3)
    request.replicas = replicas
    request.maxSteps = 100_000_000
    request.every = 1
    return try x.measureEscape(request, threads: 2)
  }

  @Test("three weights at dE/T = 6: measured/theory is the same at lr = .05 to 1.5, and within it")
  func learningRates() throws {
    let x = try chain()
    var ratios: [Double] = []
    var uncorrected: [Double] = []
    for lr in [0.05, 0.2, 1, 1.5] {
      let replicas = isLong ? 8000 : lr < 0.1 ? 600 : 3000
      let result = try measure(x, ratio: 6, lr: lr, replicas: replicas)
      let tau = try #require(result.theory.tau, "\(result.theory.reason ?? "")")
      let (error, stepError) = (
        try #require(result.theory.relativeError), try #require(result.theory.stepError)
      )
      #expect(abs(error - 0.5 / 6) < 1e-6)
      let (ratio, z) = (result.rate.tau / tau, 3 / Double(replicas).squareRoot())
      #expect(abs(ratio - 1) < error + stepError, "lr = \(lr): \(ratio)")
      // What is left is the finite temperature's, which measures 1.062 +- .0035 here.
      #expect(abs(ratio / 1.062 - 1) < z + stepError, "lr = \(lr): \(ratio)")
      ratios.append(ratio)
      uncorrected.append(result.rate.tau * lr / (22160 * 0.2))
      if isLong { print("lr = \(lr): \(ratio), stated \(error) + \(stepError)") }
    }
    let large = try measure(x, ratio: 6, lr: 2, replicas: 64)
    #expect(large.theory.reason?.contains("lr is too large") == true)
    // Without the correction lr = 1.5 is 24 % longer than lr = .05: the test would see it.
    #expect(uncorrected[3] / uncorrected[0] > 1.15, "\(uncorrected)")
    let z = 3 * (1.0 / 600 + 1.0 / 3000).squareRoot()
    #expect(abs(log(ratios[3] / ratios[0])) < z, "\(ratios)")
  }

  @Test(
    "the heavy ball keeps within its stated errors, or there is no number",
    arguments: [0.1, 0.5, 0.8, 0.9])
  func heavyBall(momentum: Double) throws {
    let x = try chain()
    var stated = 0
    for lr in [0.05, 0.2, 0.5, 1] {
      for ratio in isLong ? [4.0, 5, 7] : [5.0] {
        let replicas = isLong ? 4000 : 1000
        let result = try measure(x, ratio: ratio, lr: lr, momentum: momentum, replicas: replicas)
        guard let tau = result.theory.tau, let error = result.theory.relativeError,
          let stepError = result.theory.stepError
        else { continue }
        stated += 1
        let measured = result.rate.tau / tau
        let z = 3 / Double(replicas).squareRoot()
        #expect(abs(measured - 1) < error + stepError + z, "lr = \(lr): \(measured), \(stepError)")
        if isLong {
          print("mu \(momentum), lr \(lr), x \(ratio): \(measured), \(error + stepError)")
        }
      }
    }
    #expect(stated >= (isLong ? 6 : 2), "\(stated)")
  }

  @Test("beyond the step that is stable at minimum or saddle there is no prediction")
  func unstable() throws {
    let escape = try EyringKramers(
      moments: whiteMoments([1], inputs: 1, outputs: 1),
      network: try Network(widths: [1, 1, 1, 1]), rank: 0, l2: 0.3)
    // 2b twice at the saddle, b three times and -lam_- besides.
    let bias = try #require(escape.rate.stepBias)
    #expect(abs(bias.slope - 0.25 * (1.2 + 0.2726033 - 0.9)) < 1e-6)
    #expect(abs(bias.stiffness - 0.6) < 1e-9)
    guard
      case .unavailable(let reason) = escape.rate.prediction(
        temperature: escape.rate.barrier / 6, learningRate: 3.4)
    else {
      Issue.record("a prediction at an unstable step")
      return
    }
    #expect(reason.contains("unstable above lr = 3.33"), "\(reason)")
  }
}
