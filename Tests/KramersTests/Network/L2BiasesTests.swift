import Testing

@testable import Kramers

@Suite("l2_biases = false")
struct L2BiasesTests {
  private let network: Network
  private let start: [Double]
  private let weights: Set<Int>

  init() throws {
    network = try Network(widths: [3, 4, 2], activation: .tanh, bias: true)
    start = RandomStream(seed: 2, purpose: .data).normals(network.parameterCount, scale: 0.5)
    weights = Set(network.layers.flatMap { Array($0.weights) })
  }

  private func settings(_ change: (inout Settings) -> Void = { _ in }) -> Settings {
    var settings = Settings()
    settings.l2 = 0.3
    settings.l2Biases = false
    settings.learningRate = 0.02
    change(&settings)
    return settings
  }

  private func trainer(_ settings: Settings) throws -> Trainer {
    try Trainer(
      data: DynamicsCase.data, network: network, settings: settings,
      key: RandomKey(seed: 3, replica: 7), state: TrainingState(parameters: start))
  }

  @Test("the objective counts weights alone, its gradient and Hessian are its differences")
  func objective() throws {
    let full = try DynamicsCase.data.fullBatch(for: network)
    let center = start.map { 0.4 - $0 }
    let own = settings { $0.l2Center = center }
    let objective = Objective(network, full, l2: own.l2Term)
    let loss = GradientWorkspace(network, capacity: full.count).loss(start, full)
    let penalty = weights.sorted().reduce(0) { sum, k in
      sum + 0.15 * (start[k] - center[k]) * (start[k] - center[k])
    }
    #expect(abs(objective.value(start) - loss - penalty) < 1e-13)
    let evaluator = try Evaluator(data: DynamicsCase.data, network: network, settings: own)
    #expect(abs(evaluator.objective(start) - loss - penalty) < 1e-13)
    let gradient = objective.gradient(start)
    let hessian = try denseHessian(network, start, full, l2: own.l2Term)
    let curvature = HessianOperator(network, at: start, full, l2: own.l2Term)
    let h = 1e-5
    for k in start.indices {
      var (up, down) = (start, start)
      up[k] += h
      down[k] -= h
      let slope = (objective.value(up) - objective.value(down)) / (2 * h)
      #expect(abs(slope - gradient[k]) < 1e-8)
      let bend = zip(objective.gradient(up), objective.gradient(down)).map { ($0 - $1) / (2 * h) }
      var unit = [Double](repeating: 0, count: start.count)
      unit[k] = 1
      let product = curvature.product(unit)
      for (i, expected) in bend.enumerated() {
        #expect(abs(hessian[i, k] - expected) < 1e-8 && abs(product[i] - expected) < 1e-8)
      }
    }
  }

  @Test(
    "steps of sgd and momentum, fused, with noise, and in lanes, leave biases out of the decay",
    arguments: [Optimizer.sgd, .momentum], [0, 0.1])
  func steps(optimizer: Optimizer, noise: Double) throws {
    let own = settings {
      $0.optimizer = optimizer
      $0.gradientNoise = noise
      $0.batch = .size(5)
    }
    let full = try DynamicsCase.data.fullBatch(for: network)
    let lanes = LaneTrainer(
      LanePlan(
        data: DynamicsCase.data, network: network, settings: own, full: nil),
      key: RandomKey(seed: 3))
    lanes.load(2, replica: 7, state: TrainingState(parameters: start))
    let alone = try trainer(own)
    lanes.run(steps: 100)
    alone.run(steps: 100)
    var values = start
    _ = values.withUnsafeMutableBufferPointer { lanes.copyParameters(2, to: $0.baseAddress!) }
    for (a, b) in zip(values, alone.parameters) { #expect(abs(a - b) < 1e-12) }
    guard noise == 0 else { return }
    var deterministic = own
    deterministic.batch = .full
    let trainer = try trainer(deterministic)
    trainer.run(steps: 50)
    let workspace = GradientWorkspace(network, capacity: full.count)
    var (theta, moment, gradient) = (start, start.map { _ in 0.0 }, start)
    for _ in 0..<50 {
      workspace.lossAndGradient(theta, full, into: &gradient)
      for k in theta.indices {
        let g = gradient[k] + (weights.contains(k) ? 0.3 * theta[k] : 0)
        moment[k] = optimizer == .momentum ? 0.9 * moment[k] + g : g
        theta[k] -= 0.02 * moment[k]
      }
    }
    for (a, b) in zip(trainer.parameters, theta) { #expect(abs(a - b) < 1e-12) }
  }

  @Test("adamw's first step moves biases as without decay, weights by it", arguments: [0.0, 0.3])
  func decoupled(l2: Double) throws {
    let trainer = try trainer(
      settings {
        $0.optimizer = .adamw
        $0.l2 = l2
      })
    let free = try self.trainer(
      settings {
        $0.optimizer = .adamw
        $0.l2 = 0
      })
    trainer.run(steps: 1)
    free.run(steps: 1)
    for k in start.indices {
      let decay = weights.contains(k) ? 0.02 * l2 * start[k] : 0
      #expect(abs(free.parameters[k] - decay - trainer.parameters[k]) < 1e-15)
    }
  }

  @Test("nothing changes in a network without biases")
  func withoutBiases() throws {
    let plain = try Network(widths: [3, 4, 2])
    #expect(settings().l2Term.ranges(plain) == [0..<plain.parameterCount])
  }
}
