import Testing

@testable import Kramers

@Suite struct FrozenNoiseTests {
  private func settings(batch: Int, lr: Double = 0.1) -> Settings {
    var settings = Settings()
    settings.learningRate = lr
    settings.l2 = 0.1
    settings.batch = .size(batch)
    settings.sampling = .replacement
    return settings
  }

  @Test("its first step is the minibatch step with replacement of the same replica")
  func firstStep() throws {
    let data = try Dataset.gaussian(singular: [0.9, 0.8], samples: 40, seed: 1)
    let x = try deepLinear(data, width: 3, l2: 0.1)
    for replica in 0..<4 {
      let trainer = try Trainer(
        data: data, network: x.network, settings: settings(batch: 5),
        key: RandomKey(seed: 9, stream: measurementStream, replica: UInt32(replica)),
        state: TrainingState(parameters: x.state.parameters))
      trainer.run(steps: 1)
      let before = norm(x.state.parameters)
      let after = norm(trainer.parameters)
      // The norm after one step lies between two thresholds 1e-9 apart.
      for (factor, escapes) in [(1 - 1e-10, true), (1 + 1e-10, false)] where after > before {
        var options = FirstPassageOptions(
          observable: .norm, threshold: after * factor, seed: 9)
        options.replicas = 4
        options.maxSteps = 1
        options.every = 1
        let record = try measureFrozenNoise(
          data: data, network: x.network, settings: settings(batch: 5),
          from: x.state, options: options, threads: 2)
        #expect(record.escaped[replica] == escapes)
      }
    }
  }

  @Test("in a parabola it is additive noise of variance lr^2 C/B: passage times as by temperature")
  func parabola() throws {
    // One weight, f = w x with x = 1: gradient w - y_n, whose deviations do not depend on w, so
    // that minibatch noise itself is additive and must agree with its frozen copy bit by bit in law.
    let y = (0..<64).map { [Double($0 % 2 == 0 ? 1 : -1)] }
    let data = try Dataset.from(x: y.map { _ in [1.0] }, y: y, testX: nil, testY: nil)
    let network = try Network(widths: [1, 1])
    var settings = settings(batch: 8, lr: 0.2)
    settings.l2 = 0
    var options = FirstPassageOptions(observable: .norm, threshold: 0.3, seed: 2)
    options.replicas = 500
    options.every = 1
    let start = TrainingState(parameters: [0])
    let frozen = try measureFrozenNoise(
      data: data, network: network, settings: settings, from: start, options: options, threads: 2)
    let real = try measureFirstPassage(
      data: data, network: network, settings: settings, from: start, options: options, threads: 2)
    #expect(frozen.escaped.allSatisfy { $0 } && real.escaped.allSatisfy { $0 })
    // Same draws, same linear dynamics: equal times but for ties at the threshold.
    let same = zip(frozen.times, real.times).count { $0 == $1 }
    #expect(same >= 490, "\(same)")
  }

  @Test("refuses what it is not defined for")
  func refusals() throws {
    let data = try Dataset.population(singular: [0.9])
    let x = try deepLinear(data, width: 1, l2: 0.1)
    let options = FirstPassageOptions(observable: .norm, threshold: 100, seed: 0)
    #expect(throws: (InputError).self) {
      try measureFrozenNoise(
        data: data, network: x.network, settings: x.settings, from: x.state, options: options,
        threads: 1)
    }
  }
}

@Suite struct DeterministicDelayTests {
  /// s = .8, b = .0025, lr = .1, threshold strength .3 from balanced residuals: section 5 of the
  /// physics notes.
  @Test(
    "a balanced residual comes back at the listed steps, and below the critical one never",
    arguments: [(1e-4, 267, 260.0), (1e-6, 1489, 1480), (5e-8, 7534, 7524)])
  func listed(strength: Double, steps: Int, closedForm: Double) throws {
    let data = try Dataset.population(singular: [0.8])
    var x = try deepLinear(data, width: 1)
    var settings = x.settings
    settings.learningRate = 0.1
    settings.l2 = 0.0025
    let a = pow3(strength)
    try x.setParameters([a, a, a])
    let delay = try x.deterministicDelay(
      mode: 1, threshold: 0.3, settings: settings, every: 1, maxSteps: 20_000)
    #expect(abs(try #require(delay.steps) - steps) <= 1, "\(delay)")
    #expect(abs(try #require(delay.closedForm) - closedForm) < 1, "\(delay)")
    #expect(abs(delay.residual / strength - 1) < 1e-9)
    // The trainer's own noise-free run is other code.
    var options = FirstPassageOptions(observable: .mode(1), threshold: 0.3, seed: 0)
    options.replicas = 1
    options.every = 1
    let run = try measureFirstPassage(
      data: data, network: x.network, settings: settings, from: x.state, options: options,
      threads: 1)
    #expect(run.times[0] == delay.steps)
    let small = pow3(3.0e-8)
    try x.setParameters([small, small, small])
    let never = try x.deterministicDelay(
      mode: 1, threshold: 0.3, settings: settings, every: 10, maxSteps: 100_000)
    #expect(never.steps == nil && never.closedForm == .infinity)
  }

  @Test("an imbalance that the closed form cannot see moves the delay, and the layers tell")
  func imbalance() throws {
    let data = try Dataset.population(singular: [0.8])
    var x = try deepLinear(data, width: 1)
    var settings = x.settings
    settings.learningRate = 0.1
    settings.l2 = 0.0025
    let a = pow3(1e-6)
    try x.setParameters([4 * a, a, a / 4])
    let delay = try x.deterministicDelay(
      mode: 1, threshold: 0.3, settings: settings, every: 1, maxSteps: 20_000)
    let steps = try #require(delay.steps)
    #expect(abs(Double(steps) / (try #require(delay.closedForm)) - 1) > 0.2, "\(delay)")
    var options = FirstPassageOptions(observable: .mode(1), threshold: 0.3, seed: 0)
    options.replicas = 1
    options.every = 1
    let run = try measureFirstPassage(
      data: data, network: x.network, settings: settings, from: x.state, options: options,
      threads: 1)
    #expect(run.times[0] == steps)
  }

  /// The cube root.
  private func pow3(_ x: Double) -> Double { exponential(logarithm(x) / 3) }
}
