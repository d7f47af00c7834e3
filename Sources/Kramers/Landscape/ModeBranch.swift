/// The branch of rank-k states of a network with D >= 3: learned states, the fold where its weakest
/// mode collapses (the spinodal of mode k), and behind the fold the saddles between rank k and
/// rank k - 1.
///
/// Along the branch the weight t of the weakest chain falls steadily while l2 rises to the fold and
/// falls again, so t is the parameter and the spinodal a smooth maximum: an error of 1e-6 in t is
/// one of 1e-12 in l2. Scaled units throughout.
struct ModeBranch: Sendable {
  let rank: Int
  /// Learned states in order of rising l2; the last is the fold.
  let stable: [ChainState]
  /// Index of t among the variables.
  let parameter: Int
  var fold: ChainState { stable[stable.count - 1] }
  var spinodal: Double { fold.l2 }

  /// Follows the branch of rank `below.rank` + 1 (1 without `below`).
  ///
  /// The added mode is the one that `FirstMode` finds best in what the lower branch leaves
  /// unexplained, at the L2 strength where it would just become possible.
  init?(
    _ moments: ScaledMoments, above below: ModeBranch?, shouldStop: () -> Bool = { false }
  ) {
    rank = (below?.rank ?? 0) + 1
    let objective = ChainObjective(moments, chains: rank)
    guard let start = Self.start(objective, below, shouldStop) else { return nil }
    // The weakest chain: the first to collapse if the others stood still.
    let margins = objective.chainModes(start).map { $0.single.spinodal ?? 0 }
    let weakest = margins.indices.min { margins[$0] < margins[$1] } ?? 0
    parameter = weakest * objective.stride + objective.outputs
    guard let stable = Self.climb(objective, from: start, parameter, shouldStop) else { return nil }
    self.stable = stable
  }

  /// A learned state of rank k somewhat below its spinodal.
  private static func start(
    _ objective: ChainObjective, _ below: ModeBranch?, _ shouldStop: () -> Bool
  ) -> ChainState? {
    let moments = objective.moments
    func candidate(_ l2: Double) -> (lower: ChainState?, mode: FirstMode)? {
      var residual = moments.correlation
      var lower: ChainState?
      if let below {
        guard let state = below.learnedState(moments, l2: l2) else { return nil }
        residual = ChainObjective(moments, chains: below.rank).residualCorrelation(state)
        lower = state
      }
      guard
        let mode = FirstMode(
          correlation: residual, variances: moments.variances, depth: moments.depth,
          starts: below == nil ? .max : 3, tolerance: below == nil ? 1e-13 : 1e-5)
      else { return nil }
      return (lower, mode)
    }
    // The lower branch changes with l2, so the estimate is a fixed point.
    var estimate = below.map { 0.98 * $0.spinodal } ?? .infinity
    for _ in 0..<5 {
      guard !shouldStop(), let spinodal = candidate(estimate)?.mode.mode.spinodal else {
        return nil
      }
      // Below this the mode is rounding of its better ones.
      guard spinodal > 1e-12 else { return nil }
      if spinodal > 0.95 * estimate, below != nil { break }
      let settled = spinodal > 0.9 * estimate
      estimate = spinodal
      if settled || below == nil { break }
    }
    for fraction in [0.85, 0.7, 0.5, 0.3, 0.15, 0.05] {
      let l2 = fraction * estimate
      guard !shouldStop() else { return nil }
      guard let (lower, mode) = candidate(l2), let weight = mode.mode.learnedWeight(l2: l2) else {
        continue
      }
      let variables = (lower?.variables ?? []) + mode.output.map { weight * $0 } + [weight]
      if let state = objective.relaxed(from: variables, l2: l2), objective.isLearned(state) {
        return state
      }
    }
    return nil
  }

