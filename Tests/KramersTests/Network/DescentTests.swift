import Testing

@testable import Kramers

@Suite struct DescentTests {
  @Test(
    "a step without a gradient in memory has the bits of one with it",
    arguments: [[1, 1], [3, 40, 2], [7, 16, 17, 33], [64, 24, 10]])
  func bits(widths: [Int]) throws {
    for activation in [Activation.linear, .tanh, .relu] {
      for (bias, loss) in [(false, Loss.mse), (true, .mse), (true, .crossEntropy)] {
        let network = try Network(
          widths: widths, activation: activation, bias: bias, loss: loss)
        let random = RandomStream(seed: 8, purpose: .data)
        for count in [1, 8, 13, 64] {
          let stride = DenseKernels.stride(count)
          let x = random.normals(network.inputs * stride, step: 0)
          let y = random.normals(network.outputs * stride, step: 1)
          var expected = random.normals(network.parameterCount, scale: 0.3, step: 2)
          var theta = expected
          var gradient = [Double](repeating: 0, count: network.parameterCount)
          let workspace = GradientWorkspace(network, capacity: count)
          workspace.gradient(
            expected, x, y, nil, stride: stride, count: count, weight: 0.1, into: &gradient)
          let isFinite = DenseKernels.descend(
            &expected, gradient, rate: 0.2, l2: 0.03, count: network.parameterCount)
          #expect(isFinite)
          #expect(
            workspace.descend(
              &theta, x, y, nil, stride: stride, count: count, weight: 0.1, rate: 0.2, l2: 0.03))
          #expect(theta == expected)
          theta[network.parameterCount - 1] = .infinity
          #expect(
            !workspace.descend(
              &theta, x, y, nil, stride: stride, count: count, weight: 0.1, rate: 0.2, l2: 0.03))
        }
      }
    }
  }
}
