import Synchronization
import Testing

@testable import Kramers

/// A monitor that asks to stop at its `polls`-th look.
private func stopping(after polls: Int) -> RunMonitor {
  let left = Atomic<Int>(polls)
  return RunMonitor(shouldStop: { left.subtract(1, ordering: .relaxed).oldValue <= 1 })
}

/// The value as another process would read it.
private func stored<Value: ByteCodable>(_ value: Value) throws -> Value {
  var writer = ByteWriter()
  value.write(to: &writer)
  var reader = ByteReader(writer.bytes)
  let copy = try Value(from: &reader)
  try reader.end()
  return copy
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
      result = try cut.train(options, monitor: stopping(after: 4), resuming: stored(interrupted))
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
    arguments: [Activation.linear, .relu], ["full", "permutation", "subset", "momentum", "dwell"])
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
    if dynamics == "dwell" { options.dwell = 25 }
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
    // Stays that were broken off stand in the progress too.
    #expect((whole.returns.reduce(0, +) > 3) == (dynamics == "dwell"), "\(whole.returns)")
    for threads in 1...2 {
      var record = try measure(threads: threads, stopping(after: 3))
      var cuts = 0
      while let progress = record.progress, cuts < 1000 {
        cuts += 1
        record = try measure(threads: threads, stopping(after: 5), stored(progress))
      }
      #expect(cuts > 2)
      #expect(record == whole)
    }
  }

  /// Down through the onset of modes of depth 2, where states are kicked off saddles; with `hold`
  /// and noise; and up through the spinodals of depth 3.
  @Test("sweep, at every point and between kicks", arguments: ["down", "held", "up"])
  func sweep(kind: String) throws {
    var settings = Settings()
    settings.learningRate = 0.05
    settings.l2 = 0.2
    let widths = kind == "down" ? [2, 2, 2] : [2, 2, 2, 2]
    if kind == "held" { settings.temperature = 1e-4 }
    var start = try Experiment(
      data: Dataset.population(singular: [0.9, 0.5]), network: Network(widths: widths),
      settings: settings, seed: 3)
    if kind != "down" { _ = try start.train(TrainingOptions(steps: 2000)) }
    var options = SweepOptions(
      l2: kind == "down" ? [1, 0.8, 0.6, 0.4] : [0.2, 0.3, 0.4, 0.5])
    if kind == "held" { options.hold = 1500 }
    var whole = start
    let expected = try whole.sweep(options)
    #expect(expected.outcome == .completed && expected.points.count == 4)
    var cut = start
    var result = try cut.sweep(options, monitor: stopping(after: 3))
    var cuts = 0
    while let interrupted = result.interrupted {
      cuts += 1
      cut = start
      result = try cut.sweep(
        options, monitor: stopping(after: cuts % 3 + 1), resuming: stored(interrupted))
    }
    #expect(cuts > 5)
    #expect(cut.state == whole.state && cut.settings == whole.settings)
    #expect(result.points.map(\.measurement) == expected.points.map(\.measurement))
    #expect(result.points.map(\.steps) == expected.points.map(\.steps))
    #expect(result.states.map(\.state) == expected.states.map(\.state))
    #expect(result.states.map(\.settings.l2) == expected.states.map(\.settings.l2))
    #expect(!expected.transitions.isEmpty)
    #expect(result.transitions.map(\.l2) == expected.transitions.map(\.l2))
    #expect(result.transitions.map(\.kind) == expected.transitions.map(\.kind))
    #expect(result.transitions.map(\.significance) == expected.transitions.map(\.significance))
  }

  @Test("progress of another computation is refused with a sentence")
  func foreign() throws {
    let experiment = try Experiment(
      data: Dataset.population(singular: [0.9, 0.8]), network: Network(widths: [2, 3, 2]), seed: 1)
    let other = try Experiment(
      data: Dataset.population(singular: [0.9, 0.8]), network: Network(widths: [2, 4, 2]), seed: 1)
    var cut = other
    let run = try #require(
      cut.train(TrainingOptions(steps: 1000), monitor: stopping(after: 1)).interrupted)
    var x = experiment
    #expect(throws: InputError.self) {
      try x.train(TrainingOptions(steps: 1000), resuming: run)
    }
    var y = other
    // Beyond the steps asked for.
    #expect(throws: InputError.self) { try y.train(TrainingOptions(steps: 1), resuming: run) }
    #expect(x.state == experiment.state && y.state == other.state)
    var options = FirstPassageOptions(observable: .norm, threshold: 100, seed: 3)
    options.replicas = 5
    #expect(throws: InputError.self) {
      try measureFirstPassage(
        data: other.data, network: other.network, settings: other.settings, from: other.state,
        options: options, threads: 1, resuming: EnsembleProgress(replicas: [.notBegun]))
    }
  }
}
