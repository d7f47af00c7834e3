import Testing

@testable import Kramers

/// One shape, batch and noise on random samples: what `Trainer`, `LaneTrainer` and `ReferenceTrainer`
/// all run.
struct LaneCase: Sendable, CustomTestStringConvertible {
  let widths: [Int]
  let activation: Activation
  let bias: Bool
  let settings: Settings
  let testDescription: String

  static let samples = 13

  static let all: [LaneCase] = shapes.flatMap { widths in
    [(Activation.linear, false), (.linear, true), (.tanh, false), (.tanh, true)].flatMap { kind in
      batches.flatMap { batch in
        noises.map { noise in
          var settings = Settings()
          settings.l2 = 0.01
          // Single samples with heavy momentum would make the widest diverge.
          settings.learningRate = widths.contains { $0 > 16 } ? 0.002 : 0.01
          batch.change(&settings)
          noise.change(&settings)
          let (activation, bias) = kind
          return LaneCase(
            widths: widths, activation: activation, bias: bias, settings: settings,
            testDescription: "\(widths), \(activation), \(bias ? "bias, " : "")\(batch.name), "
              + noise.name)
        }
      }
    }
  }

  private static let shapes = [
    [1, 1], [3, 2], [1, 1, 1], [1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [5, 5, 5, 5],
    [3, 4, 2], [2, 7, 3, 1, 4], [6, 1, 5], [9, 16, 8],
    [19, 31, 13],
  ]
  private typealias Change = (name: String, change: @Sendable (inout Settings) -> Void)
  private static let batches: [Change] = [
    ("full", { $0.batch = .full }), ("B = 1", { $0.batch = .size(1) }),
    ("B = 3", { $0.batch = .size(3) }), ("B = 4", { $0.batch = .size(4) }),
    ("B = 8", { $0.batch = .size(8) }),
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
        $0.labelNoise = 0.1
      }
    ),
    ("label noise", { $0.labelNoise = 0.1 }),
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

  func network() throws -> Network {
    try Network(widths: widths, activation: activation, bias: bias)
  }

  func start() throws -> [Double] {
    // Wider networks start smaller, so that none blows up.
    let widest = Double(widths.max() ?? 1)
    return RandomStream(seed: 32, purpose: .data).normals(
      try network().parameterCount, scale: min(0.5, 1.2 / widest.squareRoot()))
  }

  func plan() throws -> LanePlan {
    let (data, network) = (data(), try network())
    try #require(LanePlan.fits(data: data, network: network, settings: settings))
    let full =
      settings.batch == .full && settings.labelNoise == 0 ? try data.fullBatch(for: network) : nil
    return LanePlan(data: data, network: network, settings: settings, full: full)
  }

  func trainer(_ replica: UInt32) throws -> Trainer {
    try Trainer(
      data: data(), network: network(), settings: settings,
      key: RandomKey(seed: 33, stream: 5, replica: replica),
      state: TrainingState(parameters: start()))
  }

  func reference<Scalar>(_ replica: UInt32, _: Scalar.Type) throws -> ReferenceTrainer<Scalar> {
    ReferenceTrainer(
      data: data(), network: try network(), settings: settings,
      key: RandomKey(seed: 33, stream: 5, replica: replica), parameters: try start())
  }
}

private let key = RandomKey(seed: 33, stream: 5)

private func parameters(_ trainer: LaneTrainer, _ lane: Int) -> [Double] {
  var values = [Double](repeating: 0, count: trainer.plan.network.parameterCount)
  _ = values.withUnsafeMutableBufferPointer {
    trainer.copyParameters(lane, to: $0.baseAddress!)
  }
  return values
}

/// The largest difference in units of the largest expected value.
private func distance(_ values: [Double], _ expected: [Double]) throws -> Double {
  let scale = expected.map(abs).max() ?? 1
  try #require(scale.isFinite && scale > 0)
  return zip(values, expected).map { abs($0 - $1) }.max()! / scale
}

@Suite struct LaneTrainerTests {
  @Test("300 steps agree with the scalar reference to 1e-13", arguments: LaneCase.all)
  func agreement(example: LaneCase) throws {
    let replicas: [UInt32] = [0, 11, 3, 70_000]
    let expected = try replicas.map { replica in
      var reference = try example.reference(replica, Double.self)
      reference.run(steps: 300)
      return reference.theta
    }
    for kernels in LaneKernels.available(.double) {
      let trainer = LaneTrainer(try example.plan(), key: key, kernels: kernels)
      for lane in 0..<trainer.lanes {
        trainer.load(
          lane, replica: replicas[lane % 4], state: TrainingState(parameters: try example.start()))
      }
      trainer.run(steps: 300)
      for lane in 0..<trainer.lanes {
        #expect(try distance(parameters(trainer, lane), expected[lane % 4]) <= 1e-13)
      }
    }
    let trainer = try example.trainer(11)
    trainer.run(steps: 300)
    #expect(try distance(trainer.parameters, expected[1]) <= 1e-13)
  }

