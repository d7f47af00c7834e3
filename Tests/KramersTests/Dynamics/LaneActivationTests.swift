import Testing

@testable import Kramers

/// One activation with a lane form, its biases and batches.
struct LaneActivationCase: Sendable, CustomTestStringConvertible {
  let activation: Activation
  let bias: Bool
  let batch: BatchSize
  var testDescription: String { "\(activation), \(bias ? "bias, " : "")\(batch)" }

  static let all: [LaneActivationCase] = Activation.allCases.filter { $0.function.lanes != nil }
    .flatMap { activation in
      [false, true].flatMap { bias in
        [BatchSize.full, .size(5)].map {
          LaneActivationCase(activation: activation, bias: bias, batch: $0)
        }
      }
    }

  func settings(_ precision: Precision) -> Settings {
    var settings = Settings()
    settings.optimizer = .momentum
    settings.momentum = 0.7
    settings.learningRate = 0.002
    settings.l2 = 0.01
    settings.batch = batch
    settings.precision = precision
    return settings
  }

  func network() throws -> Network {
    try Network(widths: [3, 5, 4, 2], activation: activation, bias: bias)
  }

  /// The parameters of the `replica` after so many steps in a lane.
  func inLanes(_ precision: Precision, steps: Int, _ kernels: LaneKernels) throws -> [Double] {
    let (data, network, settings) = (DynamicsCase.data, try network(), settings(precision))
    try #require(LanePlan.fits(data: data, network: network, settings: settings))
    let full = batch == .full ? try data.fullBatch(for: network) : nil
    let trainer = LaneTrainer(
      LanePlan(data: data, network: network, settings: settings, full: full),
      key: RandomKey(seed: 3), kernels: kernels)
    trainer.load(2, replica: 7, state: TrainingState(parameters: start(network)))
    trainer.run(steps: steps)
    var values = [Double](repeating: 0, count: network.parameterCount)
    let isFinite = values.withUnsafeMutableBufferPointer {
      trainer.copyParameters(2, to: $0.baseAddress!)
    }
    try #require(isFinite)
    return values
  }

  func alone(steps: Int) throws -> [Double] {
    let network = try network()
    let trainer = try Trainer(
      data: DynamicsCase.data, network: network, settings: settings(.double),
      key: RandomKey(seed: 3, replica: 7), state: TrainingState(parameters: start(network)))
    trainer.run(steps: steps)
    return trainer.parameters
  }

  private func start(_ network: Network) -> [Double] {
    // Squares of squares of larger weights would run away.
    RandomStream(seed: 12, purpose: .data).normals(network.parameterCount, scale: 0.2)
  }
}

@Suite("activations in lanes")
struct LaneActivationTests {
  private func distance(_ a: [Double], _ b: [Double]) -> Double {
    (zip(a, b).map { abs($0 - $1) }.max() ?? 1) / (b.map(abs).max() ?? 0)
  }

  /// In double to 1e-12, in single precision to 2e-5: 200 roundings of 6e-8.
  @Test(
    "200 steps agree with one replica alone, with the same bits in every instruction set",
    arguments: LaneActivationCase.all)
  func agreement(example: LaneActivationCase) throws {
    let alone = try example.alone(steps: 200)
    for (precision, tolerance) in [(Precision.double, 1e-12), (.single, 2e-5)] {
      let results = try LaneKernels.available(precision).map {
        try example.inLanes(precision, steps: 200, $0)
      }
      #expect(distance(results[0], alone) < tolerance)
      for result in results { #expect(result == results[0]) }
    }
  }
}
