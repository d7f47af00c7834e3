/// Whether a network sits in a metastable state of r learned modes: in the layers, not only in the
/// end-to-end map, which can be small while every layer still carries the seed of another mode.
public struct TrapCertificate: Sendable {
  /// sigma_(r+1) of the end-to-end map, or of the centred outputs.
  public let residual: Double
  /// Largest spectral norm, over layers, of what lies outside the r supported hidden directions;
  /// nil for nonlinear networks with r > 0.
  public let supportResidual: Double?
  /// |grad(objective)|.
  public let gradientNorm: Double
  /// Smallest Hessian eigenvalue beside the predicted zero modes; nil where the network is too
  /// large to tell.
  public let hessianMin: Double?
  /// Counted where the Hessian is dense, else predicted.
  public let zeroModes: Int
  /// Why it is no trap; nil when it is certified.
  public let reason: String?

  /// - Parameter tolerance: of support residual and gradient norm.
  init(_ experiment: Experiment, rank: Int, tolerance: Double) throws {
    let network = experiment.network
    let parameters = experiment.state.parameters
    let evaluator = try Evaluator(
      data: experiment.data, network: network, settings: experiment.settings)
    let modes = evaluator.modeStrengths(parameters)
    residual = rank < modes.count ? modes[rank] : 0
    supportResidual = Kramers.supportResidual(network, parameters, rank: rank)
    gradientNorm = evaluator.lossAndGradientNorm(parameters).gradientNorm
    let bottom = try hessianBottom(experiment, evaluator.full, rank: rank)
    hessianMin = bottom?.value
    zeroModes = bottom?.zeroModes ?? network.predictedZeroModes(rank: rank)
    reason = Self.reason(
      rank, tolerance, supportResidual, gradientNorm, hessianMin,
      learned: experiment.activeModes(modes, l2: experiment.settings.l2))
  }

  private static func reason(
    _ rank: Int, _ tolerance: Double, _ supportResidual: Double?, _ gradientNorm: Double,
    _ hessianMin: Double?, learned: Int
  ) -> String? {
    if learned < rank { return "only \(learned) of the \(rank) kept modes are learned" }
    guard let supportResidual else {
      return "the layers of a nonlinear network with learned modes cannot be certified"
    }
    if supportResidual > 10 * tolerance {
      return "incomplete: a layer has weight \(rounded(supportResidual)) outside the supported "
        + "directions"
    }
    if gradientNorm > 10 * tolerance {
      return "not stationary: the gradient norm is \(rounded(gradientNorm))"
    }
    guard let hessianMin else { return "the network is too large for its Hessian" }
    if hessianMin <= 0 {
      return "not a minimum: the Hessian has the eigenvalue \(rounded(hessianMin))"
    }
    return nil
  }
}

/// The largest spectral norm, over layers, of W_l - P_l W_l P_(l-1), with P_l the projector on the
/// r strongest directions of W_l ... W_1 in hidden layer l (inputs and outputs are not restricted).
///
/// "Every layer supported on the same r hidden directions" is preserved by every minibatch step of
/// a linear network (Wang and Jacot, arXiv 2305.16038), so only noise off that set can leave it.
/// nil for nonlinear networks with r > 0, where only dead units are preserved.
func supportResidual(_ network: Network, _ parameters: [Double], rank: Int) -> Double? {
  guard rank == 0 || network.activation == .linear else { return nil }
  var product: Matrix?
  var below: Matrix?  // orthonormal columns: the support in the layer below
  var largest = 0.0
  for l in 0..<network.depth {
    let weights = network.weights(l, of: parameters)
    var kept = weights
    if let below { kept = kept * below * below.transposed }
    if l < network.depth - 1 {
      let forward = product.map { weights * $0 } ?? weights
      product = forward
      let support = leadingDirections(forward, rank)
      kept = support * support.transposed * kept
      below = support
    }
    largest = max(largest, singularValues(of: weights - kept).first ?? 0)
  }
  return largest
}

/// The first r left singular vectors, as columns.
private func leadingDirections(_ matrix: Matrix, _ rank: Int) -> Matrix {
  let u = SingularValueDecomposition(matrix).u
  var leading = Matrix(matrix.rows, rank)
  for i in 0..<matrix.rows { for k in 0..<min(rank, u.columns) { leading[i, k] = u[i, k] } }
  return leading
}

/// The smallest Hessian eigenvalue beside the rotations, and the number of zero modes: counted for
/// small networks, else predicted.
private func hessianBottom(
  _ experiment: Experiment, _ batch: Batch, rank: Int
) throws -> (value: Double, zeroModes: Int)? {
  let network = experiment.network
  let parameters = experiment.state.parameters
  let l2 = experiment.settings.l2
  let isRotatable = network.activation == .linear && !network.bias
  var zeroModes = isRotatable ? network.predictedZeroModes(rank: rank) : 0
  guard zeroModes * network.parameterCount < 200_000_000 else { return nil }
  let rotations = isRotatable ? RotationOrbit(network, parameters, rank: rank).tangents : []
  let bottom = smallestHessianEigenvalue(network, parameters, batch, l2: l2, besides: rotations)
  if network.parameterCount <= 300 {
    zeroModes =
      HessianSpectrum(
        try denseHessian(network, parameters, batch, l2: l2), relativeTolerance: 1e-7
      ).zeroModes
  }
  return bottom.map { ($0.value, zeroModes) }
}