  /// From a learned state to the fold, both included.
  private static func climb(
    _ objective: ChainObjective, from start: ChainState, _ parameter: Int,
    _ shouldStop: () -> Bool
  ) -> [ChainState]? {
    var states = [start]
    guard
      let beyond = walk(
        objective, &states, parameter, factor: 0.95, shouldStop,
        until: {
          $0.l2 < $1.l2
        }), states.count >= 2
    else { return nil }
    // Three states around the maximum of l2(t): the vertex of their parabola, again and again.
    var three = [states[states.count - 2], states[states.count - 1], beyond]
    for _ in 0..<30 {
      if shouldStop() { return nil }
      let t = three.map { $0.variables[parameter] }
      let (left, right) = (t[0] - t[1], t[2] - t[1])
      let (p, q) = (three[0].l2 - three[1].l2, three[2].l2 - three[1].l2)
      let shift = (p * right * right - q * left * left) / (p * right - q * left) / 2
      guard shift.isFinite, abs(shift) > 1e-8 * t[1] else { break }
      guard let next = objective.stationary(near: three[1], index: parameter, value: t[1] + shift)
      else { break }
      // The vertex takes the place of the side it lies on.
      if next.l2 < three[1].l2 {
        if abs(shift) < 1e-5 * t[1] { break }
        three[shift > 0 ? 0 : 2] = next
      } else {
        three[shift > 0 ? 2 : 0] = three[1]
        three[1] = next
      }
      if abs(shift) < 1e-6 * t[1] { break }
    }
    states.removeAll { $0.variables[parameter] <= three[1].variables[parameter] }
    return states + [three[1]]
  }

  /// Steps t down by `factor`, appending states, until `done(new, last)`; returns the new one.
  private static func walk(
    _ objective: ChainObjective, _ states: inout [ChainState], _ parameter: Int, factor: Double,
    _ shouldStop: () -> Bool, until done: (ChainState, ChainState) -> Bool
  ) -> ChainState? {
    var factor = factor
    for _ in 0..<400 {
      let last = states[states.count - 1]
      let t = last.variables[parameter]
      guard !shouldStop(), t > 1e-12, factor < 0.9999 else { return nil }
      var guess = last
      if states.count >= 2 {
        // Secant predictor.
        let before = states[states.count - 2]
        let ratio = (factor * t - t) / (t - before.variables[parameter])
        for i in guess.variables.indices {
          guess.variables[i] += ratio * (last.variables[i] - before.variables[i])
        }
        guess.l2 = max(0.5 * last.l2, last.l2 + ratio * (last.l2 - before.l2))
      }
      guard
        let next = objective.stationary(near: guess, index: parameter, value: factor * t)
      else {
        factor = factor.squareRoot()
        continue
      }
      if done(next, last) { return next }
      states.append(next)
    }
    return nil
  }

  /// The learned state of this rank at `l2`; nil above the spinodal or where the branch is lost.
  func learnedState(_ moments: ScaledMoments, l2: Double) -> ChainState? {
    guard l2 <= spinodal else { return nil }
    let objective = ChainObjective(moments, chains: rank)
    if let above = stable.indices.first(where: { stable[$0].l2 >= l2 }), above > 0 {
      return between(objective, stable[above - 1], stable[above], l2)
    }
    var state = stable[0]
    var factor = 0.7
    while state.l2 > l2 {
      guard factor < 0.9999 else { return nil }
      let next = max(l2, factor * state.l2)
      if let found = objective.stationary(near: state.variables, l2: next),
        objective.isLearned(found)
      {
        state = found
      } else {
        factor = factor.squareRoot()
      }
    }
    return state
  }

  /// The saddle between this branch and the rank below at `l2`; nil above the spinodal.
  func saddle(_ moments: ScaledMoments, l2: Double, shouldStop: () -> Bool = { false })
    -> ChainState?
  {
    guard l2 < spinodal, l2 > 0 else { return nil }
    let objective = ChainObjective(moments, chains: rank)
    var states = [fold]
    guard
      let beyond = Self.walk(
        objective, &states, parameter, factor: 0.9, shouldStop, until: { new, _ in new.l2 <= l2 })
    else { return nil }
    return between(objective, beyond, states[states.count - 1], l2)
  }

  /// The state with the given l2 between two states, by Newton's method in l2 or, where the fold is
  /// too near for that, by bisection with secants in t.
  private func between(
    _ objective: ChainObjective, _ low: ChainState, _ high: ChainState, _ l2: Double
  ) -> ChainState? {
    var (low, high) = (low, high)
    for iteration in 0..<100 {
      let (p, q) = (low.variables[parameter], high.variables[parameter])
      let share = (l2 - low.l2) / (high.l2 - low.l2)
      let secant = share > 0.05 && share < 0.95 && iteration % 3 != 2
      let t = p + (secant ? share : 0.5) * (q - p)
      let guess = share < 0.5 ? low : high
      guard let next = objective.stationary(near: guess, index: parameter, value: t) else {
        return nil
      }
      if abs(next.l2 - l2) < 1e-9 * l2 || abs(p - q) < 1e-12 * abs(p) {
        return objective.stationary(near: next.variables, l2: l2) ?? next
      }
      if next.l2 < l2 { low = next } else { high = next }
    }
    return nil
  }
}
