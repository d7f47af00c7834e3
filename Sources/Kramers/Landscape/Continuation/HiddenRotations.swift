/// The directions in which rotations of the hidden layers move a state of a linear network:
///
///     dW_l = A W_l,   db_l = A b_l,   dW_(l+1) = -W_(l+1) A,      A = e_i e_j' - e_j e_i'
///
/// The Hessian of a stationary state is zero along them, and a branch is followed across them.
/// None for nonlinear networks, and where L2 draws towards a centre or leaves biases out, which
/// rotations change.
///
/// - Returns: an orthonormal basis. What moves the state by less than 1e-7 of its norm, as a rotation
///   among units without weights does, is left out.
func hiddenRotations(_ network: Network, _ theta: [Double], l2: L2Term) -> [[Double]] {
  guard network.activation.isLinear, l2.center == nil else { return [] }
  var tangents: [[Double]] = []
  for l in 0..<network.depth - 1 {
    let (lower, upper) = (network.layers[l], network.layers[l + 1])
    for i in 0..<lower.outputs {
      for j in i + 1..<max(lower.outputs, i + 1) {
        var tangent = [Double](repeating: 0, count: network.parameterCount)
        for q in 0..<lower.inputs {
          let row = lower.weights.lowerBound + q
          tangent[row + i * lower.inputs] = theta[row + j * lower.inputs]
          tangent[row + j * lower.inputs] = -theta[row + i * lower.inputs]
        }
        if network.bias {
          tangent[lower.biases.lowerBound + i] = theta[lower.biases.lowerBound + j]
          tangent[lower.biases.lowerBound + j] = -theta[lower.biases.lowerBound + i]
        }
        for p in 0..<upper.outputs {
          let column = upper.weights.lowerBound + p * upper.inputs
          tangent[column + i] = theta[column + j]
          tangent[column + j] = -theta[column + i]
        }
        tangents.append(tangent)
      }
    }
  }
  guard !tangents.isEmpty else { return [] }
  var gram = Matrix(tangents.count, tangents.count)
  for i in tangents.indices { for j in 0...i { gram[i, j] = dot(tangents[i], tangents[j]) } }
  let (values, vectors) = eigenDecomposition(gram)
  let least = 1e-14 * dot(theta, theta)
  return orthonormalized(
    values.indices.filter { values[$0] > least && values[$0] > 0 }.reversed().map { k in
      var direction = [Double](repeating: 0, count: theta.count)
      for (i, tangent) in tangents.enumerated() {
        let weight = vectors[i, k]
        for p in direction.indices { direction[p] += weight * tangent[p] }
      }
      return direction
    })
}
