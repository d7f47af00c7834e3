import Testing

@testable import Kramers

/// Each row of the list: a state inside a set of rank 1 (or at depth 2 of rank 0), 2,000 steps of
/// minibatches of 8 from it, and whether the update left it, beside what `absorbing` says.
@Suite struct AbsorbingSetTests {
  struct Row: Sendable, CustomTestStringConvertible {
    var name: String
    var activation = Activation.linear
    var loss = Loss.mse
    var bias = false
    var depth = 3
    /// Turn the hidden layers at random.
    var isRotated = false
    var l2 = 0.1
    var learningRate = 0.05
    var change: @Sendable (inout Experiment) throws -> Void = { _ in }
    var stays: Bool
    var testDescription: String { name }
  }

  static func settings(_ change: @escaping @Sendable (inout Settings) -> Void)
    -> @Sendable (inout Experiment) throws -> Void
  { { try $0.update { change(&$0) } } }

  static let rows: [Row] = [
    Row(name: "linear, sgd", isRotated: true, stays: true),
    Row(
      name: "linear, momentum", isRotated: true,
      change: settings { $0.optimizer = .momentum }, stays: true),
    Row(
      name: "linear, nesterov", isRotated: true,
      change: settings { $0.optimizer = .nesterov }, stays: true),
    Row(name: "linear, cross-entropy", loss: .crossEntropy, isRotated: true, stays: true),
    Row(name: "linear, depth 4", depth: 4, isRotated: true, stays: true),
    Row(
      name: "linear, label noise", isRotated: true, change: settings { $0.labelNoise = 0.5 },
      stays: true),
    Row(name: "biases that are zero", bias: true, isRotated: true, stays: true),
    Row(
      name: "biases off the set", bias: true,
      change: { x in
        var theta = x.state.parameters
        theta[x.network.layers[0].biases.lowerBound + 1] = 0.1
        try x.setParameters(theta)
      }, stays: false),
    Row(
      name: "biases in the set", bias: true,
      change: { x in
        var theta = x.state.parameters
        theta[x.network.layers[0].biases.lowerBound] = 0.1
        try x.setParameters(theta)
      }, stays: true),
    Row(
      name: "L2 about a centre off the set", isRotated: true,
      change: { x in
        let center = RandomStream(seed: 9, purpose: .data)
          .normals(x.network.parameterCount, scale: 0.1)
        try x.update { $0.l2Center = center }
      }, stays: false),
    Row(
      name: "L2 of weights alone about a centre whose biases are off the set", bias: true,
      isRotated: true,
      change: { x in
        var center = x.state.parameters
        for layer in x.network.layers { for k in layer.biases { center[k] = 0.3 } }
        try x.update {
          $0.l2Center = center
          $0.l2Biases = false
        }
      }, stays: true),
    Row(
      name: "L2 about a centre in the set", isRotated: true,
      change: { x in
        let center = x.state.parameters
        try x.update { $0.l2Center = center }
      }, stays: true),
    Row(
      name: "Adam, rotated", isRotated: true, learningRate: 0.005,
      change: settings { $0.optimizer = .adam }, stays: false),
    Row(
      name: "Adam, dead units", learningRate: 0.005, change: settings { $0.optimizer = .adam },
      stays: true),
    Row(
      name: "AdamW, rotated", isRotated: true, learningRate: 0.005,
      change: settings { $0.optimizer = .adamw }, stays: false),
    Row(
      name: "AdamW, dead units", learningRate: 0.005, change: settings { $0.optimizer = .adamw },
      stays: true),
    Row(name: "tanh, rotated", activation: .tanh, isRotated: true, stays: false),
    Row(name: "tanh, dead units", activation: .tanh, stays: true),
    Row(name: "ReLU, rotated", activation: .relu, isRotated: true, stays: false),
    Row(name: "ReLU, dead units", activation: .relu, stays: true),
    Row(name: "GELU, dead units", activation: .gelu, stays: true),
    Row(name: "sigmoid", activation: .sigmoid, stays: false),
    Row(name: "softplus", activation: .softplus, stays: false),
    Row(name: "quadratic, dead units", activation: .quadratic, stays: true),
    Row(name: "temperature", change: settings { $0.temperature = 1e-4 }, stays: false),
    Row(name: "gradient noise", change: settings { $0.gradientNoise = 0.1 }, stays: false),
    Row(name: "depth 2 below the onset", depth: 2, l2: 0.1, learningRate: 0.1, stays: false),
    Row(name: "depth 2 above the onset", depth: 2, l2: 1.5, learningRate: 0.1, stays: true),
  ]

