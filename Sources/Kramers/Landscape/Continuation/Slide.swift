#if canImport(Glibc)
  internal import Glibc
#endif

/// Where a state that has lost its stability goes without noise: along
///
///     d(theta)/dt = -G(theta)
extension StationarySurface {
  /// The minimum that the flow reaches from `start`; nil if stopped, or if it does not arrive.
  ///
  /// The path is that of training by small steps, which a quasi-Newton method would leave for another
  /// valley. At saddles on the way the state is moved along the falling direction.
  func slide(from start: BranchPlace, shouldStop: () -> Bool) -> BranchPlace? {
    isDense ? implicitSlide(start, shouldStop) : explicitSlide(start, shouldStop)
  }

  /// Linearly implicit steps by RODAS3, a Rosenbrock method of third order, L-stable, with an error
  /// estimate of second order. With A = H + 2/h
  ///
  ///     A k1 = -G(theta)                      A k2 = -G(theta) + 4 k1/h
  ///     A k3 = -G(theta + 2 k1) + (k1 - k2)/h
  ///     A k4 = -G(theta + 2 k1 + k3) + (k1 - k2 - 8/3 k3)/h
  ///     theta + 2 k1 + k3 + k4,               its error at most |k4|
  ///
  /// A Hessian and its factors are what a step costs. Steps grow with the time scale of what still
  /// moves, which soft directions make thousands of times that of the stiffest one. A must be
  /// positive definite: what grows is followed.
  ///
  /// Source: A. Sandu et al., Atmos. Environ. 31 (1997) 3459.
  private func implicitSlide(_ start: BranchPlace, _ shouldStop: () -> Bool) -> BranchPlace? {
    var place = start
    var h = 0.1 / max(start.l2, 1e-3)
    var pull = Double.infinity
    for _ in 0..<1000 {
      if shouldStop() { return nil }
      let g = gradient(place)
      let size = norm(g)
      guard size.isFinite else { return nil }
      if size <= min(restSize(place), 0.3 * pull) {
        switch rest(at: place) {
        case .minimum(let found): return found
        case .beside(let theta, let force):
          place.theta = theta
          pull = force
          h = 0.1 / max(start.l2, 1e-3)
          continue
        case .none: return nil
        }
      }
      guard let hessian = hessian(place) else { return nil }
      var next: [Double]?
      while next == nil {
        guard h > 1e-6, !shouldStop() else { return nil }
        guard let factors = factors(hessian, plus: 2 / h) else {
          h *= 0.4
          continue
        }
        let step = implicitStep(from: place, g, factors, h)
        let share = norm(step.error) / (1e-3 * (norm(place.theta) + 1e-2))
        let change = min(5, max(0.2, 0.8 / cbrt(max(share, 1e-9))))
        if share <= 1 { next = step.theta }
        h *= change.isFinite ? change : 0.2
      }
      if let next { place.theta = next }
    }
    return nil
  }

  /// - Parameters:
  ///   - g: G at the place.
  ///   - factors: of H + 2/h.
  private func implicitStep(
    from place: BranchPlace, _ g: [Double], _ factors: LU, _ h: Double
  ) -> (theta: [Double], error: [Double]) {
    let all = place.theta.indices
    var ahead = place
    let k1 = factors.solve(g.map { -$0 })
    let k2 = factors.solve(all.map { -g[$0] + 4 / h * k1[$0] })
    for i in all { ahead.theta[i] += 2 * k1[i] }
    let g3 = gradient(ahead)
    let k3 = factors.solve(all.map { -g3[$0] + (k1[$0] - k2[$0]) / h })
    for i in all { ahead.theta[i] += k3[i] }
    let g4 = gradient(ahead)
    let k4 = factors.solve(all.map { -g4[$0] + (k1[$0] - k2[$0] - 8 / 3 * k3[$0]) / h })
    for i in all { ahead.theta[i] += k4[i] }
    return (ahead.theta, k4)
  }

  /// Descent by steps of 1/(largest curvature), 200,000 at the most.
  private func explicitSlide(_ start: BranchPlace, _ shouldStop: () -> Bool) -> BranchPlace? {
    objective.l2 = term(start.l2)
    var theta = start.theta
    var g = theta
    var rate = 0.0
    var pull = Double.infinity
    for step in 0..<200_000 {
      if step % 50 == 0 {
        if shouldStop() { return nil }
        let top = objective.extreme(theta, .largest)?.value ?? 1
        rate = 1 / max(top, start.l2)
      }
      _ = objective.value(theta, &g)
      let size = norm(g)
      guard size.isFinite else { return nil }
      let place = BranchPlace(theta: theta, l2: start.l2)
      if size <= min(restSize(place), 0.3 * pull) {
        switch rest(at: place) {
        case .minimum(let found): return found
        case .beside(let next, let force):
          theta = next
          pull = force
          objective.l2 = term(start.l2)
          continue
        case .none: return nil
        }
      }
      for k in theta.indices { theta[k] -= rate * g[k] }
    }
    return nil
  }

  /// Where the gradient is below this, Newton's method has the word.
  private func restSize(_ place: BranchPlace) -> Double {
    1e-7 * (place.l2 * norm(place.theta) + 1e-2)
  }

  private enum Rest {
    case minimum(BranchPlace)
    /// Of a saddle: a little down its falling direction, and the gradient there, below which a state
    /// is not at rest again: soft saddles would be come back to for ever.
    case beside([Double], pull: Double)
  }

  private func rest(at place: BranchPlace) -> Rest? {
    guard let settled = settled(place), let spectrum = spectrum(settled) else { return nil }
    guard spectrum.index > 0 else { return .minimum(settled) }
    let distance = 1e-3 * (norm(place.theta) + 1e-3)
    let moved = settled.moved(
      along: BranchDirection(theta: spectrum.vectors[0], l2: 0), by: distance)
    return .beside(moved.theta, pull: -spectrum.values[0] * distance)
  }

  /// The stationary state at the l2 of a place that is nearly one.
  func settled(_ place: BranchPlace) -> BranchPlace? {
    // What is left of a vanished state by descent is no state of its own.
    if let found = correct(place, normal: .alongL2(count), soft: nil) {
      return BranchPlace(theta: found.place.theta, l2: place.l2)
    }
    objective.l2 = term(place.l2)
    return objective.stationaryPoint(near: place.theta).map { BranchPlace(theta: $0, l2: place.l2) }
  }
}
