import Testing

@testable import Kramers

@Suite struct TrainerTests {
  static let cases: [(Activation, Loss)] = Activation.allCases.flatMap { activation in
    Loss.allCases.map { (activation, $0) }
  }

  /// theta - lr (grad(loss) + l2 (theta - center)), written out sample by sample.
  @Test("a step of SGD is the formula, for every activation and loss", arguments: cases)
  func sgd(activation: Activation, loss: Loss) throws {
    let random = RandomStream(seed: 31, purpose: .data)
    for (widths, bias) in [([3, 4, 2], true), ([3, 5, 4, 2], false), ([3, 2], true)] {
      let network = try Network(widths: widths, activation: activation, bias: bias, loss: loss)
      let samples = samples(classes: loss == .crossEntropy)
      let count = network.parameterCount
      let start = random.normals(count, scale: 0.6, step: 4)
      let center = random.normals(count, step: 5)
      for (l2, l2Center) in [(0, nil), (0.3, nil), (0.3, center)] as [(Double, [Double]?)] {
        var settings = Settings()
        settings.learningRate = 0.2
        settings.l2 = l2
        settings.l2Center = l2Center
        let trainer = try Trainer(
          data: Dataset(name: "from", train: samples), network: network, settings: settings,
          key: RandomKey(seed: 0), state: TrainingState(parameters: start))
        trainer.run(steps: 1)
        let (_, gradient) = SlowNetwork(network: network, theta: start)
          .lossAndGradient(samples, rows: Array(0..<samples.count))
        for k in 0..<count {
          let g = gradient[k] + l2 * (start[k] - (l2Center?[k] ?? 0))
          #expect(abs(trainer.parameters[k] - (start[k] - 0.2 * g)) < 1e-14 * (1 + abs(g)))
        }
        #expect(trainer.step == 1)
        #expect(trainer.state.epochs == 1)
      }
    }
  }

  /// All rows in one batch: the three ways of drawing give the full gradient (replacement does not).
  @Test("a batch of all samples takes the full-batch step")
  func wholeBatch() throws {
    let network = try Network(widths: [3, 4, 2], activation: .tanh)
    let data = Dataset(name: "from", train: samples(classes: false))
    let start = RandomStream(seed: 31, purpose: .data).normals(20, scale: 0.6, step: 4)
    func parameters(_ batch: BatchSize, _ sampling: Sampling) throws -> [Double] {
      var settings = Settings()
      settings.batch = batch
      settings.sampling = sampling
      let trainer = try Trainer(
        data: data, network: network, settings: settings, key: RandomKey(seed: 0),
        state: TrainingState(parameters: start))
      trainer.run(steps: 10)
      return trainer.parameters
    }
    let full = try parameters(.full, .permutation)
    for sampling in [Sampling.permutation, .subset] {
      let batch = try parameters(.size(7), sampling)
      #expect(zip(full, batch).allSatisfy { abs($0 - $1) < 1e-14 })
    }
    #expect(try zip(full, parameters(.size(7), .replacement)).contains { abs($0 - $1) > 1e-6 })
  }

  /// theta <- theta - 1025 theta = -1024 theta, exactly: theta = 2^10n overflows at n = 103.
  @Test(
    "divergence is found at the step that overflows",
    arguments: [Optimizer.sgd, .momentum])
  func divergence(optimizer: Optimizer) throws {
    var settings = Settings()
    settings.learningRate = 1025
    settings.optimizer = optimizer
    settings.momentum = 0
    let data = try Dataset.population(singular: [0])
    let network = try Network(widths: [1, 1])
    let trainer = try Trainer(
      data: data, network: network, settings: settings, key: RandomKey(seed: 0),
      state: TrainingState(parameters: [1]))
    #expect(trainer.run(steps: 102))
    #expect(trainer.parameters == [0x1p1020])
    #expect(!trainer.run(steps: 10))
    #expect(trainer.step == 103)

    var experiment = try Experiment(data: data, network: network, settings: settings)
    try experiment.setParameters([1])
    let before = experiment.state
    let result = try experiment.train(TrainingOptions(steps: 1000))
    #expect(result.outcome == .diverged)
    #expect(result.divergedAt == 103)
    #expect(result.steps == 103)
    #expect(experiment.state == before)
  }

  @Test("a NaN in any one parameter is found", arguments: Optimizer.allCases)
  func notANumber(optimizer: Optimizer) throws {
    var settings = Settings()
    settings.optimizer = optimizer
    let network = try Network(widths: [1, 2, 1])
    for k in 0..<4 {
      for bad in [Double.nan, .infinity] {
        var theta = [0.1, 0.2, 0.3, 0.4]
        theta[k] = bad
        let trainer = try Trainer(
          data: Dataset.population(singular: [1]), network: network, settings: settings,
          key: RandomKey(seed: 0), state: TrainingState(parameters: theta))
        #expect(!trainer.run(steps: 5))
        #expect(trainer.step == 1)
      }
    }
  }

  private func samples(classes: Bool) -> Samples {
    let random = RandomStream(seed: 31, purpose: .data)
    let oneHot: [Double] = [1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0]
    return Samples(
      count: 7, inputs: 3, outputs: 2, x: random.normals(21, step: 0),
      y: classes ? oneHot : random.normals(14, step: 1))
  }
}
