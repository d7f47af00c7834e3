import Synchronization
import Testing

@testable import Kramers

/// A monitor that asks to stop at its `polls`-th look.
private func stopping(after polls: Int) -> RunMonitor {
  let left = Atomic<Int>(polls)
  return RunMonitor(shouldStop: { left.subtract(1, ordering: .relaxed).oldValue <= 1 })
}

@Suite("an interrupted computation goes on bit for bit")
struct ResumingTests {
  @Test("train, under every optimiser, batch and noise", arguments: DynamicsCase.all)
  func train(example: DynamicsCase) throws {
    let start = try Experiment(
      data: DynamicsCase.data, network: Network(widths: [3, 4, 2]), settings: example.settings,
      seed: 5)
    var options = TrainingOptions(steps: 730)
    options.every = 70
    var whole = start
    let expected = try whole.train(options)
    var cut = start
    var result = try cut.train(options, monitor: stopping(after: 3))
    #expect(result.outcome == .interrupted && result.steps < 730)
    var cuts = 1
    while let interrupted = result.interrupted {
      // The interrupted experiment may have been used for something else.
      _ = try cut.train(TrainingOptions(steps: 13))
      result = try cut.train(options, monitor: stopping(after: 4), resuming: interrupted)
      cuts += 1
    }
    #expect(cuts > 3)
    #expect(cut.state == whole.state)
    #expect(result.trace == expected.trace && result.steps == 730)
    #expect(result.final == expected.final && result.outcome == .completed)
  }

  @Test("train ends by its goal at the same step")
  func goal() throws {
    var settings = Settings()
    settings.learningRate = 0.1
    var whole = try Experiment(
      data: Dataset.population(singular: [0.9, 0.8]), network: Network(widths: [2, 3, 2]),
      settings: settings, seed: 81)
    var cut = whole
    var options = TrainingOptions(steps: 100_000)
    options.untilLoss = 0.1
    let expected = try whole.train(options)
    var result = try cut.train(options, monitor: stopping(after: 1))
    while let interrupted = result.interrupted {
      result = try cut.train(options, monitor: stopping(after: 1), resuming: interrupted)
    }
    #expect(result.outcome == .converged && result.steps == expected.steps)
    #expect(cut.state == whole.state)
  }

  /// Deep linear networks run in lanes, others one by one; minibatches of both kinds, momentum.
  @Test(
    "measure_escape, in lanes and one by one, on any number of threads",
    arguments: [Activation.linear, .relu], ["full", "permutation", "subset", "momentum"])
  func escape(activation: Activation, dynamics: String) throws {
    var settings = Settings()
    settings.learningRate = 0.05
    settings.temperature = 0.02
    if dynamics == "permutation" { settings.batch = .size(5) }
    if dynamics == "subset" {
      settings.batch = .size(5)
      settings.sampling = .subset
    }
    if dynamics == "momentum" {
      settings.optimizer = .momentum
      settings.learningRate = 0.006
    }
    let network = try Network(widths: [3, 4, 2], activation: activation)
    #expect(
      LanePlan.fits(data: DynamicsCase.data, network: network, settings: settings)
        == (activation == .linear))
    var options = FirstPassageOptions(observable: .norm, threshold: 3.2, seed: 3)
    options.replicas = 30
    options.maxSteps = 420
    options.every = 7
    let state = TrainingState(parameters: [Double](repeating: 0, count: network.parameterCount))
    func measure(
      threads: Int, _ monitor: RunMonitor = RunMonitor(), _ progress: EnsembleProgress? = nil
    ) throws -> FirstPassageRecord {
      try measureFirstPassage(
        data: DynamicsCase.data, network: network, settings: settings, from: state,
        options: options, threads: threads, monitor: monitor, resuming: progress)
    }
    let whole = try measure(threads: 1)
    #expect(whole.escaped.contains(true) && whole.escaped.contains(false), "\(whole.times)")
    for threads in 1...2 {
      var record = try measure(threads: threads, stopping(after: 3))
      var cuts = 0
      while let progress = record.progress, cuts < 1000 {
        cuts += 1
        record = try measure(threads: threads, stopping(after: 5), progress)
      }
      #expect(cuts > 2)
      #expect(record == whole)
    }
  }
}
