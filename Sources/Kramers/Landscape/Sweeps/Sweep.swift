/// A quasi-static ramp of the L2 strength.
public struct SweepOptions: Sendable, Equatable {
  /// The grid, rising or falling throughout.
  public var l2: [Double]
  /// Steps at each point; nil trains each point to convergence.
  public var hold: Int?
  /// Gradient norm at which a point is converged.
  public var tolerance = 1e-8
  /// Gives a point up after so many steps.
  public var maxSteps = 1_000_000
  /// Standard deviation of a Gaussian added to every weight once before each point. A converged
  /// zero state never leaves by itself, and a numerical zero is no state of physics: a sweep
  /// downwards measures the floor unless it is stated.
  public var floor = SweepOptions.standardFloor
  /// Stands at every point.
  public var observable: Observable?

  public static let standardFloor = 1e-6

  public init(l2: [Double]) { self.l2 = l2 }

  func validate(_ settings: Settings) throws {
    guard !l2.isEmpty else { throw InputError.sentence("l2 must not be empty") }
    for (i, x) in l2.enumerated() {
      guard x.isFinite, x >= 0 else { throw InputError.rule("l2[\(i + 1)]", "0 or positive", x) }
    }
    for i in l2.indices.dropFirst(2) where (l2[i] - l2[i - 1]) * (l2[1] - l2[0]) <= 0 {
      throw unsorted(i)
    }
    if l2.count >= 2, l2[0] == l2[1] { throw unsorted(1) }
    if let hold, hold < 1 { throw InputError.rule("hold", "at least 1", hold) }
    guard maxSteps >= 1 else { throw InputError.rule("max_steps", "at least 1", maxSteps) }
    guard tolerance > 0 else { throw InputError.rule("converged", "positive", tolerance) }
    guard floor >= 0, floor.isFinite else {
      throw InputError.rule("floor", "0 or positive", floor)
    }
    guard hold != nil || settings == settings.noiseless else {
      throw InputError.sentence(
        "hold is required: with noise on, no point converges (batch, temperature, gradient_noise "
          + "or label_noise is set)")
    }
  }

  private func unsorted(_ i: Int) -> InputError {
    InputError.sentence(
      "l2 must rise or fall throughout, but l2[\(i + 1)] = \(plainNumber(l2[i])) follows "
        + "l2[\(i)] = \(plainNumber(l2[i - 1]))")
  }
}

public struct SweepPoint: Sendable {
  public let l2: Double
  public let measurement: Measurement
  /// Per mode whether it is learned (`Experiment.learnedFlags`).
  public let learned: [Bool]
  /// Steps taken at this point.
  public let steps: Int
  /// Whether the gradient met the tolerance at a state that is no saddle; nil with `hold`.
  public let converged: Bool?
  /// What a function of the user's gave; other observables stand in the measurement.
  public var observed: Double?
  public var rank: Int { learned.count { $0 } }
}

public struct SweepResult: Sendable {
  public let points: [SweepPoint]
  /// Where modes vanished and appeared, in the order of the ramp.
  public let transitions: [SweepTransition]
  public let floor: Double
  public let observable: Observable?
  public let outcome: RunOutcome
  /// Of a sweep that ended at a point that diverged; the experiment stands at the point before.
  public let divergence: Divergence?
  /// The largest learning rate at which a stationary start is stable by the Hessian, if it is below
  /// the experiment's: a mode that is missing at the first point may have left by the step alone.
  public let startLimit: Double?
  /// The experiment as it stood at each point.
  public let states: [Experiment]
  /// Whether l2 rises; nil for a single point.
  public let isRising: Bool?
  /// Of a sweep that the monitor interrupted.
  public let interrupted: InterruptedSweep?

  /// Discontinuous transitions.
  public var jumps: [SweepTransition] { transitions.filter { $0.kind == .jump } }
  /// How many points were left before they had converged.
  public var unconverged: Int { points.count { $0.converged == false } }

  /// What a reader of the numbers has to know; nil if nothing.
  public var warning: String? {
    var parts: [String] = []
    if let divergence {
      parts.append("ended after \(points.count) points: \(divergence.message)")
    }
    if let startLimit {
      parts.append(
        "lr is above \(plainNumber(rounded(startLimit))), the largest stable lr by the Hessian at "
          + "the start: what is missing at the first point may have left by the step alone")
    }
    if unconverged > 0 {
      parts.append(
        "\(unconverged) of \(points.count) points had not converged; raise max_steps")
    }
    let open = transitions.filter { $0.kind == .unresolved }
    if let first = open.first, let reason = first.reason {
      parts.append(
        "\(open.count) of \(transitions.count) transitions unresolved, the first at l2 = "
          + "\(plainNumber(rounded(first.l2))): \(reason)")
    }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }
}

