/// The modes of second moments that commute: every right singular vector of Sigma_yx is an
/// eigenvector of Sigma_xx, so each is a `SingleMode` of its own.
///
///     Sigma_yx = sum_k s_k u_k v_k',     Sigma_xx v_k = lambda_k v_k
///
/// Vectors of equal singular values are free to rotate; they are rotated to make Sigma_xx diagonal.
struct CommutingModes: Sendable {
  struct Mode: Sendable {
    let single: SingleMode
    /// u, outputs values, and v, inputs values.
    let left: [Double]
    let right: [Double]
  }

  /// By descending singular value; modes with s below 1e-12 of the first are left out.
  let modes: [Mode]

  /// Nil unless |Sigma_xx v - lambda v| <= 1e-9 |Sigma_xx|_F for every mode.
  init?(_ moments: SecondMoments, depth: Int) {
    let decomposition = SingularValueDecomposition(moments.yx)
    let values = decomposition.values.filter {
      $0 > 1e-12 * decomposition.values[0] && $0 > .leastNormalMagnitude
    }
    var modes: [Mode] = []
    var first = 0
    while first < values.count {
      var end = first + 1
      while end < values.count, values[end] > (1 - 1e-9) * values[first] { end += 1 }
      let group = first..<end
      // v_i' Sigma_xx v_j within the group, descending eigenvalues first.
      let images = group.map { moments.xx * decomposition.v.column($0) }
      var block = Matrix(group.count, group.count)
      for i in group {
        for j in group {
          block[i - first, j - first] = dot(decomposition.v.column(i), images[j - first])
        }
      }
      let rotation = eigenDecomposition(block).vectors
      for m in (0..<group.count).reversed() {
        var left = [Double](repeating: 0, count: moments.outputs)
        var right = [Double](repeating: 0, count: moments.inputs)
        for (j, k) in group.enumerated() {
          let weight = rotation[j, m]
          for i in left.indices { left[i] += weight * decomposition.u[i, k] }
          for i in right.indices { right[i] += weight * decomposition.v[i, k] }
        }
        let image = moments.xx * right
        let variance = dot(right, image)
        let off = norm(zip(image, right).map { $0 - variance * $1 })
        guard variance > 0, off <= 1e-9 * moments.xx.frobeniusNorm else { return nil }
        modes.append(
          Mode(
            single: SingleMode(singular: values[first + m], variance: variance, depth: depth),
            left: left, right: right))
      }
      first = end
    }
    self.modes = modes
  }
}
