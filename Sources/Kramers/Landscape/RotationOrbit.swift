#if canImport(Glibc)
  internal import Glibc
#endif

/// The orbit of a state under the hidden rotations of a deep linear network,
///
///     W_l -> R W_l,   W_(l+1) -> W_(l+1) R',   R in O(n_l),   for every hidden layer l,
///
/// which leave loss and L2 unchanged. A state in which hidden layer l uses its first r units moves
/// over prod_l V_r(R^n_l); the volume of that orbit in weight space is what the zero modes
/// contribute to a rate.
struct RotationOrbit {
  /// ln of the volume; 0 for rank 0, whose orbit is one point.
  let logVolume: Double
  /// Dimension of the orbit.
  let dimension: Int

  /// - Parameters:
  ///   - parameters: a balanced state that uses units 1...rank of every hidden layer.
  init(_ network: Network, _ parameters: [Double], rank: Int) {
    let tangents = rotationTangents(network, parameters, rank: rank)
    dimension = tangents.count
    var gram = Matrix(tangents.count, tangents.count)
    for (i, a) in tangents.enumerated() {
      for (j, b) in tangents.enumerated() where j >= i {
        gram[i, j] = dot(a, b)
        gram[j, i] = gram[i, j]
      }
    }
    let metric =
      tangents.isEmpty ? 0 : 0.5 * (Kramers.logDeterminant(positiveDefinite: gram) ?? .nan)
    logVolume =
      network.hiddenWidths.reduce(metric) { $0 + logStiefelVolume(width: $1, rank: rank) }
  }
}

/// Tangent vectors of the orbit: for each hidden layer and each pair i < j with i among the used
/// units, the antisymmetric generator A = E_ji - E_ij gives dW_l = A W_l, dW_(l+1) = -W_(l+1) A.
func rotationTangents(_ network: Network, _ parameters: [Double], rank: Int) -> [[Double]] {
  var tangents: [[Double]] = []
  for (l, pair) in zip(network.layers, network.layers.dropFirst()).enumerated() {
    let (below, above) = pair
    let width = network.widths[l + 1]
    for i in 0..<min(rank, width) {
      for j in (i + 1)..<max(width, i + 1) {
        var tangent = [Double](repeating: 0, count: network.parameterCount)
        for c in 0..<below.inputs {
          let first = below.weights.lowerBound
          tangent[first + j * below.inputs + c] = parameters[first + i * below.inputs + c]
          tangent[first + i * below.inputs + c] = -parameters[first + j * below.inputs + c]
        }
        for o in 0..<above.outputs {
          let row = above.weights.lowerBound + o * above.inputs
          tangent[row + j] = parameters[row + i]
          tangent[row + i] = -parameters[row + j]
        }
        tangents.append(tangent)
      }
    }
  }
  return tangents
}

/// ln |V_r(R^n)| = sum_{i<r} ln |S^(n-1-i)|, with |S^(m-1)| = 2 pi^(m/2) / Gamma(m/2), |S^0| = 2.
private func logStiefelVolume(width n: Int, rank r: Int) -> Double {
  (0..<min(r, n)).reduce(0) { sum, i in
    let m = Double(n - i)
    return sum + log(2) + 0.5 * m * log(Double.pi) - logGamma(0.5 * m)
  }
}
