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

  /// Linearly implicit steps by a Rosenbrock method of second order, L-stable:
  ///
  ///     (1 + c h H) k1 = -G(theta),   (1 + c h H) k2 = -G(theta + h k1) - 2 k1,   c = 1 - 1/sqrt(2)
  ///     theta + h (3 k1 + k2)/2,      its error at most h |k1 + k2|/2
  ///
  /// Steps grow with the time scale of what still moves, which soft directions make thousands of
  /// times that of the stiffest one. 1 + c h H must be positive definite: what grows is followed.
  ///
  /// Source: J. Verwer et al., SIAM J. Sci. Comput. 20 (1999) 1456, "ROS2".
  private func implicitSlide(_ start: BranchPlace, _ shouldStop: () -> Bool) -> BranchPlace? {
    let c = 1 - 0.5.squareRoot()
    var place = start
    var h = 0.1 / max(start.l2, 1e-3)
    for _ in 0..<1000 {
      if shouldStop() { return nil }
      let g = gradient(place)
      let size = norm(g)
      guard size.isFinite else { return nil }
      if size <= restSize(place) {
        switch rest(at: place) {
        case .minimum(let found): return found
        case .beside(let theta):
          place.theta = theta
          h = 0.1 / max(start.l2, 1e-3)
          continue
        case .none: return nil
        }
      }
      guard let hessian = hessian(place) else { return nil }
      var next: [Double]?
      while next == nil {
        guard h > 1e-6, !shouldStop() else { return nil }
        guard let factors = factors(hessian, plus: 1 / (c * h)) else {
          h *= 0.4
          continue
        }
        let scale = 1 / (c * h)
        let first = factors.solve(g.map { -scale * $0 })
        let ahead = BranchPlace(
          theta: zip(place.theta, first).map { $0 + h * $1 }, l2: place.l2)
        let second = factors.solve(zip(gradient(ahead), first).map { scale * (-$0 - 2 * $1) })
        let error = 0.5 * h * norm(zip(first, second).map { $0 + $1 })
        let share = error / (3e-3 * (norm(place.theta) + 1e-2))
        let change = min(5, max(0.2, 0.8 / max(share, 1e-6).squareRoot()))
        if share <= 1 {
          next = place.theta.indices.map {
            place.theta[$0] + h * (1.5 * first[$0] + 0.5 * second[$0])
          }
        }
        h *= change.isFinite ? change : 0.2
      }
      if let next { place.theta = next }
    }
    return nil
  }

  /// Descent by steps of 1/(largest curvature), 200,000 at the most.
  private func explicitSlide(_ start: BranchPlace, _ shouldStop: () -> Bool) -> BranchPlace? {
    objective.l2 = term(start.l2)
    var theta = start.theta
    var g = theta
    var rate = 0.0
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
      if size <= restSize(place) {
        switch rest(at: place) {
        case .minimum(let found): return found
        case .beside(let next):
          theta = next
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
    /// Of a saddle: a little down its falling direction.
    case beside([Double])
  }

  private func rest(at place: BranchPlace) -> Rest? {
    guard let settled = settled(place), let spectrum = spectrum(settled) else { return nil }
    guard spectrum.index > 0 else { return .minimum(settled) }
    return .beside(
      settled.moved(
        along: BranchDirection(theta: spectrum.vectors[0], l2: 0),
        by: 1e-3 * (norm(place.theta) + 1e-3)
      ).theta)
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
