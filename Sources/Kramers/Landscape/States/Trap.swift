/// How a network is put into a metastable state on purpose.
public struct TrapOptions: Sendable, Equatable {
  /// Modes that stay learned: the strongest ones.
  public var rank = 0
  /// The same as a list. A set that is not the one that appears first as l2 falls is built, not
  /// trained: raising L2 never leaves it. It is refused where its Hessian says that it is a saddle.
  public var modes: [Int]?
  /// Enters the state after this transition upwards in l2, counted from 1, as continuation from the
  /// present state finds it; nothing is trained.
  public var branch: Int?
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
  /// How many modes of data and network are not kept; nil where theory knows no modes.
  public let dropped: Int?
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
  /// Of a trap whose training diverged: the experiment is left as it was.
  public let divergence: Divergence?
  public var certified: Bool { reason == nil }
  /// What a reader of a certified trap has to know; nil if nothing.
  public var warning: String? {
    dropped == 0
      ? "nothing was dropped: rank = \(rank) is every mode that data and network have" : nil
  }
  public var zeroModes: Int? { certificate.countedZeroModes ?? certificate.predictedZeroModes }
}

/// Why a phase of a trap ended early.
private enum TrapFailure {
  case reason(String)
  case diverged(Divergence)

  var words: String {
    switch self {
    case .reason(let words): words
    case .diverged(let divergence): divergence.message
    }
  }
}

extension Experiment {
  /// Learns the kept modes, raises L2 above the spinodal of every mode to be dropped and below that
  /// of every mode to be kept until the others are gone, then releases.
  ///
  /// All phases run with every noise off unless `noise` is set. Afterwards the network has settled
  /// at the release value, except with `steps`, which leaves the residual as it is. A trap whose
  /// training diverges leaves the experiment as it was.
  ///
  /// A set of `modes` other than the one that appears first as l2 falls is entered as the exact
  /// aligned state, if the Hessian there has no negative eigenvalue beside the rotations: with
  /// unequal input variances there are such minima (s = 1.5, 1 with input variances 4, 1 at
  /// l2 = .4 has two of rank 1), with equal ones none.
  ///
  /// - Throws: `InputError` when the trap cannot be built: which value, which spinodal, which
  ///   eigenvalue.
  public mutating func trap(
    _ options: TrapOptions, threads: Int = 1, monitor: RunMonitor = RunMonitor()
  ) throws -> TrapResult {
    if let branch = options.branch {
      return try branchTrap(branch, options, threads: threads, monitor)
    }
    let phases = isDeepLinear ? try modesByAppearance(monitor) : []
    let rank = try keptRank(options, phases)
    let kept = phases.isEmpty ? Array(1..<rank + 1) : phases.prefix(rank).map(\.mode).sorted()
    if let modes = options.modes?.sorted(), modes != kept {
      return try subsetTrap(modes, kept, options)
    }
    if options.exact { return try exactTrap(rank, kept, options) }
    let trapL2 =
      try options.l2.map { try checkTrapStrength($0, rank, phases) }
      ?? chooseTrapStrength(rank, phases)
    var copy = self
    var steps = 0
    var failure = try copy.learn(rank, kept, before: trapL2, phases, options, &steps, monitor)
    if failure == nil {
      failure = try copy.collapse(rank, at: trapL2, options, &steps, monitor)
    }
    if let release = options.release {
      try copy.update { $0.l2 = release }
      if failure == nil, options.steps == nil {
        failure = try copy.settle(options, &steps, monitor)
      }
    }
    var divergence: Divergence?
    if case .diverged(let found)? = failure { divergence = found } else { self = copy }
    return try trapResult(
      rank, kept, l2Trap: trapL2, steps: steps, reason: failure?.words, options,
      outcome: divergence != nil ? .diverged : monitor.shouldStop ? .interrupted : .completed,
      divergence: divergence)
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
    guard let modes = options.modes else {
      guard options.rank <= limit else {
        throw InputError.rule("rank", "in 0...\(limit)", options.rank)
      }
      return options.rank
    }
    guard modes.count <= limit else {
      throw InputError.rule("modes", "at most \(limit) modes", modes.count)
    }
    for (k, mode) in modes.enumerated() {
      guard (1...max(limit, 1)).contains(mode) else {
        throw InputError.rule("modes[\(k + 1)]", "in 1...\(limit)", mode)
      }
      guard !modes[..<k].contains(mode) else {
        throw InputError.sentence("modes names mode \(mode) twice")
      }
    }
    return modes.count
  }

