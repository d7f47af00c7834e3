import Testing

@testable import Kramers

/// One combination of optimiser, batch drawing and noise, on a small problem of 13 samples (a
/// number that neither four lanes nor a batch of 5 divides).
struct DynamicsCase: Sendable, CustomTestStringConvertible {
  let settings: Settings
  let testDescription: String

  static let all: [DynamicsCase] = Optimizer.allCases.flatMap { optimizer in
    batches.flatMap { batch in
      noises.compactMap { noise in
        var settings = Settings()
        settings.optimizer = optimizer
        settings.l2 = 0.01
        settings.learningRate = 0.01
        batch.change(&settings)
        noise.change(&settings)
        if settings.temperature > 0, !optimizer.takesTemperature { return nil }
        return DynamicsCase(
          settings: settings, testDescription: "\(optimizer), \(batch.name), \(noise.name)")
      }
    }
  }

  private typealias Change = (name: String, change: @Sendable (inout Settings) -> Void)
  private static let batches: [Change] = [
    ("full", { $0.batch = .full }),
    ("permutation", { $0.batch = .size(5) }),
    (
      "replacement",
      {
        $0.batch = .size(17)
        $0.sampling = .replacement
      }
    ),
    (
      "subset",
      {
        $0.batch = .size(5)
        $0.sampling = .subset
      }
    ),
  ]
  private static let noises: [Change] = [
    ("no noise", { _ in }),
    ("temperature", { $0.temperature = 1e-3 }),
    ("gradient noise", { $0.gradientNoise = 0.1 }),
    ("label noise", { $0.labelNoise = 0.1 }),
    (
      "all noises but temperature",
      {
        $0.gradientNoise = 0.1
        $0.labelNoise = 0.1
        $0.l2Center = [Double](repeating: 0.1, count: 20)
      }
    ),
  ]

  static let data: Dataset = {
    let random = RandomStream(seed: 11, purpose: .data)
    func samples(_ count: Int, _ step: UInt64) -> Samples {
      Samples(
        count: count, inputs: 3, outputs: 2, x: random.normals(3 * count, step: step),
        y: random.normals(2 * count, step: step + 1))
    }
    return Dataset(name: "from", train: samples(13, 0), test: samples(7, 2))
  }()

  /// A trainer of a 3-4-2 network (20 parameters), at `state` or at a fixed random start.
  func trainer(_ activation: Activation, from state: TrainingState? = nil) throws -> Trainer {
    let network = try Network(widths: [3, 4, 2], activation: activation)
    let start = RandomStream(seed: 12, purpose: .data).normals(network.parameterCount, scale: 0.5)
    return try Trainer(
      data: Self.data, network: network, settings: settings, key: RandomKey(seed: 5),
      state: state ?? TrainingState(parameters: start))
  }
}
