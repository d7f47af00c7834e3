import Glibc

@testable import Kramers

/// SGD and heavy ball with every noise, one replica and one number at a time: the plain statement
/// that `Trainer` and `LaneTrainer` are checked against. It shares with them only the random
/// words, which have known answers of their own.
struct ReferenceTrainer<Scalar: BinaryFloatingPoint> {
  let network: Network
  let settings: Settings
  let samples: Samples
  let key: RandomKey
  var theta: [Scalar]
  private var moment: [Scalar]
  private var step: UInt64 = 0
  private var epoch: UInt64 = 0
  private var cursor = 0

  init(
    data: Dataset, network: Network, settings: Settings, key: RandomKey, parameters: [Double]
  ) {
    self.network = network
    self.settings = settings
    samples = data.train ?? Samples(count: 0, inputs: 0, outputs: 0, x: [], y: [])
    self.key = key
    theta = parameters.map { Scalar($0) }
    moment = theta.map { _ in 0 }
  }

  mutating func run(steps: Int) { for _ in 0..<steps { takeStep() } }

  private mutating func takeStep() {
    let rows = chooseRows()
    var labels: [Scalar] = []
    if settings.labelNoise > 0 {
      labels = normals(.labelNoise, network.outputs * rows.count).map {
        Scalar(settings.labelNoise) * $0
      }
    }
    var g = theta.map { $0 * Scalar(settings.l2) }
    for (b, row) in rows.enumerated() {
      let noise = (0..<network.outputs).map { labels.isEmpty ? 0 : labels[$0 * rows.count + b] }
      addGradient(row, noise: noise, weight: 1 / Scalar(rows.count), to: &g)
    }
    if settings.gradientNoise > 0 {
      let scale = Scalar(settings.gradientNoise / Double(rows.count).squareRoot())
      for (k, z) in normals(.gradientNoise, theta.count).enumerated() { g[k] += scale * z }
    }
    let isHeavy = settings.optimizer == .momentum
    if settings.temperature > 0 {
      let friction = isHeavy ? 1 - settings.momentum : 1
      let scale = (2 * settings.temperature * friction / settings.learningRate).squareRoot()
      for (k, z) in normals(.langevin, theta.count).enumerated() { g[k] += Scalar(scale) * z }
    }
    for k in theta.indices {
      moment[k] = isHeavy ? Scalar(settings.momentum) * moment[k] + g[k] : g[k]
      theta[k] -= Scalar(settings.learningRate) * moment[k]
    }
    step += 1
  }

  /// The gradient of weight * |f(x) - y - noise|^2 / 2 at one sample.
  private func addGradient(_ row: Int, noise: [Scalar], weight: Scalar, to g: inout [Scalar]) {
    var activations = [(0..<network.inputs).map { Scalar(samples.x[row * network.inputs + $0]) }]
    for (l, layer) in network.layers.enumerated() {
      let input = activations[l]
      activations.append(
        (0..<layer.outputs).map { i in
          var sum = network.bias ? theta[layer.biases.lowerBound + i] : 0
          for j in 0..<layer.inputs {
            sum += theta[layer.weights.lowerBound + i * layer.inputs + j] * input[j]
          }
          let isLast = l == network.depth - 1
          return isLast || network.activation == .linear ? sum : Scalar(tanh(Double(sum)))
        })
    }
    var error = (0..<network.outputs).map { i in
      let y = Scalar(samples.y[row * network.outputs + i])
      return weight * (activations[network.depth][i] - y - noise[i])
    }
    for l in (0..<network.depth).reversed() {
      let layer = network.layers[l]
      var below = [Scalar](repeating: 0, count: layer.inputs)
      for i in 0..<layer.outputs {
        if network.bias { g[layer.biases.lowerBound + i] += error[i] }
        for j in 0..<layer.inputs {
          let k = layer.weights.lowerBound + i * layer.inputs + j
          g[k] += error[i] * activations[l][j]
          below[j] += theta[k] * error[i]
        }
      }
      if network.activation == .tanh {
        for j in below.indices { below[j] *= 1 - activations[l][j] * activations[l][j] }
      }
      error = below
    }
  }

  private mutating func chooseRows() -> [Int] {
    guard case .size(let size) = settings.batch else { return Array(0..<samples.count) }
    switch settings.sampling {
    case .permutation:
      if cursor + size > samples.count {
        epoch += 1
        cursor = 0
      }
      let order = key.random(.permutation).permutation(samples.count, step: epoch)
      defer { cursor += size }
      return order[cursor..<cursor + size].map { Int($0) }
    case .replacement:
      return (0..<size).map { draw($0, below: samples.count) }
    case .subset:
      var order = Array(0..<samples.count)
      for b in 0..<size { order.swapAt(b, b + draw(b, below: samples.count - b)) }
      return Array(order[0..<size])
    }
  }

  /// Draw b of this step: one word of four a block, or two for large sets.
  private func draw(_ b: Int, below bound: Int) -> Int {
    let random = key.random(.batch)
    if samples.count <= 4096 {
      let word = random.words(step: step, UInt32(b / 4))[b % 4]
      return Int(UInt64(word) * UInt64(bound) / 0x1_0000_0000)
    }
    let words = random.words(step: step, UInt32(b / 2))
    let (low, high) = (words[b % 2 * 2], words[b % 2 * 2 + 1])
    return Int((UInt64(high) << 32 | UInt64(low)).multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// Normals of this step, through libm: in double precision two a block, from 53 bits for each
  /// uniform; in single precision four a block, from one word for each uniform.
  private func normals(_ purpose: RandomPurpose, _ count: Int) -> [Scalar] {
    let random = key.random(purpose)
    return (0..<count).map { k in
      let u: Double
      let v: Double
      if Scalar.self == Double.self {
        (u, v) = random.uniforms(step: step, UInt32(k / 2))
      } else {
        let words = random.words(step: step, UInt32(k / 4))
        u = (Double(words[k % 4 / 2 * 2]) + 0.5) * 0x1p-32
        v = (Double(words[k % 4 / 2 * 2 + 1]) + 0.5) * 0x1p-32
      }
      let radius = (-2 * log(u)).squareRoot()
      return Scalar(radius * (k % 2 == 0 ? cos(2 * .pi * v) : sin(2 * .pi * v)))
    }
  }
}
