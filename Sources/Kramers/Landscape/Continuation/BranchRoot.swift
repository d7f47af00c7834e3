/// Where on a step something vanishes.
extension BranchTracer {
  /// The state between a and the step from it where f is zero, f having opposite signs there, by the
  /// distance from a.
  ///
  /// Too near a branch point the linear systems are singular, and Newton's method falls on a branch
  /// that crosses this one; there the last states are interpolated.
  ///
  /// - Parameter isTurn: f is dl2/ds; the place is near enough once l2 is, to 1e-12.
  func root(
    between a: BranchState, _ step: Step, of f: (BranchState) -> Double?, isTurn: Bool = false
  ) -> BranchState? {
    guard let low = f(a), let high = f(step.state) else { return nil }
    var bracket = RootBracket((0, low), (step.distance, high))
    var best = abs(low) < abs(high) ? a : step.state
    var value = min(abs(low), abs(high))
    let scale = max(abs(low), abs(high))
    var known = [(x: 0, y: low, state: a), (x: step.distance, y: high, state: step.state)]
    var factors: StationarySurface.BorderedFactors?
    var (at, failures) = (bracket.next, 0)
    for _ in 0..<60 {
      let near = known.sorted { abs($0.x - at) < abs($1.x - at) }.prefix(3)
      let guess = interpolated(near.map { (at: $0.x - at, state: $0.state) })
      guard let next = state(near: guess.place, after: a, &factors), let y = f(next),
        next.tangent.along(a.tangent) > 0.8
      else {
        // Nearer to what is known.
        failures += 1
        if failures > 6 { break }
        at = 0.5 * (at + near[0].x)
        continue
      }
      known.append((at, y, next))
      // At the rounding of an eigenvalue no step helps.
      let isRounding = value <= 1e-10 * scale && abs(y) > 0.5 * value
      if abs(y) <= value { (best, value) = (next, abs(y)) }
      let isNear =
        isTurn ? abs(y * bracket.width) < 1e-12 : abs(y) < 1e-12 * max(scale, 1e-3)
      if isNear || isRounding || bracket.width < 1e-13 * step.distance { return best }
      bracket.take((at, y))
      at = bracket.next
    }
    let near = known.sorted { abs($0.y) < abs($1.y) }.prefix(3)
    let (place, tangent) = interpolated(near.map { (at: $0.y, state: $0.state) })
    if let unit = tangent.normalized,
      var crossing = surface.state(
        place, tangent: unit, residual: norm(surface.gradient(place))),
      let y = f(crossing), abs(y) <= value
    {
      crossing.arclength = arclength(of: place, after: a)
      (best, value) = (crossing, abs(y))
    }
    return value <= 1e-6 * scale ? best : nil
  }

  /// Where the polynomial through states on a branch has 0 as its argument.
  private func interpolated(
    _ points: [(at: Double, state: BranchState)]
  ) -> (place: BranchPlace, tangent: BranchDirection) {
    var place = BranchPlace(theta: [Double](repeating: 0, count: surface.count), l2: 0)
    var tangent = BranchDirection(theta: place.theta, l2: 0)
    for (i, point) in points.enumerated() {
      let weight = points.enumerated().reduce(1) { product, other in
        other.offset == i ? product : product * other.element.at / (other.element.at - point.at)
      }
      for k in place.theta.indices {
        place.theta[k] += weight * point.state.place.theta[k]
        tangent.theta[k] += weight * point.state.tangent.theta[k]
      }
      place.l2 += weight * point.state.l2
      tangent.l2 += weight * point.state.tangent.l2
    }
    return (place, tangent)
  }

  /// The state in the plane across the tangent of `a` that a place lies in.
  ///
  /// - Parameter factors: of the place that this was called for before.
  private func state(
    near place: BranchPlace, after a: BranchState,
    _ factors: inout StationarySurface.BorderedFactors?
  ) -> BranchState? {
    guard
      let found = surface.correct(place, normal: a.tangent, soft: a.softVector, near: factors)
    else { return nil }
    factors = surface.isDense ? surface.bordered(found.place, a.tangent) : nil
    guard
      let tangent = surface.tangent(
        at: found.place, normal: a.tangent, soft: a.softVector, factors),
      var state = surface.state(found.place, tangent: tangent, residual: found.residual)
    else { return nil }
    state.arclength = arclength(of: found.place, after: a)
    return state
  }
}