  private func make(_ row: Row) throws -> Experiment {
    let isClassification = row.loss == .crossEntropy
    var data = try Dataset.gaussian(
      singular: [0.9, 0.7], inputs: 3, outputs: 2, samples: 64, seed: 3)
    if isClassification, let train = data.train {
      let y = (0..<64).flatMap { n -> [Double] in
        train.y[2 * n] > train.y[2 * n + 1] ? [1, 0] : [0, 1]
      }
      data = Dataset(
        name: "classes", train: Samples(count: 64, inputs: 3, outputs: 2, x: train.x, y: y))
    }
    let widths = [3] + [Int](repeating: 4, count: row.depth - 1) + [2]
    let network = try Network(
      widths: widths, activation: row.activation, bias: row.bias, loss: row.loss)
    var settings = Settings()
    settings.l2 = row.l2
    settings.learningRate = row.learningRate
    settings.batch = .size(8)
    var x = try Experiment(
      data: data, network: network, settings: settings, initialization: .zero, seed: 5)
    let random = RandomStream(seed: 6, purpose: .data)
    var layers = network.layers.map { Matrix($0.outputs, $0.inputs) }
    if row.depth == 2 {
      // Rank 0 but for rounding.
      layers = layers.enumerated().map {
        Matrix($1.rows, $1.columns, random.normals($1.values.count, scale: 1e-15, step: UInt64($0)))
      }
    } else {
      for l in layers.indices { layers[l][0, 0] = 0.9 }
    }
    if row.isRotated {
      for l in 0..<layers.count - 1 {
        let turn = Matrix.haarOrthogonal(4, random, step: UInt64(10 + l))
        layers[l] = turn * layers[l]
        layers[l + 1] = layers[l + 1] * turn.transposed
      }
    }
    var theta = [Double](repeating: 0, count: network.parameterCount)
    for (layer, matrix) in zip(network.layers, layers) {
      theta.replaceSubrange(layer.weights, with: matrix.values)
    }
    try x.setParameters(theta)
    try row.change(&x)
    return x
  }

  /// What the layers hold outside `rank` directions.
  private func residual(_ x: Experiment, rank: Int) -> Double {
    (0..<x.network.depth - 1).map { l in
      HiddenLayer(x.network, l).directions(x.state.parameters, above: 0).size(rank)
    }.max() ?? 0
  }

  @Test("absorbing says what 2,000 steps from inside the set show", arguments: rows)
  func row(_ row: Row) throws {
    var x = try make(row)
    let rank = row.depth == 2 ? 0 : 1
    let verdict = x.absorbingSet()
    #expect(verdict.isAbsorbing == row.stays, "\(verdict.reason)")
    // Weight decay may bring a state back that had left: the largest residual on the way counts.
    var left = 0.0
    for steps in [10, 90, 900, 1000] {
      #expect(try x.train(TrainingOptions(steps: steps)).outcome == .completed)
      left = max(left, residual(x, rank: rank))
    }
    #expect(row.stays ? left < 1e-9 : left > 1e-3, "\(left)")
    if row.stays {
      #expect(verdict.rank == rank)
      // Biases may move inside the set; a mode of rank 2 cannot.
      #expect(x.absorbingSet().isAbsorbing)
    }
  }

  @Test("a state outside any set says what its weakest direction is; modes inside can grow")
  func outside() throws {
    var x = try make(Self.rows[0])
    #expect(x.absorbingSet(mode: 1).isAbsorbing == false)
    #expect(x.absorbingSet(mode: 2).isAbsorbing)
    let noise = RandomStream(seed: 1, purpose: .data).normals(x.network.parameterCount, scale: 1e-2)
    try x.setParameters(zip(x.state.parameters, noise).map { $0 + $1 })
    let verdict = x.absorbingSet()
    #expect(!verdict.isAbsorbing && verdict.reason.contains("every hidden direction"))
    #expect(verdict.rank == 4)
    // Momentum gathered outside the set carries the state out of it.
    var y = try make(Self.rows[1])
    y.state.firstMoment = noise
    #expect(y.absorbingSet().reason.contains("momentum buffer"))
  }
}
