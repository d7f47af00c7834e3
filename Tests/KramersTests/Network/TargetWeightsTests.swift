import Testing

@testable import Kramers

/// A random problem whose targets carry random weights, some of them 0.
private func weightedProblem(
  _ widths: [Int], _ activation: Activation, bias: Bool, samples count: Int
) throws -> (network: Network, parameters: [Double], samples: Samples) {
  let network = try Network(widths: widths, activation: activation, bias: bias)
  let random = RandomStream(seed: 17, purpose: .data)
  let weights = random.normals(count * network.outputs, step: 3).map { $0 < -0.5 ? 0 : abs($0) }
  let samples = Samples(
    count: count, inputs: network.inputs, outputs: network.outputs,
    x: random.normals(count * network.inputs, step: 0),
    y: random.normals(count * network.outputs, step: 1), targetWeights: weights)
  return (network, random.normals(network.parameterCount, scale: 0.6, step: 2), samples)
}

@Suite struct TargetWeightsTests {
  static let cases: [(Activation, Bool)] = Activation.allCases.flatMap {
    [($0, false), ($0, true)]
  }

  @Test("loss, gradient and Hessian of weighted targets", arguments: cases)
  func derivatives(activation: Activation, bias: Bool) throws {
    let problem = try weightedProblem([3, 4, 2], activation, bias: bias, samples: 5)
    let batch = Batch(problem.samples)
    let workspace = GradientWorkspace(problem.network, capacity: 5)
    let theta = problem.parameters

    let f = workspace.outputs(theta, batch)
    var loss = 0.0
    for n in 0..<5 {
      for i in 0..<2 {
        let r = f[i * batch.stride + n] - problem.samples.y[2 * n + i]
        loss += (problem.samples.targetWeights?[2 * n + i] ?? 1) * r * r / 10
      }
    }
    var gradient = [Double](repeating: 0, count: theta.count)
    #expect(abs(workspace.lossAndGradient(theta, batch, into: &gradient) - loss) < 1e-13)

    let v = RandomStream(seed: 8, purpose: .data).normals(theta.count)
    let product = HessianWorkspace(problem.network, capacity: 5).product(theta, v, batch)
    // Error of a central difference: h^2/6 f''' + eps/h; at h = 1e-5 about 1e-10.
    let h = 1e-5
    for k in theta.indices {
      var shifted = theta
      shifted[k] += h
      let up = workspace.loss(shifted, batch)
      shifted[k] -= 2 * h
      let difference = (up - workspace.loss(shifted, batch)) / (2 * h)
      #expect(abs(difference - gradient[k]) < 2e-9 * (1 + abs(gradient[k])))
    }
    var up = gradient
    var down = gradient
    workspace.lossAndGradient(zip(theta, v).map { $0 + h * $1 }, batch, into: &up)
    workspace.lossAndGradient(zip(theta, v).map { $0 - h * $1 }, batch, into: &down)
    for k in theta.indices {
      let difference = (up[k] - down[k]) / (2 * h)
      #expect(abs(difference - product[k]) < 2e-8 * (1 + abs(product[k])))
    }
  }

  @Test("weights of 1 change no bit, in full batches and in minibatches")
  func ones() throws {
    let problem = try weightedProblem([3, 4, 2], .tanh, bias: true, samples: 9)
    let plain = Samples(
      count: 9, inputs: 3, outputs: 2, x: problem.samples.x, y: problem.samples.y)
    let ones = Samples(
      count: 9, inputs: 3, outputs: 2, x: plain.x, y: plain.y,
      targetWeights: [Double](repeating: 1, count: 18))
    for batch in [BatchSize.full, .size(4)] {
      var settings = Settings()
      settings.batch = batch
      settings.labelNoise = batch == .full ? 0 : 0.1
      var results: [[Double]] = []
      for samples in [plain, ones] {
        var x = try Experiment(
          data: Dataset(name: "from", train: samples), network: problem.network, settings: settings)
        _ = try x.train(TrainingOptions(steps: 50))
        results.append(x.state.parameters)
      }
      #expect(results[0] == results[1])
    }
  }

  @Test("a minibatch step uses the weights of its own rows")
  func minibatch() throws {
    let problem = try weightedProblem([3, 2], .linear, bias: false, samples: 6)
    var settings = Settings()
    settings.batch = .size(6)
    // All six rows in another order: the same step as the full batch, up to rounding.
    var states: [[Double]] = []
    for size in [BatchSize.full, .size(6)] {
      settings.batch = size
      var x = try Experiment(
        data: Dataset(name: "from", train: problem.samples), network: problem.network,
        settings: settings)
      _ = try x.train(TrainingOptions(steps: 5))
      states.append(x.state.parameters)
    }
    for (a, b) in zip(states[0], states[1]) { #expect(abs(a - b) < 1e-14) }
    let rows = problem.samples.rows([4, 1])
    let weights = try #require(problem.samples.targetWeights)
    #expect(rows.targetWeights == Array(weights[8..<10] + weights[2..<4]))
  }

  @Test("moments of weighted targets give loss and gradient at the zero map")
  func moments() throws {
    let problem = try weightedProblem([3, 2], .linear, bias: false, samples: 6)
    let data = Dataset(name: "from", train: problem.samples)
    let zero = [Double](repeating: 0, count: 6)
    var gradient = zero
    let loss = GradientWorkspace(problem.network, capacity: 6)
      .lossAndGradient(zero, try data.fullBatch(for: problem.network), into: &gradient)
    #expect(abs(loss - data.moments.traceYY / 2) < 1e-14)
    for k in 0..<6 { #expect(abs(gradient[k] + data.moments.yx.values[k]) < 1e-14) }
  }

  @Test("cross-entropy and theory refuse weighted targets")
  func refusals() throws {
    let data = try Dataset.completion(size: 3, fraction: 0.5)
    let network = try Network(widths: [3, 3, 3], loss: .crossEntropy)
    #expect(
      throws: InputError.sentence(
        "data.completion weights single targets, which needs loss 'mse', got 'cross_entropy'")
    ) { try Experiment(data: data, network: network) }
    let x = try Experiment(data: data, network: Network(widths: [3, 3, 3]))
    #expect(
      throws: InputError.sentence(
        "theory knows losses that depend on second moments; data.completion weights single targets")
    ) { try x.phaseTheory() }
  }
}
