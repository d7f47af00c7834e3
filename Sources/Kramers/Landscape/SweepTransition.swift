/// A mode that was learned at one point of a sweep's grid and not at its neighbour.
public struct SweepTransition: Sendable {
  /// The order of a transition, from what the network does and not from its depth.
  public enum Kind: String, Sendable {
    /// The strength is discontinuous: the state beyond stays when the strength is set back, or the
    /// change of the mode does not shrink with the step of the grid.
    case jump
    /// The mode comes back when the strength is set back, and its change shrinks with the step.
    case continuous
    /// Neither can be said; `reason` tells why.
    case unresolved
  }

  /// k = 1, 2, ...
  public let mode: Int
  /// The mode vanished (true) or appeared.
  public let isCollapse: Bool
  /// Middle of the two points.
  public let l2: Double
  /// Distance of the two points: where between them it happened is not known.
  public let uncertainty: Double
  /// The mode's strength at the two points, in their order.
  public let strengths: (before: Double, after: Double)
  public let kind: Kind
  public let reason: String?
  /// With `hold`: the change in units of the fluctuation within a hold,
  /// |mean_b - mean_a| / sqrt(var_a + var_b) over 16 looks in the second half of each.
  public let significance: Double?
  /// Rising l2: the spinodal. Falling l2: at depth 2 the same; at depth 3 and more the order of
  /// magnitude s floor^(D-2), which the floor makes and not the model. Nil without theory.
  public let theory: Double?
}

/// A second look at a sweep: where it ended, and what was seen on the way.
struct SweepProbe: Sendable {
  var state: TrainingState
  var converged: Bool
  /// Strengths of all modes at each look in the second half of a hold.
  var looks: [Double]
}

/// Finds the transitions of a sweep and tells their kinds.
///
/// With `hold`, first whether the change stands out of what the mode does within a hold (at least
/// four fluctuations, and no drift within its second half of more than a quarter of the change);
/// if not, or if the two sides relax to the same phase with the noise off, the transition is
/// unresolved. Then, noise off and each state at rest:
///
/// - the state beyond is taken back to the strength before. If it stays what it is, two phases
///   exist there: a jump;
/// - otherwise the interval is halved until the change of the mode is less than a quarter of what
///   it was, or a twentieth of the largest strength of the mode in the sweep: continuous. A change
///   that has not shrunk after eight halvings is a jump too.
///
/// Each look is a `SweepProbe`; those in `done` are not repeated.
struct SweepTransitionSearch {
  let origin: Experiment
  let points: [SweepPoint]
  let states: [Experiment]
  let options: SweepOptions
  let monitor: RunMonitor
  /// Looks taken, in order.
  private(set) var done: [SweepProbe]
  /// The look under way, if it was interrupted.
  private(set) var settling: InterruptedSweep.Settling?
  private(set) var isInterrupted = false
  private var next = 0
  private let strengths: [[Double]]
  private var held: [Int: SweepProbe] = [:]
  private var rested: [Int: Rest] = [:]

  /// What is known of a transition.
  private struct Verdict {
    var kind = SweepTransition.Kind.unresolved
    var reason: String?
    var significance: Double?
  }

  /// A state at rest.
  private struct Rest {
    let experiment: Experiment
    let converged: Bool
    let learned: [Bool]
    let strengths: [Double]
  }

  init(
    origin: Experiment, points: [SweepPoint], states: [Experiment], options: SweepOptions,
    monitor: RunMonitor, done: [SweepProbe], settling: InterruptedSweep.Settling?
  ) {
    self.origin = origin
    self.points = points
    self.states = states
    self.options = options
    self.monitor = monitor
    self.done = done
    self.settling = settling
    strengths = states.map { $0.ownStrengths() }
  }

