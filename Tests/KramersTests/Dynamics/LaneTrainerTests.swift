import Testing

@testable import Kramers

/// One shape, batch and noise on random samples: what `Trainer` and `LaneTrainer` both run.
struct LaneCase: Sendable, CustomTestStringConvertible {
  let widths: [Int]
  let bias: Bool
  let settings: Settings
  let testDescription: String

  static let samples = 13

  static let all: [LaneCase] = shapes.flatMap { widths in
    [false, true].flatMap { bias in
      batches.flatMap { batch in
        noises.map { noise in
          var settings = Settings()
          settings.l2 = 0.01
          settings.learningRate = 0.01
          batch.change(&settings)
          noise.change(&settings)
          return LaneCase(
            widths: widths, bias: bias, settings: settings,
            testDescription: "\(widths), \(bias ? "bias, " : "")\(batch.name), \(noise.name)")
        }
      }
    }
  }

  private static let shapes = [
    [1, 1], [3, 2], [1, 1, 1, 1], [5, 5, 5, 5], [3, 4, 2], [2, 7, 3, 1, 4], [6, 1, 5],
  ]
  private typealias Change = (name: String, change: @Sendable (inout Settings) -> Void)
  private static let batches: [Change] = [
    ("full", { $0.batch = .full }), ("B = 1", { $0.batch = .size(1) }),
    ("B = 3", { $0.batch = .size(3) }), ("B = 4", { $0.batch = .size(4) }),
    ("B = N", { $0.batch = .size(samples) }),
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
    ("no noise", { _ in }), ("temperature", { $0.temperature = 1e-4 }),
    ("gradient noise", { $0.gradientNoise = 0.1 }),
    (
      "momentum and all noises",
      {
        $0.optimizer = .momentum
        $0.momentum = 0.7
        $0.temperature = 1e-4
        $0.gradientNoise = 0.1
      }
    ),
  ]

  func data() -> Dataset {
    let random = RandomStream(seed: 31, purpose: .data)
    let (n, p) = (widths[0], widths[widths.count - 1])
    return Dataset(
      name: "from",
      train: Samples(
        count: Self.samples, inputs: n, outputs: p, x: random.normals(Self.samples * n, step: 0),
        y: random.normals(Self.samples * p, step: 1)))
  }

  func network() throws -> Network { try Network(widths: widths, bias: bias) }

  func start() throws -> [Double] {
    RandomStream(seed: 32, purpose: .data).normals(try network().parameterCount, scale: 0.5)
  }

  func plan() throws -> LanePlan {
    let (data, network) = (data(), try network())
    try #require(LanePlan.fits(data: data, network: network, settings: settings))
    let full = settings.batch == .full ? try data.fullBatch(for: network) : nil
    return LanePlan(data: data, network: network, settings: settings, full: full)
  }

  func trainer(_ replica: UInt32) throws -> Trainer {
    try Trainer(
      data: data(), network: network(), settings: settings,
      key: RandomKey(seed: 33, stream: 5, replica: replica),
      state: TrainingState(parameters: start()))
  }
}

private let key = RandomKey(seed: 33, stream: 5)

private func parameters(_ trainer: LaneTrainer, _ lane: Int) -> [Double] {
  var values = [Double](repeating: 0, count: trainer.plan.network.parameterCount)
  values.withUnsafeMutableBufferPointer { trainer.copyParameters(lane, to: $0.baseAddress!) }
  return values
}

@Suite struct LaneTrainerTests {
  @Test("the numbers drawn in lanes have the bits of RandomStream")
  func random() {
    let replicas: [UInt32] = [0, 7, 1 << 20, 3]
    let steps: [UInt64] = [0, 5, 1 << 40, (1 << 32) - 1]
    let streams = replicas.map { RandomStream(seed: 9, stream: 2, replica: $0, purpose: .langevin) }
    let lanes = LaneRandom(streams[0], replicas: LaneWords(replicas.map { UInt64($0) }))
    for index in 0..<20_000 {
      let uniforms = lanes.uniforms(steps: LaneWords(steps), UInt64(index))
      let drawn = laneBoxMuller(uniforms.0, uniforms.1)
      for lane in 0..<4 {
        let expected = streams[lane].normals(step: steps[lane], UInt32(index))
        #expect(drawn.0[lane].bitPattern == expected.0.bitPattern)
        #expect(drawn.1[lane].bitPattern == expected.1.bitPattern)
      }
    }
  }

