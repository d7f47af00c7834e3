/// How a network is put into a metastable state on purpose.
public struct TrapOptions: Sendable, Equatable {
  /// Modes that stay learned: the strongest ones.
  public var rank = 0
  /// The same as a list; a set that is not the top k is refused.
  public var modes: [Int]?
  /// L2 strength of the trap; nil lets theory choose.
  public var l2: Double?
  /// L2 strength afterwards; nil keeps the trap's.
  public var release: Double?
  /// Builds the stationary balanced state instead of training.
  public var exact = false
  /// Keeps the experiment's noise on.
  public var noise = false
  /// Gradient norm and support residual at which the trap is complete.
  public var tolerance = 1e-9
  /// Stops the trap early on purpose.
  public var steps: Int?
  /// Gives up after so many steps in each phase.
  public var maxSteps = 1_000_000

  public init() {}
}

public struct TrapResult: Sendable {
  public let rank: Int
  /// The modes that stay learned, by descending singular value.
  public let modes: [Int]
  /// L2 strength of the trap; nil for an exact one.
  public let l2Trap: Double?
  public let l2: Double
  /// Steps taken in all phases.
  public let steps: Int
  public let certificate: TrapCertificate
  /// Strength at the saddle of the nearest dropped mode, at the present L2.
  public let saddle: Double?
  /// Why the trap is not certified.
  public let reason: String?
  public let outcome: RunOutcome
  public var certified: Bool { reason == nil }
  public var zeroModes: Int? { certificate.countedZeroModes ?? certificate.predictedZeroModes }
}

extension Experiment {
  /// Learns the kept modes, raises L2 above the spinodal of every mode to be dropped and below that
  /// of every mode to be kept until the others are gone, then releases.
  ///
  /// All phases run with every noise off unless `noise` is set. Afterwards the network has settled
  /// at the release value, except with `steps`, which leaves the residual as it is.
  ///
  /// - Throws: `InputError` when the trap cannot be built: which value, which spinodal.
  public mutating func trap(
    _ options: TrapOptions, monitor: RunMonitor = RunMonitor()
  ) throws -> TrapResult {
    let phases = isDeepLinear ? try modesByAppearance(monitor) : []
    let rank = try keptRank(options, phases)
    let kept = phases.isEmpty ? Array(1..<rank + 1) : phases.prefix(rank).map(\.mode).sorted()
    if options.exact { return try exactTrap(rank, kept, options) }
    let trapL2 =
      try options.l2.map { try checkTrapStrength($0, rank, phases) }
      ?? chooseTrapStrength(rank, phases)
    var copy = self
    var steps = 0
    var reason = try copy.learn(rank, before: trapL2, phases, options, &steps, monitor)
    if reason == nil {
      reason = try copy.collapse(rank, at: trapL2, options, &steps, monitor)
    }
    if let release = options.release {
      try copy.update { $0.l2 = release }
      if reason == nil, options.steps == nil {
        reason = try copy.settle(options, &steps, monitor)
      }
    }
    self = copy
    return try trapResult(
      rank, kept, l2Trap: trapL2, steps: steps, reason: reason, options,
      outcome: monitor.shouldStop ? .interrupted : .completed)
  }

  /// The modes by falling spinodal: the order in which they appear as l2 falls. With equal input
  /// variances this is the order of the singular values.
  func modesByAppearance(_ monitor: RunMonitor) throws -> [PhaseTheory.Mode] {
    // Modes beyond the narrowest layer cannot exist: there is nothing to trap.
    try phaseTheory(monitor: monitor).modes.prefix(network.widths.min() ?? 0).enumerated()
      .sorted {
        ($1.element.spinodal ?? 0, $0.offset) < ($0.element.spinodal ?? 0, $1.offset)
      }
      .map(\.element)
  }

