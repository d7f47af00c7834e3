/// Second moments in the eigenbasis of Sigma_xx and in units where its top eigenvalue and the top
/// singular value S of Sigma_yx are 1, so that tolerances of solvers mean the same for all data.
///
///     Sigma_xx = V diag(L lambda) V',   B = Sigma_yx V / S,   W = (S/L) W~ V'
///     objective = (S^2/L) objective~ + const,   l2 = L (S/L)^(2-2/D) l2~
///
/// Input directions without variance (below 1e-13 of the top) carry no correlation and are left
/// out, as in `Batch(moments:)`.
struct ScaledMoments: Sendable {
  let depth: Int
  /// lambda, n kept eigenvalues, the largest 1.
  let variances: [Double]
  /// B, outputs x n.
  let correlation: Matrix
  /// V, inputs x n.
  let basis: Matrix
  /// S and L.
  let singularScale: Double
  let varianceScale: Double

  /// Nil when inputs and targets are uncorrelated: there is nothing to learn.
  init?(_ moments: SecondMoments, depth: Int) {
    let (values, vectors) = eigenDecomposition(moments.xx)
    let top = values.last ?? 0
    let kept = values.indices.filter { values[$0] > 1e-13 * top }
    var basis = Matrix(moments.inputs, kept.count)
    for (j, k) in kept.enumerated() {
      for i in 0..<moments.inputs { basis[i, j] = vectors[i, k] }
    }
    let correlation = moments.yx * basis
    let singular = singularValues(of: correlation).first ?? 0
    guard top > 0, singular > 0 else { return nil }
    self.depth = depth
    variances = kept.map { values[$0] / top }
    self.correlation = (1 / singular) * correlation
    self.basis = basis
    singularScale = singular
    varianceScale = top
  }

  /// S/L, the unit of maps W.
  var mapScale: Double { singularScale / varianceScale }
  /// (S/L)^(1/D), the unit of weights.
  var weightScale: Double { power(mapScale, 1 / Double(depth)) }
  /// L (S/L)^(2-2/D), the unit of l2.
  var l2Scale: Double { varianceScale * power(mapScale, 2 - 2 / Double(depth)) }
}

/// x^y for x > 0.
func power(_ x: Double, _ y: Double) -> Double { exponential(y * logarithm(x)) }
