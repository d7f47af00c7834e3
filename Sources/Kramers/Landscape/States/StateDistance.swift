/// How far two states of a network are from each other where its symmetries are no difference:
///
///     d(a, b) = min over moves g of |a - g b|
///
/// the moves being permutations of the hidden units of each layer and, for odd activations, their
/// signs. Units are matched layer by layer from the inputs on, each by the weights into it, nearest
/// pairs first. At stationary states under L2 that is exact for images of each other, because what
/// leaves a unit there follows from what comes into it; for other states d is an upper bound.
struct StateDistance {
  let network: Network

  /// |a - g b| of the move that was found.
  func callAsFunction(_ a: [Double], _ b: [Double]) -> Double {
    let image = image(of: b, near: a)
    return zip(a, image).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
  }

  /// The image of b under a move that brings it near a.
  func image(of b: [Double], near a: [Double]) -> [Double] {
    var image = b
    for l in 0..<network.depth - 1 {
      let match = match(image, to: a, in: network.layers[l])
      image = moved(image, match, l)
    }
    return image
  }

  /// For each unit of a layer in `a`, the unit of `b` that is taken for it, and its sign.
  private func match(
    _ b: [Double], to a: [Double], in layer: Network.Layer
  ) -> [(unit: Int, sign: Double)] {
    let signs: [Double] = network.activation.function.isOdd ? [1, -1] : [1]
    var pairs: [(cost: Double, i: Int, j: Int, sign: Double)] = []
    for i in 0..<layer.outputs {
      for j in 0..<layer.outputs {
        for sign in signs {
          var cost = 0.0
          for n in 0..<layer.inputs {
            let d =
              a[layer.weights.lowerBound + i * layer.inputs + n]
              - sign * b[layer.weights.lowerBound + j * layer.inputs + n]
            cost += d * d
          }
          if network.bias {
            let d = a[layer.biases.lowerBound + i] - sign * b[layer.biases.lowerBound + j]
            cost += d * d
          }
          pairs.append((cost, i, j, sign))
        }
      }
    }
    pairs.sort { ($0.cost, $0.i, $0.j, -$0.sign) < ($1.cost, $1.i, $1.j, -$1.sign) }
    var match = [(unit: Int, sign: Double)?](repeating: nil, count: layer.outputs)
    var isTaken = [Bool](repeating: false, count: layer.outputs)
    for pair in pairs where match[pair.i] == nil && !isTaken[pair.j] {
      match[pair.i] = (pair.j, pair.sign)
      isTaken[pair.j] = true
    }
    return match.enumerated().map { $1 ?? ($0, 1) }
  }

  /// The state with the units of hidden layer l moved, which changes no output.
  private func moved(
    _ theta: [Double], _ match: [(unit: Int, sign: Double)], _ l: Int
  ) -> [Double] {
    var result = theta
    let (layer, next) = (network.layers[l], network.layers[l + 1])
    for (i, (unit, sign)) in match.enumerated() {
      for n in 0..<layer.inputs {
        result[layer.weights.lowerBound + i * layer.inputs + n] =
          sign * theta[layer.weights.lowerBound + unit * layer.inputs + n]
      }
      if network.bias {
        result[layer.biases.lowerBound + i] = sign * theta[layer.biases.lowerBound + unit]
      }
      for p in 0..<next.outputs {
        let row = next.weights.lowerBound + p * next.inputs
        result[row + i] = sign * theta[row + unit]
      }
    }
    return result
  }
}

extension Experiment {
  /// How far the present state is from that of another experiment with the same network, permutations
  /// of hidden units and, for odd activations, their signs being no difference; for linear networks,
  /// whose hidden layers rotate, between the end-to-end maps.
  ///
  /// - Returns: the distance, and the larger of the two norms.
  /// - Throws: `InputError` for another network.
  public func distance(to other: Experiment) throws -> (distance: Double, norm: Double) {
    guard other.network == network else {
      throw InputError.sentence(
        "to: its network has widths \(other.network.widths) and this one \(network.widths), or other "
          + "activations: there is no distance between them")
    }
    let (a, b) = (state.parameters, other.state.parameters)
    guard network.activation.isLinear else {
      return (StateDistance(network: network)(a, b), max(Kramers.norm(a), Kramers.norm(b)))
    }
    let (one, two) = (network.affineMap(of: a), network.affineMap(of: b))
    return ((one - two).frobeniusNorm, max(one.frobeniusNorm, two.frobeniusNorm))
  }
}

extension Network {
  /// The function of a linear network: W_D ... W_1, and the offset that biases make in a last column.
  func affineMap(of parameters: [Double]) -> Matrix {
    let map = endToEndMap(of: parameters)
    guard bias else { return map }
    var offset = [Double](repeating: 0, count: inputs)
    for l in 0..<depth {
      offset = zip(weights(l, of: parameters) * offset, parameters[layers[l].biases])
        .map { $0 + $1 }
    }
    var result = Matrix(outputs, inputs + 1)
    for i in 0..<outputs {
      for j in 0..<inputs { result[i, j] = map[i, j] }
      result[i, inputs] = offset[i]
    }
    return result
  }
}
