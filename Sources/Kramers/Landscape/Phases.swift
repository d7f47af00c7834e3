internal import Synchronization

/// Theory of every mode beside the state that the network is in.
public struct Phases: Sendable {
  public struct Row: Sendable, Equatable {
    public let theory: PhaseTheory.Mode
    /// Whether the network has learned the mode now.
    public let isLearned: Bool
    /// Of the *learned* phase at the present L2 strength; nil without theory.
    public let stability: Stability?
  }

  public enum Stability: String, Sendable { case stable, metastable, none }

  public let l2: Double
  public let depth: Int
  public let rows: [Row]
}

extension Experiment {
  /// The phases of the modes for this data and network.
  ///
  /// - Throws: `InputError` for networks that have no theory.
  public func phases(monitor: RunMonitor = RunMonitor()) throws -> Phases {
    let theory = try phaseTheory(monitor: monitor)
    let learned = try learnedFlags(l2: settings.l2, monitor: monitor)
    let rows = theory.modes.enumerated().map { k, mode in
      Phases.Row(
        theory: mode, isLearned: k < learned.count && learned[k],
        stability: stability(of: mode, l2: settings.l2))
    }
    return Phases(l2: settings.l2, depth: network.depth, rows: rows)
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
    guard settings.optimizer != .adamw else {
      throw InputError.sentence("adamw decays decoupled from the loss: there is no objective")
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
  private let lastPath = Mutex<(rank: Int, l2: Double, path: EscapePath)?>(nil)

  func path(rank: Int, l2: Double, _ compute: () -> EscapePath) -> EscapePath {
    if let last = lastPath.withLock({ $0 }), last.rank == rank, last.l2 == l2 { return last.path }
    let path = compute()
    lastPath.withLock { $0 = (rank, l2, path) }
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
