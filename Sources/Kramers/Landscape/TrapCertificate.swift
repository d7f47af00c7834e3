/// Whether a state is the metastable state with r learned modes, looked at layer by layer: a map of
/// rank r does not suffice, because layers can hide residuals that the product does not show.
///
/// For linear networks without biases (any loss): the (r+1)-th singular value of the map, what the
/// layers hold outside r directions of each hidden space, a stationary gradient, and a Hessian
/// positive beside the rotations. For other networks only gradient and Hessian can be checked, so
/// neither rank nor absorption under minibatch noise is certified there.
///
/// The L2 term is taken about the origin.
public struct TrapCertificate: Sendable, Equatable {
  /// r.
  public let rank: Int
  /// sigma_(r+1) of the end-to-end map, 0 if the map cannot have it; nil for nonlinear networks.
  public let residual: Double?
  /// The largest spectral norm, over layers, of the part of W_l that reads from outside the r
  /// directions below or writes outside the r directions above; for r = 0 the largest |W_l|.
  public let supportResidual: Double?
  /// |grad(objective)|, full batch.
  public let gradientNorm: Double
  /// Smallest Hessian eigenvalue beside the rotations; nil if Lanczos did not converge.
  public let hessianMin: Double?
  /// What rotations of the hidden layers predict; nil for nonlinear networks.
  public let predictedZeroModes: Int?
  /// |eigenvalue| < 1e-6 of the largest, from the dense Hessian: nil above 600 parameters.
  public let countedZeroModes: Int?
  public let certified: Bool
  /// Why not; for nonlinear networks also what a certificate leaves open.
  public let reason: String?

  /// - Parameters:
  ///   - parameters: parameterCount values.
  ///   - batch: of the whole training set, or its moments for deep linear networks.
  ///   - rank: r, 0...min(widths).
  ///   - tolerance: bound on both residuals and the gradient norm.
  ///
  /// Cost: up to 600 parameters two dense eigenvalue problems (about a second at 600), beyond a
  /// Lanczos iteration.
  public init(
    _ network: Network, _ parameters: [Double], _ batch: Batch, l2: L2Term, rank: Int,
    tolerance: Double = 1e-6
  ) {
    precondition(rank >= 0 && rank <= network.widths.min() ?? 0, "a rank the network cannot have")
    self.rank = rank
    let isLinear = network.activation == .linear && !network.bias
    var gradient = [Double](repeating: 0, count: network.parameterCount)
    let workspace = GradientWorkspace(network, capacity: batch.count)
    workspace.lossAndGradient(parameters, batch, into: &gradient)
    l2.addGradient(parameters, to: &gradient, network)
    gradientNorm = norm(gradient)

    var tangents: [[Double]] = []
    if isLinear {
      let values = singularValues(of: network.endToEndMap(of: parameters))
      residual = rank < values.count ? values[rank] : 0
      supportResidual = Self.supportResidual(network, parameters, rank)
      predictedZeroModes = network.predictedZeroModes(rank: rank)
      tangents = RotationOrbit(network, parameters, rank: rank).tangents
    } else {
      residual = nil
      supportResidual = nil
      predictedZeroModes = nil
    }
    hessianMin =
      smallestHessianEigenvalue(network, parameters, batch, l2: l2, besides: tangents)?.value
    countedZeroModes =
      network.parameterCount > 600
      ? nil
      : (try? denseHessian(network, parameters, batch, l2: l2)).map {
        HessianSpectrum($0, relativeTolerance: 1e-6).zeroModes
      }
    let failure = Self.failure(
      residual: residual, support: supportResidual, gradient: gradientNorm, hessian: hessianMin,
      predicted: predictedZeroModes, counted: countedZeroModes, tolerance: tolerance)
    certified = failure == nil
    reason =
      failure
      ?? (isLinear
        ? nil
        : "a stable stationary state; its rank and what noise can leave are not certified for "
          + "networks that are not linear")
  }

  private static func failure(
    residual: Double?, support: Double?, gradient: Double, hessian: Double?, predicted: Int?,
    counted: Int?, tolerance: Double
  ) -> String? {
    guard gradient.isFinite else { return "the parameters are not finite" }
    if let residual, !(residual <= tolerance) {
      return "incomplete: the largest dropped singular value is \(rounded(residual)), above "
        + "\(tolerance)"
    }
    if let support, !(support <= tolerance) {
      return "incomplete: a layer holds \(rounded(support)) outside the kept directions, above "
        + "\(tolerance)"
    }
    if !(gradient <= tolerance) {
      return "the gradient norm is \(gradient), above \(tolerance): not converged"
    }
    guard let hessian else { return "the smallest Hessian eigenvalue did not converge" }
    if !(hessian > 0) {
      return "the Hessian has the eigenvalue \(hessian): a saddle or a marginal state"
    }
    if let predicted, let counted, counted != predicted {
      return "\(counted) zero modes where rotations make \(predicted)"
    }
    return nil
  }

  /// |(1 - P_l) W_l| and |W_l (1 - P_(l-1))|, the largest over layers, with P_l the projector on the
  /// top r left singular vectors of W_l ... W_1; P_0 and P_D are the identity.
  static func supportResidual(
    _ network: Network, _ parameters: [Double], _ rank: Int
  ) -> Double {
    var largest = 0.0
    var below: Matrix?  // n_l x r, orthonormal columns
    var map = Matrix.identity(network.inputs)
    for l in 0..<network.depth {
      let weights = network.weights(l, of: parameters)
      if let below {
        let outside = weights - weights * below * below.transposed
        largest = max(largest, singularValues(of: outside).first ?? 0)
      }
      guard l < network.depth - 1 else { break }
      map = weights * map
      // Only directions matter: a product of small layers must not underflow.
      let size = map.frobeniusNorm
      if size > 0 { map = (1 / size) * map }
      let u = SingularValueDecomposition(map, completing: true).u
      var kept = Matrix(u.rows, rank)
      for i in 0..<u.rows { for j in 0..<rank { kept[i, j] = u[i, j] } }
      let outside = weights - kept * (kept.transposed * weights)
      largest = max(largest, singularValues(of: outside).first ?? 0)
      below = kept
    }
    if network.depth == 1, rank == 0 {
      largest = singularValues(of: network.weights(0, of: parameters)).first ?? 0
    }
    return largest
  }
}