  /// In the order of the ramp; those so far if it was interrupted.
  mutating func transitions() throws -> [SweepTransition] {
    var theory: [PhaseTheory.Mode] = []
    if (try? origin.phaseTheoryApplies()) != nil {
      theory = try origin.phaseTheory(monitor: monitor).modes
    }
    var found: [SweepTransition] = []
    for i in points.indices.dropFirst() {
      let (a, b) = (points[i - 1], points[i])
      for k in 0..<min(a.learned.count, b.learned.count) where a.learned[k] != b.learned[k] {
        guard let verdict = try judge(i, k) else {
          isInterrupted = true
          return found
        }
        let mode = k < theory.count ? theory[k] : nil
        var expected = mode?.spinodal
        if b.l2 < a.l2, origin.network.depth >= 3 {
          expected = mode.flatMap {
            options.floor > 0
              ? $0.singular * integerPower(options.floor, origin.network.depth - 2) : nil
          }
        }
        found.append(
          SweepTransition(
            mode: k + 1, isCollapse: a.learned[k], l2: 0.5 * (a.l2 + b.l2),
            uncertainty: abs(b.l2 - a.l2), strengths: (strength(i - 1, k), strength(i, k)),
            kind: verdict.kind, reason: verdict.reason, significance: verdict.significance,
            theory: expected))
      }
    }
    return found
  }

  private func strength(_ i: Int, _ k: Int) -> Double {
    k < strengths[i].count ? strengths[i][k] : 0
  }

  /// The transition of mode k between points i - 1 and i; nil if interrupted.
  private mutating func judge(_ i: Int, _ k: Int) throws -> Verdict? {
    var verdict = Verdict()
    if options.hold != nil {
      guard let before = try hold(i - 1), let after = try hold(i) else { return nil }
      let count = strengths[i].count
      let (a, b) = (HeldMode(before.looks, k, of: count), HeldMode(after.looks, k, of: count))
      let change = abs(b.mean - a.mean)
      let fluctuation = (a.variance + b.variance).squareRoot()
      verdict.significance = fluctuation > 0 ? change / fluctuation : nil
      if let z = verdict.significance, !(z >= 4) {
        verdict.reason =
          "mode \(k + 1) changes by \(plainNumber(rounded(z))) times its fluctuation within a hold, "
          + "less than 4"
        return verdict
      }
      let drift = max(abs(a.drift), abs(b.drift))
      if drift > 0.25 * change {
        verdict.reason =
          "mode \(k + 1) still drifts, by \(plainNumber(rounded(drift))) in half a hold; raise hold"
        return verdict
      }
    }
    guard let before = try rest(i - 1), let after = try rest(i) else { return nil }
    guard before.converged, after.converged else {
      verdict.reason = "a point beside it has not converged"
      return verdict
    }
    guard before.learned[k] != after.learned[k] else {
      verdict.reason =
        "at rest mode \(k + 1) is \(before.learned[k] ? "learned" : "zero") on both sides: the ramp "
        + "shows its delay or the noise; raise hold"
      return verdict
    }
    guard let order = try order(k, points[i - 1].l2, before, points[i].l2, after) else {
      return nil
    }
    verdict.kind = order.kind
    verdict.reason = order.reason
    return verdict
  }

  private mutating func order(
    _ k: Int, _ first: Double, _ before: Rest, _ second: Double, _ after: Rest
  ) throws -> Verdict? {
    let limit = (strengths.indices.map { strength($0, k) }.max() ?? 0) / 20
    let change = abs(before.strengths[k] - after.strengths[k])
    guard change > limit else { return Verdict(kind: .continuous) }
    guard let back = try quench(after.experiment, l2: first) else { return nil }
    guard back.converged else {
      return Verdict(reason: "set back to the point before, the network did not come to rest")
    }
    if back.learned[k] == after.learned[k] { return Verdict(kind: .jump) }
    var (near, far) = ((l2: first, rest: before), (l2: second, rest: after))
    for _ in 0..<8 {
      let middle = 0.5 * (near.l2 + far.l2)
      guard let rest = try quench(near.rest.experiment, l2: middle) else { return nil }
      guard rest.converged else {
        return Verdict(reason: "close to it the network did not come to rest; raise max_steps")
      }
      if rest.learned[k] == before.learned[k] {
        near = (middle, rest)
      } else {
        far = (middle, rest)
      }
      let left = abs(near.rest.strengths[k] - far.rest.strengths[k])
      if left < 0.25 * change || left < limit { return Verdict(kind: .continuous) }
    }
    return Verdict(kind: .jump)
  }

