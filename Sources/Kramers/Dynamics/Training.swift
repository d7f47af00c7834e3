/// How long to train, and what to look at on the way.
public struct TrainingOptions: Sendable, Equatable {
  public var steps = 1000
  /// Steps between two rows of the trace; nil keeps the first and the last only.
  public var every: Int?
  /// Stops once the data term is at most this.
  public var untilLoss: Double?
  /// Stops once |grad(objective)| on the full batch is at most this.
  public var untilConverged: Double?

  public init(steps: Int) { self.steps = steps }
}

/// How a run ended: a value, never an error.
public enum RunOutcome: String, Sendable { case completed, converged, diverged, interrupted }

public struct RunResult: Sendable, Equatable {
  public var outcome: RunOutcome
  /// Steps taken by this call.
  public var steps: Int
  /// Step at which a parameter became infinite or NaN.
  public var divergedAt: Int?
  /// The end of the run; of a diverged one its last finite look.
  public var final: Measurement
  /// Rows at the start, every `every` steps, and at the end.
  public var trace: [Measurement]
}

extension Experiment {
  /// The steps in which `epochs` times the training set is seen.
  public func steps(forEpochs epochs: Double) throws -> Int {
    let samples = Double(data.sampleCount ?? 1)
    let steps = (epochs * samples / Double(settings.batchCount(of: data.sampleCount))).rounded(.up)
    guard steps < 1e15 else { throw InputError.rule("epochs", "below 1e15 steps", epochs) }
    return Int(steps)
  }

  /// Trains in place.
  ///
  /// A diverged run leaves the experiment as it was before the call; the trace and the step tell
  /// what happened.
  ///
  /// - Throws: `InputError` for options out of range.
  public mutating func train(
    _ options: TrainingOptions, monitor: RunMonitor = RunMonitor()
  ) throws -> RunResult {
    try train(options, settings: settings, monitor: monitor)
  }

  /// Trains under other settings than the experiment's own, which stay.
  mutating func train(
    _ options: TrainingOptions, settings: Settings, monitor: RunMonitor
  ) throws -> RunResult {
    guard options.steps >= 0 else {
      throw InputError.rule("steps", "0 or positive", options.steps)
    }
    if let every = options.every, every < 1 {
      throw InputError.rule("every", "at least 1", every)
    }
    let trainer = try trainer(settings)
    let evaluator = try Evaluator(data: data, network: network, settings: settings)
    let first = Int(trainer.step)
    let last = first + options.steps
    var trace = [evaluator.measure(state)]
    var outcome = RunOutcome.completed
    monitor.begin(total: options.steps)

    func isDone() -> Bool {
      guard options.untilLoss != nil || options.untilConverged != nil else { return false }
      let (loss, gradientNorm) = evaluator.lossAndGradientNorm(trainer.parameters)
      if let target = options.untilLoss, loss <= target { return true }
      if let tolerance = options.untilConverged, gradientNorm <= tolerance { return true }
      return false
    }

    if isDone() { outcome = .converged }
    var divergedAt: Int?
    while outcome == .completed, Int(trainer.step) < last {
      let now = Int(trainer.step)
      var next = min(last, (now / 100 + 1) * 100)
      if let every = options.every {
        next = min(next, first + ((now - first) / every + 1) * every)
      }
      let isFinite = trainer.run(steps: next - now)
      monitor.advance(by: Int(trainer.step) - now)
      if !isFinite {
        outcome = .diverged
        divergedAt = Int(trainer.step)
        break
      }
      if let every = options.every, (next - first) % every == 0, next < last {
        trace.append(evaluator.measure(trainer.state))
      }
      if isDone() {
        outcome = .converged
      } else if monitor.shouldStop {
        outcome = .interrupted
      }
    }
    let steps = Int(trainer.step) - first
    if outcome != .diverged {
      state = trainer.state
      if steps > 0 { trace.append(evaluator.measure(state)) }
    }
    return RunResult(
      outcome: outcome, steps: steps, divergedAt: divergedAt, final: trace[trace.count - 1],
      trace: trace)
  }
}
