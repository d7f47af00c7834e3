/// What `continuation` asks for.
public struct ContinuationOptions: Sendable, Equatable {
  /// How far l2 goes; nil: up, until nothing is left of what the network has learned.
  public var to: Double?
  /// Strengths at which every branch gets a point; their ends bound the range too.
  public var l2: [Double] = []
  /// Points on all branches together, at the most.
  public var maxPoints = 2000
  /// The largest step, as a share of |theta| (and twice that of l2).
  public var step = 0.1
  /// Ends at the first event of this kind.
  public var stopAt: BranchEventKind?
  /// Branches that are followed, at the most.
  public var branches = 16
  /// Whether branches end where they lose their stability: the states of noise-free training alone,
  /// without saddles and barriers.
  public var onlyStable = false
  /// Whether the states that come after a loss of stability are followed.
  var followsChain = true
  /// Parameters up to which the Hessian is formed.
  var denseLimit = StationarySurface.standardDenseLimit

  public init() {}

  func validate() throws {
    if let to, !(to > 0 && to.isFinite) { throw InputError.rule("to", "positive", to) }
    for (i, x) in l2.enumerated() where !(x > 0 && x.isFinite) {
      throw InputError.rule("l2[\(i + 1)]", "positive", x)
    }
    guard maxPoints >= 2 else { throw InputError.rule("max_points", "at least 2", maxPoints) }
    guard step > 0, step <= 0.5 else { throw InputError.rule("step", "in 0...0.5", step) }
    guard branches >= 1 else { throw InputError.rule("branches", "at least 1", branches) }
    guard to == nil || l2.isEmpty else { throw InputError.sentence("give either to or l2") }
  }
}

/// Stationary states as functions of the L2 strength.
public struct ContinuationResult: Sendable {
  public struct BranchRow: Sendable {
    public let parent: Int?
    public let born: String
    public let points: Int
    /// Why it ends.
    public let end: String?
    /// Whether noise-free training comes along here as l2 moves.
    public let isChain: Bool
  }

  public struct Point: Sendable {
    /// Counted from 1, as all branches here.
    public let branch: Int
    public let l2: Double
    public let objective: Double
    public let measurement: Measurement
    /// Negative eigenvalues of the Hessian.
    public let index: Int
    /// The eigenvalue nearest zero, rotations of linear layers left out.
    public let softest: Double
    public let arclength: Double
    /// |grad(objective)|.
    public let residual: Double
  }

  public struct Event: Sendable {
    public let branch: Int
    public let kind: BranchEventKind
    public let l2: Double
    /// The mode whose strength the null vector changes most; nil where it changes none.
    public let mode: Int?
    public let objective: Double
    public let residual: Double
    /// |v.p| / |p| of the null vector v, p = dG/db.
    public let overlap: Double
    /// The eigenvalue that is zero here, as it was computed.
    public let eigenvalue: Double
    /// Of a branch point: `"pitchfork"` (two sides that are mirror images) or `"transcritical"`.
    public let shape: String?
    public let indexBefore: Int
    public let indexAfter: Int
  }

  public let startL2: Double
  public let branches: [BranchRow]
  public let points: [Point]
  public let folds: [Event]
  public let branchPoints: [Event]
  /// What noise-free training meets as l2 moves, in its order.
  public let transitions: [ContinuedTransition]
  /// Branches that were seen but not followed.
  public let leftOut: Int
  /// The experiment at each point.
  public let states: [Experiment]
  public let isInterrupted: Bool
  /// Of one that was interrupted.
  public let progress: ContinuationProgress?
}

extension Experiment {
  /// Follows the stationary states of the objective in the L2 strength, from the present state
  /// (relaxed first, without noise) on: branches, their folds and branch points, the states beyond.
  /// The experiment stays as it is.
  ///
  /// Any smooth network, linear ones with their rotations left out. Given the progress of an
  /// interrupted one with the same options, goes on from it.
  ///
  /// - Throws: `InputError` for networks with kinks, without an objective, at l2 = 0, and for a state
  ///   that has more zero modes than rotations make.
  ///
  /// Cost: a point takes 3 to 6 Newton steps. Up to 2000 parameters P it forms the exact Hessian and
  /// eliminates (P^2 N and P^3 flops, half a second for 1,440 weights and 1,438 samples), beyond each
  /// step takes some hundred products by MINRES.
  public func continuation(
    _ options: ContinuationOptions, threads: Int = 1, monitor: RunMonitor = RunMonitor(),
    resuming: ContinuationProgress? = nil
  ) throws -> ContinuationResult {
    let (explorer, progress, isComplete) = try exploredBranches(
      options, threads: threads, monitor: monitor, resuming: resuming)
    let result = try progress.result(of: self, explorer, isInterrupted: !isComplete)
    // Stopped while transitions were computed: they are again.
    guard isComplete, monitor.mustStop else { return result }
    return try progress.result(of: self, explorer, isInterrupted: true)
  }

  /// What noise-free training meets as l2 rises from the present state, and the barriers on the way:
  /// the phases of a smooth network that has no theory.
  ///
  /// - Throws: as `continuation`.
  public func continuedPhases(
    threads: Int = 1, monitor: RunMonitor = RunMonitor()
  ) throws -> ContinuationResult {
    guard network.parameterCount <= StationarySurface.standardDenseLimit else {
      throw InputError.sentence(
        "the transitions of a network without theory are followed up to "
          + "\(StationarySurface.standardDenseLimit) parameters, and this one has "
          + "\(network.parameterCount): continuation does it, and may take long")
    }
    var options = ContinuationOptions()
    options.branches = 24
    return try continuation(options, threads: threads, monitor: monitor)
  }

