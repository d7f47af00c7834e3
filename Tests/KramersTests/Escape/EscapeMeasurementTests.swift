import Foundation
import Testing

@testable import Kramers

private func leastSquaresSlope(_ x: [Double], _ y: [Double]) -> Double {
  let n = Double(x.count)
  let meanX = x.reduce(0, +) / n
  let meanY = y.reduce(0, +) / n
  let products = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
  return products / x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
}

@Suite struct EscapeMeasurementTests {
  static let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

  /// One Arrhenius line: barrier fitted to escapes at the given temperatures.
  private func fit(
    _ x: Experiment, _ temperatures: [Double], replicas: Int, threshold: Double? = nil,
    every: Int = 10
  ) throws -> (fit: ArrheniusFit, results: [EscapeResult]) {
    var results: [EscapeResult] = []
    for (i, temperature) in temperatures.enumerated() {
      var settings = x.settings
      settings.temperature = temperature
      var request = EscapeRequest(settings: settings, seed: 11)
      request.replicas = replicas
      request.threshold = threshold
      request.every = every
      request.stream = UInt32(i)
      results.append(try x.measureEscape(request, threads: 2))
    }
    let points = zip(temperatures, results).map {
      ArrheniusPoint(
        inverseTemperature: 1 / $0, escapes: Double($1.rate.escapes), exposure: $1.rate.exposure)
    }
    return (try fitArrhenius(points), results)
  }

  @Test("the scalar chain escapes at the listed times, with the slope .974 dE")
  func scalarChain() throws {
    let x = try deepLinear(
      Dataset.population(singular: [1]), width: 1, l2: 0.3, initialization: .zero)
    let barrier = 0.01389806
    let listed = [(3.0, 1301.0), (4, 3377), (5, 8965), (6, 24144)]
    let (fit, results) = try fit(
      x, listed.map { barrier / $0.0 }, replicas: 400, threshold: 0.3, every: 1)
    for ((_, tau), result) in zip(listed, results) {
      #expect(result.rate.escapes == 400)
      // 400 escapes: a standard error of 5 %; 15 % is three of them.
      #expect(abs(result.rate.tau / tau - 1) < 0.15)
    }
    let slope = try #require(fit.barrier)
    #expect(abs(slope / (0.974 * barrier) - 1) < 0.06)
    #expect(fit.barrierLow < 0.974 * barrier && 0.974 * barrier < fit.barrierHigh)
  }

  @Test("a rank-1 trap of width 2 follows the barrier without zero-mode correction")
  func rankOneTrap() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    var x = try deepLinear(data, width: 2)
    var options = TrapOptions()
    options.rank = 1
    options.release = 0.1
    #expect(try x.trap(options).certified)
    let temperatures =
      Self.isLong
      ? [4e-4, 3e-4, 2.4e-4, 2e-4, 1.6e-4, 1.2e-4]
      : [4e-4, 3e-4, 2.4e-4, 2e-4, 1.6e-4]
    let (fit, results) = try fit(x, temperatures, replicas: Self.isLong ? 512 : 256)
    let slope = try #require(fit.barrier)
    #expect(abs(slope / 7.8317e-4 - 1) < 0.06)
    // At finite temperature ln tau gains ln(1 + T/2dE) (section 4: c = 1/2 without zero modes), so
    // the slope at these temperatures is that of the corrected times: .97 dE, not dE.
    let corrected = temperatures.map { 1 / $0 + log(1 + $0 / (2 * 7.8317e-4)) / 7.8317e-4 }
    let expected = 7.8317e-4 * leastSquaresSlope(temperatures.map { 1 / $0 }, corrected)
    #expect(expected < 0.98 * 7.8317e-4)
    #expect(fit.barrierLow < expected && expected < fit.barrierHigh)
    for result in results {
      let tau = try #require(result.theory.tau)
      let error = try #require(result.theory.relativeError)
      // The stated error of the formula plus three standard errors of the measurement.
      let deviation = abs(result.rate.tau / tau - 1)
      #expect(deviation < error + 3 / Double(result.rate.escapes).squareRoot())
    }
  }

  @Test("minibatch noise alone never leaves a certified trap: tau is infinite, with a lower end")
  func minibatchNoise() throws {
    let data = try Dataset.gaussian(singular: [0.9, 0.8], samples: 512, seed: 1)
    var x = try deepLinear(data, width: 2)
    var options = TrapOptions()
    options.rank = 1
    options.release = 0.1
    #expect(try x.trap(options).certified)
    var settings = x.settings
    settings.batch = .size(64)
    settings.learningRate = 0.08
    var request = EscapeRequest(settings: settings, seed: 1)
    request.replicas = 8
    request.maxSteps = 50_000
    let before = x.state
    let result = try x.measureEscape(request, threads: 2)
    #expect(x.state == before)
    #expect(result.rate.escapes == 0 && result.rate.tau == .infinity)
    #expect(abs(result.rate.low / (400_000 / 3.689) - 1) < 1e-3)
    #expect(result.theory.tau == nil && result.theory.reason?.contains("minibatch") == true)
    // The same noise from just beyond the saddle does leave: the measurement can see an escape.
    let saddle = try EyringKramers(
      moments: data.moments, network: x.network, rank: 1, l2: 0.1)
    let pushed = zip(saddle.saddle.parameters, saddle.unstableDirection).map { $0 + 0.1 * $1 }
    try x.setParameters(pushed)
    request.threshold = saddle.threshold
    request.mode = 2
    #expect(try x.measureEscape(request, threads: 2).rate.escapes == 8)
  }

  @Test("gradient noise is the temperature lr sigma^2 / 2B")
  func gradientNoise() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    let x = try deepLinear(data, width: 2, l2: 0.1)
    var settings = x.settings
    settings.gradientNoise = 0.1
    settings.temperature = 1e-4
    #expect(abs(x.effectiveTemperature(settings) - (1e-4 + 0.2 * 0.01 / 2)) < 1e-18)
    let samples = try Dataset.gaussian(singular: [0.9, 0.8], samples: 512, seed: 1)
    settings.batch = .size(64)
    let y = try deepLinear(samples, width: 2, l2: 0.1)
    #expect(abs(y.effectiveTemperature(settings) - (1e-4 + 0.2 * 0.01 / 128)) < 1e-18)
  }

  @Test("refusals name the value and the rule")
  func refusals() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    var x = try deepLinear(data, width: 2, l2: 0.1)
    var options = TrapOptions()
    options.exact = true
    options.rank = 1
    _ = try x.trap(options)
    func message(_ change: (inout EscapeRequest) -> Void) -> String {
      var request = EscapeRequest(settings: x.settings, seed: 0)
      change(&request)
      do {
        _ = try x.measureEscape(request, threads: 1)
        return ""
      } catch { return "\(error)" }
    }
    #expect(message { $0.settings.temperature = 0.05 }.contains("noise alone gives"))
    #expect(message { $0.threshold = -1 }.contains("lies past it already"))
    #expect(message { $0.mode = 5 }.contains("in 1...2"))
    #expect(message { $0.observable = .loss }.contains("threshold is required"))
    #expect(message { $0.every = 0 }.contains("every must be at least 1"))
    #expect(message { $0.settings.batch = .size(8) }.contains("data.population has no samples"))
  }
}