  @Test(
    "products of every length and width agree, in one panel or several", arguments: 1...26)
  func panels(batch: Int) throws {
    for width in 1...16 {
      for (bias, heavy) in [(false, false), (true, false), (true, true)] {
        var settings = Settings()
        settings.l2 = 0.01
        settings.learningRate = 0.01
        settings.temperature = width.isMultiple(of: 2) ? 1e-4 : 0
        settings.batch = .size(batch)
        settings.sampling = .replacement
        if heavy {
          settings.optimizer = .momentum
          settings.momentum = 0.7
        }
        let example = LaneCase(
          widths: [width, 17 - width, 5], activation: .linear, bias: bias, settings: settings,
          testDescription: "\(width), \(17 - width), 5")
        var reference = try example.reference(11, Double.self)
        reference.run(steps: 3)
        for kernels in LaneKernels.available(.double) {
          let trainer = LaneTrainer(try example.plan(), key: key, kernels: kernels)
          trainer.load(1, replica: 11, state: TrainingState(parameters: try example.start()))
          trainer.run(steps: 3)
          #expect(
            try distance(parameters(trainer, 1), reference.theta) <= 1e-14, "\(example)")
        }
      }
    }
  }

  /// 300 roundings of 6e-8 that add up like independent ones reach 1e-6; the reference rounds at
  /// other places. A wrong term would show at 1e-3.
  @Test("300 steps in single precision agree with the scalar reference to 2e-5")
  func agreementInSinglePrecision() throws {
    for example in LaneCase.all.enumerated().filter({ $0.offset % 5 == 0 }).map(\.element) {
      let single = example.single
      var reference = try single.reference(11, Float.self)
      reference.run(steps: 300)
      let trainer = LaneTrainer(try single.plan(), key: key)
      trainer.load(1, replica: 11, state: TrainingState(parameters: try single.start()))
      trainer.run(steps: 300)
      let error = try distance(parameters(trainer, 1), reference.theta.map { Double($0) })
      #expect(error <= 2e-5, "\(example)")
    }
  }

  @Test("every instruction set gives the same bits, in both precisions")
  func instructionSets() throws {
    for example in LaneCase.all.enumerated().filter({ $0.offset % 3 == 0 }).map(\.element) {
      for (example, precision) in [(example, Precision.double), (example.single, .single)] {
        let results = try LaneKernels.available(precision).map { kernels in
          let trainer = LaneTrainer(try example.plan(), key: key, kernels: kernels)
          trainer.load(2, replica: 9, state: TrainingState(parameters: try example.start()))
          trainer.run(steps: 50)
          return parameters(trainer, 2)
        }
        for result in results { #expect(result == results[0], "\(example)") }
      }
    }
  }

  @Test("a replica's bits depend neither on its lane nor on when its neighbours were loaded")
  func position() throws {
    for example in LaneCase.all
    where [[5, 5, 5, 5], [3, 4, 2], [1, 1, 1, 1]].contains(example.widths) {
      let plan = try example.plan()
      let start = try example.start()
      let alone = LaneTrainer(plan, key: key)
      alone.load(0, replica: 8, state: TrainingState(parameters: start))
      alone.run(steps: 60)
      let other = LaneTrainer(plan, key: key)
      for lane in 0..<other.lanes {
        other.load(lane, replica: UInt32(lane), state: TrainingState(parameters: start))
        other.run(steps: 17)
      }
      other.load(2, replica: 8, state: TrainingState(parameters: start))
      other.run(steps: 23)
      other.load(0, replica: 9, state: TrainingState(parameters: start))
      other.run(steps: 37)
      #expect(parameters(other, 2) == parameters(alone, 0))
    }
  }

  @Test("a diverged lane is told from finite ones")
  func divergence() throws {
    for example in LaneCase.all where example.widths == [3, 4, 2] && example.activation == .linear {
      var settings = example.settings
      settings.learningRate = 40
      let wild = LaneCase(
        widths: example.widths, activation: .linear, bias: example.bias, settings: settings,
        testDescription: "")
      let trainer = LaneTrainer(try wild.plan(), key: key)
      trainer.load(3, replica: 4, state: TrainingState(parameters: try wild.start()))
      trainer.run(steps: 1000)
      var values = [Double](repeating: 0, count: trainer.plan.network.parameterCount)
      values.withUnsafeMutableBufferPointer {
        #expect(!trainer.copyParameters(3, to: $0.baseAddress!))
        trainer.load(
          3, replica: 4, state: TrainingState(parameters: [Double](repeating: 0.1, count: $0.count))
        )
        #expect(trainer.copyParameters(3, to: $0.baseAddress!))
      }
    }
  }

  /// The thresholds lie 1e-9 to either side of singular values from the decomposition.
  @Test("the count of pivots tells on which side of a threshold a singular value lies")
  func modes() throws {
    let random = RandomStream(seed: 77, purpose: .data)
    var known = 0
    for (w, widths) in [
      [5, 5, 5, 5], [2, 7, 3], [7, 2, 3], [3, 4, 6, 9], [9, 4, 6, 3], [4, 4],
      [1, 1, 1], [12, 10, 11], [17, 20, 14], [15, 31, 19],
    ].enumerated() {
      for precision in Precision.allCases {
        var settings = Settings()
        settings.precision = precision
        let network = try Network(widths: widths)
        let data = Dataset(
          name: "from",
          train: Samples(
            count: 1, inputs: widths[0], outputs: widths[widths.count - 1],
            x: [Double](repeating: 0, count: widths[0]),
            y: [Double](repeating: 0, count: widths[widths.count - 1])))
        let plan = LanePlan(
          data: data, network: network, settings: settings, full: try data.fullBatch(for: network))
        for kernels in LaneKernels.available(precision) {
          let trainer = LaneTrainer(plan, key: key, kernels: kernels)
          var values: [[Double]] = []
          for lane in 0..<trainer.lanes {
            let theta = random.normals(
              network.parameterCount, scale: 0.7, step: UInt64(100 * w + lane))
            trainer.load(lane, replica: 0, state: TrainingState(parameters: theta))
            values.append(
              SingularValueDecomposition(network.endToEndMap(of: parameters(trainer, lane))).values)
          }
          let margin = precision == .double ? 1e-9 : 1e-4
          for k in 1...(widths.min() ?? 1) {
            for lane in 0..<trainer.lanes {
              for side in [1 - margin, 1 + margin] {
                let reaches = trainer.modeReaches(values[lane][k - 1] * side, mode: k)
                guard let answer = reaches(lane) else { continue }
                known += 1
                #expect(answer == (side < 1), "\(widths) \(k)")
              }
              let far = trainer.modeReaches(values[lane][k - 1] * 0.9, mode: k)
              if let answer = far(lane) {
                known += 1
                #expect(answer)
              }
            }
          }
        }
      }
    }
    #expect(known > 300)
  }

  @Test("the memory of a group is its weights and what the plan says")
  func memory() throws {
    var settings = Settings()
    settings.batch = .size(4)
    let network = try Network(widths: [10, 10, 10, 10])
    let data = try Dataset.gaussian(singular: [0.9], inputs: 10, outputs: 10, samples: 50, seed: 1)
    let trainer = LaneTrainer(
      LanePlan(data: data, network: network, settings: settings, full: nil), key: key)
    let vector = 8 * trainer.lanes
    let weights = network.parameterCount * vector
    // Two hidden layers and inputs, errors of two layers (in place of the targets and beside
    // them), orders of 50 samples, the mode test.
    let workspace =
      30 * 4 * vector + 20 * 4 * vector + 4 * 50 * trainer.lanes + 3 * 100 * vector
    #expect(Double(trainer.byteCount) < 1.2 * Double(weights + workspace))
  }

  @Test("only small linear and tanh networks with uniform targets go into lanes")
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
    #expect(try fits(Network(widths: [3, 4, 2], activation: .tanh)))
    #expect(fits(linear) { $0.labelNoise = 0.1 })
    #expect(try !fits(Network(widths: [3, 4, 2], activation: .relu)))
    #expect(try !fits(Network(widths: [3, 4, 2], loss: .crossEntropy)))
    #expect(try fits(Network(widths: [3, 32, 2])))
    #expect(try !fits(Network(widths: [3, 33, 2])))
    #expect(!fits(linear) { $0.optimizer = .adam })
    #expect(!fits(linear) { $0.l2Center = [Double](repeating: 0, count: 20) })
  }
}

extension LaneCase {
  /// The same case in single precision.
  var single: LaneCase {
    var settings = settings
    settings.precision = .single
    return LaneCase(
      widths: widths, activation: activation, bias: bias, settings: settings,
      testDescription: testDescription)
  }
}