  /// The exact aligned state of a set that is not the one that appears first.
  private mutating func subsetTrap(
    _ modes: [Int], _ first: [Int], _ options: TrapOptions
  ) throws -> TrapResult {
    let list = "{" + modes.map { "\($0)" }.joined(separator: ", ") + "}"
    let firstList = "{" + first.map { "\($0)" }.joined(separator: ", ") + "}"
    guard isDeepLinear, network.depth >= 3 else {
      throw InputError.sentence(
        "modes: \(list) is not the set of \(modes.count) that appears first, \(firstList); other "
          + "sets are known for deep linear networks of depth 3 and more only")
    }
    for (name, isSet) in [("steps", options.steps != nil), ("noise", options.noise)] where isSet {
      throw InputError.sentence(
        "\(name): \(list) is not the set of \(modes.count) that appears first as l2 falls, "
          + "\(firstList), so it is built and not trained")
    }
    var copy = self
    for l2 in [options.l2 ?? options.release ?? settings.l2, options.release].compactMap({ $0 }) {
      try copy.update { $0.l2 = l2 }
      try copy.enterSubset(modes)
      let lowest = TrapCertificate(
        network, copy.state.parameters, try data.fullBatch(for: network), l2: copy.settings.l2Term,
        rank: modes.count
      ).hessianMin
      if let lowest, !(lowest > 0) {
        throw InputError.sentence(
          "modes: \(list) is a saddle at l2 = \(plainNumber(l2)), not a minimum: its Hessian has "
            + "the eigenvalue \(plainNumber(rounded(lowest))); the set of \(modes.count) that "
            + "appears first is \(firstList)")
      }
    }
    self = copy
    return try trapResult(
      modes.count, modes, l2Trap: options.l2, steps: 0, reason: nil, options, outcome: .completed)
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
    _ rank: Int, _ kept: [Int], before trapL2: Double, _ phases: [PhaseTheory.Mode],
    _ options: TrapOptions, _ steps: inout Int, _ monitor: RunMonitor
  ) throws -> TrapFailure? {
    guard rank > 0 else { return nil }
    let original = settings.l2
    let start = state
    defer { try? update { $0.l2 = original } }
    let now = try measure()
    if now.gradientNorm <= 1e-6, try activeModes(l2: trapL2) >= rank { return nil }
    let lowest = phases.compactMap(\.spinodal).min() ?? trapL2
    var isLearned = false
    var gradientNorm = now.gradientNorm
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
        if let failure = trapDivergence(run, start, options, monitor) { return failure }
        isLearned = try activeModes(l2: trapL2) >= rank
        gradientNorm = run.final.gradientNorm
        let isStill = gradientNorm <= 1e-6
        if isLearned && (isStill || options.noise) { return nil }
        if isStill { break }
      }
      // Without L2 it would be slower still.
      if isLearned { break }
    }
    return .reason(try unlearned(rank, kept, isLearned, gradientNorm, trapL2, steps))
  }

  /// Why the kept modes cannot be held: collapsed, not at rest yet, or not found.
  private func unlearned(
    _ rank: Int, _ kept: [Int], _ isLearned: Bool, _ gradientNorm: Double, _ trapL2: Double,
    _ steps: Int
  ) throws -> String {
    let gradient = plainNumber(rounded(gradientNorm))
    if isLearned {
      return "the kept modes are learned, but not stationary after \(steps) steps (gradient norm "
        + "\(gradient), above 1e-6); raise max_steps or lr"
    }
    let learned = try learnedFlags(l2: trapL2)
    let count = learned.count { $0 }
    let missing =
      flagsNameModes
      ? kept.filter { $0 > learned.count || !learned[$0 - 1] } : Array(kept.dropFirst(count))
    let them = missing.count == 1 ? "it" : "them"
    let names =
      (missing.count == 1 ? "mode " : "modes ")
      + missing.map { "\($0)" }.joined(
        separator: ", ")
    if gradientNorm <= 1e-6 {
      return network.depth >= 3
        ? "\(names) collapsed: the network is at rest without \(them) (gradient norm \(gradient)), and "
          + "training cannot bring \(them) back; reset(), start from a fresh experiment, or use "
          + "exact = true"
        : "\(names) not learned: the network is at rest without \(them) (gradient norm \(gradient)); "
          + "start from another initialisation"
    }
    return "\(names) not learned in \(steps) steps, not even without L2, and the network is not at "
      + "rest (gradient norm \(gradient)); raise max_steps, or start from another initialisation"
  }

  /// Trains at the trap's strength until the other modes are gone from every layer.
  private mutating func collapse(
    _ rank: Int, at l2: Double, _ options: TrapOptions, _ steps: inout Int, _ monitor: RunMonitor
  ) throws -> TrapFailure? {
    try update { $0.l2 = l2 }
    let start = state
    if let count = options.steps {
      let run = try train(
        TrainingOptions(steps: count), settings: trapSettings(options), monitor: monitor)
      steps += run.steps
      return trapDivergence(run, start, options, monitor)
    }
    var spent = 0
    var (residual, gradientNorm) = (0.0, 0.0)
    while spent < options.maxSteps, !monitor.shouldStop {
      let run = try train(
        TrainingOptions(steps: min(100, options.maxSteps - spent)),
        settings: trapSettings(options), monitor: monitor)
      steps += run.steps
      spent += run.steps
      if let failure = trapDivergence(run, start, options, monitor) { return failure }
      gradientNorm = run.final.gradientNorm
      let isStill = options.noise || gradientNorm <= options.tolerance
      let isLinear = network.activation == .linear && !network.bias
      residual = isLinear ? TrapCertificate.supportResidual(network, state.parameters, rank) : 0
      if isStill, residual <= options.tolerance { return nil }
    }
    return .reason(
      "the trap was not complete after \(spent) steps at l2 = \(plainNumber(l2)): gradient norm "
        + "\(plainNumber(rounded(gradientNorm)))"
        + (residual > 0 ? ", support residual \(plainNumber(rounded(residual)))" : "")
        + ", above \(options.tolerance); raise max_steps or lr")
  }

  /// Lets the kept modes relax at the release value, noise off.
  private mutating func settle(
    _ options: TrapOptions, _ steps: inout Int, _ monitor: RunMonitor
  ) throws -> TrapFailure? {
    var training = TrainingOptions(steps: options.maxSteps)
    training.untilConverged = options.tolerance
    let start = state
    let run = try train(training, settings: trapSettings(options), monitor: monitor)
    steps += run.steps
    if let failure = trapDivergence(run, start, options, monitor) { return failure }
    if run.outcome == .converged || options.noise { return nil }
    return .reason(
      "not stationary at the release value after \(run.steps) steps (gradient norm "
        + "\(plainNumber(rounded(run.final.gradientNorm))), above \(options.tolerance)); raise "
        + "max_steps or lr")
  }

  private func trapDivergence(
    _ run: RunResult, _ start: TrainingState, _ options: TrapOptions, _ monitor: RunMonitor
  ) -> TrapFailure? {
    guard run.outcome == .diverged, let step = run.divergedAt else { return nil }
    return .diverged(
      divergence(at: step, from: start, settings: trapSettings(options), monitor: monitor))
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

  func trapResult(
    _ rank: Int, _ kept: [Int], l2Trap: Double?, steps: Int, reason: String?,
    _ options: TrapOptions, outcome: RunOutcome, divergence: Divergence? = nil
  ) throws -> TrapResult {
    let certificate = TrapCertificate(
      network, state.parameters, try data.fullBatch(for: network), l2: settings.l2Term, rank: rank,
      tolerance: 10 * options.tolerance)
    let learned = try learnedFlags(l2: settings.l2)
    let keptLearned =
      flagsNameModes
      ? kept.count { $0 <= learned.count && learned[$0 - 1] } : learned.count { $0 }
    let lost =
      keptLearned < rank
      ? "only \(keptLearned) of the \(rank) kept modes are learned" : nil
    var saddle: Double?
    if case .known(let theory) = presentEscapePath(rank: rank, l2: settings.l2) {
      saddle = theory.sigmaSaddle
    }
    let possible = min(network.widths.min() ?? 0, data.singularValues().count { $0 > 1e-12 })
    return TrapResult(
      rank: rank, modes: kept, dropped: isDeepLinear ? max(possible - rank, 0) : nil,
      l2Trap: l2Trap, l2: settings.l2, steps: steps, certificate: certificate, saddle: saddle,
      reason: reason ?? lost ?? (certificate.certified ? nil : certificate.reason),
      outcome: outcome, divergence: divergence)
  }
}
