import Testing

@testable import Kramers

@Suite struct GradientNoiseTests {
  /// mean g g' - gbar gbar' from the gradients of single samples.
  private func covariance(_ slow: SlowNetwork, _ samples: Samples) -> Matrix {
    let gradients = (0..<samples.count).map { slow.lossAndGradient(samples, rows: [$0]).gradient }
    let p = slow.theta.count
    var mean = [Double](repeating: 0, count: p)
    for g in gradients { for k in 0..<p { mean[k] += g[k] / Double(samples.count) } }
    var result = Matrix(p, p)
    for g in gradients {
      for i in 0..<p {
        for j in 0..<p {
          result[i, j] += (g[i] - mean[i]) * (g[j] - mean[j]) / Double(samples.count)
        }
      }
    }
    return result
  }

  private func problem(
    _ activation: Activation, _ loss: Loss, bias: Bool, count: Int = 7
  ) throws -> (network: Network, theta: [Double], samples: Samples) {
    let network = try Network(widths: [3, 4, 3, 2], activation: activation, bias: bias, loss: loss)
    let random = RandomStream(seed: 7, purpose: .data)
    var y = random.normals(count * 2, step: 1)
    if loss == .crossEntropy { y = (0..<count).flatMap { $0 % 3 == 0 ? [1.0, 0] : [0, 1] } }
    let samples = Samples(
      count: count, inputs: 3, outputs: 2, x: random.normals(count * 3, step: 0), y: y)
    return (network, random.normals(network.parameterCount, scale: 0.6, step: 2), samples)
  }

  @Test(
    "trace, products and top eigenvalues are those of the gradients of single samples",
    arguments: GradientTests.cases)
  func exact(activation: Activation, loss: Loss) throws {
    for bias in [false, true] {
      let (network, theta, samples) = try problem(activation, loss, bias: bias)
      let matrix = covariance(SlowNetwork(network: network, theta: theta), samples)
      let noise = GradientNoise(network, theta, samples)
      #expect(isClose(noise.trace, matrix.trace, 1e-11))
      let v = RandomStream(seed: 8, purpose: .data).normals(theta.count)
      let product = matrix * v
      let size = max(1, product.map(abs).max() ?? 0)
      for (a, b) in zip(noise.product(v), product) { #expect(abs(a - b) < 1e-11 * size) }
      #expect(isClose(noise.variance(along: v), dot(v, matrix * v), 1e-10))

      var settings = Settings()
      settings.batch = .size(2)
      settings.learningRate = 0.3
      var x = try Experiment(
        data: Dataset(name: "from", train: samples), network: network, settings: settings)
      try x.setParameters(theta)
      let result = try x.gradientNoise(NoiseRequest())
      let values = SymmetricEigen(matrix).values.reversed()
      let factor = 5.0 / (2 * 6)
      let scale = factor * (values.first ?? 0)
      for (a, b) in zip(result.top, values) { #expect(abs(a - factor * b) < 1e-9 * scale) }
      #expect(isClose(result.trace, factor * matrix.trace, 1e-11))
    }
  }

  @Test("the finite-population factor is the variance over all subsets, exactly")
  func factor() throws {
    let values = [0.3, -1.2, 2.5, 0.7, -0.4, 1.9]
    let mean = values.reduce(0, +) / 6
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 6
    for b in 1...6 {
      var sum = 0.0
      var count = 0.0
      for bits in 0..<64 where bits.nonzeroBitCount == b {
        let average = (0..<6).reduce(0.0) { bits >> $1 & 1 == 1 ? $0 + values[$1] : $0 } / Double(b)
        sum += (average - mean) * (average - mean)
        count += 1
      }
      let f = GradientNoise.populationFactor(samples: 6, batch: b, replacement: false)
      #expect(abs(sum / count - f * variance) < 1e-14)
      #expect(
        GradientNoise.populationFactor(samples: 6, batch: b, replacement: true) == 1 / Double(b))
    }
    #expect(GradientNoise.populationFactor(samples: 6, batch: 6, replacement: false) == 0)
    #expect(GradientNoise.populationFactor(samples: 1, batch: 1, replacement: false) == 0)
  }

  @Test("noise is exactly zero at B = N without replacement, and for the full batch")
  func zero() throws {
    let (network, theta, samples) = try problem(.tanh, .mse, bias: true)
    var x = try Experiment(data: Dataset(name: "from", train: samples), network: network)
    try x.setParameters(theta)
    for (batch, sampling) in [
      (BatchSize.size(7), Sampling.permutation), (.size(7), .subset), (.full, .replacement),
    ] {
      var request = NoiseRequest()
      request.batch = batch
      request.sampling = sampling
      let result = try x.gradientNoise(request)
      #expect(result.trace == 0 && result.factor == 0 && result.top.allSatisfy { $0 == 0 })
    }
    var request = NoiseRequest()
    request.batch = .size(7)
    request.sampling = .replacement
    #expect(try x.gradientNoise(request).factor == 1 / 7.0)
    request.batch = .size(8)
    request.sampling = .subset
    #expect(throws: InputError.self) { try x.gradientNoise(request) }
  }

  @Test("along the escape path the variance is D a^(2D-2) Var(r x)/B, zero in the trap")
  func escapePath() throws {
    // White, so that the singular vectors of Syx - W Sxx are those of Syx.
    let data = try Dataset.gaussian(singular: [0.9, 0.6], samples: 200, seed: 4).whitened()
    let train = try #require(data.train)
    for depth in [3, 4] {
      var settings = Settings()
      settings.learningRate = 0.2
      settings.batch = .size(10)
      settings.sampling = .replacement
      settings.l2 = 0.05
      let network = try Network(widths: [Int](repeating: 2, count: depth + 1))
      var x = try Experiment(
        data: data, network: network, settings: settings, initialization: .zero)
      let split = SingularValueDecomposition(data.moments.yx)
      #expect(try x.gradientNoise(NoiseRequest()).projection == 0)
      for a in [0.02, 0.04] {
        let (u, v) = (split.u.column(0), split.v.column(0))
        var layers = [Matrix](repeating: Matrix(2, 2), count: depth)
        for j in 0..<2 { layers[0][1, j] = a * v[j] }
        for l in 1..<depth - 1 { layers[l][1, 1] = a }
        for i in 0..<2 { layers[depth - 1][i, 1] = a * u[i] }
        try x.setParameters(network.parameters(from: layers))
        // r = u.(f(x) - y) times v.x, over the samples.
        let products = (0..<train.count).map { n -> Double in
          let input = [train.x[2 * n], train.x[2 * n + 1]]
          let target = [train.y[2 * n], train.y[2 * n + 1]]
          return (integerPower(a, depth) * dot(v, input) - dot(u, target)) * dot(v, input)
        }
        let mean = products.reduce(0, +) / Double(train.count)
        let variance = products.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(train.count)
        let expected =
          Double(depth) * integerPower(a, 2 * depth - 2) * variance / 10
        let result = try x.gradientNoise(NoiseRequest())
        #expect(result.mode == 1)
        #expect(isClose(result.projection, expected, 1e-9))
        #expect(isClose(result.effectiveTemperature, 0.1 * expected, 1e-9))
      }
    }
  }

  @Test("population data has no gradient noise to measure")
  func population() throws {
    let x = try deepLinear(Dataset.population(singular: [0.9, 0.8]), width: 2)
    let error = #expect(throws: InputError.self) { try x.gradientNoise(NoiseRequest()) }
    #expect(error?.description.contains("second moments only") == true)
  }
}
