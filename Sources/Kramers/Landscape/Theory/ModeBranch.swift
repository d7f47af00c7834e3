/// The branch of rank-k states of a network with D >= 3: learned states, the fold where its weakest
/// mode collapses (the spinodal of mode k), and behind the fold the saddles between rank k and
/// rank k - 1.
///
/// At the fold l2 has a smooth maximum along the branch, so the branch is followed by its arc
/// length: a relative error of 1e-5 in that is one of 1e-10 in l2. (The weight of the weakest mode
/// is no parameter: modes of similar strength mix.) Behind the maximum lie the saddles. Scaled units throughout.
struct ModeBranch: Sendable {
  let rank: Int
  /// Learned states in order of rising l2; the last is the fold.
  let stable: [RankState]
  var fold: RankState { stable[stable.count - 1] }
  var spinodal: Double { fold.l2 }

  /// Follows the branch of rank `below.rank` + 1 (1 without `below`).
  ///
  /// The added mode is the one that `FirstMode` finds best in what the lower branch leaves
  /// unexplained, at the L2 strength where it would just become possible.
  init?(
    _ moments: ScaledMoments, above below: BranchStates?, shouldStop: () -> Bool = { false }
  ) {
    rank = (below?.branch.rank ?? 0) + 1
    let objective = RankObjective(moments, rank: rank)
    guard let start = Self.start(objective, below, shouldStop) else { return nil }
    guard let stable = Self.climb(objective, from: start, shouldStop) else { return nil }
    self.stable = stable
  }

