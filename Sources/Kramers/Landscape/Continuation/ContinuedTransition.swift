/// What noise-free training meets when l2 moves on: a state that loses its stability, and where it
/// goes from there.
public struct ContinuedTransition: Sendable {
  /// Branches before and after, counted from 1; nil where what comes after was not found.
  public let before: Int
  public let after: Int?
  public let kind: BranchEventKind
  /// 1 where the state jumps, 2 where it goes on continuously; nil where that is not known.
  public let order: Int?
  /// The mode that changes most.
  public let mode: Int?
  /// Its strength at the event and after it.
  public let strengths: (before: Double, after: Double)?
  public let spinodal: Double
  /// Where the states before and after have the same objective.
  public let coexistence: Double?
  public let reason: String?
  /// The branch of saddles that ends here, counted from 1.
  public let saddle: Int?
  /// E(saddle) - E(state before) along that branch, by l2; saddles of index 1 only.
  public let barriers: [(l2: Double, height: Double)]
  /// The state after as an experiment, where it was found.
  public let state: Experiment?
}

extension ContinuationProgress {
  /// Everything as rows. States of the branch under way count.
  func result(
    of experiment: Experiment, _ explorer: BranchExplorer, isInterrupted: Bool
  ) throws -> ContinuationResult {
    var whole = self
    whole.closeCurrent(nil)
    let branches = whole.branches
    let evaluator = try Evaluator(
      data: experiment.data, network: experiment.network, settings: experiment.settings)
    let surface = explorer.surface
    var points: [ContinuationResult.Point] = []
    var states: [Experiment] = []
    for (number, branch) in branches.enumerated() {
      for state in branch.states {
        let at = try experiment.placed(state.place)
        states.append(at)
        points.append(
          ContinuationResult.Point(
            branch: number + 1, l2: state.l2, objective: surface.value(state.place),
            measurement: evaluator.measure(at.state), index: state.index, softest: state.softest,
            arclength: state.arclength, residual: state.residual))
      }
    }
    func row(_ located: LocatedEvent) -> ContinuationResult.Event {
      let event = located.event
      return ContinuationResult.Event(
        branch: located.branch + 1, kind: event.kind, l2: event.state.l2,
        mode: evaluator.modeChanged(at: event), objective: surface.value(event.state.place),
        residual: event.state.residual, overlap: event.overlap, eigenvalue: event.state.softest,
        shape: event.kind == .fold
          ? nil
          : event.isArrival
            ? "pitchfork" : located.isMirrored.map { $0 ? "pitchfork" : "transcritical" },
        indexBefore: event.before, indexAfter: event.after)
    }
    let rows = events.map(row)
    return ContinuationResult(
      startL2: experiment.settings.l2,
      branches: branches.map {
        ContinuationResult.BranchRow(
          parent: $0.parent.map { $0 + 1 }, born: $0.birth.rawValue, points: $0.states.count,
          end: $0.end, isChain: $0.isChain)
      },
      points: points, folds: rows.filter { $0.kind == .fold },
      branchPoints: rows.filter { $0.kind == .branchPoint },
      transitions: try transitions(branches, experiment, surface, evaluator)
        .sorted { ($0.spinodal - $1.spinodal) * explorer.direction < 0 },
      leftOut: leftOut,
      states: states, isInterrupted: isInterrupted, progress: isInterrupted ? self : nil)
  }

  private func transitions(
    _ branches: [Branch], _ experiment: Experiment, _ surface: StationarySurface,
    _ evaluator: Evaluator
  ) throws -> [ContinuedTransition] {
    try events.enumerated().filter { _, located in
      branches[located.branch].isChain && located.event.before == 0
        && (located.event.isArrival || located.event.after > 0) && !located.isBackwards
    }.map { number, located in
      let event = located.event
      let before = branches[located.branch]
      let after = located.successor.map { branches[$0] }
      let first = after?.states.min { abs($0.arclength) < abs($1.arclength) }
      let change = first.flatMap {
        located.isJump
          ? evaluator.modeLost(from: event.state, to: $0)
          : evaluator.modeFading(before.states, at: event.state)
      }
      // Saddles of index 1 from here on, over the branch points where one of them splits.
      var saddles: [Int] = []
      for (k, branch) in branches.enumerated() where !branch.isChain && branch.birth != .collapse {
        let isChild = branch.parent.map(saddles.contains) == true && branch.birth == .branchPoint
        if branch.event == number || isChild { saddles.append(k) }
      }
      let saddle = saddles.first { k in
        branches[k].states.contains { $0.index == 1 && $0.l2 != event.state.l2 }
      }
      let crossing = after.map {
        surface.coexistence(of: before, $0, below: event.state, isJump: located.isJump)
      }
      return ContinuedTransition(
        before: located.branch + 1, after: located.successor.map { $0 + 1 }, kind: event.kind,
        order: located.successor == nil ? nil : located.isJump ? 1 : 2, mode: change?.mode,
        strengths: change.map { ($0.before, $0.after) }, spinodal: event.state.l2,
        coexistence: crossing?.l2,
        reason: crossing.map { $0.reason } ?? "the state after it was not followed",
        saddle: saddle.map { $0 + 1 },
        barriers: saddles.flatMap { surface.barriers(of: before, over: branches[$0]) }
          .sorted { $0.l2 > $1.l2 },
        state: try first.map { try experiment.placed($0.place) })
    }
  }
}

