import Glibc

@testable import Kramers

/// A second implementation of a network, sample by sample and index by index, as an oracle.
struct SlowNetwork {
  let network: Network
  let theta: [Double]

  /// z_l and h_l of one sample, h_0 first; the last z is f(x).
  private func forward(_ x: [Double]) -> (z: [[Double]], h: [[Double]]) {
    var z: [[Double]] = []
    var h = [x]
    for (l, layer) in network.layers.enumerated() {
      var next = [Double](repeating: 0, count: layer.outputs)
      for i in 0..<layer.outputs {
        for j in 0..<layer.inputs {
          next[i] += theta[layer.weights.lowerBound + i * layer.inputs + j] * h[l][j]
        }
        if network.bias { next[i] += theta[layer.biases.lowerBound + i] }
      }
      z.append(next)
      h.append(next.map(activation))
    }
    return (z, h)
  }

  private func activation(_ z: Double) -> Double {
    switch network.activation {
    case .linear: z
    case .tanh: tanh(z)
    case .relu: max(z, 0)
    case .sigmoid: 1 / (1 + exp(-z))
    case .gelu: 0.5 * z * (1 + erf(z / 2.0.squareRoot()))
    case .quadratic: z * z
    case .softplus: log(1 + exp(z))
    default: preconditionFailure("no formula of its own for \(network.activation)")
    }
  }

  private func slope(_ z: Double) -> Double {
    switch network.activation {
    case .linear: 1
    case .tanh: 1 / (cosh(z) * cosh(z))
    case .relu: z > 0 ? 1 : 0
    case .sigmoid: exp(-z) / ((1 + exp(-z)) * (1 + exp(-z)))
    case .gelu:
      0.5 * (1 + erf(z / 2.0.squareRoot())) + z * exp(-z * z / 2) / (2 * Double.pi).squareRoot()
    case .quadratic: 2 * z
    case .softplus: 1 / (1 + exp(-z))
    default: preconditionFailure("no formula of its own for \(network.activation)")
    }
  }

  func output(_ x: [Double]) -> [Double] { forward(x).z.last! }

  /// The data term and its gradient over `rows`, which may repeat.
  func lossAndGradient(
    _ samples: Samples, rows: [Int]
  ) -> (loss: Double, gradient: [Double]) {
    var loss = 0.0
    var gradient = [Double](repeating: 0, count: theta.count)
    for n in rows {
      let x = Array(samples.x[n * samples.inputs..<(n + 1) * samples.inputs])
      let y = Array(samples.y[n * samples.outputs..<(n + 1) * samples.outputs])
      let (z, h) = forward(x)
      let f = z.last!
      var error: [Double]
      switch network.loss {
      case .mse:
        error = zip(f, y).map { $0 - $1 }
        loss += error.reduce(0) { $0 + $1 * $1 / 2 }
      case .crossEntropy:
        let sum = f.reduce(0) { $0 + exp($1) }
        loss -= zip(f, y).reduce(0) { $0 + $1.1 * log(exp($1.0) / sum) }
        error = zip(f, y).map { y.reduce(0, +) * exp($0) / sum - $1 }
      }
      for (l, layer) in network.layers.enumerated().reversed() {
        if l < network.depth - 1 { for i in error.indices { error[i] *= slope(z[l][i]) } }
        var below = [Double](repeating: 0, count: layer.inputs)
        for i in 0..<layer.outputs {
          for j in 0..<layer.inputs {
            let k = layer.weights.lowerBound + i * layer.inputs + j
            gradient[k] += error[i] * h[l][j]
            below[j] += error[i] * theta[k]
          }
          if network.bias { gradient[layer.biases.lowerBound + i] += error[i] }
        }
        error = below
      }
    }
    let scale = 1 / Double(rows.count)
    return (scale * loss, gradient.map { scale * $0 })
  }
}