  private func keptRank(_ options: TrapOptions, _ phases: [PhaseTheory.Mode]) throws -> Int {
    let limit = min(network.widths.min() ?? 0, data.singularValues().count { $0 > 1e-12 })
    if let modes = options.modes?.sorted() {
      let strongest =
        phases.isEmpty
        ? Array(1..<modes.count + 1) : phases.prefix(modes.count).map(\.mode).sorted()
      guard modes == strongest else {
        let list = modes.map { "\($0)" }.joined(separator: ", ")
        throw InputError.sentence(
          "modes: {\(list)} is not the set of \(modes.count) that appears first as l2 falls: with equal "
            + "input variances, keeping a weaker mode while a stronger one is dropped is a saddle, "
            + "not a minimum")
      }
      guard modes.count <= limit else {
        throw InputError.rule("modes", "at most \(limit) modes", modes.count)
      }
      return modes.count
    }
    guard options.rank <= limit else {
      throw InputError.rule("rank", "in 0...\(limit)", options.rank)
    }
    return options.rank
  }

  /// l2 between the spinodals of the dropped and the kept modes.
  private func chooseTrapStrength(_ rank: Int, _ phases: [PhaseTheory.Mode]) throws -> Double {
    let (dropped, kept) = try trapWindow(rank, phases)
    guard let kept else { return 1.1 * (dropped ?? 0.01) }
    guard let dropped else { return 0.5 * kept }
    guard dropped < kept else {
      throw InputError.sentence(
        "rank = \(rank) cannot be trapped: a dropped mode lives up to its spinodal "
          + "l2 = \(dropped), above the spinodal \(kept) of a kept one")
    }
    return (dropped * kept).squareRoot()
  }

  private func checkTrapStrength(
    _ l2: Double, _ rank: Int, _ phases: [PhaseTheory.Mode]
  ) throws -> Double {
    guard isDeepLinear else { return l2 }
    let (dropped, kept) = try trapWindow(rank, phases)
    if let dropped, l2 <= dropped {
      throw InputError.sentence(
        "l2 = \(l2) traps nothing: it lies below the spinodal l2 = \(dropped) of a mode to be "
          + "dropped")
    }
    if let kept, l2 >= kept {
      throw InputError.sentence(
        "l2 = \(l2) drops too much: it lies above the spinodal l2 = \(kept) of a mode to be kept")
    }
    return l2
  }

  /// The largest spinodal of the dropped modes and the smallest of the kept ones.
  private func trapWindow(
    _ rank: Int, _ phases: [PhaseTheory.Mode]
  ) throws -> (dropped: Double?, kept: Double?) {
    guard isDeepLinear else {
      throw InputError.sentence(
        "l2 is required: theory knows the spinodals of deep linear networks only")
    }
    for phase in phases where phase.spinodal == nil {
      throw InputError.sentence(
        "l2 is required: the spinodal of mode \(phase.mode) is not known "
          + "(\(phase.reason ?? "no theory"))")
    }
    return (
      phases.dropFirst(rank).compactMap(\.spinodal).max(),
      phases.prefix(rank).compactMap(\.spinodal).min()
    )
  }

  /// Makes sure that the kept modes are learned well enough to stay so at the trap's strength:
  /// trains far below every spinodal if they are not.
  /// - Returns: why not, or nil.
  private mutating func learn(
    _ rank: Int, before trapL2: Double, _ phases: [PhaseTheory.Mode], _ options: TrapOptions,
    _ steps: inout Int, _ monitor: RunMonitor
  ) throws -> String? {
    guard rank > 0 else { return nil }
    let original = settings.l2
    let now = try measure()
    if now.gradientNorm <= 1e-6, try activeModes(l2: trapL2) >= rank { return nil }
    let lowest = phases.compactMap(\.spinodal).min() ?? trapL2
    // Not zero at first: L2 balances the layers. But even a small barrier of the zero phase can
    // hold the network back, so the second attempt is without.
    for l2 in [0.1 * lowest, 0] {
      try update { $0.l2 = l2 }
      var spent = 0
      while spent < options.maxSteps, !monitor.shouldStop {
        let run = try train(
          TrainingOptions(steps: min(1000, options.maxSteps - spent)),
          settings: trapSettings(options), monitor: monitor)
        steps += run.steps
        spent += run.steps
        if run.outcome == .diverged { return "training diverged; lower lr" }
        let isLearned = try activeModes(l2: trapL2) >= rank
        let isStill = run.final.gradientNorm <= 1e-6
        if isLearned && (isStill || options.noise) {
          try update { $0.l2 = original }
          return nil
        }
        if isStill { break }
      }
    }
    try update { $0.l2 = original }
    return "the kept modes were not learned in \(steps) steps, not even without L2; start from "
      + "another initialisation"
  }

