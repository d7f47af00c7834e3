/// The exact Hessian of objective = loss + (l2/2)|theta|^2, column by column from Hessian-vector
/// products.
///
/// - Parameters:
///   - batch: the training distribution, `data.fullBatch(for: network)`.
/// - Returns: parameterCount x parameterCount, symmetric to rounding (symmetrised).
/// - Throws: `InputError` above `denseHessianLimit` parameters: says the memory it would take.
///
/// Cost: parameterCount Hessian-vector products, about three gradients each.
public func denseHessian(
  _ network: Network, _ parameters: [Double], _ batch: Batch, l2: Double
) throws -> Matrix {
  let count = network.parameterCount
  guard count <= denseHessianLimit else {
    let gigabytes = Double(count) * Double(count) * 8 / 1e9
    throw InputError.sentence(
      "a dense Hessian of \(count) parameters would take \(gigabytes) GB; the limit is "
        + "\(denseHessianLimit) parameters")
  }
  let workspace = HessianWorkspace(network, capacity: batch.count)
  var hessian = Matrix(count, count)
  var unit = [Double](repeating: 0, count: count)
  for j in 0..<count {
    unit[j] = 1
    let column = workspace.product(parameters, unit, batch, l2: l2)
    unit[j] = 0
    for i in 0..<count {
      hessian[i, j] += 0.5 * column[i]
      hessian[j, i] += 0.5 * column[i]
    }
  }
  return hessian
}

/// About a second of eigenvalues on one core.
public let denseHessianLimit = 1500

/// What the eigenvalues of a Hessian at a stationary point say of it.
public struct HessianSpectrum: Sendable {
  /// Ascending.
  public let eigenvalues: [Double]
  /// |eigenvalue| below which a mode counts as zero: 1e-7 of the largest. Rounding leaves zero modes
  /// near 1e-15 of it; a mode between the two is soft, and no formula here holds for it.
  public let tolerance: Double

  public init(_ hessian: Matrix) {
    eigenvalues = SymmetricEigen(hessian).values
    tolerance = 1e-7 * (eigenvalues.map(abs).max() ?? 0)
  }

  /// Number of negative eigenvalues.
  public var index: Int { eigenvalues.count { $0 < -tolerance } }
  public var zeroModes: Int { eigenvalues.count { abs($0) <= tolerance } }
  public var nonzero: [Double] { eigenvalues.filter { abs($0) > tolerance } }
  /// sum of ln |eigenvalue| over the non-zero ones.
  public var logDeterminant: Double { nonzero.reduce(0) { $0 + logarithm(abs($1)) } }
}

/// Zero modes of a balanced state of rank r: the hidden rotations that move it,
/// sum over hidden layers of n_l r - r(r+1)/2, the dimension of the Stiefel manifold V_r(R^n_l).
public func predictedZeroModes(_ network: Network, rank: Int) -> Int {
  network.hiddenWidths.reduce(0) { $0 + $1 * rank - rank * (rank + 1) / 2 }
}
