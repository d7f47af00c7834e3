/// Data, network, dynamics, noise and random stream: the whole state of an experiment as a value.
/// A copy is a snapshot; assigning it back restores everything, bit for bit.
public struct Experiment: Sendable {
  public let data: Dataset
  public let network: Network
  public let initialization: Initialization
  public let initScale: Double
  public private(set) var settings: Settings
  public internal(set) var state: TrainingState
  public private(set) var seed: UInt64
  let theoryCache: TheoryCache

  /// - Throws: `InputError` when network, data and settings do not fit together.
  public init(
    data: Dataset, network: Network, settings: Settings = Settings(),
    initialization: Initialization = .gaussian, initScale: Double = 1, seed: UInt64 = 0
  ) throws {
    try Experiment.check(data, network, settings, initScale: initScale)
    if network.loss == .crossEntropy { try data.checkDistributions() }
    self.data = data
    self.network = network
    self.settings = settings
    self.initialization = initialization
    self.initScale = initScale
    self.seed = seed
    state = TrainingState(parameters: [])
    theoryCache = TheoryCache()
    reset(seed: seed)
  }

  /// An experiment at a state that it once had, as a file tells it.
  ///
  /// - Parameter sibling: an experiment with the same data set. What is known of the data is not
  ///   checked again, and with the same network, theory is computed once for both.
  /// - Throws: `InputError` when anything does not fit together; nothing is taken on trust.
  public init(
    restoring state: TrainingState, data: Dataset, network: Network, settings: Settings,
    initialization: Initialization, initScale: Double, seed: UInt64, sibling: Experiment? = nil
  ) throws(InputError) {
    try Experiment.check(data, network, settings, initScale: initScale)
    if network.loss == .crossEntropy, sibling?.network.loss != .crossEntropy {
      try data.checkDistributions()
    }
    try state.check(data: data, network: network, settings: settings)
    self.data = data
    self.network = network
    self.settings = settings
    self.initialization = initialization
    self.initScale = initScale
    self.seed = seed
    self.state = state
    if let sibling, sibling.network == network {
      theoryCache = sibling.theoryCache
    } else {
      theoryCache = TheoryCache()
    }
  }

  private static func check(
    _ data: Dataset, _ network: Network, _ settings: Settings, initScale: Double
  ) throws(InputError) {
    guard network.inputs == data.inputs, network.outputs == data.outputs else {
      throw InputError.sentence(
        "widths: the data has \(data.inputs) inputs and \(data.outputs) outputs, the network "
          + "\(network.inputs) and \(network.outputs)")
    }
    try data.checkNumbers()
    guard initScale.isFinite, initScale >= 0 else {
      throw InputError.rule("init_scale", "0 or positive", initScale)
    }
    try settings.validate(data: data, network: network)
    try data.checkLoss(of: network)
  }

  /// Back to step 0 with a fresh initialisation from `seed`. Settings stay.
  public mutating func reset(seed: UInt64) {
    self.seed = seed
    state = TrainingState(
      parameters: network.initialParameters(
        initialization, scale: initScale, key: RandomKey(seed: seed)))
  }

  /// Back to step 0 at the present weights, with the random numbers of `seed`. Optimiser moments are
  /// forgotten; settings stay.
  public mutating func restart(seed: UInt64) {
    self.seed = seed
    state = TrainingState(parameters: state.parameters)
  }

  /// The data terms of the network whose weights are all zero, on the training and the test set:
  /// the errors that percentages refer to.
  public func zeroLoss() throws -> (train: Double, test: Double?) {
    let evaluator = try Evaluator(data: data, network: network, settings: settings)
    let zero = TrainingState(
      parameters: [Double](repeating: 0, count: network.parameterCount))
    let measurement = evaluator.measure(zero)
    return (measurement.loss, measurement.testLoss)
  }

  /// Changes settings; on an error nothing is changed.
  public mutating func update(_ change: (inout Settings) throws -> Void) throws {
    var changed = settings
    try change(&changed)
    try changed.validate(data: data, network: network)
    if changed.optimizer != settings.optimizer {
      state.firstMoment = []
      state.secondMoment = []
      state.momentSteps = 0
    }
    settings = changed
  }

  /// Replaces the parameters (an imported or constructed state) and forgets optimiser moments.
  public mutating func setParameters(_ parameters: [Double]) throws {
    guard parameters.count == network.parameterCount else {
      throw InputError.sentence(
        "parameters: the network has \(network.parameterCount), got \(parameters.count)")
    }
    state.parameters = parameters
    state.firstMoment = []
    state.secondMoment = []
    state.momentSteps = 0
  }

  /// The same experiment at another state of its own, as observers see it.
  public func at(_ state: TrainingState) -> Experiment {
    precondition(state.parameters.count == network.parameterCount, "state of another network")
    var copy = self
    copy.state = state
    return copy
  }

  /// The same experiment with the present weights on other data, at step 0.
  ///
  /// - Throws: `InputError` when the data does not fit the network or the settings.
  public func on(_ data: Dataset) throws(InputError) -> Experiment {
    try Experiment(
      restoring: TrainingState(parameters: state.parameters), data: data, network: network,
      settings: settings, initialization: initialization, initScale: initScale, seed: seed)
  }

  /// The same experiment under other settings, as a measurement sees it that changes them for itself.
  public func under(_ settings: Settings) -> Experiment {
    var copy = self
    copy.settings = settings
    return copy
  }

  /// Data, network, settings and counters; no weights to keep alive.
  public var withoutWeights: Experiment {
    var copy = self
    copy.state = state.clockOnly
    return copy
  }

  /// Whether the exact theory of deep linear networks applies to network and data.
  var isDeepLinear: Bool { network.isDeepLinear && !data.isWeighted }

  func trainer(_ settings: Settings) throws -> Trainer {
    try Trainer(
      data: data, network: network, settings: settings, key: RandomKey(seed: seed), state: state)
  }
}
