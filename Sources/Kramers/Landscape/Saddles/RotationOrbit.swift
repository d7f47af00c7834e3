#if canImport(Glibc)
  internal import Glibc
#endif

/// The set of states that rotations and reflections of the hidden layers make from one state of a
/// linear network with r learned modes: W_l -> R W_l, W_(l+1) -> W_(l+1) R'.
///
///     tangents:  dW_l = A W_l,  dW_(l+1) = -W_(l+1) A,    A = e_i e_j' - e_j e_i',  i <= r, i < j
///     volume  =  sqrt(det Gram(tangents)) prod_l |V_r(R^(n_l))|
///     |V_r(R^n)| = prod_(i=0)^(r-1) |S^(n-1-i)|,     |S^(n-1)| = 2 pi^(n/2) / Gamma(n/2)
///
/// e_1 ... e_r span what the layer carries; rotations among the other units change nothing. The
/// group acts by isometries, so the density is the same everywhere on the orbit. |S^0| = 2 counts
/// the reflected copies. Biases and nonlinear activations break the symmetry.
public struct RotationOrbit: Sendable {
  /// r.
  public let rank: Int
  /// One vector of parameterCount values for each of the m_r non-trivial generators.
  public let tangents: [[Double]]
  /// ln volume; 0 for rank 0, nil if the tangents are linearly dependent (the state carries fewer
  /// than r modes).
  public let logVolume: Double?

  /// - Parameter rank: how many directions each hidden layer carries: those with the largest
  ///   singular values of W_l ... W_1 are taken.
  public init(_ network: Network, _ parameters: [Double], rank: Int) {
    precondition(
      network.activation == .linear && !network.bias, "only linear layers can be rotated")
    precondition(rank >= 0 && rank <= network.widths.min() ?? 0, "a rank the network cannot have")
    self.rank = rank
    guard rank > 0 else {
      tangents = []
      logVolume = 0
      return
    }
    var tangents: [[Double]] = []
    var map = Matrix.identity(network.inputs)
    for l in 0..<network.depth - 1 {
      let (lower, upper) = (network.layers[l], network.layers[l + 1])
      let below = network.weights(l, of: parameters)
      let above = network.weights(l + 1, of: parameters)
      map = below * map
      let basis = SingularValueDecomposition(map, completing: true).u
      let directions = (0..<lower.outputs).map { basis.column($0) }
      // Rows e_i' W_l and columns W_(l+1) e_i.
      let rows = directions.map { below.transposed * $0 }
      let columns = directions.map { above * $0 }
      for i in 0..<rank {
        for j in i + 1..<max(lower.outputs, i + 1) {
          var tangent = [Double](repeating: 0, count: network.parameterCount)
          for p in 0..<lower.outputs {
            for q in 0..<lower.inputs {
              tangent[lower.weights.lowerBound + p * lower.inputs + q] =
                directions[i][p] * rows[j][q] - directions[j][p] * rows[i][q]
            }
          }
          for p in 0..<upper.outputs {
            for q in 0..<upper.inputs {
              tangent[upper.weights.lowerBound + p * upper.inputs + q] =
                columns[j][p] * directions[i][q] - columns[i][p] * directions[j][q]
            }
          }
          tangents.append(tangent)
        }
      }
    }
    self.tangents = tangents
    var gram = Matrix(tangents.count, tangents.count)
    for i in tangents.indices { for j in 0...i { gram[i, j] = dot(tangents[i], tangents[j]) } }
    let stiefel = network.hiddenWidths.reduce(0) { sum, width in
      (0..<rank).reduce(sum) { $0 + logSphereArea(width - $1) }
    }
    logVolume =
      tangents.isEmpty
      ? stiefel : logDeterminant(positiveDefinite: gram).map { 0.5 * $0 + stiefel }
  }
}

/// ln |S^(n-1)|, the area of the unit sphere in n dimensions; two points for n = 1.
func logSphereArea(_ n: Int) -> Double {
  let half = 0.5 * Double(n)
  return log(2) + half * log(Double.pi) - logGamma(half)
}
