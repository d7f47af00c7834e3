import Testing

@testable import Kramers

@Suite struct DivergenceTests {
  private func chain(l2: Double, lr: Double, momentum: Double? = nil) throws -> Experiment {
    var settings = Settings()
    settings.learningRate = lr
    settings.l2 = l2
    if let momentum {
      settings.optimizer = .momentum
      settings.momentum = momentum
    }
    var x = try Experiment(
      data: Dataset.population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
      settings: settings, seed: 1)
    var options = TrapOptions()
    options.rank = 1
    options.exact = true
    _ = try x.trap(options)
    return x
  }

  @Test("the largest stable lr of a learned chain is 2 over its closed-form curvature")
  func closedForm() throws {
    for l2 in [0.05, 0.2, 0.4] {
      let x = try chain(l2: l2, lr: 0.1)
      let a = try #require(SingleMode(singular: 1, depth: 3).learnedWeight(l2: l2))
      // Along (1, 1, 1): 5 a^4 - 2 s a + b with b = a (s - a^3); across: 2 b.
      let top = max(4 * a * a * a * a - a, 2 * l2)
      #expect(abs(try #require(try x.stableLearningRate()) / (2 / top) - 1) < 1e-3)
    }
  }

  @Test("below it a state stays and above it is left, with momentum too", arguments: [nil, 0.9])
  func simulated(momentum: Double?) throws {
    let limit = try #require(try chain(l2: 0.2, lr: 0.1, momentum: momentum).stableLearningRate())
    for (factor, stays) in [(0.97, true), (1.03, false)] {
      var x = try chain(l2: 0.2, lr: factor * limit, momentum: momentum)
      let rest = x.state.parameters
      try x.setParameters(rest.map { $0 + 1e-6 })
      _ = try x.train(TrainingOptions(steps: 600))
      let distance = zip(x.state.parameters, rest).map { abs($0 - $1) }.max() ?? 0
      #expect((distance < 1e-6) == stays, "\(factor): \(distance)")
    }
  }

  @Test("a diverged run names step, lr and the limit; adam has none; a flat start is followed")
  func messages() throws {
    var x = try chain(l2: 0.2, lr: 20)
    try x.setParameters(x.state.parameters.map { $0 + 0.1 })
    let run = try x.train(TrainingOptions(steps: 1000))
    let found = try #require(x.divergence(of: run))
    #expect(found.step == run.divergedAt && found.learningRate == 20)
    #expect(try #require(found.stableRate) < 20)
    #expect(found.message.hasPrefix("training diverged at step \(found.step) (l2 = 0.2): lr = 20"))
    #expect(found.message.contains("the largest stable lr by the Hessian"))

    // From a = .05 the Hessian allows 2 / (a s) = 40; at a = 1, where it leads, 2/3.
    var flat = x
    try flat.update { $0.l2 = 0 }
    try flat.setParameters([0.05, 0.05, 0.05])
    #expect(try #require(try flat.stableLearningRate()) > 39)
    let late = try flat.train(TrainingOptions(steps: 1000))
    #expect(late.outcome == .diverged)
    #expect(abs(try #require(flat.divergence(of: late)?.stableRate) - 2 / 3.0) < 0.01)
    try x.update { $0.optimizer = .adam }
    #expect(try x.stableLearningRate() == nil)
    #expect(x.divergence(of: run)?.message.hasSuffix("lr = 20; lower lr") == true)
    var ended = run
    ended.outcome = .completed
    #expect(x.divergence(of: ended) == nil)
  }
}
