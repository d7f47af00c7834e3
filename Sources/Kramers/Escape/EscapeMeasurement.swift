/// What `measure_escape` asks for; nil means the default that theory or the present state gives.
public struct EscapeRequest: Sendable {
  public var settings: Settings
  public var replicas = 64
  public var maxSteps = 1_000_000
  public var every = 10
  /// The mode that must appear, counted by descending singular value of the map.
  public var mode: Int?
  /// nil is the mode.
  public var observable: Observable?
  public var threshold: Double?
  public var seed: UInt64
  public var stream: UInt32 = 0
  /// Minibatch noise as it is at the present state, whatever the weights become: `FrozenNoise`.
  public var isFrozen = false

  public init(settings: Settings, seed: UInt64) {
    self.settings = settings
    self.seed = seed
  }
}

/// Escape times with their statistics and the theory beside them. Times in steps.
public struct EscapeResult: Sendable {
  public let times: [Int]
  public let escaped: [Bool]
  public let diverged: Int
  /// Replicas asked for; fewer were begun if the measurement was interrupted.
  public let requested: Int
  public let statistics: EscapeStatistics
  public var rate: CensoredRate { statistics.rate }
  public let observable: Observable
  public let threshold: Double
  /// Steps between two looks.
  public let every: Int
  public let settings: Settings
  public let seed: UInt64
  public let stream: UInt32
  /// `Experiment.fingerprint` of the state that was left.
  public let origin: UInt64
  /// T of all additive noise.
  public let effectiveTemperature: Double
  /// Samples seen in one step / N.
  public let epochsPerStep: Double
  /// 95 % quantile of the watched singular value that noise alone makes in the metastable state.
  public let thermalFloor: Double
  public let theory: EscapeTheory
  /// Where the replicas of an interrupted measurement stand; nil once all have ended.
  public let progress: EnsembleProgress?
  public var isInterrupted: Bool { progress != nil }
}

/// The predicted escape time, or why there is none.
public struct EscapeTheory: Sendable {
  /// Eyring–Kramers escape time in steps.
  public var tau: Double?
  /// Relative error that the prediction states of itself: (1 + M^2)/(2 dE/T).
  public var relativeError: Double?
  /// Barrier height dE, energy; known also where the time is not predicted.
  public var barrier: Double?
  /// Power of T in tau, M/2, from the zero modes.
  public var temperaturePower: Double?
  public var reason: String?
}

extension Experiment {
  /// First-passage times out of the present state, which stays as it is. Given the progress of an
  /// interrupted measurement of the same request, goes on with it, bit for bit.
  ///
  /// - Throws: `InputError` for options that do not fit, and when no threshold is given where
  ///   theory gives none.
  public func measureEscape(
    _ request: EscapeRequest, threads: Int, monitor: RunMonitor = RunMonitor(),
    resuming: EnsembleProgress? = nil
  ) throws -> EscapeResult {
    let target = try escapeTarget(request, monitor: monitor)
    let (observable, threshold) = (target.observable, target.threshold)
    var options = FirstPassageOptions(
      observable: observable, threshold: threshold, seed: request.seed)
    options.replicas = request.replicas
    options.maxSteps = request.maxSteps
    options.every = request.every
    options.stream = request.stream
    let record =
      request.isFrozen
      ? try measureFrozenNoise(
        data: data, network: network, settings: request.settings, from: state, options: options,
        threads: threads, monitor: monitor)
      : try measureFirstPassage(
        data: data, network: network, settings: request.settings, from: state, options: options,
        threads: threads, monitor: monitor, resuming: resuming)
    let sample = try CensoredSample(
      times: record.times.map { Double($0) }, escaped: record.escaped)
    return EscapeResult(
      times: record.times, escaped: record.escaped, diverged: record.diverged,
      requested: request.replicas, statistics: EscapeStatistics(sample, seed: request.seed),
      observable: observable, threshold: threshold, every: request.every,
      settings: request.settings, seed: request.seed, stream: request.stream,
      origin: fingerprint(l2Center: request.settings.l2Center),
      effectiveTemperature: effectiveTemperature(request.settings),
      epochsPerStep: Double(request.settings.batchCount(of: data.sampleCount))
        / Double(data.sampleCount ?? 1),
      thermalFloor: target.thermalFloor,
      theory: request.isFrozen
        ? EscapeTheory(reason: "frozen minibatch noise has a covariance of its own")
        : theory(of: target, request.settings, diverged: record.diverged),
      progress: record.progress)
  }

  /// What an escape is here: observable, threshold, and the theory they come from.
  struct EscapeTarget {
    let observable: Observable
    let threshold: Double
    let thermalFloor: Double
    let path: EscapePath
    /// Learned modes.
    let rank: Int
    /// Whether the strongest dropped mode is watched, which is what theory knows.
    let isNext: Bool
  }

  /// - Throws: `InputError` for options that do not fit, and when no threshold is given where
  ///   theory gives none.
  func escapeTarget(_ request: EscapeRequest, monitor: RunMonitor) throws -> EscapeTarget {
    try request.settings.validate(data: data, network: network)
    if request.settings.precision == .single { try checkSinglePrecision(request.settings) }
    let active = try activeModes(l2: request.settings.l2, monitor: monitor)
    let observable = request.observable ?? .mode(request.mode ?? active + 1)
    if request.observable == nil, request.mode == nil, active >= network.widths.min() ?? 0 {
      throw InputError.sentence(
        "all \(active) modes that the network can have are learned: there is none left to appear; "
          + "trap some first, or give observable and threshold")
    }
    if case .mode(let k) = observable { try network.checkMode(k) }
    let isNext = observable == .mode(active + 1)
    let path = under(request.settings).escapePath(rank: active, l2: request.settings.l2)
    let threshold =
      try request.threshold
      ?? defaultThreshold(path, observable, isNext: isNext)
    let floor = thermalFloor(request.settings, rank: active)
    if isNext, threshold > 0, floor >= threshold {
      throw InputError.sentence(
        "temperature: noise alone gives the watched singular value \(rounded(floor)), not less than "
          + "the threshold \(rounded(threshold)): nothing could be told apart")
    }
    return EscapeTarget(
      observable: observable, threshold: threshold, thermalFloor: floor, path: path, rank: active,
      isNext: isNext)
  }

  func theory(of target: EscapeTarget, _ settings: Settings, diverged: Int) -> EscapeTheory {
    escapeTheory(
      target.path, settings, isNext: target.isNext, threshold: target.threshold, diverged: diverged)
  }
}

extension Experiment {
  /// Single precision rounds a weight by 6e-8 of itself in each step. As a noise that is harmless where
  /// the additive noise is far larger; where there is none, it would be the only one: a collapsed trap
  /// absorbs exactly, and would be left by rounding.
  ///
  /// - Throws: `InputError` for networks that do not run in lanes and noise near rounding.
  private func checkSinglePrecision(_ settings: Settings) throws {
    try LanePlan.checkSinglePrecision(data: data, network: network, settings: settings)
    let lr = settings.learningRate
    let batch = Double(settings.batchCount(of: data.sampleCount))
    let kick =
      (2 * lr * settings.temperature
      + lr * lr * settings.gradientNoise * settings.gradientNoise / batch).squareRoot()
    let rounding = 0x1p-24 * (state.parameters.map(abs).max() ?? 0)
    guard kick > 100 * rounding, kick > 1e-30 else {
      throw InputError.sentence(
        "precision: 'single' needs additive noise (temperature, gradient_noise) at least a hundred "
          + "times its rounding: a step's noise is \(rounded(kick)), rounding \(rounded(rounding)); use "
          + "'double'")
    }
  }
}
