/// Where a state that has lost its stability goes without noise.
extension StationarySurface {
  /// The minimum that gradient descent reaches from `start`; nil if stopped, or not within 200,000
  /// steps.
  ///
  /// Steps of 1/(largest curvature): the path is that of training, which a quasi-Newton method would
  /// leave for another valley. At saddles on the way it is moved along the falling direction.
  func slide(from start: BranchPlace, shouldStop: () -> Bool) -> BranchPlace? {
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
      if size <= 1e-7 * (start.l2 * norm(theta) + 1e-2) {
        guard let settled = settled(BranchPlace(theta: theta, l2: start.l2)),
          let spectrum = spectrum(settled)
        else { return nil }
        guard spectrum.index > 0 else { return settled }
        theta =
          settled.moved(
            along: BranchDirection(theta: spectrum.vectors[0], l2: 0),
            by: 1e-3 * (norm(theta) + 1e-3)
          ).theta
        objective.l2 = term(start.l2)
        continue
      }
      for k in theta.indices { theta[k] -= rate * g[k] }
    }
    return nil
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
