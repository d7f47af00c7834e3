/// One step along a branch by pseudo-arclength: ahead along the tangent, then Newton's method in the
/// plane across it.
///
/// The step shrinks until the tangent turns by less than 25 degrees and the correction is small
/// against the step, so that the next branch is not taken for this one.
struct BranchTracer {
  let surface: StationarySurface
  /// Branches end here.
  let range: ClosedRange<Double>
  /// The largest step, as a share of |theta| and, twice, of l2.
  let share: Double
  /// A norm of states of this network: where theta vanishes, steps stay a share of a tenth of it.
  let scale: Double

  struct Step {
    var state: BranchState
    /// Where the curve crosses the plane of the state before, from its foot.
    var distance: Double
    /// For the step after this one.
    var next: Double
    /// Whether it ends at an end of the range.
    var reachesLimit: Bool
  }

  /// The next state; nil where the branch is lost: no step down to 1e-8 succeeds.
  func step(from state: BranchState, by wanted: Double) -> Step? {
    var size = min(wanted, largest(from: state))
    while size > 1e-8 * (scale + norm(state.place.theta)) {
      if let step = attempt(from: state, by: size) { return step }
      size *= 0.5
    }
    return nil
  }

  /// The longest step at a state.
  func largest(from state: BranchState) -> Double {
    let along = norm(state.tangent.theta)
    let size = max(norm(state.place.theta), 0.1 * scale)
    let turning = along > 0 ? share * size / along : .infinity
    // Near l2 = 0 by shares of it, so that it is never passed.
    return min(turning, 2 * share * state.l2 / max(abs(state.tangent.l2), 1e-12))
  }

  private func attempt(from state: BranchState, by size: Double) -> Step? {
    let ahead = state.place.moved(along: state.tangent, by: size)
    guard
      let found = surface.correct(ahead, normal: state.tangent, soft: state.softVector)
    else { return nil }
    let drift = BranchDirection(
      theta: zip(found.place.theta, ahead.theta).map { $0 - $1 }, l2: found.place.l2 - ahead.l2)
    guard drift.length <= 0.5 * size else { return nil }
    guard range.contains(found.place.l2) else {
      let limit = found.place.l2 > range.upperBound ? range.upperBound : range.lowerBound
      return landing(from: state, beyond: found.place, at: limit, size)
    }
    guard
      let tangent = surface.tangent(
        at: found.place, normal: state.tangent, soft: state.softVector)
    else { return nil }
    let cosine = tangent.along(state.tangent)
    guard cosine > 0.9,
      let next = surface.state(found.place, tangent: tangent, residual: found.residual)
    else { return nil }
    let eager = found.steps <= 3 && cosine > 0.995
    let tired = found.steps >= 6 || cosine < 0.97
    return Step(
      state: placed(next, after: state), distance: size,
      next: size * (eager ? 1.5 : tired ? 0.6 : 1), reachesLimit: false)
  }

  /// The state where the branch meets an end of the range.
  private func landing(
    from state: BranchState, beyond place: BranchPlace, at limit: Double, _ size: Double
  ) -> Step? {
    guard let landed = surface.landed(between: state.place, place, at: limit, state.softVector),
      let tangent = surface.tangent(
        at: landed.place, normal: state.tangent, soft: state.softVector),
      tangent.along(state.tangent) > 0.9,
      let next = surface.state(landed.place, tangent: tangent, residual: landed.residual)
    else { return nil }
    let move = BranchDirection(
      theta: zip(landed.place.theta, state.place.theta).map { $0 - $1 },
      l2: landed.place.l2 - state.l2)
    return Step(
      state: placed(next, after: state), distance: move.along(state.tangent), next: size,
      reachesLimit: true)
  }

  private func placed(_ next: BranchState, after state: BranchState) -> BranchState {
    var next = next
    next.arclength = arclength(of: next.place, after: state)
    return next
  }
}

extension BranchTracer {
  func arclength(of place: BranchPlace, after state: BranchState) -> Double {
    let chord = BranchDirection(
      theta: zip(place.theta, state.place.theta).map { $0 - $1 }, l2: place.l2 - state.l2)
    return state.arclength + chord.length
  }
}

extension StationarySurface {
  /// The state at a given l2 between two places of one branch.
  func landed(
    between a: BranchPlace, _ b: BranchPlace, at l2: Double, _ soft: [Double]?
  ) -> (place: BranchPlace, residual: Double)? {
    let share = b.l2 == a.l2 ? 0 : (l2 - a.l2) / (b.l2 - a.l2)
    let start = BranchPlace(
      theta: zip(a.theta, b.theta).map { $0 + share * ($1 - $0) }, l2: l2)
    guard let found = correct(start, normal: .alongL2(count), soft: soft) else { return nil }
    let step = zip(b.theta, a.theta).map { $0 - $1 }
    let drift = zip(found.place.theta, start.theta).map { $0 - $1 }
    guard norm(drift) <= 2 * norm(step) + 1e-6 else { return nil }
    return (BranchPlace(theta: found.place.theta, l2: l2), found.residual)
  }
}
