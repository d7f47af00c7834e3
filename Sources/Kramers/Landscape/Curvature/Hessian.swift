/// The exact Hessian of the objective, loss + (l2/2) |theta|^2, for small networks.
///
/// With R the derivative by the preactivation z of unit k of layer m, in the notation of
/// `HessianWorkspace`, for layers l >= m
///
///     d2L / dW_(l,ij) dW_(m,kn) = sum over samples of (Re_(l,i) h_(l-1,j) + e_(l,i) Rh_(l-1,j)) h_(m-1,n)
///
/// so that one pass of tangents serves all weights into a unit.
///
/// - Parameters:
///   - parameters: parameterCount values.
///   - batch: of the whole training set, or its compressed moments for a deep linear network.
///   - limit: the largest parameter count accepted; at 2000 the matrix takes 31 MiB and its
///     eigenvalues some seconds.
///   - threads: the bits do not depend on their number.
/// - Returns: P x P, symmetric; rounding 1e-16 of the largest entry.
/// - Throws: `InputError` beyond the limit.
///
/// Cost: P^2 N flops, a tenth of P Hessian-vector products for wide inputs.
public func denseHessian(
  _ network: Network, _ parameters: [Double], _ batch: Batch, l2: L2Term, limit: Int = 2000,
  threads: Int = 1
) throws(InputError) -> Matrix {
  let count = network.parameterCount
  guard count <= limit else {
    let gibibytes = (Double(count) * Double(count) * 8 / 0x1p30 * 100).rounded() / 100
    throw .sentence(
      "the dense Hessian of \(count) parameters would take \(gibibytes) GiB; the limit is "
        + "\(limit) parameters")
  }
  var result = Matrix(count, count)
  let passes = UnitTangents(network, parameters, batch)
  result.values.withUnsafeMutableBufferPointer { buffer in
    guard let target = buffer.baseAddress else { return }
    nonisolated(unsafe) let entries = target
    _ = parallelMap(passes.units.count, threads: threads) { passes.fill(entries, unit: $0) }
  }
  let ones = [Double](repeating: 1, count: count)
  var diagonal = [Double](repeating: 0, count: count)
  l2.addProduct(ones, to: &diagonal, network)
  for k in 0..<count { result[k, k] += diagonal[k] }
  return result
}

/// Eigenvalues of a Hessian, sorted into negative, zero and positive.
public struct HessianSpectrum: Sendable {
  /// Ascending.
  public let values: [Double]
  /// |eigenvalue| <= this counts as zero.
  public let tolerance: Double

  /// - Parameter relativeTolerance: of the largest |eigenvalue|. Rounding is 1e-15; a gradient g
  ///   that has not converged lifts zero modes by about |g| / |theta|.
  public init(_ hessian: Matrix, relativeTolerance: Double = 1e-9) {
    self.init(values: SymmetricEigen(hessian).values, relativeTolerance: relativeTolerance)
  }

  /// - Parameter values: ascending.
  init(values: [Double], relativeTolerance: Double) {
    self.values = values
    tolerance = relativeTolerance * max(abs(values.first ?? 0), abs(values.last ?? 0))
  }

  /// The number of negative eigenvalues: 0 at a minimum, 1 at a transition state.
  public var index: Int { values.count { $0 < -tolerance } }
  public var zeroModes: Int { values.count { abs($0) <= tolerance } }
}

extension Network {
  /// The zero modes that rotations of the hidden layers make at a generic stationary state of a
  /// linear network with r learned modes:
  ///
  ///     m_r = sum over hidden layers of n_l r - r (r + 1)/2
  ///
  /// Degenerate singular values and spinodals have more.
  public func predictedZeroModes(rank: Int) -> Int {
    hiddenWidths.reduce(0) { $0 + $1 * rank - rank * (rank + 1) / 2 }
  }
}

/// The smallest eigenvalue of the objective's Hessian in the complement of the given directions
/// (the rotations of a state, say), and its unit eigenvector.
///
/// Up to 600 parameters by the dense Hessian, beyond by Lanczos iteration with the directions
/// projected out. The latter cannot see eigenvalues closer than 1e-8 of the largest.
///
/// - Returns: nil if Lanczos did not converge or nothing is left.
public func smallestHessianEigenvalue(
  _ network: Network, _ parameters: [Double], _ batch: Batch, l2: L2Term,
  besides directions: [[Double]]
) -> (value: Double, vector: [Double])? {
  let basis = orthonormalized(directions)
  let count = network.parameterCount
  guard basis.count < count else { return nil }
  if count <= 600, var hessian = try? denseHessian(network, parameters, batch, l2: l2) {
    hessian.lift(basis)
    let (values, vectors) = eigenDecomposition(hessian)
    return (values[0], vectors.column(0))
  }
  let workspace = HessianWorkspace(network, capacity: batch.count)
  let found = lanczos(size: count, tolerance: 1e-8, projectingOut: basis) { v, result in
    result = workspace.product(parameters, v, batch, l2: l2)
  }
  guard found.converged, let value = found.values.first else { return nil }
  return (value, found.vectors[0])
}

extension Matrix {
  /// (1 - P) H (1 - P) + c P of a symmetric H, P the projection on an orthonormal basis and c above
  /// the spectrum: what is left of H at the lower end of its spectrum lies across the basis.
  mutating func lift(_ basis: [[Double]]) {
    let size = frobeniusNorm
    for direction in basis {
      let image = self * direction
      let own = dot(direction, image)
      for i in 0..<rows {
        for j in 0..<rows {
          values[i * rows + j] +=
            (own + 2 * size) * direction[i] * direction[j] - image[i] * direction[j] - direction[i]
            * image[j]
        }
      }
    }
  }
}
