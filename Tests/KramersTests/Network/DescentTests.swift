import Testing

@testable import Kramers

@Suite struct DescentTests {
  private let rate = 0.2
  private let l2 = 0.03
  private let weight = 0.1

  @Test(
    "a step has the bits of plain loops, and is theta - rate (gradient + l2 theta)",
    arguments: [[1, 1], [3, 40, 2], [7, 16, 17, 33], [64, 24, 10]])
  func bits(widths: [Int]) throws {
    for activation in [Activation.linear, .tanh, .relu] {
      for (bias, loss) in [(false, Loss.mse), (true, .mse), (true, .crossEntropy)] {
        let network = try Network(
          widths: widths, activation: activation, bias: bias, loss: loss)
        let random = RandomStream(seed: 8, purpose: .data)
        for count in [1, 8, 13, 64, 65, 150] {
          let stride = DenseKernels.stride(count)
          let x = random.normals(network.inputs * stride, step: 0)
          let y = random.normals(network.outputs * stride, step: 1)
          let start = random.normals(network.parameterCount, scale: 0.3, step: 2)
          let workspace = GradientWorkspace(network, capacity: count)

          var theta = start
          #expect(descend(workspace, &theta, x, y, count))
          #expect(theta == plainStep(workspace, start, x, stride: stride))

          var gradient = [Double](repeating: 0, count: network.parameterCount)
          workspace.gradient(
            start, x, y, nil, stride: stride, count: count, weight: weight, into: &gradient)
          for (k, g) in gradient.enumerated() {
            let expected = start[k] - rate * (g + l2 * start[k])
            #expect(abs(theta[k] - expected) < 1e-14 * (1 + abs(start[k]) + abs(g)))
          }

          theta[network.parameterCount - 1] = .infinity
          #expect(!descend(workspace, &theta, x, y, count))
        }
      }
    }
  }

  private func descend(
    _ workspace: GradientWorkspace, _ theta: inout [Double], _ x: [Double], _ y: [Double],
    _ count: Int
  ) -> Bool {
    workspace.descend(
      &theta, x, y, nil, stride: DenseKernels.stride(count), count: count, weight: weight,
      rate: rate, l2: L2Term(l2))
  }

  /// The step from the errors and inputs of the layers, as `descend` has left them.
  private func plainStep(
    _ workspace: GradientWorkspace, _ start: [Double], _ x: [Double], stride: Int
  ) -> [Double] {
    let network = workspace.network
    var theta = start
    let decay = 1 - rate * l2
    for (l, layer) in network.layers.enumerated() {
      let e = workspace.errors[l]
      func input(_ j: Int, _ b: Int) -> Double {
        l == 0 ? x[j * stride + b] : workspace.activations[l - 1][j * stride + b]
      }
      for i in 0..<layer.outputs {
        for j in 0..<layer.inputs {
          let k = layer.weights.lowerBound + i * layer.inputs + j
          theta[k] = decay * theta[k]
          for b in 0..<stride { theta[k] = theta[k].addingProduct(e[i * stride + b], input(j, b)) }
        }
        guard network.bias else { continue }
        var sum = 0.0
        for b in 0..<stride { sum += e[i * stride + b] }
        let k = layer.biases.lowerBound + i
        theta[k] = sum.addingProduct(decay, theta[k])
      }
    }
    return theta
  }
}
