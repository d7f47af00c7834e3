/// A stationary state of `RankObjective` and the L2 strength at which it is one, in scaled units.
struct RankState: Sendable {
  var variables: [Double]
  var l2: Double
}

/// One learned mode of a state: a term w u v' of the end-to-end map.
struct LearnedMode: Sendable {
  let left: [Double]
  let right: [Double]
  let strength: Double
  /// u'(B - W_others L) v and v' L v: what the mode sees while the others stand still.
  let single: SingleMode
}

extension RankObjective {
  /// The modes of a state by falling strength. Stationarity gives u' (B - W L) v = b w^(2/D-1).
  func learnedModes(_ state: RankState) -> [LearnedMode] {
    let split = SingularValueDecomposition(map(state.variables, state.l2))
    let d = Double(moments.depth)
    return (0..<rank).map { j in
      let v = split.v.column(j)
      let strength = max(split.values[j], .leastNormalMagnitude)
      let variance = zip(v, moments.variances).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
      let singular = state.l2 * power(strength, 2 / d - 1) + variance * strength
      return LearnedMode(
        left: split.u.column(j), right: v, strength: strength,
        single: SingleMode(singular: singular, variance: variance, depth: moments.depth))
    }
  }

  func weakestMode(_ state: RankState) -> LearnedMode? {
    learnedModes(state).min { $0.strength < $1.strength }
  }

  /// B - W L without the learned modes' own triplets: what a further mode could learn.
  func residualCorrelation(_ state: RankState) -> Matrix {
    var result = moments.correlation
    for mode in learnedModes(state) {
      let own = state.l2 * power(mode.strength, 2 / Double(moments.depth) - 1)
      for o in 0..<outputs {
        for i in mode.right.indices {
          result[o, i] -=
            mode.left[o] * mode.right[i] * (mode.strength * moments.variances[i] + own)
        }
      }
    }
    return result
  }

  /// Whether every mode is on the learned side of its own fold.
  func isLearned(_ state: RankState) -> Bool {
    learnedModes(state).allSatisfy {
      $0.strength.isFinite && $0.strength > 0 && $0.strength >= $0.single.spinodalStrength
    }
  }

  /// The minimum that L-BFGS reaches from `variables`, polished by Newton's method.
  func relaxed(from variables: [Double], l2: Double) -> RankState? {
    let found = minimize(
      from: variables, relativeTolerance: 0, absoluteTolerance: moments.depth == 2 ? 1e-14 : 1e-8,
      maximumIterations: 5000
    ) { self.value($0, l2, &$1) }
    if let polished = stationary(near: found.x, l2: l2) { return polished }
    // At the onset of a mode of depth 2 the Hessian is singular and its chain has length zero.
    return moments.depth == 2 ? RankState(variables: found.x, l2: l2) : nil
  }

  /// The stationary state at `l2` that Newton's method finds near `variables`; nil if it runs off.
  func stationary(near variables: [Double], l2: Double) -> RankState? {
    var gradient = [Double](repeating: 0, count: count)
    let root = newtonRoot(near: variables, keeping: atStrength) { point in
      _ = self.value(point, l2, &gradient)
      return gradient
    } jacobian: { point, value in
      self.hessian(point, l2, value)
    }
    guard let root, distance(root, variables) < 0.3 * norm(variables) else { return nil }
    return RankState(variables: root, l2: l2)
  }

  /// The stationary state near `state` with along . z = level, and the L2 strength for which it is
  /// stationary. Regular at a fold, where l2 has its maximum along the branch.
  func stationary(near state: RankState, along: [Double], level: Double) -> RankState? {
    var gradient = [Double](repeating: 0, count: count)
    let start = state.variables + [state.l2]
    let root = newtonRoot(near: start, keeping: alongBranch) { unknowns in
      guard unknowns[count] > 0 else { return [.nan] }
      let point = Array(unknowns.dropLast())
      _ = self.value(point, unknowns[count], &gradient)
      return gradient + [dot(along, point) - level]
    } jacobian: { unknowns, value in
      let point = Array(unknowns.dropLast())
      let l2 = unknowns[count]
      let inner = self.hessian(point, l2, value)
      let slope = self.l2Derivative(point, l2, value)
      var matrix = Matrix(count + 1, count + 1)
      for i in 0..<count {
        for j in 0..<count { matrix[i, j] = inner[i, j] }
        matrix[i, count] = slope[i]
        matrix[count, i] = along[i]
      }
      return matrix
    }
    guard let root, distance(root, start) < 0.3 * norm(start) else { return nil }
    return RankState(variables: Array(root.dropLast()), l2: root[count])
  }

  /// The unit vector along which the state moves as l2 rises, -H^-1 d(grad)/d(l2).
  func tangent(_ state: RankState) -> [Double]? {
    var gradient = [Double](repeating: 0, count: count)
    _ = value(state.variables, state.l2, &gradient)
    let slope = l2Derivative(state.variables, state.l2, gradient)
    guard let step = LU(hessian(state.variables, state.l2, gradient))?.solve(slope) else {
      return nil
    }
    let length = norm(step)
    return step.map { -$0 / length }
  }

  private func l2Derivative(_ point: [Double], _ l2: Double, _ gradient: [Double]) -> [Double] {
    let h = 1e-7 * l2
    var shifted = gradient
    _ = value(point, l2 + h, &shifted)
    return zip(shifted, gradient).map { ($0 - $1) / h }
  }
}

private func distance(_ a: [Double], _ b: [Double]) -> Double {
  norm(zip(a, b).map { $0 - $1 })
}
