internal import Synchronization

/// Theory of every mode beside the state that the network is in.
public struct Phases: Sendable {
  public struct Row: Sendable, Equatable {
    public let theory: PhaseTheory.Mode
    /// Whether the network has learned the mode now.
    public let isLearned: Bool
    /// Of the *learned* phase at the L2 strength; nil without theory.
    public let stability: Stability?
    /// Strength of the mode in its learned state and at its saddle at the L2 strength; nil where
    /// they do not exist, and for coupled moments unless an L2 strength was asked for.
    public let learned: Double?
    public let saddle: Double?
    /// Input variance along the mode; nil for coupled moments.
    public let variance: Double?
  }

  public enum Stability: String, Sendable { case stable, metastable, none }

  public let l2: Double
  public let depth: Int
  public let rows: [Row]
}

extension Experiment {
  /// The phases of the modes for this data and network.
  ///
  /// - Parameter l2: where states are asked for; nil is the experiment's own.
  /// - Throws: `InputError` for networks that have no theory.
  public func phases(l2: Double? = nil, monitor: RunMonitor = RunMonitor()) throws -> Phases {
    let theory = try phaseTheory(monitor: monitor)
    // Along coupled branches strengths cost Newton steps: only where they are asked for.
    let knowsStrengths = theory.commutes || l2 != nil
    let l2 = l2 ?? settings.l2
    let learned = try learnedFlags(l2: l2, monitor: monitor)
    let rows = theory.modes.enumerated().map { k, mode in
      Phases.Row(
        theory: mode, isLearned: k < learned.count && learned[k],
        stability: stability(of: mode, l2: l2),
        learned: knowsStrengths ? theory.learnedStrength(mode: k + 1, l2: l2) : nil,
        saddle: knowsStrengths ? theory.saddleStrength(mode: k + 1, l2: l2) : nil,
        variance: k < theory.singles.count ? theory.singles[k].variance : nil)
    }
    return Phases(l2: l2, depth: network.depth, rows: rows)
  }

  /// What the hysteresis loops of the modes enclose; see `PhaseTheory.loopArea`.
  ///
  /// - Throws: `InputError` for networks that have no theory, or no closed form of it.
  public func loopAreas(from low: Double, to high: Double) throws -> [Double] {
    let theory = try phaseTheory()
    return try theory.modes.filter { $0.spinodal != nil }.map { mode in
      guard let area = theory.loopArea(mode: mode.mode, from: low, to: high) else {
        throw InputError.sentence("the loop area has a closed form for commuting moments only")
      }
      return area
    }
  }

  /// Puts the network into the aligned state with the given modes learned and no others: one that
  /// is not of the first modes is a saddle. No modes: all weights zero, for any network.
  ///
  /// - Throws: `InputError` where there is no such state.
  public mutating func enterSubset(_ modes: [Int]) throws {
    if modes.isEmpty {
      return try setParameters([Double](repeating: 0, count: network.parameterCount))
    }
    try phaseTheoryApplies()
    let builder = try StateBuilder(data.moments, network)
    try setParameters(builder.subset(modes: modes, l2: settings.l2).parameters)
  }

  /// Spinodals and coexistence of the modes; computed once for the same data and network.
  func phaseTheory(monitor: RunMonitor = RunMonitor()) throws -> PhaseTheory {
    try phaseTheoryApplies()
    return deepLinearTheory(monitor: monitor)
  }

  /// The phases of a deep linear network, whatever the optimiser and the centre of L2.
  func deepLinearTheory(monitor: RunMonitor) -> PhaseTheory {
    theoryCache.theory {
      PhaseTheory(
        moments: data.moments, depth: network.depth, hiddenWidths: Array(network.hiddenWidths),
        shouldStop: { monitor.shouldStop })
    }
  }

  /// - Throws: `InputError` that says why there is no theory for this experiment.
  func phaseTheoryApplies() throws {
    guard network.isDeepLinear else {
      throw InputError.sentence(
        "theory covers linear networks without biases under squared error; this one is "
          + "'\(network.activation.rawValue)' with loss '\(network.loss.rawValue)'"
          + (network.bias ? " and biases" : ""))
    }
    guard !data.isWeighted else {
      throw InputError.sentence(
        "theory knows losses that depend on second moments; data.\(data.name) weights single "
          + "targets")
    }
    if let reason = settings.optimizer.rule.noObjective {
      throw InputError.sentence("\(reason): there is no objective")
    }
    guard settings.l2Center == nil else {
      throw InputError.sentence("theory has L2 about the origin, not about l2_center")
    }
  }
}

private func stability(of mode: PhaseTheory.Mode, l2: Double) -> Phases.Stability? {
  guard let spinodal = mode.spinodal else { return nil }
  if l2 >= spinodal { return Phases.Stability.none }
  guard let coexistence = mode.coexistence else { return nil }
  return l2 < coexistence ? .stable : .metastable
}

/// The phase theory of an experiment's data and network, which never change: computed at most once
/// for an experiment and its copies, unless it was interrupted.
final class TheoryCache: Sendable {
  private let stored = Mutex<PhaseTheory?>(nil)
  /// Those of both ways are asked for in turns.
  private let lastPaths = Mutex<
    [AlignedPassage.Way: (rank: Int, l2: Double, path: EscapePath)]
  >([:])

  private let lastFollowed = Mutex<(key: FollowedKey, path: EscapePath)?>(nil)

  /// The way out of a state; an interrupted search (nil) is done again.
  func followedPath(_ key: FollowedKey, _ compute: () -> EscapePath?) -> EscapePath? {
    if let last = lastFollowed.withLock({ $0 }), last.key == key { return last.path }
    guard let path = compute() else { return nil }
    lastFollowed.withLock { $0 = (key, path) }
    return path
  }

  func path(
    rank: Int, l2: Double, _ way: AlignedPassage.Way, _ compute: () -> EscapePath
  ) -> EscapePath {
    if let last = lastPaths.withLock({ $0[way] }), last.rank == rank, last.l2 == l2 {
      return last.path
    }
    let path = compute()
    lastPaths.withLock { $0[way] = (rank, l2, path) }
    return path
  }

  func theory(_ compute: () -> PhaseTheory) -> PhaseTheory {
    if let known = stored.withLock({ $0 }) { return known }
    let theory = compute()
    let isComplete = theory.modes.allSatisfy { $0.reason != "interrupted" }
    if isComplete { stored.withLock { $0 = theory } }
    return theory
  }
}
