/// How long to train, and what to look at on the way.
public struct TrainingOptions: Sendable, Equatable {
  public var steps = 1000
  /// Steps between two rows of the trace; nil keeps the first and the last only.
  public var every: Int?
  /// Stops once the data term is at most this; looked at where the step is a multiple of 100.
  public var untilLoss: Double?
  /// Stops once |grad(objective)| on the full batch is at most this; looked at likewise.
  public var untilConverged: Double?
  /// Stands in every row as `observable`.
  public var observable: Observable?

  public init(steps: Int) { self.steps = steps }
}

/// How a run ended: a value, never an error.
public enum RunOutcome: String, Sendable { case completed, converged, diverged, interrupted }

/// One look at the network on the way: what is always measured, and what the observer added.
public struct TraceRow: Sendable, Equatable {
  public var measurement: Measurement
  public var observed: [Record.Field]
}

/// Looks at a state during a run; what it returns joins the trace.
public typealias Observer = (TrainingState) throws -> [Record.Field]

/// Where an interrupted run stands: all that `train` needs to go on as if nothing had happened.
public struct InterruptedRun: Sendable {
  /// The experiment's step at which the run began.
  public var first: Int
  public var state: TrainingState
  /// The rows so far, without the look at the interruption itself.
  public var trace: [TraceRow]

  /// Whether it can be such a run of this experiment.
  func fits(_ options: TrainingOptions, _ experiment: Experiment) -> Bool {
    state.fits(experiment.network, experiment.data) && !trace.isEmpty && first < 1 << 62
      && first <= Int(state.step) && Int(state.step) <= first + options.steps
  }
}

public struct RunResult: Sendable {
  public var outcome: RunOutcome
  /// Steps taken by this call.
  public var steps: Int
  /// Step at which a parameter became infinite or NaN.
  public var divergedAt: Int?
  /// The end of the run; of a diverged one its last finite look.
  public var final: Measurement
  /// Rows at the start, every `every` steps, and at the end.
  public var trace: [TraceRow]
  /// What the observer threw; the run stopped there.
  public var observerError: (any Error)?
  /// Of a run that the monitor interrupted.
  public var interrupted: InterruptedRun?
}

extension Experiment {
  /// The steps in which `epochs` times the training set is seen.
  public func steps(forEpochs epochs: Double) throws -> Int {
    let samples = Double(data.sampleCount ?? 1)
    let steps = (epochs * samples / Double(settings.batchCount(of: data.sampleCount))).rounded(.up)
    guard steps < 1e15 else { throw InputError.rule("epochs", "below 1e15 steps", epochs) }
    return Int(steps)
  }

  /// Trains in place; given an interrupted run of the same options, goes on with it, bit for bit.
  ///
  /// A diverged run leaves the experiment as it was before the call; the trace and the step tell
  /// what happened.
  ///
  /// - Throws: `InputError` for options out of range. An error of the observer is no error of the
  ///   run: it stops there and stands in the result.
  public mutating func train(
    _ options: TrainingOptions, monitor: RunMonitor = RunMonitor(), observer: Observer? = nil,
    resuming: InterruptedRun? = nil
  ) throws -> RunResult {
    try train(
      options, settings: settings, monitor: monitor, observer: observer, resuming: resuming)
  }

  /// Trains under other settings than the experiment's own, which stay.
  mutating func train(
    _ options: TrainingOptions, settings: Settings, monitor: RunMonitor, observer: Observer? = nil,
    resuming: InterruptedRun? = nil
  ) throws -> RunResult {
    guard options.steps >= 0 else {
      throw InputError.rule("steps", "0 or positive", options.steps)
    }
    guard options.steps <= 1_000_000_000_000_000 else {
      throw InputError.rule("steps", "at most 1e15", options.steps)
    }
    if let every = options.every, every < 1 {
      throw InputError.rule("every", "at least 1", every)
    }
    let every = options.every.map { min($0, max(options.steps, 1)) }
    if let every {
      let rows = options.steps / every
      try checkMemory(
        count: Double(rows) * ItemSize.row, what: "every: a trace of \(rows) rows")
    }
    let before = state
    if let resuming {
      guard resuming.fits(options, self) else {
        throw InputError.sentence("the progress to resume from is that of another run")
      }
      state = resuming.state
    }
    try options.observable?.check(
      ObservableContext(data: data, network: network, settings: settings))
    let trainer = try trainer(settings)
    let evaluator = try Evaluator(data: data, network: network, settings: settings)
    let first = resuming?.first ?? Int(trainer.step)
    let last = first + options.steps
    var trace = resuming?.trace ?? []
    var outcome = RunOutcome.completed
    var observerError: (any Error)?
    monitor.begin(total: last - Int(trainer.step))

    func look(_ state: TrainingState) {
      var row = TraceRow(measurement: evaluator.measure(state), observed: [])
      // Without a trace the first look would stand there for the whole run.
      if options.every != nil, monitor.watched == nil, let mode = row.measurement.modes.first {
        monitor.show(mode, of: .mode(1), at: Int(state.step))
      }
      do {
        if let observable = options.observable {
          let value = try observable.value(row.measurement, of: state, settings)
          row.observed = [Record.Field("observable", value.record)]
        }
        row.observed += try observer?(state) ?? []
      } catch {
        observerError = error
        outcome = .interrupted
      }
      trace.append(row)
    }

    func isDone() -> Bool {
      guard options.untilLoss != nil || options.untilConverged != nil else { return false }
      let (loss, gradientNorm) = evaluator.lossAndGradientNorm(trainer.parameters)
      if let target = options.untilLoss, loss <= target { return true }
      if let tolerance = options.untilConverged, gradientNorm <= tolerance { return true }
      return false
    }

    if resuming == nil {
      look(state)
      if outcome == .completed, isDone() { outcome = .converged }
    }
    var divergedAt: Int?
    let checkInterval = 100
    var answered = 0
    while outcome == .completed, Int(trainer.step) < last {
      let now = Int(trainer.step)
      var next = min(last, (now / checkInterval + 1) * checkInterval)
      if let every {
        next = min(next, first + ((now - first) / every + 1) * every)
      }
      next = min(next, now + trainer.pollInterval)
      let isFinite = trainer.run(steps: next - now)
      monitor.advance(by: Int(trainer.step) - now)
      if !isFinite {
        outcome = .diverged
        divergedAt = Int(trainer.step)
        break
      }
      if let every, (next - first) % every == 0, next < last {
        look(trainer.state)
        if outcome != .completed { break }
      }
      if let quantity = monitor.watched, monitor.isAsked(&answered),
        let value = try? quantity.value(
          evaluator.measure(trainer.state), of: trainer.state, settings)
      {
        monitor.show(value, of: quantity, at: Int(trainer.step))
      }
      // Not after every look: looking must not move the end of the run.
      if next % checkInterval == 0 || next == last, isDone() {
        outcome = .converged
      } else if monitor.shouldStop {
        outcome = .interrupted
      }
    }
    let steps = Int(trainer.step) - first
    var interrupted: InterruptedRun?
    if outcome == .diverged {
      state = before
    } else {
      state = trainer.state
      if outcome == .interrupted, observerError == nil {
        interrupted = InterruptedRun(first: first, state: state, trace: trace)
      }
      if observerError == nil, trace.last?.measurement.step != state.step { look(state) }
    }
    return RunResult(
      outcome: outcome, steps: steps, divergedAt: divergedAt,
      final: trace[trace.count - 1].measurement, trace: trace, observerError: observerError,
      interrupted: interrupted)
  }
}
