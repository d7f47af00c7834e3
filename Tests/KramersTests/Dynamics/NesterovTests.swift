import Testing

@testable import Kramers

@Suite("nesterov")
struct NesterovTests {
  private let settings: Settings = {
    var settings = Settings()
    settings.optimizer = .nesterov
    settings.momentum = 0.8
    settings.learningRate = 0.05
    settings.l2 = 0.1
    return settings
  }()

  /// Nesterov's own form has two points instead of a velocity: x <- y - lr grad E(y),
  /// y <- x + mu (x - x before). PyTorch's parameters are the y.
  @Test("steps as the two-point form does, to 1e-12 over 200 steps")
  func twoPoints() throws {
    let network = try Network(widths: [3, 4, 2], activation: .tanh, bias: true)
    let start = RandomStream(seed: 2, purpose: .data).normals(network.parameterCount, scale: 0.5)
    let trainer = try Trainer(
      data: DynamicsCase.data, network: network, settings: settings, key: RandomKey(seed: 0),
      state: TrainingState(parameters: start))
    let objective = Objective(
      network, try DynamicsCase.data.fullBatch(for: network), l2: settings.l2Term)
    var (x, y) = (start, start)
    for _ in 0..<200 {
      let g = objective.gradient(y)
      let next = zip(y, g).map { $0 - 0.05 * $1 }
      y = zip(next, x).map { $0 + 0.8 * ($0 - $1) }
      x = next
    }
    trainer.run(steps: 200)
    for (a, b) in zip(trainer.parameters, y) { #expect(abs(a - b) < 1e-12) }
    #expect(zip(start, y).contains { abs($0 - $1) > 0.1 })
  }

  @Test("takes no temperature, runs one replica at a time, and has landscape but no rate theory")
  func capabilities() throws {
    let data = try Dataset.population(singular: [1])
    let network = try Network(widths: [1, 1, 1, 1])
    var own = settings
    own.l2 = 0.3
    own.temperature = 0.1
    #expect(throws: InputError.self) { try own.validate(data: data, network: network) }
    own.temperature = 0
    own.gradientNoise = 0.1
    #expect(!LanePlan.fits(data: data, network: network, settings: own))
    let x = try Experiment(data: data, network: network, settings: own, initialization: .zero)
    #expect(try x.phases().rows.first?.theory.spinodal != nil)
    var request = EscapeRequest(settings: own, seed: 1)
    request.replicas = 2
    request.maxSteps = 20
    let theory = try x.measureEscape(request, threads: 1).theory
    #expect(theory.tau == nil && theory.reason?.contains("'sgd' and 'momentum'") == true)
  }
}
