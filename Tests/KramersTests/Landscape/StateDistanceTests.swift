import Testing

@testable import Kramers

@Suite struct StateDistanceTests {
  /// Hidden units of a 3-4-5-2 network in another order, some with the other sign.
  private func image(_ theta: [Double], _ network: Network, flips: Bool) -> [Double] {
    let orders = [[2, 0, 3, 1], [4, 1, 0, 2, 3]]
    var weights = (0..<3).map { network.weights($0, of: theta) }
    var biases = network.layers.map { Array(theta[$0.biases]) }
    for (l, order) in orders.enumerated() {
      let signs = order.map { flips && $0 % 2 == 1 ? -1.0 : 1 }
      let (old, next) = (weights[l], weights[l + 1])
      let offsets = biases[l]
      for (i, unit) in order.enumerated() {
        for n in 0..<old.columns { weights[l][i, n] = signs[i] * old[unit, n] }
        for p in 0..<next.rows { weights[l + 1][p, i] = signs[i] * next[p, unit] }
        if network.bias { biases[l][i] = signs[i] * offsets[unit] }
      }
    }
    return (0..<3).flatMap { weights[$0].values + biases[$0] }
  }

  @Test("images under permutations and, of odd activations, signs are at distance 0")
  func images() throws {
    for (activation, flips, bias) in [
      (Activation.tanh, true, false), (.tanh, true, true), (.gelu, false, true),
    ] {
      let problem = try randomProblem([3, 4, 5, 2], activation, .mse, bias: bias, samples: 8)
      let theta = problem.parameters
      let moved = image(theta, problem.network, flips: flips)
      // It is the same function.
      let workspace = GradientWorkspace(problem.network, capacity: 8)
      let (a, b) = (
        workspace.loss(theta, problem.batch), workspace.loss(moved, problem.batch)
      )
      #expect(abs(a - b) < 1e-14)
      let distance = StateDistance(network: problem.network)
      #expect(norm(zip(theta, moved).map { $0 - $1 }) > 1)
      #expect(distance(theta, moved) == 0)
      #expect(distance.image(of: moved, near: theta) == theta)
    }
  }

  @Test("signs are a difference where the activation is not odd, and other states are far")
  func differences() throws {
    let problem = try randomProblem([3, 4, 5, 2], .gelu, .mse, bias: false, samples: 8)
    let distance = StateDistance(network: problem.network)
    let flipped = image(problem.parameters, problem.network, flips: true)
    #expect(distance(problem.parameters, flipped) > 0.1)
    var near = problem.parameters
    near[7] += 1e-3
    #expect(abs(distance(problem.parameters, near) - 1e-3) < 1e-12)
  }

  @Test("linear networks are compared by their maps, whatever their hidden layers are turned by")
  func linear() throws {
    let data = try Dataset.population(singular: [1, 0.8])
    let network = try Network(widths: [2, 3, 2])
    var one = try Experiment(data: data, network: network)
    let turn = Matrix.haarOrthogonal(3, RandomStream(seed: 3, purpose: .statistics), step: 0)
    var other = one
    try other.setParameters(
      network.parameters(
        from: [
          turn * network.weights(0, of: one.state.parameters),
          network.weights(1, of: one.state.parameters) * turn.transposed,
        ]))
    #expect(try one.distance(to: other).distance < 1e-14)
    try one.setParameters([Double](repeating: 0, count: network.parameterCount))
    let (distance, size) = try one.distance(to: other)
    #expect(abs(distance - size) < 1e-15 && size > 0.01)
    let narrow = try Experiment(data: data, network: Network(widths: [2, 2, 2]))
    #expect(throws: InputError.self) { try one.distance(to: narrow) }
  }
}
