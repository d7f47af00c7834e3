/// A point where the gradient vanishes, and what kind of point it is.
struct StationaryPoint: Sendable {
  let parameters: [Double]
  let objective: Double
  let gradientNorm: Double
  /// Number of negative Hessian eigenvalues: 0 at a minimum, 1 at a transition state.
  let index: Int
  let zeroModes: Int
  /// All eigenvalues, ascending; nil above 2000 parameters, where `index` counts what Lanczos
  /// iteration finds and zero modes are not counted.
  let spectrum: HessianSpectrum?
  /// The lowest eigenvalues that were looked at and their unit vectors, ascending.
  let lowest: [(value: Double, vector: [Double])]
}

extension Objective {
  /// Climbs to a saddle from a point near the top of a path: up along the lowest eigenvector of the
  /// Hessian, down along all others.
  ///
  /// Up to 300 parameters by steps g_i/|lambda_i| in the eigenbasis, which soft directions do not
  /// slow down; beyond by gradients and a vector that turns towards the lowest one.
  ///
  /// - Parameter tangent: along the path; half its length bounds a step.
  func climb(
    from start: [Double], along tangent: [Double], tolerance: Double,
    shouldStop: () -> Bool = { false }
  ) -> [Double] {
    start.count <= 300
      ? followEigenvector(from: start, radius: 0.5 * norm(tangent), tolerance, shouldStop)
      : turnDimer(from: start, along: tangent, tolerance, shouldStop)
  }

  /// Source: C. Cerjan and W. Miller, J. Chem. Phys. 75 (1981) 2800 (eigenvector following).
  private func followEigenvector(
    from start: [Double], radius: Double, _ tolerance: Double, _ shouldStop: () -> Bool
  ) -> [Double] {
    var theta = start
    for _ in 0..<300 {
      let g = gradient(theta)
      guard norm(g) > tolerance, !shouldStop(),
        let hessian = try? denseHessian(network, theta, batch, l2: l2)
      else { break }
      let (values, vectors) = eigenDecomposition(hessian)
      let top = max(abs(values.first ?? 0), abs(values.last ?? 0))
      var step = [Double](repeating: 0, count: theta.count)
      for (i, value) in values.enumerated() where abs(value) > 1e-8 * top {
        let v = vectors.column(i)
        let share = dot(g, v) / abs(value) * (i == 0 ? 1 : -1)
        for k in step.indices { step[k] += share * v[k] }
      }
      let length = norm(step)
      guard length.isFinite, length > 0 else { break }
      let scale = min(1, radius / length)
      for k in theta.indices { theta[k] += scale * step[k] }
    }
    return theta
  }

  ///     theta <- theta - dt (g - 2 (g.v) v),     v <- normalised (c - H) v,   c above the spectrum
  ///
  /// Source: G. Henkelman and H. Jonsson, J. Chem. Phys. 111 (1999) 7010 (the dimer method).
  private func turnDimer(
    from start: [Double], along tangent: [Double], _ tolerance: Double, _ shouldStop: () -> Bool
  ) -> [Double] {
    var theta = start
    let length = norm(tangent)
    guard length > 0 else { return theta }
    var v = tangent.map { $0 / length }
    var top = 0.0
    var g = gradient(theta)
    for step in 0..<20_000 {
      if step % 200 == 0 {
        if shouldStop() { return theta }
        top = max(extreme(theta, .largest)?.value ?? top, 1e-300)
      }
      let image = product(theta, v)
      for k in v.indices { v[k] = 1.5 * top * v[k] - image[k] }
      let size = norm(v)
      guard size > 0 else { return theta }
      for k in v.indices { v[k] /= size }
      let along = dot(g, v)
      for k in theta.indices { theta[k] -= 0.5 / top * (g[k] - 2 * along * v[k]) }
      _ = value(theta, &g)
      let gradientNorm = norm(g)
      if gradientNorm <= tolerance { return theta }
      guard gradientNorm.isFinite else { return start }
    }
    return theta
  }

  /// The stationary point that Newton's method finds near theta, whatever its kind; steps are
  /// solved by `minimalResidual`, which leaves zero modes alone. Nil if it runs off.
  func stationaryPoint(near start: [Double]) -> [Double]? {
    var theta = start
    var g = gradient(theta)
    var size = norm(g)
    for _ in 0..<60 {
      guard size > 0 else { return theta }
      let step = minimalResidual(g) { self.product(theta, $0) }
      var fraction = 1.0
      var accepted = false
      while fraction > 1e-3 {
        let trial = zip(theta, step).map { $0 - fraction * $1 }
        let trialGradient = gradient(trial)
        let trialSize = norm(trialGradient)
        if trialSize < size {
          (theta, g, size) = (trial, trialGradient, trialSize)
          accepted = true
          break
        }
        fraction *= 0.5
      }
      // No further decrease: at the rounding of the gradient, or stuck.
      if !accepted { break }
    }
    return size < 1e-9 * (1 + norm(theta)) ? theta : nil
  }

  /// Index, zero modes and lowest eigenvalues at a stationary point.
  ///
  /// - Parameter relativeTolerance: |eigenvalue| <= this times the largest counts as zero.
  func kind(of theta: [Double], relativeTolerance: Double = 1e-7) -> StationaryPoint {
    var g = [Double](repeating: 0, count: theta.count)
    let energy = value(theta, &g)
    if let dense = try? denseHessian(network, theta, batch, l2: l2) {
      let (values, vectors) = eigenDecomposition(dense)
      let spectrum = HessianSpectrum(values: values, relativeTolerance: relativeTolerance)
      return StationaryPoint(
        parameters: theta, objective: energy, gradientNorm: norm(g), index: spectrum.index,
        zeroModes: spectrum.zeroModes, spectrum: spectrum,
        lowest: (0..<min(8, values.count)).map { (values[$0], vectors.column($0)) })
    }
    let found = lanczos(size: theta.count, count: 8, tolerance: 1e-7) { v, result in
      result = self.product(theta, v)
    }
    let limit = relativeTolerance * (extreme(theta, .largest)?.value ?? 0)
    return StationaryPoint(
      parameters: theta, objective: energy, gradientNorm: norm(g),
      index: found.values.count { $0 < -limit }, zeroModes: 0, spectrum: nil,
      lowest: Array(zip(found.values, found.vectors)))
  }
}
