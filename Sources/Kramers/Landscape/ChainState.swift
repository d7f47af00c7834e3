/// A stationary state of `ChainObjective` and the L2 strength at which it is one, in scaled units.
struct ChainState: Sendable {
  /// For each chain x_j and, for D >= 3, a_j.
  var variables: [Double]
  var l2: Double
}

/// What one chain sees while the others stand still.
struct ChainMode: Sendable {
  /// u, v (unit) and w of the chain's term w u v' in the end-to-end map.
  let left: [Double]
  let right: [Double]
  let strength: Double
  /// u'(B - W_others L) v and v' L v.
  let single: SingleMode
}

extension ChainObjective {
  /// The chains of a state. Stationarity gives u' (B - W L) v = b w^(2/D-1), which spares a sum.
  func chainModes(_ state: ChainState) -> [ChainMode] {
    let y = rightFactors(state.variables, state.l2)
    let d = Double(moments.depth)
    return (0..<chains).map { j in
      let x = Array(state.variables[j * stride..<j * stride + outputs])
      let column = y.column(j)
      let (p, q) = (norm(x), norm(column))
      let a = moments.depth >= 3 ? state.variables[j * stride + outputs] : 1
      let strength = p * q * integerPower(a, moments.depth - 2)
      let v = column.map { $0 / q }
      let variance = zip(v, moments.variances).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }
      let singular = state.l2 * power(strength, 2 / d - 1) + variance * strength
      return ChainMode(
        left: x.map { $0 / p }, right: v, strength: strength,
        single: SingleMode(singular: singular, variance: variance, depth: moments.depth))
    }
  }

  /// B - W L without the learned modes' own triplets: what a further mode could learn.
  func residualCorrelation(_ state: ChainState) -> Matrix {
    var result = moments.correlation
    for mode in chainModes(state) {
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

  /// Whether every chain is on the learned side of its own fold.
  func isLearned(_ state: ChainState) -> Bool {
    chainModes(state).allSatisfy {
      $0.strength.isFinite && $0.strength > 0 && $0.strength >= $0.single.spinodalStrength
    }
  }

  /// The minimum that L-BFGS reaches from `variables`, polished by Newton's method.
  func relaxed(from variables: [Double], l2: Double) -> ChainState? {
    let found = minimize(
      from: variables, relativeTolerance: 0, absoluteTolerance: moments.depth == 2 ? 1e-14 : 1e-8,
      maximumIterations: 5000
    ) { self.value($0, l2, &$1) }
    // For D = 2 chains of equal x_j . y_j rotate into each other: no invertible Hessian.
    if moments.depth == 2 { return ChainState(variables: found.x, l2: l2) }
    return stationary(near: found.x, l2: l2)
  }

  /// The stationary state at `l2` that Newton's method finds near `variables`; nil if it runs off.
  func stationary(near variables: [Double], l2: Double) -> ChainState? {
    var gradient = [Double](repeating: 0, count: count)
    let root = newtonRoot(near: variables) { point in
      _ = self.value(point, l2, &gradient)
      return gradient
    } jacobian: { point, value in
      self.hessian(point, l2, value)
    }
    guard let root, distance(root, variables) < 0.3 * norm(variables) else { return nil }
    return ChainState(variables: root, l2: l2)
  }

  /// The stationary state near `state` with along . z = level, and the L2 strength for which it is
  /// stationary. Regular at a fold, where l2 has its maximum along the branch.
  func stationary(near state: ChainState, along: [Double], level: Double) -> ChainState? {
    var gradient = [Double](repeating: 0, count: count)
    let start = state.variables + [state.l2]
    let root = newtonRoot(near: start) { unknowns in
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
    return ChainState(variables: Array(root.dropLast()), l2: root[count])
  }

  /// The unit vector along which the state moves as l2 rises, -H^-1 d(grad)/d(l2).
  func tangent(_ state: ChainState) -> [Double]? {
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
