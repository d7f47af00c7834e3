import Glibc
import Testing

@testable import Kramers

@Suite("beta2 and epsilon")
struct AdamSettingsTests {
  /// The unrolled sums of Adam's paper (section 3): m_t = (1 - b1) sum_s b1^(t-s) g_s, and the same
  /// of squares, over the gradients that were met.
  @Test("give Adam's update by its unrolled sums", arguments: [Optimizer.adam, .adamw])
  func unrolled(optimizer: Optimizer) throws {
    let (b1, b2, epsilon, lr, l2) = (0.7, 0.9, 0.05, 0.03, 0.2)
    var settings = Settings()
    settings.optimizer = optimizer
    settings.momentum = b1
    settings.beta2 = b2
    settings.epsilon = epsilon
    settings.learningRate = lr
    settings.l2 = l2
    let network = try Network(widths: [3, 4, 2], activation: .tanh)
    let start = RandomStream(seed: 2, purpose: .data).normals(network.parameterCount, scale: 0.5)
    let trainer = try Trainer(
      data: DynamicsCase.data, network: network, settings: settings, key: RandomKey(seed: 0),
      state: TrainingState(parameters: start))
    let isCoupled = optimizer == .adam
    let objective = Objective(
      network, try DynamicsCase.data.fullBatch(for: network), l2: isCoupled ? L2Term(l2) : 0)
    var theta = start
    var met: [[Double]] = []
    for t in 1...30 {
      met.append(objective.gradient(theta))
      for k in theta.indices {
        var (m, v) = (0.0, 0.0)
        for (s, g) in met.enumerated() {
          m += (1 - b1) * pow(b1, Double(t - 1 - s)) * g[k]
          v += (1 - b2) * pow(b2, Double(t - 1 - s)) * g[k] * g[k]
        }
        m /= 1 - pow(b1, Double(t))
        v /= 1 - pow(b2, Double(t))
        theta[k] = (isCoupled ? 1 : 1 - lr * l2) * theta[k] - lr * m / (sqrt(v) + epsilon)
      }
    }
    trainer.run(steps: 30)
    for (a, b) in zip(trainer.parameters, theta) { #expect(abs(a - b) < 1e-12) }
  }

  @Test("are refused under optimisers that do not use them")
  func refused() throws {
    var settings = Settings()
    for name in ["beta2", "epsilon"] {
      let setting = try #require(Setting.named[name])
      #expect(throws: InputError.self) { try settings.set(setting, .number(0.5)) }
    }
    settings.optimizer = .adamw
    for name in ["beta2", "epsilon"] {
      let setting = try #require(Setting.named[name])
      try settings.set(setting, .number(0.5))
    }
    #expect(settings.beta2 == 0.5 && settings.epsilon == 0.5)
  }
}
