import Testing

@testable import Kramers

@Suite struct SinglePrecisionTests {
  /// The oracle of the scalar chain at dE/T = 4: tau = 3377 +- 34 steps from brute force in double
  /// precision. The mean of n exponential times has a relative standard error of 1/sqrt(n).
  @Test("the scalar chain escapes in single precision as in double, within 3 standard errors")
  func chain() throws {
    var experiment = try Experiment(
      data: .population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
      settings: Settings(), initialization: .zero, initScale: 1, seed: 3)
    try experiment.update {
      $0.l2 = 0.3
      $0.learningRate = 0.2
      $0.temperature = 0.01389806 / 4
      $0.precision = .single
    }
    var request = EscapeRequest(settings: experiment.settings, seed: 3)
    request.replicas = 1024
    request.threshold = 0.3
    let result = try experiment.measureEscape(request, threads: 2)
    #expect(result.rate.escapes == 1024)
    let error = (1 / 1024.0 + (34 / 3377.0) * (34 / 3377.0)).squareRoot()
    #expect(abs(result.rate.tau / 3377 - 1) < 3 * error)
  }

  @Test(
    "a rank-1 trap of width 2 is left in single precision as in double, within 3 standard errors")
  func trap() throws {
    var taus: [Double] = []
    for precision in Precision.allCases {
      var experiment = try Experiment(
        data: .population(singular: [0.9, 0.8]), network: Network(widths: [2, 2, 2, 2]),
        settings: Settings(), initialization: .gaussian, initScale: 1, seed: 5)
      try experiment.update {
        $0.learningRate = 0.2
        $0.l2 = 0.1
      }
      var trapOptions = TrapOptions()
      trapOptions.rank = 1
      trapOptions.release = 0.1
      trapOptions.exact = true
      _ = try experiment.trap(trapOptions)
      try experiment.update {
        $0.temperature = 2.6e-4
        $0.precision = precision
      }
      var request = EscapeRequest(settings: experiment.settings, seed: 6)
      request.replicas = 512
      let result = try experiment.measureEscape(request, threads: 2)
      #expect(result.rate.escapes == 512)
      taus.append(result.rate.tau)
    }
    // The two use different normals, so they are independent.
    #expect(abs(taus[0] / taus[1] - 1) < 3 * (2 / 512.0).squareRoot())
  }

  @Test("it is refused where rounding would be the noise, and for networks not in lanes")
  func refused() throws {
    var experiment = try Experiment(
      data: .gaussian(singular: [0.9, 0.8], samples: 50, seed: 1),
      network: Network(widths: [2, 2, 2, 2]), settings: Settings(), initialization: .gaussian,
      initScale: 1, seed: 5)
    try experiment.update {
      $0.precision = .single
      $0.batch = .size(5)
    }
    var request = EscapeRequest(settings: experiment.settings, seed: 6)
    request.observable = .norm
    request.threshold = 100
    func words() -> String {
      do {
        _ = try experiment.measureEscape(request, threads: 1)
        return ""
      } catch { return "\(error)" }
    }
    #expect(words().contains("hundred times its rounding"))
    request.settings.temperature = 1e-4
    request.maxSteps = 20
    #expect(words() == "")
    request.settings.optimizer = .adam
    request.settings.temperature = 0
    #expect(words().contains("ensembles of small networks"))
  }
}
