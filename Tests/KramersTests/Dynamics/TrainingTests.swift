import Testing

@testable import Kramers

@Suite struct TrainingTests {
  private func experiment() throws -> Experiment {
    var settings = Settings()
    settings.learningRate = 0.1
    return try Experiment(
      data: Dataset.population(singular: [0.9, 0.8]), network: Network(widths: [2, 3, 2]),
      settings: settings, seed: 81)
  }

  @Test("rows of the trace come at the start, every `every` steps and at the end")
  func trace() throws {
    var experiment = try experiment()
    var options = TrainingOptions(steps: 250)
    options.every = 60
    let first = try experiment.train(options)
    #expect(first.trace.map(\.measurement.step) == [0, 60, 120, 180, 240, 250])
    #expect(first.outcome == .completed && first.steps == 250)
    // Counted from the beginning of the call, not from step 0.
    #expect(
      try experiment.train(options).trace.map(\.measurement.step) == [250, 310, 370, 430, 490, 500])
    options.every = 250
    #expect(try experiment.train(options).trace.map(\.measurement.step) == [500, 750])
    options.every = .max
    #expect(try experiment.train(options).trace.map(\.measurement.step) == [750, 1000])
    options.steps = 0
    #expect(try experiment.train(options).trace.map(\.measurement.step) == [1000])
  }

  @Test("looking on the way does not change the run")
  func looks() throws {
    var a = try experiment()
    var b = a
    var options = TrainingOptions(steps: 250)
    _ = try a.train(options)
    options.every = 7
    _ = try b.train(options)
    #expect(a.state == b.state)
  }

  @Test("training ends at the loss or the gradient norm asked for")
  func ends() throws {
    var experiment = try experiment()
    var options = TrainingOptions(steps: 100_000)
    options.untilLoss = 0.1
    options.every = 50
    let loss = try experiment.train(options)
    let rows = loss.trace.map(\.measurement.step)
    #expect(zip(rows, rows.dropFirst()).allSatisfy { $0 < $1 }, "a step stands there twice")
    #expect(loss.outcome == .converged && loss.final.loss <= 0.1)
    #expect(loss.steps % 100 == 0 && loss.steps > 0)
    options.untilLoss = nil
    options.untilConverged = 1e-9
    let converged = try experiment.train(options)
    #expect(converged.outcome == .converged && converged.final.gradientNorm <= 1e-9)
    #expect(try experiment.train(options).steps == 0)
  }

  @Test("an error of the observer stops the run at its step and keeps the trace")
  func observer() throws {
    struct Enough: Error {}
    for (stop, calls) in [(0, 1), (120, 3), (250, 6)] {
      var experiment = try experiment()
      var options = TrainingOptions(steps: 250)
      options.every = 60
      var seen: [UInt64] = []
      let result = try experiment.train(options) { state in
        seen.append(state.step)
        if state.step >= UInt64(stop) { throw Enough() }
        return []
      }
      #expect(result.observerError is Enough)
      #expect(result.outcome == .interrupted)
      #expect(result.steps == stop)
      #expect(experiment.state.step == UInt64(stop))
      #expect(seen.count == calls)
      #expect(result.trace.map(\.measurement.step) == seen)
    }
  }

  @Test("an interrupted run keeps what it has")
  func interruption() throws {
    var experiment = try experiment()
    let result = try experiment.train(
      TrainingOptions(steps: 100_000), monitor: RunMonitor(shouldStop: { true }))
    #expect(result.outcome == .interrupted && result.steps == 100)
    #expect(experiment.state.step == 100)
  }

  @Test("absurd numbers of steps are refused, also late in a run")
  func refused() throws {
    var experiment = try experiment()
    _ = try experiment.train(TrainingOptions(steps: 10))
    let before = experiment.state
    for steps in [-1, Int.max, .min] {
      #expect(throws: InputError.self) { try experiment.train(TrainingOptions(steps: steps)) }
    }
    var options = TrainingOptions(steps: 10)
    options.every = 0
    #expect(throws: InputError.self) { try experiment.train(options) }
    #expect(experiment.state == before)
  }
}
