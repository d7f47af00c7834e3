extension Experiment {
  /// How many modes the network has learned at its present state, judged at L2 strength `l2`.
  ///
  /// Linear networks: the singular values of the end-to-end map, sorted, against the saddle
  /// strengths of the modes, sorted; above the spinodal half the strength at the spinodal. Unequal
  /// input variances enter by lambda_i = v_i' Sxx v_i. Nonlinear networks have no theory: a mode
  /// counts as learned above 5 % of the largest singular value of the centred targets.
  public func activeModes(l2: Double) throws -> Int {
    let evaluator = try Evaluator(data: data, network: network, settings: settings)
    return activeModes(evaluator.modeStrengths(state.parameters), l2: l2)
  }

  func activeModes(_ strengths: [Double], l2: Double) -> Int {
    let thresholds =
      network.isDeepLinear
      ? learnedThresholds(l2: l2, SingularValueDecomposition(data.moments.yx))
      : [Double](repeating: 0.05 * targetSpread(), count: network.widths.min() ?? 1)
    return zip(strengths, thresholds.sorted(by: >)).prefix { $0 > $1 }.count
  }

  /// The strength above which each mode of a deep linear network counts as learned, in the order
  /// of the singular values of Sigma_yx.
  func learnedThresholds(
    l2: Double, _ correlation: SingularValueDecomposition
  ) -> [Double] {
    let limit = network.widths.min() ?? 1
    let top = correlation.values.first ?? 0
    return correlation.values.prefix(limit).enumerated().map { k, singular -> Double in
      let direction = correlation.v.column(k)
      let variance = dot(direction, data.moments.xx * direction)
      guard singular > 1e-12 * top, variance > 0 else { return .infinity }
      let mode = SingleMode(singular: singular, variance: variance, depth: network.depth)
      switch network.depth {
      case 1: return 0.5 * singular / variance
      case 2: return max(0.5 * (mode.learnedStrength(l2: l2) ?? 0), 0.01 * singular / variance)
      default: return mode.saddleStrength(l2: l2) ?? 0.5 * mode.spinodalStrength
      }
    }
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