  @Test("300 steps agree with Trainer to 1e-13", arguments: LaneCase.all)
  func agreement(example: LaneCase) throws {
    let trainer = LaneTrainer(try example.plan(), key: key)
    let start = try example.start()
    let replicas: [UInt32] = [0, 11, 3, 70_000]
    for (lane, replica) in replicas.enumerated() {
      trainer.load(lane, replica: replica, state: TrainingState(parameters: start))
    }
    #expect(trainer.run(steps: 300) == 300)
    for (lane, replica) in replicas.enumerated() {
      let reference = try example.trainer(replica)
      reference.run(steps: 300)
      let expected = reference.parameters
      let scale = expected.map(abs).max() ?? 1
      try #require(scale.isFinite && scale > 0)
      for (a, b) in zip(parameters(trainer, lane), expected) {
        #expect(abs(a - b) <= 1e-13 * scale)
      }
    }
  }

  @Test("a replica's bits depend neither on its lane nor on when its neighbours were loaded")
  func position() throws {
    for example in LaneCase.all
    where example.widths == [5, 5, 5, 5] || example.widths == [3, 4, 2] {
      let plan = try example.plan()
      let start = try example.start()
      let alone = LaneTrainer(plan, key: key)
      alone.load(0, replica: 8, state: TrainingState(parameters: start))
      #expect(alone.run(steps: 60) == 60)
      let other = LaneTrainer(plan, key: key)
      for lane in 0..<4 {
        other.load(lane, replica: UInt32(lane), state: TrainingState(parameters: start))
        _ = other.run(steps: 17)
      }
      other.load(2, replica: 8, state: TrainingState(parameters: start))
      _ = other.run(steps: 23)
      other.load(0, replica: 9, state: TrainingState(parameters: start))
      other.release(1)
      #expect(other.run(steps: 37) == 37)
      #expect(parameters(other, 2) == parameters(alone, 0))
    }
  }

  @Test("a divergence is found at the step of Trainer, and idle lanes are not looked at")
  func divergence() throws {
    for example in LaneCase.all where example.widths == [3, 4, 2] {
      var settings = example.settings
      settings.learningRate = 40
      let wild = LaneCase(
        widths: example.widths, bias: example.bias, settings: settings, testDescription: "")
      let reference = try wild.trainer(4)
      #expect(!reference.run(steps: 1000))
      let trainer = LaneTrainer(try wild.plan(), key: key)
      trainer.load(3, replica: 4, state: TrainingState(parameters: try wild.start()))
      #expect(trainer.run(steps: 1000) == Int(reference.step))
      #expect(trainer.diverged[3] && !trainer.diverged[0])
    }
  }

  @Test("only small linear networks with uniform targets go into lanes")
  func fits() throws {
    let data = DynamicsCase.data
    let linear = try Network(widths: [3, 4, 2])
    func fits(_ network: Network, _ change: (inout Settings) -> Void = { _ in }) -> Bool {
      var settings = Settings()
      change(&settings)
      return LanePlan.fits(data: data, network: network, settings: settings)
    }
    #expect(fits(linear))
    #expect(try fits(Network(widths: [3, 4, 2], bias: true)))
    #expect(try !fits(Network(widths: [3, 4, 2], activation: .tanh)))
    #expect(try !fits(Network(widths: [3, 4, 2], loss: .crossEntropy)))
    #expect(try !fits(Network(widths: [3, 400, 2])))
    #expect(!fits(linear) { $0.optimizer = .adam })
    #expect(!fits(linear) { $0.labelNoise = 0.1 })
    #expect(!fits(linear) { $0.l2Center = [Double](repeating: 0, count: 20) })
  }
}