  /// A learned state of rank k somewhat below its spinodal.
  private static func start(
    _ objective: RankObjective, _ below: BranchStates?, _ shouldStop: () -> Bool
  ) -> RankState? {
    let moments = objective.moments
    func candidate(_ l2: Double) -> (lower: RankState?, mode: FirstMode)? {
      var residual = moments.correlation
      var lower: RankState?
      if let below {
        guard let state = below.learned(l2: l2) else { return nil }
        residual = below.objective.residualCorrelation(state)
        lower = state
      }
      guard
        let mode = FirstMode(
          correlation: residual, variances: moments.variances, depth: moments.depth,
          starts: below == nil ? .max : 3, tolerance: 1e-5)
      else { return nil }
      return (lower, mode)
    }
    // The lower branch changes with l2, so the estimate is a fixed point.
    var estimate = below.map { 0.98 * $0.branch.spinodal } ?? .infinity
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
      var strengths = [integerPower(weight, moments.depth)]
      var left = [mode.output]
      if let below, let lower {
        let modes = below.objective.learnedModes(lower)
        strengths += modes.map(\.strength)
        left += modes.map(\.left)
      }
      let variables = objective.variables(strengths: strengths, left: left)
      if let state = objective.relaxed(from: variables, l2: l2), objective.isLearned(state) {
        return state
      }
    }
    return nil
  }

  /// From a learned state to the fold, both included.
  private static func climb(
    _ objective: RankObjective, from start: RankState, _ shouldStop: () -> Bool
  ) -> [RankState]? {
    guard let tangent = objective.tangent(start) else { return nil }
    var states = [start]
    guard
      let beyond = walk(objective, &states, tangent, shouldStop, until: { $0.l2 < $1.l2 }),
      states.count >= 2
    else { return nil }
    // Three states around the maximum of l2(s): the vertex of their parabola, again and again.
    let before = states[states.count - 2]
    let direction = difference(beyond, before)
    let length = norm(direction)
    let along = direction.map { $0 / length }
    var three = [before, states[states.count - 1], beyond].map {
      (state: $0, s: dot(along, $0.variables))
    }
    for _ in 0..<30 {
      if shouldStop() { return nil }
      let (left, right) = (three[0].s - three[1].s, three[2].s - three[1].s)
      let (p, q) = (three[0].state.l2 - three[1].state.l2, three[2].state.l2 - three[1].state.l2)
      var shift = (p * right * right - q * left * left) / (p * right - q * left) / 2
      guard shift.isFinite else { break }
      if abs(shift) < 1e-6 * length { break }
      // Away from the sides, so that each state brings new information.
      shift = min(max(shift, 0.9 * left), 0.9 * right)
      let level = three[1].s + shift
      guard let next = objective.stationary(near: three[1].state, along: along, level: level)
      else { return nil }
      if next.l2 < three[1].state.l2 {
        three[shift > 0 ? 2 : 0] = (next, level)
      } else {
        three[shift > 0 ? 0 : 2] = three[1]
        three[1] = (next, level)
      }
    }
    states.removeAll { dot(along, $0.variables) >= three[1].s }
    return states + [three[1].state]
  }

  /// Follows the branch by arc length, appending states, until `done(new, last)`; returns the new
  /// one.
  private static func walk(
    _ objective: RankObjective, _ states: inout [RankState], _ tangent: [Double],
    _ shouldStop: () -> Bool, until done: (RankState, RankState) -> Bool
  ) -> RankState? {
    var direction = tangent
    var step = 0.05 * norm(states[0].variables) / Double(objective.rank).squareRoot()
    for _ in 0..<500 {
      let last = states[states.count - 1]
      guard !shouldStop(), step > 1e-9 else { return nil }
      if states.count >= 2 {
        let change = difference(last, states[states.count - 2])
        let length = norm(change)
        direction = change.map { $0 / length }
      }
      var guess = last
      for i in direction.indices { guess.variables[i] += step * direction[i] }
      let level = dot(direction, guess.variables)
      guard let next = objective.stationary(near: guess, along: direction, level: level),
        // A jump to another branch changes more than the step.
        norm(difference(next, guess)) < step
      else {
        step *= 0.5
        continue
      }
      if done(next, last) { return next }
      if norm(difference(next, guess)) < 0.2 * step { step *= 1.2 }
      states.append(next)
    }
    return nil
  }

  /// The learned state of this rank at `l2`; nil above the spinodal or where the branch is lost.
  func learnedState(_ moments: ScaledMoments, l2: Double) -> RankState? {
    learnedState(RankObjective(moments, rank: rank), l2: l2)
  }

  /// - Parameter objective: of this rank; its kept Jacobians are used.
  func learnedState(_ objective: RankObjective, l2: Double) -> RankState? {
    guard l2 <= spinodal else { return nil }
    if let above = stable.indices.first(where: { stable[$0].l2 >= l2 }), above > 0 {
      // Away from the fold Newton's method in the variables alone is regular.
      let (low, high) = (stable[above - 1], stable[above])
      let share = (l2 - low.l2) / (high.l2 - low.l2)
      let change = difference(high, low)
      let guess = zip(low.variables, change).map { $0 + share * $1 }
      if l2 < 0.95 * spinodal, let found = objective.stationary(near: guess, l2: l2),
        norm(zip(found.variables, guess).map { $0 - $1 }) < 0.5 * norm(change),
        objective.isLearned(found)
      {
        return found
      }
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

  /// The saddle between this branch and the rank below at `l2`; nil above the spinodal, and where
  /// no way to it is found.
  ///
  /// Far below the spinodal the saddle is the learned state of the rank below and a chain so weak
  /// that it sees nothing but what that state leaves unexplained; nearer to it, it is followed from
  /// the fold.
  func saddle(
    _ moments: ScaledMoments, above below: ModeBranch?, l2: Double,
    shouldStop: () -> Bool = { false }
  ) -> RankState? {
    guard l2 < spinodal, l2 > 0 else { return nil }
    let objective = RankObjective(moments, rank: rank)
    if l2 < 0.5 * spinodal, let found = weakChain(objective, above: below, l2: l2) { return found }
    let change = difference(fold, stable[stable.count - 2])
    let length = norm(change)
    var states = [fold]
    guard
      let beyond = Self.walk(
        objective, &states, change.map { $0 / length }, shouldStop,
        until: { new, _ in new.l2 <= l2 }),
      let found = between(objective, beyond, states[states.count - 1], l2),
      let weakest = objective.weakestMode(found),
      // A jump to the rank below with a weight of zero: what the mode would have to see,
      // b w^(2/D-1) + variance w, then exceeds the top singular value, 1.
      weakest.strength < weakest.single.spinodalStrength, weakest.single.singular < 1.5
    else { return nil }
    return found
  }

  private func weakChain(
    _ objective: RankObjective, above below: ModeBranch?, l2: Double
  ) -> RankState? {
    let moments = objective.moments
    var residual = moments.correlation
    var modes: [LearnedMode] = []
    if let below {
      guard let lower = below.learnedState(moments, l2: l2) else { return nil }
      let inner = RankObjective(moments, rank: below.rank)
      residual = inner.residualCorrelation(lower)
      modes = inner.learnedModes(lower)
    }
    let split = SingularValueDecomposition(residual)
    let direction = split.v.column(0)
    let variance = zip(direction, moments.variances).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
    guard split.values[0] > 0, variance > 0,
      let strength = SingleMode(
        singular: split.values[0], variance: variance, depth: moments.depth
      ).saddleStrength(l2: l2),
      let found = objective.stationary(
        near: objective.variables(
          strengths: modes.map(\.strength) + [strength],
          left: modes.map(\.left) + [split.u.column(0)]), l2: l2),
      let weakest = objective.weakestMode(found),
      weakest.strength > 0.3 * strength, weakest.strength < 3 * strength,
      weakest.strength < weakest.single.spinodalStrength
    else { return nil }
    return found
  }

  /// The state with the given l2 between two states, by bisection and secants along the chord and
  /// a last Newton step in l2.
  private func between(
    _ objective: RankObjective, _ low: RankState, _ high: RankState, _ l2: Double
  ) -> RankState? {
    var (low, high) = (low, high)
    let chord = difference(high, low)
    let length = norm(chord)
    let along = chord.map { $0 / length }
    for iteration in 0..<100 {
      let (p, q) = (dot(along, low.variables), dot(along, high.variables))
      let share = (l2 - low.l2) / (high.l2 - low.l2)
      let secant = share > 0.02 && share < 0.98 && iteration % 3 != 2
      let level = p + (secant ? share : 0.5) * (q - p)
      let guess = share < 0.5 ? low : high
      guard let next = objective.stationary(near: guess, along: along, level: level) else {
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

private func difference(_ a: RankState, _ b: RankState) -> [Double] {
  zip(a.variables, b.variables).map { $0 - $1 }
}
