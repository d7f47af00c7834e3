import Testing

@testable import Kramers

@Suite("the hash of an experiment")
struct StateHashTests {
  private func hash(_ experiment: Experiment) -> UInt64 {
    var hash = StateHash()
    experiment.add(to: &hash)
    return hash.value
  }

  private func experiment(
    _ settings: Settings = Settings(), samples: Int = 12, seed: UInt64 = 3, edit: Double = 0,
    initialization: Initialization = .gaussian, initScale: Double = 1
  ) throws -> Experiment {
    let x = (0..<2 * samples).map { Double($0) / 7 + ($0 == 5 ? edit : 0) }
    let y = (0..<2 * samples).map { Double($0 % 5) / 3 }
    let data = Dataset(
      name: "csv", train: Samples(count: samples, inputs: 2, outputs: 2, x: x, y: y))
    return try Experiment(
      data: data, network: Network(widths: [2, 2, 2]), settings: settings,
      initialization: initialization, initScale: initScale, seed: seed)
  }

  /// A change for every stored property of the settings.
  static let changes: [String: @Sendable (inout Settings) -> Void] = [
    "optimizer": { $0.optimizer = .momentum },
    "momentum": { $0.momentum = 0.5 },
    "learningRate": { $0.learningRate = $0.learningRate.nextUp },
    "l2": { $0.l2 = 0.1 },
    "l2Center": { $0.l2Center = [Double](repeating: 0, count: 8) },
    "batch": { $0.batch = .size(4) },
    "sampling": { $0.sampling = .subset },
    "temperature": { $0.temperature = 1e-4 },
    "gradientNoise": { $0.gradientNoise = 0.1 },
    "labelNoise": { $0.labelNoise = 0.1 },
    "precision": { $0.precision = .single },
    "beta2": { $0.beta2 = 0.99 },
    "epsilon": { $0.epsilon = 1e-6 },
    "l2Biases": { $0.l2Biases = false },
  ]

  @Test("changes with every setting that there is")
  func settings() throws {
    let names = Mirror(reflecting: Settings()).children.compactMap(\.label)
    #expect(Set(names) == Set(Self.changes.keys), "a setting without its change here")
    var seen = [hash(try experiment())]
    for change in Self.changes.values {
      var settings = Settings()
      change(&settings)
      seen.append(hash(try experiment(settings)))
    }
    #expect(Set(seen).count == seen.count)
    #expect(try hash(experiment()) == seen[0])
  }

  /// A change for every stored property of the state.
  static let moves: [String: @Sendable (inout TrainingState) -> Void] = [
    "parameters": { $0.parameters[3] = $0.parameters[3].nextUp },
    "firstMoment": { $0.firstMoment = $0.parameters },
    "secondMoment": { $0.secondMoment = $0.parameters },
    "momentSteps": { $0.momentSteps += 1 },
    "step": { $0.step += 1 },
    "epoch": { $0.epoch += 1 },
    "cursor": { $0.cursor += 1 },
    "epochs": { $0.epochs += 1 },
  ]

  @Test("changes with every part of the state")
  func state() throws {
    let start = try experiment()
    let names = Mirror(reflecting: start.state).children.compactMap(\.label)
    #expect(Set(names) == Set(Self.moves.keys), "a part without its change here")
    var seen = [hash(start)]
    for move in Self.moves.values {
      var moved = start.state
      move(&moved)
      seen.append(hash(start.at(moved)))
    }
    #expect(Set(seen).count == seen.count)
  }

  @Test("changes with the data, one bit of them too, the network, the seed and the initial weights")
  func others() throws {
    let weights = try experiment().state
    let network = try Network(widths: [2, 2, 2], activation: .tanh)
    let start = try experiment()
    let others = try [
      start, experiment(edit: 1e-15), experiment(samples: 13), experiment(seed: 4),
      experiment(initialization: .orthogonal), experiment(initScale: 0.5),
      Experiment(data: start.data, network: network, seed: 3),
      Experiment(
        data: start.data, network: Network(widths: [2, 2, 2], bias: true), seed: 3),
    ].map { other in
      // At the same weights, where there are as many.
      other.network.parameterCount == weights.parameters.count ? other.at(weights) : other
    }
    #expect(Set(others.map(hash)).count == others.count)
  }
}
