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
  public var rank: Int { learned.count { $0 } }
}

/// A mode that was learned at one point of the grid and not at its neighbour.
public struct SweepJump: Sendable {
  /// k = 1, 2, ...
  public let mode: Int
  /// The mode vanished (true) or appeared.
  public let isCollapse: Bool
  /// Middle of the two points.
  public let l2: Double
  /// Distance of the two points: where between them it happened is not known.
  public let uncertainty: Double
  /// The k-th singular value at the two points, in their order.
  public let strengths: (before: Double, after: Double)
  /// Rising l2: the spinodal. Falling l2: at depth 2 the same; at depth 3 and more the order of
  /// magnitude s floor^(D-2), which the floor makes and not the model. Nil without theory.
  public let theory: Double?
}

public struct SweepResult: Sendable {
  public let points: [SweepPoint]
  public let jumps: [SweepJump]
  public let floor: Double
  public let outcome: RunOutcome
  /// The experiment as it stood at each point.
  public let states: [Experiment]
  /// Whether l2 rises; nil for a single point.
  public let isRising: Bool?
  /// Of a sweep that the monitor interrupted.
  public let interrupted: InterruptedSweep?
}

/// Where an interrupted sweep stands: all that `sweep` needs to go on as if nothing had happened.
public struct InterruptedSweep: Sendable {
  /// The points that are done, and the state at each.
  var points: [SweepPoint]
  var states: [TrainingState]
  /// The point under way.
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
    points.count < options.l2.count && states.count == points.count
      && zip(points, options.l2).allSatisfy { $0.l2 == $1 }
      && states.allSatisfy { $0.fits(experiment.network, experiment.data) }
  }
}

extension Experiment {
  /// Trains at each L2 strength in turn, from the state of the one before, and finds where modes
  /// vanish and appear. Ends at the last point.
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
    if let resuming, !resuming.fits(options, self) {
      throw InputError.sentence("the progress to resume from is that of another sweep")
    }
    var points = resuming?.points ?? []
    var states: [Experiment] = []
    for (point, reached) in zip(points, resuming?.states ?? []) {
      try update { $0.l2 = point.l2 }
      state = reached
      states.append(self)
    }
    var outcome = RunOutcome.completed
    var interrupted: InterruptedSweep?
    for (i, l2) in options.l2.enumerated().dropFirst(points.count) {
      let before = self
      try update { $0.l2 = l2 }
      var settling = resuming.flatMap { $0.points.count == i ? $0.settling : nil }
      if settling == nil { addFloor(options.floor, point: i) }
      let converged = try settle(options, &settling, &outcome, monitor)
      if outcome == .diverged {
        self = before
        break
      }
      if outcome == .interrupted {
        interrupted = settling.map {
          InterruptedSweep(points: points, states: states.map(\.state), settling: $0)
        }
        break
      }
      points.append(
        SweepPoint(
          l2: l2, measurement: try measure(), learned: try learnedFlags(l2: l2, monitor: monitor),
          steps: settling?.steps ?? 0, converged: options.hold == nil ? converged : nil))
      states.append(self)
      monitor.show(points[i].measurement.modes.first ?? 0)
    }
    return SweepResult(
      points: points, jumps: try jumps(points, options.floor, monitor), floor: options.floor,
      outcome: outcome, states: states,
      isRising: options.l2.count > 1 ? options.l2[1] > options.l2[0] : nil,
      interrupted: interrupted)
  }

  private mutating func addFloor(_ floor: Double, point: Int) {
    guard floor > 0 else { return }
    let noise = RandomStream(seed: seed, stream: UInt32(truncatingIfNeeded: point), purpose: .floor)
      .normals(network.parameterCount, scale: floor, step: state.step)
    for k in noise.indices { state.parameters[k] += noise[k] }
  }

  /// Trains at one point.
  /// - Parameter settling: where an interrupted run stands, and where this one does at the end.
  /// - Returns: whether it converged to a state that is no saddle.
  private mutating func settle(
    _ options: SweepOptions, _ settling: inout InterruptedSweep.Settling?,
    _ outcome: inout RunOutcome, _ monitor: RunMonitor
  ) throws -> Bool {
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
      case .diverged, .interrupted:
        outcome = run.outcome
        return false
      case .completed: return false
      case .converged: break
      }
      guard let direction = try fallingDirection() else { return true }
      guard kicksLeft > 0 else { return false }
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

  private func jumps(
    _ points: [SweepPoint], _ floor: Double, _ monitor: RunMonitor
  ) throws -> [SweepJump] {
    var theory: [PhaseTheory.Mode] = []
    if (try? phaseTheoryApplies()) != nil { theory = try phaseTheory(monitor: monitor).modes }
    var jumps: [SweepJump] = []
    for (a, b) in zip(points, points.dropFirst()) {
      for k in 0..<min(a.learned.count, b.learned.count) where a.learned[k] != b.learned[k] {
        func strength(_ point: SweepPoint) -> Double {
          k < point.measurement.modes.count ? point.measurement.modes[k] : 0
        }
        var expected = k < theory.count ? theory[k].spinodal : nil
        if b.l2 < a.l2, network.depth >= 3 {
          expected =
            k < theory.count && floor > 0
            ? theory[k].singular * integerPower(floor, network.depth - 2) : nil
        }
        jumps.append(
          SweepJump(
            mode: k + 1, isCollapse: a.learned[k], l2: 0.5 * (a.l2 + b.l2),
            uncertainty: abs(b.l2 - a.l2), strengths: (strength(a), strength(b)),
            theory: expected))
      }
    }
    return jumps
  }
}
