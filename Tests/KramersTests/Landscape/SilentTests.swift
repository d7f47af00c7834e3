import Testing

@testable import Kramers

/// An optimiser that says nothing of itself but how it moves.
private enum SilentOptimizer: OptimizerRule {
  static let name = "silent"
  static func move(_ m: OptimizerMove) -> Bool {
    DenseKernels.descend(m.theta, m.gradient, rate: m.settings.learningRate, count: m.count)
  }
}

/// An activation that says nothing of itself but its values: those of tanh.
private enum SilentActivation: ActivationFunction {
  static let name = "silent"
  static func value(_ z: Double) -> Double { Activation.tanh.function.value(z) }
  static func slope(_ z: Double) -> Double { Activation.tanh.function.slope(z) }
  static func curvature(_ z: Double) -> Double { Activation.tanh.function.curvature(z) }
}

@Suite("what says nothing of itself gets no theory")
struct SilentTests {
  private func reason(_ body: () throws -> Void) -> String {
    do {
      try body()
      return ""
    } catch { return "\(error)" }
  }

  @Test("an optimiser: no verb has theory for it, and each says why")
  func optimizer() throws {
    var settings = Settings()
    settings.optimizer = Optimizer(SilentOptimizer.self)
    settings.l2 = 0.3
    settings.learningRate = 0.2
    settings.batch = .size(8)
    let data = try Dataset.gaussian(singular: [1, 0.5], samples: 32, seed: 1)
    let network = try Network(widths: [2, 3, 3, 2])
    var x = try Experiment(data: data, network: network, settings: settings, initialization: .zero)
    let why = "'silent' does not say that it descends"
    #expect(reason { _ = try x.phases() }.contains(why))
    #expect(reason { _ = try x.barrier(BarrierRequest(seed: 1)) }.contains(why))
    #expect(reason { _ = try x.objective() }.contains(why))
    #expect(reason { _ = try x.loopAreas(from: 0, to: 1) }.contains(why))
    #expect(reason { _ = try x.trap(TrapOptions()) }.contains(why))
    #expect(
      reason {
        _ = try x.deterministicDelay(
          mode: 1, threshold: 0.1, settings: settings, every: 1, maxSteps: 10)
      }.contains("under SGD"))
    #expect(!x.absorbingSet().isAbsorbing && x.absorbingSet().reason.contains("silent"))
    #expect(!LanePlan.fits(data: data, network: network, settings: settings))
    var hot = settings
    hot.temperature = 0.1
    #expect(reason { try hot.validate(data: data, network: network) }.contains("'silent'"))
    var request = EscapeRequest(settings: settings, seed: 1)
    request.replicas = 2
    request.maxSteps = 20
    #expect(reason { _ = try x.measureEscape(request, threads: 1) }.contains(why))
    request.threshold = 0.5
    let result = try x.measureEscape(request, threads: 1)
    #expect(result.theory.tau == nil && result.theory.reason?.contains(why) == true)
    #expect(result.theory.barrier == nil && result.effectiveTemperature == 0)
    // Not even what is known of the same state under another optimiser.
    settings.optimizer = .sgd
    try x.update { $0.optimizer = .sgd }
    _ = try x.measureEscape(EscapeRequest(settings: settings, seed: 1), threads: 1)
    let again = try x.measureEscape(request, threads: 1)
    #expect(again.theory.barrier == nil && again.theory.reason?.contains(why) == true)
  }

  @Test("an activation: no verb has theory for it, and each says why")
  func activation() throws {
    var settings = Settings()
    settings.l2 = 0.193384
    settings.learningRate = 0.2
    let known = try tanhChain(hidden: 1, l2: 0.193384)
    let network = try Network(
      widths: known.network.widths, activation: Activation(SilentActivation.self))
    var x = try Experiment(data: known.data, network: network, settings: settings)
    #expect(reason { _ = try x.phases() }.contains("'silent'"))
    try x.setParameters([0, 0, 0])
    #expect(!x.absorbingSet().isAbsorbing && x.absorbingSet().reason.contains("'silent'"))
    #expect(!LanePlan.fits(data: known.data, network: network, settings: settings))
    settings.temperature = 1e-3
    var request = EscapeRequest(settings: settings, seed: 1)
    request.replicas = 2
    request.maxSteps = 20
    request.threshold = 0.5
    let theory = try x.measureEscape(request, threads: 1).theory
    #expect(theory.tau == nil && theory.reason?.contains("'silent'") == true)
    // A saddle can be found; a rate from its Hessian is not claimed.
    try x.setParameters([1.2, 1.2, 1.2])
    var training = TrainingOptions(steps: 100_000)
    training.untilConverged = 1e-11
    _ = try x.train(training)
    let barrier = try x.barrier(BarrierRequest(seed: 1))
    #expect(barrier.saddleIndex == 1 && barrier.rate.logPrefactor == nil)
    #expect(barrier.rate.reason?.contains("'silent'") == true)
  }
}