/// Where an interrupted sweep stands: all that `sweep` needs to go on as if nothing had happened.
public struct InterruptedSweep: Sendable {
  /// The points that are done, and the state at each.
  var points: [SweepPoint]
  var states: [TrainingState]
  /// Looks at the transitions that are done, once all points are.
  var probes: [SweepProbe]
  /// The point or the look under way.
  var settling: Settling

  /// Training at one point, between two kicks off saddles.
  struct Settling: Sendable {
    /// Beyond this, kicks do not help: the falling direction leads nowhere within the tolerance.
    var kicksLeft = 20
    /// Steps taken at this point, without those of `run`.
    var steps = 0
    var run: InterruptedRun?
  }

  /// Whether it can be a sweep over this grid.
  func fits(_ options: SweepOptions, _ experiment: Experiment) -> Bool {
    points.count <= options.l2.count && states.count == points.count
      && (probes.isEmpty || points.count == options.l2.count)
      && zip(points, options.l2).allSatisfy { $0.l2 == $1 }
      && (states + probes.map(\.state)).allSatisfy { $0.fits(experiment.network, experiment.data) }
  }
}

extension Experiment {
  /// Trains at each L2 strength in turn, from the state of the one before, and finds where modes
  /// vanish and appear, and in which way (`SweepTransition`). Ends at the last point.
  ///
  /// A point counts as converged where the gradient is small *and* no eigenvalue of the Hessian is
  /// negative: at a saddle (a collapsed mode of depth 2 below its onset, say, which rounding keeps
  /// at zero for ever) the state is moved along the falling direction by the floor, at least 1e-6,
  /// and goes on. At depth 3 and more the collapsed state is a minimum, and stays.
  ///
  /// Given an interrupted sweep of the same options, goes on with it, bit for bit.
  ///
  /// - Throws: `InputError` for an empty or unsorted grid, or noise without `hold`.
  public mutating func sweep(
    _ options: SweepOptions, monitor: RunMonitor = RunMonitor(),
    resuming: InterruptedSweep? = nil
  ) throws -> SweepResult {
    try options.validate(settings)
    try options.observable?.check(
      ObservableContext(data: data, network: network, settings: settings))
    if let resuming, !resuming.fits(options, self) {
      throw InputError.sentence("the progress to resume from is that of another sweep")
    }
    let origin = self
    try checkMemory(
      count: Double(options.l2.count) * (ItemSize.row + Double(network.parameterCount)),
      what: "\(options.l2.count) points with their states")
    let startLimit = try startLimit(options)
    var points = resuming?.points ?? []
    var states: [Experiment] = []
    for (point, reached) in zip(points, resuming?.states ?? []) {
      try update { $0.l2 = point.l2 }
      state = reached
      states.append(self)
    }
    monitor.begin(points: options.l2.count, done: points.map(\.steps))
    var outcome = RunOutcome.completed
    var divergence: Divergence?
    var interrupted: InterruptedSweep?
    for (i, l2) in options.l2.enumerated().dropFirst(points.count) {
      let before = self
      try update { $0.l2 = l2 }
      var settling = resuming.flatMap { $0.points.count == i ? $0.settling : nil }
      if settling == nil { addFloor(options.floor, point: i) }
      let settled = try settle(options, &settling, monitor)
      if let run = settled.ended {
        outcome = run.outcome
        if run.outcome == .interrupted {
          interrupted = settling.map {
            InterruptedSweep(points: points, states: states.map(\.state), probes: [], settling: $0)
          }
        } else {
          divergence = self.divergence(of: run, monitor: monitor)
          self = before
        }
        break
      }
      let steps = settling?.steps ?? 0
      points.append(
        SweepPoint(
          l2: l2, measurement: try measure(), learned: try learnedFlags(l2: l2, monitor: monitor),
          steps: steps, converged: options.hold == nil ? settled.converged : nil))
      do {
        points[i].observed = try options.observable?.custom?.body(state, settings)
      } catch {
        guard monitor.shouldStop else { throw error }
        // Interrupted inside of the user's function: the point is not done.
        points.removeLast()
        outcome = .interrupted
        interrupted = settling.map {
          InterruptedSweep(points: points, states: states.map(\.state), probes: [], settling: $0)
        }
        break
      }
      states.append(self)
      let mode = points[i].measurement.modes.first ?? 0
      monitor.endPoint(steps: steps, l2: l2, mode: mode)
      if monitor.watched == nil { monitor.show(mode, of: .mode(1), at: Int(state.step)) }
    }
    var transitions: [SweepTransition] = []
    if outcome != .interrupted {
      let isResumed = resuming?.points.count == options.l2.count
      var search = SweepTransitionSearch(
        origin: origin, points: points, states: states, options: options, monitor: monitor,
        done: resuming?.probes ?? [], settling: isResumed ? resuming?.settling : nil)
      transitions = try search.transitions()
      if search.isInterrupted {
        outcome = .interrupted
        interrupted = InterruptedSweep(
          points: points, states: states.map(\.state), probes: search.done,
          settling: search.settling ?? InterruptedSweep.Settling())
      }
    }
    return SweepResult(
      points: points, transitions: transitions, floor: options.floor,
      observable: options.observable, outcome: outcome, divergence: divergence,
      startLimit: startLimit, states: states,
      isRising: options.l2.count > 1 ? options.l2[1] > options.l2[0] : nil,
      interrupted: interrupted)
  }

