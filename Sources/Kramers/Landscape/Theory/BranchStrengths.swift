/// Strengths along the branches of a mode: what a bifurcation diagram shows, and what a hysteresis
/// loop encloses. Branches of coupled moments are followed down to 1e-3 of the spinodal.
extension PhaseTheory {
  /// The mode's singular value in the learned state at `l2`; nil where there is none. For coupled
  /// moments that of the weakest mode of the rank-k state.
  public func learnedStrength(mode k: Int, l2: Double) -> Double? {
    guard let spinodal = modes[k - 1].spinodal, l2 < spinodal else { return nil }
    if k <= singles.count { return singles[k - 1].learnedStrength(l2: l2) }
    return strength(mode: k, l2: l2) { $0.learnedState($1, l2: $2) }
  }

  /// The mode's singular value at the saddle between the zero and the learned phase; nil where there
  /// is none, as at depth 2.
  public func saddleStrength(mode k: Int, l2: Double) -> Double? {
    guard let spinodal = modes[k - 1].spinodal, l2 > 0, l2 < spinodal else { return nil }
    if k <= singles.count { return singles[k - 1].saddleStrength(l2: l2) }
    let below = k >= 2 && k - 2 < branches.count ? branches[k - 2] : nil
    return strength(mode: k, l2: l2) { $0.saddle($1, above: below, l2: $2) }
  }

  private func strength(
    mode k: Int, l2: Double, _ state: (ModeBranch, ScaledMoments, Double) -> RankState?
  ) -> Double? {
    guard let scaled, k <= branches.count, l2 >= 1e-3 * (modes[k - 1].spinodal ?? 0),
      let found = state(branches[k - 1], scaled, l2 / scaled.l2Scale)
    else { return nil }
    return RankObjective(scaled, rank: k).learnedModes(found).map(\.strength).min()
      .map { scaled.mapScale * $0 }
  }

  /// What the hysteresis loop of mode k encloses above `low`, when l2 goes up to `high` and back:
  ///
  ///     int_low^(b_sp) w(b) db,     w the learned branch
  ///
  /// 0 where the loop never opens (depth 2) or the mode never collapses (high < b_sp). Nil without
  /// a closed form: coupled moments.
  ///
  /// With b = b_sp - u^2 the square root at the fold is smooth; Gauss–Legendre with 64 nodes.
  public func loopArea(mode k: Int, from low: Double, to high: Double) -> Double? {
    guard k <= singles.count, let spinodal = modes[k - 1].spinodal else { return nil }
    guard depth >= 3, high > spinodal, low < spinodal else { return 0 }
    let rule = GaussLegendre(64)
    let end = (spinodal - low).squareRoot()
    var sum = 0.0
    for (node, weight) in zip(rule.nodes, rule.weights) {
      let u = end * node
      guard let w = singles[k - 1].learnedStrength(l2: spinodal - u * u) else { return nil }
      sum += weight * 2 * u * w
    }
    return end * sum
  }
}