  /// Trains at the trap's strength until the other modes are gone from every layer.
  private mutating func collapse(
    _ rank: Int, at l2: Double, _ options: TrapOptions, _ steps: inout Int, _ monitor: RunMonitor
  ) throws -> String? {
    try update { $0.l2 = l2 }
    if let count = options.steps {
      let run = try train(
        TrainingOptions(steps: count), settings: trapSettings(options), monitor: monitor)
      steps += run.steps
      return run.outcome == .diverged ? "training diverged; lower lr" : nil
    }
    var spent = 0
    while spent < options.maxSteps, !monitor.shouldStop {
      let run = try train(
        TrainingOptions(steps: min(100, options.maxSteps - spent)),
        settings: trapSettings(options), monitor: monitor)
      steps += run.steps
      spent += run.steps
      if run.outcome == .diverged { return "training diverged; lower lr" }
      let isStill = options.noise || run.final.gradientNorm <= options.tolerance
      let isLinear = network.activation == .linear && !network.bias
      let residual =
        isLinear ? TrapCertificate.supportResidual(network, state.parameters, rank) : 0
      if isStill, residual <= options.tolerance { return nil }
    }
    return "the trap was not complete after \(spent) steps"
  }

  /// Lets the kept modes relax at the release value, noise off.
  private mutating func settle(
    _ options: TrapOptions, _ steps: inout Int, _ monitor: RunMonitor
  ) throws -> String? {
    var training = TrainingOptions(steps: options.maxSteps)
    training.untilConverged = options.tolerance
    let run = try train(training, settings: trapSettings(options), monitor: monitor)
    steps += run.steps
    switch run.outcome {
    case .converged: return nil
    case .diverged: return "training diverged after the release; lower lr"
    default: return options.noise ? nil : "not stationary at the release value"
    }
  }

  private func trapSettings(_ options: TrapOptions) -> Settings {
    options.noise ? settings : settings.noiseless
  }

  private mutating func exactTrap(
    _ rank: Int, _ kept: [Int], _ options: TrapOptions
  ) throws -> TrapResult {
    try phaseTheoryApplies()
    if let release = options.release { try update { $0.l2 = release } }
    try setParameters(
      learnedState(data.moments, network: network, rank: rank, l2: settings.l2).parameters)
    return try trapResult(
      rank, kept, l2Trap: nil, steps: 0, reason: nil, options, outcome: .completed)
  }

  private func trapResult(
    _ rank: Int, _ kept: [Int], l2Trap: Double?, steps: Int, reason: String?,
    _ options: TrapOptions,
    outcome: RunOutcome
  ) throws -> TrapResult {
    let certificate = TrapCertificate(
      network, state.parameters, try data.fullBatch(for: network), l2: settings.l2Term, rank: rank,
      tolerance: 10 * options.tolerance)
    let active = try activeModes(l2: settings.l2)
    let lost =
      active < rank ? "only \(active) of the \(rank) kept modes are learned" : nil
    var saddle: Double?
    if case .known(let theory) = escapePath(rank: rank, l2: settings.l2) {
      saddle = theory.sigmaSaddle
    }
    return TrapResult(
      rank: rank, modes: kept, l2Trap: l2Trap, l2: settings.l2, steps: steps,
      certificate: certificate,
      saddle: saddle, reason: lost ?? reason ?? (certificate.certified ? nil : certificate.reason),
      outcome: outcome)
  }
}