  /// The largest stable learning rate at a stationary start and the first strength, if ours is above
  /// it. Elsewhere the Hessian decides nothing.
  private func startLimit(_ options: SweepOptions) throws -> Double? {
    guard try measure().gradientNorm <= 1e-6 else { return nil }
    var first = self
    try first.update { $0.l2 = options.l2[0] }
    guard let limit = try first.stableLearningRate(), limit <= settings.learningRate else {
      return nil
    }
    return limit
  }

  mutating func addFloor(_ floor: Double, point: Int) {
    guard floor > 0 else { return }
    let noise = RandomStream(seed: seed, stream: UInt32(truncatingIfNeeded: point), purpose: .floor)
      .normals(network.parameterCount, scale: floor, step: state.step)
    for k in noise.indices { state.parameters[k] += noise[k] }
  }

  /// What training at a point came to.
  struct Settled {
    /// Whether it converged to a state that is no saddle.
    var converged = false
    /// The run that was interrupted or diverged.
    var ended: RunResult?
  }

  /// Trains at one point.
  /// - Parameter settling: where an interrupted run stands, and where this one does at the end.
  mutating func settle(
    _ options: SweepOptions, _ settling: inout InterruptedSweep.Settling?, _ monitor: RunMonitor
  ) throws -> Settled {
    var (kicksLeft, steps) = (settling?.kicksLeft ?? 20, settling?.steps ?? 0)
    var interrupted = settling?.run
    defer {
      settling = InterruptedSweep.Settling(kicksLeft: kicksLeft, steps: steps, run: interrupted)
    }
    while true {
      var training = TrainingOptions(steps: (options.hold ?? options.maxSteps) - steps)
      if options.hold == nil { training.untilConverged = options.tolerance }
      let run = try train(training, settings: settings, monitor: monitor, resuming: interrupted)
      interrupted = run.interrupted
      if interrupted == nil { steps += run.steps }
      switch run.outcome {
      case .diverged, .interrupted: return Settled(ended: run)
      case .completed: return Settled()
      case .converged: break
      }
      guard let direction = try fallingDirection() else { return Settled(converged: true) }
      guard kicksLeft > 0 else { return Settled() }
      kicksLeft -= 1
      let size = max(options.floor, SweepOptions.standardFloor)
      for k in direction.indices { state.parameters[k] += size * direction[k] }
    }
  }

  /// The eigenvector of a negative Hessian eigenvalue; nil at a minimum. A Ritz value lies above
  /// the lowest eigenvalue, so what it reports negative is negative.
  private func fallingDirection() throws -> [Double]? {
    guard settings.optimizer.descendsObjective else { return nil }
    let curvature = HessianOperator(
      network, at: state.parameters, try data.fullBatch(for: network), l2: settings.l2Term)
    let found = curvature.extremes(1, .smallest, tolerance: 1e-6, maximumSteps: 60)
    let largest = curvature.extremes(1, .largest, tolerance: 1e-2, maximumSteps: 20)
    guard let value = found.values.first, let scale = largest.values.first,
      value < -1e-6 * abs(scale)
    else { return nil }
    return found.vectors[0]
  }
}
