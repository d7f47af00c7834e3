/// A run that left the finite numbers: where, and how large a learning rate would have been stable.
public struct Divergence: Sendable, Equatable {
  /// Step of the experiment at which a parameter became infinite or NaN.
  public let step: Int
  public let l2: Double
  public let learningRate: Double
  /// The largest learning rate that is stable by the Hessian; nil where the Hessian sets none
  /// (adam, adamw).
  public let stableRate: Double?
  /// Whether minibatches or additive noise were on.
  public let isNoisy: Bool

  /// What happened and what to do, for every verb and protocol.
  public var message: String {
    let where_ = "training diverged at step \(step) (l2 = \(plainNumber(l2)))"
    let lr = "lr = \(plainNumber(learningRate))"
    guard let stableRate else { return "\(where_), \(lr); lower lr" }
    let limit = plainNumber(rounded(stableRate))
    if learningRate >= stableRate {
      return "\(where_): \(lr) is above \(limit), the largest stable lr by the Hessian there; "
        + "lower lr"
    }
    return isNoisy
      ? "\(where_): the Hessian there allows lr up to \(limit), so that the noise drove it away; "
        + "lower the noise or lr"
      : "\(where_): the Hessian there allows lr up to \(limit), but it grows on the way; lower lr"
  }
}

extension Experiment {
  /// What is to be said of a run that diverged; nil of any other. Afterwards the experiment stands
  /// where the run began.
  ///
  /// - Parameter settings: those of the run; nil is the experiment's own.
  public func divergence(
    of run: RunResult, settings: Settings? = nil, monitor: RunMonitor = RunMonitor()
  ) -> Divergence? {
    guard run.outcome == .diverged, let step = run.divergedAt else { return nil }
    return divergence(at: step, from: state, settings: settings, monitor: monitor)
  }

  /// The same of a run in several pieces, which began at `start`: where the last piece began the
  /// network may have been far away already.
  public func divergence(
    at step: Int, from start: TrainingState, settings: Settings? = nil,
    monitor: RunMonitor = RunMonitor()
  ) -> Divergence {
    var copy = at(start)
    if let settings { try? copy.update { $0 = settings } }
    return Divergence(
      step: step, l2: copy.settings.l2, learningRate: copy.settings.learningRate,
      stableRate: copy.stableRate(followed: step - Int(start.step), monitor),
      isNoisy: copy.isNoisy)
  }

  /// The largest learning rate at which the present state is stable: with h the largest Hessian
  /// eigenvalue of the objective, 2/h under sgd and 2 (1 + mu)/h under momentum (B. T. Polyak, USSR
  /// Comput. Math. Math. Phys. 4, 1964); nil under other optimisers, and where nothing curves up.
  ///
  /// The eigenvalue is Lanczos' (from below, to 1e-3).
  public func stableLearningRate() throws -> Double? {
    guard settings.optimizer.rule.form != nil else { return nil }
    let curvature = HessianOperator(
      network, at: state.parameters, try data.fullBatch(for: network), l2: settings.l2Term)
    let found = curvature.extremes(1, .largest, tolerance: 1e-3, maximumSteps: 100)
    guard let top = found.values.first, top > 0, top.isFinite else { return nil }
    return 2 * (1 + (settings.heavyBall ?? 0)) / top
  }

  private var isNoisy: Bool {
    settings.temperature > 0 || settings.gradientNoise > 0 || settings.labelNoise > 0
      || settings.batch != .full
  }

  /// The limit at the present state, or where a learning rate that does not diverge leads from it:
  /// a random start is flatter than what it runs into.
  private func stableRate(followed steps: Int, _ monitor: RunMonitor) -> Double? {
    guard let here = (try? stableLearningRate()) ?? nil else { return nil }
    guard here > settings.learningRate else { return here }
    // Small enough for smooth descent: a rate that is barely finite overshoots into flat places.
    var lr = settings.learningRate / 16
    let ownMonitor = RunMonitor { monitor.shouldStop }
    for _ in 0..<10 where !monitor.shouldStop {
      lr /= 4
      var copy = self
      try? copy.update { $0.learningRate = lr }
      // Twice as far in lr * steps, as far as the cost allows.
      let far = 2 * Double(steps) * settings.learningRate / lr
      let options = TrainingOptions(
        steps: Int(min(max(far, 100), max(10 * Double(steps), 2000))))
      guard let run = try? copy.train(options, monitor: ownMonitor), run.outcome != .diverged else {
        continue
      }
      guard let there = (try? copy.stableLearningRate()) ?? nil else { break }
      return min(here, there)
    }
    return here
  }
}
