extension Experiment {
  /// How many modes the network has learned at its present state, judged at L2 strength `l2`.
  ///
  /// - Commuting moments: the modes whose own projection u' W v lies above their saddle strength;
  ///   above the spinodal, above half the strength at the spinodal.
  /// - Other moments, D >= 3: the largest k for which sigma_k of the map exceeds half the strength
  ///   of the weakest mode at the fold of the rank-k branch. (A guess from commuting formulas is
  ///   wrong by orders of magnitude when input variances differ, as for digits.) Where a branch could
  ///   not be followed: singular values above 5 % of the largest that unregularised learning reaches.
  /// - D <= 2: singular values above 1e-3 of the largest that unregularised learning reaches.
  /// - Nonlinear networks and weighted targets have no theory: singular values of the centred outputs above 5 % of the
  ///   largest of the centred targets.
  public func activeModes(l2: Double, monitor: RunMonitor = RunMonitor()) throws -> Int {
    try learnedFlags(l2: l2, monitor: monitor).count { $0 }
  }

  /// Per mode of the theory whether it is learned; per singular value where there is no theory.
  func learnedFlags(l2: Double, monitor: RunMonitor = RunMonitor()) throws -> [Bool] {
    guard isDeepLinear else {
      let evaluator = try Evaluator(data: data, network: network, settings: settings)
      let limit = 0.05 * targetSpread()
      return evaluator.modeStrengths(state.parameters).map { $0 > limit }
    }
    let map = network.endToEndMap(of: state.parameters)
    let strengths = singularValues(of: map)
    guard network.depth >= 3 else {
      let limit = 1e-3 * reachableStrength()
      return strengths.map { $0 > limit }
    }
    let theory = deepLinearTheory(monitor: monitor)
    if theory.commutes { return projectionFlags(map, l2: l2, count: theory.modes.count) }
    let folds = theory.foldStrengths
    guard folds.count == min(theory.modes.count, network.widths.min() ?? 0) else {
      let limit = 0.05 * reachableStrength()
      return theory.modes.indices.map { $0 < strengths.count && strengths[$0] > limit }
    }
    let rank = folds.indices.last { strengths[$0] > 0.5 * folds[$0] }
    return theory.modes.indices.map { $0 <= rank ?? -1 }
  }

  /// Whether `learnedFlags` tells which modes are learned, and not only how many.
  var flagsNameModes: Bool {
    isDeepLinear && network.depth >= 3 && deepLinearTheory(monitor: RunMonitor()).commutes
  }

  /// The strength by which each mode of `learnedFlags` is judged: its own projection for commuting
  /// moments at D >= 3, else the singular value of its number.
  func ownStrengths() -> [Double] {
    if flagsNameModes {
      let map = network.endToEndMap(of: state.parameters)
      let correlation = SingularValueDecomposition(data.moments.yx)
      return deepLinearTheory(monitor: RunMonitor()).modes.indices.map { k in
        dot(correlation.u.column(k), map * correlation.v.column(k))
      }
    }
    let evaluator = try? Evaluator(data: data, network: network, settings: settings)
    return evaluator?.modeStrengths(state.parameters) ?? []
  }

  private func projectionFlags(_ map: Matrix, l2: Double, count: Int) -> [Bool] {
    let correlation = SingularValueDecomposition(data.moments.yx)
    return (0..<count).map { k in
      let direction = correlation.v.column(k)
      let variance = dot(direction, data.moments.xx * direction)
      guard correlation.values[k] > 0, variance > 0 else { return false }
      let mode = SingleMode(
        singular: correlation.values[k], variance: variance, depth: network.depth)
      let limit = mode.saddleStrength(l2: l2) ?? 0.5 * mode.spinodalStrength
      return dot(correlation.u.column(k), map * direction) > limit
    }
  }

  /// The largest s_k / lambda_k.
  private func reachableStrength() -> Double {
    let correlation = SingularValueDecomposition(data.moments.yx)
    return correlation.values.enumerated().map { k, singular in
      let direction = correlation.v.column(k)
      let variance = dot(direction, data.moments.xx * direction)
      return variance > 0 ? singular / variance : 0
    }.max() ?? 0
  }

  /// The largest singular value of the centred targets / sqrt(N).
  private func targetSpread() -> Double {
    guard let train = data.train else { return 0 }
    var centred = Matrix(train.outputs, train.count)
    for i in 0..<train.outputs {
      var mean = 0.0
      for n in 0..<train.count { mean += train.y[n * train.outputs + i] }
      mean /= Double(train.count)
      for n in 0..<train.count {
        centred[i, n] =
          (train.y[n * train.outputs + i] - mean) / Double(train.count).squareRoot()
      }
    }
    return singularValues(of: centred).first ?? 0
  }
}

extension PhaseTheory {
  /// Strength of the weakest mode at the fold of each rank-k branch; where learned states end.
  var foldStrengths: [Double] {
    guard let scaled else { return [] }
    return branches.enumerated().map { k, branch in
      let modes = RankObjective(scaled, rank: k + 1).learnedModes(branch.fold)
      return scaled.mapScale * (modes.map(\.strength).min() ?? 0)
    }
  }
}
