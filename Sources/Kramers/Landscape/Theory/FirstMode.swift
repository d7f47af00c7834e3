/// The direction in which a first mode becomes favourable, for any second moments:
///
///     b_c = C_D max over unit v of |B v|^(2-2/D) / (v' L v)^(1-2/D),    C_D = b_c(s = lambda = 1)
///
/// by L-BFGS on the scale-free logarithm from many starts: the right singular vectors v_k of B and
/// the whitened ones L^(-1/2) q_k. Neither set is the answer unless B and L commute.
///
/// The same v gives the spinodal only if B and L commute; otherwise the spinodal is the fold of
/// the branch that begins there (`ModeBranch`). Both of these take the best of all starts; a second
/// maximum with a lower coexistence and a higher spinodal is not looked for.
struct FirstMode: Sendable {
  /// v, n values, |v| = 1.
  let direction: [Double]
  /// |B v| and v' L v.
  let mode: SingleMode
  /// B v / |B v|.
  let output: [Double]

  /// - Parameters:
  ///   - correlation: B, outputs x n.
  ///   - variances: diagonal of L, n positive values.
  ///   - starts: how many singular vectors of each kind to start from.
  ///   - tolerance: on the gradient of ln b_c.
  init?(
    correlation: Matrix, variances: [Double], depth: Int, starts: Int = .max,
    tolerance: Double = 1e-13
  ) {
    guard correlation.values.contains(where: { $0 != 0 }) else { return nil }
    var candidates: [[Double]] = []
    let plain = SingularValueDecomposition(correlation)
    var scaled = correlation
    for i in 0..<scaled.rows {
      for j in 0..<scaled.columns { scaled[i, j] /= variances[j].squareRoot() }
    }
    let whitened = SingularValueDecomposition(scaled)
    for k in 0..<min(starts, plain.values.count) where plain.values[k] > 1e-12 * plain.values[0] {
      candidates.append(plain.v.column(k))
      candidates.append(zip(whitened.v.column(k), variances).map { $0 / $1.squareRoot() })
    }
    let d = Double(depth)
    let rows = correlation.transposed
    func objective(_ v: [Double], _ gradient: inout [Double]) -> Double {
      let image = correlation * v
      let singular = dot(image, image)
      var spread = 0.0
      for j in v.indices { spread += variances[j] * v[j] * v[j] }
      let length = dot(v, v)
      let back = rows * image
      for j in v.indices {
        gradient[j] =
          -(2 - 2 / d) * back[j] / singular + 2 * (1 - 2 / d) * variances[j] * v[j] / spread
          + 2 / d * v[j] / length
      }
      return -(1 - 1 / d) * logarithm(singular) + (1 - 2 / d) * logarithm(spread)
        + 1 / d * logarithm(length)
    }
    var best: Minimum?
    for candidate in candidates {
      let length = norm(candidate)
      let found = minimize(
        from: candidate.map { $0 / length }, absoluteTolerance: tolerance,
        maximumIterations: 2000, objective)
      if found.value.isFinite, found.value < best?.value ?? .infinity { best = found }
    }
    guard let best else { return nil }
    let length = norm(best.x)
    let direction = best.x.map { $0 / length }
    let image = correlation * direction
    let singular = norm(image)
    guard singular > 0 else { return nil }
    self.direction = direction
    output = image.map { $0 / singular }
    mode = SingleMode(
      singular: singular,
      variance: zip(direction, variances).reduce(0) { $0 + $1.0 * $1.0 * $1.1 }, depth: depth)
  }
}