extension Experiment {
  func placed(_ place: BranchPlace) throws -> Experiment {
    var copy = self
    try copy.update { $0.l2 = place.l2 }
    try copy.setParameters(place.theta)
    return copy
  }
}

extension Evaluator {
  fileprivate typealias Change = (mode: Int, before: Double, after: Double)

  /// The mode that a jump changes most.
  fileprivate func modeLost(from old: BranchState, to new: BranchState) -> Change? {
    let (before, after) = (modeStrengths(old.place.theta), modeStrengths(new.place.theta))
    return before.indices.max { abs(before[$0] - after[$0]) < abs(before[$1] - after[$1]) }
      .map { ($0 + 1, before[$0], after[$0]) }
  }

  /// The mode that falls by the largest share on the last step to a continuous transition.
  fileprivate func modeFading(_ states: [BranchState], at event: BranchState) -> Change? {
    guard let last = states.last(where: { $0.arclength < event.arclength }) else { return nil }
    let (before, after) = (modeStrengths(last.place.theta), modeStrengths(event.place.theta))
    // What is gone already is zero but for rounding.
    let least = 1e-6 * (before.first ?? 0)
    return before.indices.filter { before[$0] > least }
      .min { after[$0] / before[$0] < after[$1] / before[$1] }
      .map { ($0 + 1, after[$0], after[$0]) }
  }

  /// The mode whose strength changes most along an event's null vector; nil at a branch point, where
  /// both sides change alike.
  fileprivate func modeChanged(at event: BranchEvent) -> Int? {
    guard event.kind == .fold, let v = event.nullVectors.first else { return nil }
    let theta = event.state.place.theta
    let h = 1e-4 * norm(theta)
    let up = modeStrengths(zip(theta, v).map { $0 + h * $1 })
    let down = modeStrengths(zip(theta, v).map { $0 - h * $1 })
    return up.indices.max { abs(up[$0] - down[$0]) < abs(up[$1] - down[$1]) }.map { $0 + 1 }
  }
}

extension StationarySurface {
  /// The state of a branch at an l2, stable ones if asked for; nil where it has none.
  func state(of branch: Branch, at l2: Double, isStable: Bool) -> BranchPlace? {
    for (a, b) in zip(branch.states, branch.states.dropFirst()) {
      guard (a.l2 - l2) * (b.l2 - l2) <= 0, !isStable || a.isStable || b.isStable else { continue }
      if a.l2 == l2 { return a.place }
      if b.l2 == l2 { return b.place }
      if let found = landed(between: a.place, b.place, at: l2, a.softVector) { return found.place }
    }
    return nil
  }

  /// Where the stable states of two branches have the same objective, on the side of `event` where
  /// both exist.
  fileprivate func coexistence(
    of before: Branch, _ after: Branch, below event: BranchState, isJump: Bool
  ) -> (l2: Double?, reason: String?) {
    // At a continuous transition both are one state there.
    guard isJump else { return (event.l2, nil) }
    func difference(_ l2: Double) -> Double? {
      guard let a = state(of: before, at: l2, isStable: true),
        let b = state(of: after, at: l2, isStable: true)
      else { return nil }
      return value(a) - value(b)
    }
    let grid = before.states.filter { $0.isStable && $0.arclength <= event.arclength }.map(\.l2)
      .reversed()
    var last: (l2: Double, difference: Double)?
    for l2 in grid {
      guard let d = difference(l2) else {
        if last == nil { continue }
        break
      }
      if let last, (last.difference > 0) != (d > 0) {
        return (root(between: (last.l2, last.difference), (l2, d), of: difference), nil)
      }
      last = (l2, d)
    }
    return (
      nil,
      last == nil
        ? "the states before and after it are not stable at the same l2 in the range"
        : "the objectives do not cross in the range: they differ by \(rounded(last?.difference ?? 0)) "
          + "at l2 = \(rounded(last?.l2 ?? 0))"
    )
  }

  private func root(
    between a: RootBracket.Point, _ b: RootBracket.Point, of f: (Double) -> Double?
  ) -> Double? {
    var bracket = RootBracket(a, b)
    while bracket.width > 1e-12 * abs(a.x) {
      let x = bracket.next
      guard let y = f(x) else { return nil }
      if abs(y) < 1e-15 { return x }
      bracket.take((x, y))
    }
    return bracket.best.x
  }

  fileprivate func barriers(
    of before: Branch, over saddle: Branch
  ) -> [(l2: Double, height: Double)] {
    saddle.states.compactMap { state in
      guard state.index == 1, let bottom = self.state(of: before, at: state.l2, isStable: true)
      else { return nil }
      return (state.l2, value(state.place) - value(bottom))
    }
  }
}
