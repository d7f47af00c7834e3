import Testing

@testable import Kramers

@Suite struct ActiveUnitsTests {
  private func units(
    _ activation: Activation, bias: Bool = false, _ change: (Network, inout [Double]) -> Void
  ) throws -> Int {
    let x = RandomStream(seed: 5, purpose: .data).normals(20 * 2, scale: 1)
    let data = Dataset(
      name: "from",
      train: Samples(
        count: 20, inputs: 2, outputs: 1, x: x, y: [Double](repeating: 1, count: 20)))
    let network = try Network(widths: [2, 4, 3, 1], activation: activation, bias: bias)
    var theta = (0..<network.parameterCount).map { 0.3 + 0.05 * Double($0 % 7) }
    change(network, &theta)
    let units = try ActiveUnits(
      ObservableContext(data: data, network: network, settings: Settings()))
    return theta.withUnsafeBufferPointer { units.count($0.baseAddress!) }
  }

  /// The weights into (rows) or out of (columns of the layer above) a unit become `value`.
  private func silence(
    _ network: Network, _ theta: inout [Double], layer l: Int, unit i: Int, incoming: Bool,
    factor: Double = 0
  ) {
    let layer = network.layers[incoming ? l : l + 1]
    for k in 0..<(incoming ? layer.inputs : layer.outputs) {
      let offset = incoming ? i * layer.inputs + k : k * layer.inputs + i
      theta[layer.weights.lowerBound + offset] *= factor
    }
  }

  @Test("all units of a generic network are active; those without weights in or out are not")
  func silent() throws {
    for activation in [Activation.linear, .tanh, .gelu] {
      #expect(try units(activation) { _, _ in } == 7)
      for incoming in [true, false] {
        let left = try units(activation) {
          silence($0, &$1, layer: 0, unit: 2, incoming: incoming)
          silence($0, &$1, layer: 1, unit: 0, incoming: incoming)
        }
        #expect(left == 5, "\(activation), \(incoming)")
      }
      // Weak against the strongest of its layer.
      #expect(
        try units(activation) {
          silence($0, &$1, layer: 0, unit: 2, incoming: false, factor: 1e-4)
        } == 6)
    }
  }

  @Test("dead and saturated units are constant, and not active")
  func constant() throws {
    for (activation, bias) in [(Activation.relu, -100.0), (.tanh, 100), (.sigmoid, -800)] {
      let left = try units(activation, bias: true) { network, theta in
        theta[network.layers[0].biases.lowerBound + 1] = bias
      }
      #expect(left == 6, "\(activation)")
    }
  }

  @Test("a collapsed network has none, and a layer decides by its own strongest unit")
  func collapsed() throws {
    #expect(try units(.tanh) { _, theta in for k in theta.indices { theta[k] *= 1e-5 } } == 0)
    #expect(
      try units(.tanh) { network, theta in
        for k in network.layers[0].weights { theta[k] *= 0.01 }
      } == 7)
  }

  @Test("of a linear network, moments and samples count the same")
  func moments() throws {
    let network = try Network(widths: [2, 3, 2])
    let task = try Dataset.population(singular: [1, 0.5])
    var theta = [Double](repeating: 0, count: network.parameterCount)
    // Two units carry the modes, the third has an input and no output.
    for (k, value) in [1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0.5, 0].enumerated() { theta[k] = value }
    let units = try ActiveUnits(
      ObservableContext(data: task, network: network, settings: Settings()))
    #expect(theta.withUnsafeBufferPointer { units.count($0.baseAddress!) } == 2)
  }
}
