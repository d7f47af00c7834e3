import Testing

@testable import Kramers

@Suite struct InitializationTests {
  @Test(
    "weights have the variance scale^2 / fan of their layer, with the fan that the name says",
    arguments: [
      (Initialization.gaussian, [2.0, 100, 100]), (.wide, [100, 100, 100]),
    ])
  func variances(initialization: Initialization, fans: [Double]) throws {
    let network = try Network(
      widths: [2, 100, 100, 3], activation: .linear, bias: false, loss: .mse)
    let theta = network.initialParameters(initialization, scale: 0.7, key: RandomKey(seed: 4))
    for (l, fan) in fans.enumerated() {
      let weights = Array(theta[network.layers[l].weights])
      let count = Double(weights.count)
      let variance = weights.map { $0 * $0 }.reduce(0, +) / count
      // Relative standard error of a variance: sqrt(2 / count).
      #expect(abs(variance * fan / 0.49 - 1) < 4 * (2 / count).squareRoot(), "layer \(l)")
    }
  }
}