  /// Whether phases are those of theory; else they are followed.
  public var hasPhaseTheory: Bool { isDeepLinear }

  /// Branches as they were followed.
  func exploredBranches(
    _ options: ContinuationOptions, threads: Int, monitor: RunMonitor,
    resuming: ContinuationProgress? = nil
  ) throws -> (explorer: BranchExplorer, finished: ContinuationProgress, isComplete: Bool) {
    try options.validate()
    try continuationApplies()
    let l2 = settings.l2
    let goal = options.to ?? options.l2.max { abs($0 - l2) < abs($1 - l2) }
    let low = min(l2, goal ?? l2, options.l2.min() ?? l2)
    let high = goal.map { max($0, l2, options.l2.max() ?? l2) } ?? .infinity
    guard goal != l2 else { throw InputError.rule("to", "another l2 than the present one", l2) }
    let surface = StationarySurface(
      network, try data.fullBatch(for: network), l2: settings.l2Term,
      denseLimit: options.denseLimit, threads: threads, shouldStop: { monitor.mustStop })
    let evaluator = try Evaluator(data: data, network: network, settings: settings)
    let direction = (goal ?? .infinity) > l2 ? 1.0 : -1
    var explorer = BranchExplorer(
      surface: surface, options: options, range: low...high, direction: direction,
      strength: { evaluator.modeStrengths($0).first ?? 0 },
      progress: resuming ?? ContinuationProgress())
    if let resuming, !resuming.branches.isEmpty {
      guard resuming.fits(network) else {
        throw InputError.sentence("the progress to resume from is that of another continuation")
      }
    } else {
      do {
        let start = try surface.start(from: state.parameters, l2: l2, towards: direction)
        explorer.begin(at: start)
      } catch {
        guard monitor.mustStop else { throw error }
        return (explorer, ContinuationProgress(), false)
      }
    }
    monitor.begin(total: options.maxPoints)
    monitor.advance(by: explorer.progress.pointCount)
    let isComplete = explorer.run(monitor)
    return (explorer, explorer.progress, isComplete)
  }

  /// - Throws: `InputError` that says why stationary states of this experiment are no curves.
  func continuationApplies() throws {
    guard network.activation.function.isSmooth else {
      let smooth = Activation.allCases.filter { $0.function.isSmooth && !$0.isLinear }
        .map(\.rawValue)
      throw InputError.sentence(
        "continuation needs a Hessian everywhere, and '\(network.activation.rawValue)' has kinks, "
          + "or does not say that it has none; use \(smooth.dropLast().joined(separator: ", ")) or "
          + "\(smooth.last ?? "tanh")")
    }
    if let reason = settings.optimizer.rule.noObjective {
      throw InputError.sentence("\(reason): there is no objective")
    }
    guard settings.l2 > 0 else {
      throw InputError.sentence(
        "l2 must be positive, got 0: without L2 stationary states come in families")
    }
  }
}

extension StationarySurface {
  /// The stationary state of a network's present parameters: where the gradient nearly vanishes what
  /// Newton's method makes of it, a saddle too; elsewhere the minimum below.
  func start(from theta: [Double], l2: Double, towards direction: Double) throws -> BranchState {
    objective.l2 = term(l2)
    var place = BranchPlace(theta: theta, l2: l2)
    if norm(objective.gradient(theta)) > 1e-5 * (l2 * norm(theta) + 1e-2) {
      place.theta = minimum(from: theta)
    }
    guard let settled = settled(place) else {
      throw InputError.sentence(
        "no stationary state was found below the present one; train until_converged first")
    }
    let axis = BranchDirection(theta: [Double](repeating: 0, count: count), l2: direction)
    guard let spectrum = spectrum(settled) else {
      throw InputError.sentence("the Hessian at the present state could not be decomposed")
    }
    let zeros = spectrum.values.count { abs($0) <= 1e3 * spectrum.tolerance }
    guard zeros == 0, let tangent = tangent(at: settled, normal: axis, soft: spectrum.vectors[0]),
      let state = state(settled, tangent: tangent, residual: norm(gradient(settled)))
    else {
      throw InputError.sentence(
        "the present state is no point of a curve: its Hessian has \(max(zeros, 1)) zero modes that "
          + "no rotation makes (a spinodal, a branch point, or parameters without L2)")
    }
    return state
  }
}

extension ContinuationProgress {
  func fits(_ network: Network) -> Bool {
    let count = network.parameterCount
    let states = branches.flatMap(\.states) + (current?.states ?? []) + events.map(\.event.state)
    return states.allSatisfy {
      $0.place.theta.count == count && $0.tangent.theta.count == count
        && $0.softVector.count == count && $0.place.l2 > 0
    }
      && events.allSatisfy { event in
        branches.indices.contains(event.branch) && !event.event.nullVectors.isEmpty
          && event.event.nullVectors.allSatisfy { $0.count == count }
      }
      && branches.allSatisfy { $0.event.map(events.indices.contains) ?? true }
      && current.map { branches.indices.contains($0.branch) && !$0.states.isEmpty } ?? true
      && tasks.allSatisfy {
        switch $0 {
        case .begin(let branch, let state):
          branch.event.map(events.indices.contains) ?? true && state.place.theta.count == count
        case .back(let branch, let state):
          branches.indices.contains(branch) && state.place.theta.count == count
        case .slide(let event): events.indices.contains(event)
        }
      }
  }
}