  /// Point i at rest: as it was if it converged, else with the noise off.
  private mutating func rest(_ i: Int) throws -> Rest? {
    if let converged = points[i].converged {
      return Rest(
        experiment: states[i], converged: converged, learned: points[i].learned,
        strengths: strengths[i])
    }
    if let known = rested[i] { return known }
    rested[i] = try quench(states[i], l2: points[i].l2)
    return rested[i]
  }

  /// Where a state comes to rest at a strength, noise off; nil if interrupted.
  private mutating func quench(_ start: Experiment, l2: Double) throws -> Rest? {
    var experiment = start
    try experiment.update {
      $0 = $0.noiseless
      $0.l2 = l2
    }
    var quiet = options
    quiet.hold = nil
    quiet.floor = 0
    // A ramp with `hold` bounds its cost, and its looks are bounded with it.
    if let hold = options.hold { quiet.maxSteps = min(options.maxSteps, max(10 * hold, 20_000)) }
    let probe = try probe { settling, monitor in
      let settled = try experiment.settle(quiet, &settling, monitor)
      if settled.ended?.outcome == .interrupted { return nil }
      return SweepProbe(state: experiment.state, converged: settled.converged, looks: [])
    }
    guard let probe else { return nil }
    let reached = experiment.at(probe.state)
    return Rest(
      experiment: reached, converged: probe.converged, learned: try reached.learnedFlags(l2: l2),
      strengths: reached.ownStrengths())
  }

  /// The hold at point i once more, step for step, with looks; nil if interrupted.
  private mutating func hold(_ i: Int) throws -> SweepProbe? {
    if let known = held[i] { return known }
    guard let hold = options.hold else { return nil }
    var experiment = i > 0 ? states[i - 1] : origin
    try experiment.update { $0.l2 = points[i].l2 }
    experiment.addFloor(options.floor, point: i)
    var training = TrainingOptions(steps: hold)
    training.every = max(hold / 32, 1)
    let (floor, monitorOfAll) = (experiment, monitor)
    held[i] = try probe { settling, _ in
      let run = try experiment.train(
        training, monitor: monitorOfAll,
        observer: { [.init("strengths", floor.at($0).ownStrengths().record)] },
        resuming: settling?.run)
      if run.outcome == .interrupted {
        settling = InterruptedSweep.Settling(run: run.interrupted)
        return nil
      }
      let looks = run.trace.suffix(16).flatMap { row -> [Double] in
        guard case .array(let values)? = row.observed.first?.value else { return [] }
        return values.map { if case .number(let x) = $0 { x } else { 0 } }
      }
      return SweepProbe(state: experiment.state, converged: false, looks: looks)
    }
    return held[i]
  }

  /// The next look: taken now, or in an earlier run.
  private mutating func probe(
    _ take: (inout InterruptedSweep.Settling?, RunMonitor) throws -> SweepProbe?
  ) throws -> SweepProbe? {
    if next == done.count {
      let probe = try take(&settling, monitor)
      guard let probe else { return nil }
      settling = nil
      done.append(probe)
    }
    next += 1
    return done[next - 1]
  }
}

/// A mode within the second half of a hold.
private struct HeldMode {
  let mean: Double
  let variance: Double
  /// Mean of the later looks less mean of the earlier ones.
  let drift: Double

  /// - Parameter looks: strengths of `count` modes, look after look.
  init(_ looks: [Double], _ k: Int, of count: Int) {
    let own = stride(from: k, to: looks.count, by: count).map { looks[$0] }
    let mean = own.reduce(0, +) / Double(max(own.count, 1))
    self.mean = mean
    variance =
      own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(max(own.count - 1, 1))
    let half = own.count / 2
    drift =
      half > 0 ? (own.suffix(half).reduce(0, +) - own.prefix(half).reduce(0, +)) / Double(half) : 0
  }
}
