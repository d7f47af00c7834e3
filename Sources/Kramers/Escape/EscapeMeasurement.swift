/// What `measure_escape` asks for; nil means the default that theory or the present state gives.
public struct EscapeRequest: Sendable, AsksEnsemble {
  public var settings: Settings
  public var ensemble: EnsembleOptions
  /// Steps that the observable must stay past the threshold.
  public var dwell = 0
  /// Fit a time although replicas diverged: as a competing end.
  public var allowsDivergence = false
  /// The mode that must appear, counted by descending singular value of the map.
  public var mode: Int?
  /// nil is the mode.
  public var observable: Observable?
  /// nil is the observable's own; of a mode that is learned now and named, down.
  public var direction: Observable.Direction?
  public var threshold: Double?
  /// Minibatch noise as it is at the present state, whatever the weights become: `FrozenNoise`.
  public var isFrozen = false
  /// nil runs all replicas; else those of one of several processes, and the result is interrupted.
  public var share: EnsembleShare?

  public init(settings: Settings, seed: UInt64) {
    self.settings = settings
    ensemble = EnsembleOptions(seed: seed)
  }
}

/// Escape times with their statistics and the theory beside them. Times in steps.
public struct EscapeResult: Sendable {
  /// Of escaped replicas the look that saw them past the threshold, of censored ones the budget,
  /// and of those that diverged or were interrupted the last look that they survived.
  public let times: [Int]
  public let escaped: [Bool]
  public let diverged: Int
  public let allowsDivergence: Bool
  /// Replicas asked for; fewer were begun if the measurement was interrupted or nothing is random.
  public let requested: Int
  /// Meaningless where `withheld` says why.
  public let statistics: EscapeStatistics
  public var rate: CensoredRate { statistics.rate }
  /// Stays past the threshold after the first escapes; nil if none could be followed cheaply.
  public let residence: Residence?
  /// How often a replica was seen past the threshold and then back: stays that did not last `dwell`,
  /// of all replicas, and the returns of those that were followed after their escape. nil where
  /// nobody looked: no dwell, and none followed.
  public let returns: Int?
  /// Nothing in a step is random: one replica says all.
  public let isDeterministic: Bool
  /// Without noise: the updates change nothing any more, and the state is never left.
  public let isAtRest: Bool
  public let dwell: Int
  /// Samples in the test set.
  public let testCount: Int?
  /// Replica-steps of the ensemble.
  public let steps: Int
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
  /// What every replica came to: resumed from here, a measurement computes its statistics alone.
  public let outcomes: EnsembleProgress
}

extension EscapeResult {
  /// Why there is no escape time; nil if there is one.
  public var withheld: String? {
    if isDeterministic {
      return "nothing is random (full batch, no other noise): one replica tells what all do, and "
        + "its time is a delay, no statistic"
    }
    guard diverged > 0, !allowsDivergence else { return nil }
    return divergenceReason(diverged, of: times.count)
  }
}

/// Why diverged replicas leave no escape time.
public func divergenceReason(_ diverged: Int, of replicas: Int) -> String {
  "\(diverged) of \(replicas) replicas diverged: what they would have done is not known, and leaving "
    + "them out, or counting them as survivors, would bias every time; lower lr or the noise, or take "
    + "divergence as a competing end with allow_diverged = true"
}

/// The predicted escape time, or why there is none.
public struct EscapeTheory: Sendable {
  public enum Method: String, Sendable {
    /// Additive noise: `RateFormula`, with the first-order effect of the step lr.
    case eyringKramers = "Eyring-Kramers"
    /// Noise that depends on the weights: `AlignedPassage`.
    case oneDimension = "one dimension"
  }

  /// Escape time in steps.
  public var tau: Double?
  public var method: Method?
  /// Quasi-potential of the saddle, where noise depends on the weights; known also where the time
  /// is not predicted.
  public var phi: Double?
  /// What phi would be if noise stayed as it is in the state that is left: a constant temperature.
  public var frozenPhi: Double?
  /// The factor by which the fluctuations of the other directions change the time of the path
  /// alone; nil where there are none, or none are known.
  public var otherDirections: Double?
  /// Relative error that the formula states of itself. Eyring–Kramers: (1 + M^2)/(2 dE/T), by which
  /// the exact time is longer. In one dimension: of either sign.
  public var relativeError: Double?
  /// Relative error of either sign of what the step lr does.
  public var stepError: Double?
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
    let target = try escapeTarget(request, threads: threads, monitor: monitor)
    return try target.observable.whileWatched(by: monitor) {
      try measure(target, request, threads: threads, monitor: monitor, resuming: resuming)
    }
  }

  private func measure(
    _ target: EscapeTarget, _ request: EscapeRequest, threads: Int, monitor: RunMonitor,
    resuming: EnsembleProgress?
  ) throws -> EscapeResult {
    let (observable, threshold) = (target.observable, target.threshold)
    var options = FirstPassageOptions(
      observable: observable, threshold: threshold, ensemble: request.ensemble)
    options.dwell = request.dwell
    options.share = request.share
    let isDeterministic = request.settings.isDeterministic && !request.isFrozen
    if isDeterministic {
      options.replicas = 1
      options.stopsAtRest = true
    }
    var record =
      request.isFrozen
      ? try measureFrozenNoise(
        data: data, network: network, settings: request.settings, from: state, options: options,
        threads: threads, monitor: monitor, resuming: resuming)
      : try measureFirstPassage(
        data: data, network: network, settings: request.settings, from: state, options: options,
        threads: threads, monitor: monitor, resuming: resuming)
    var outcomes = record.progress ?? EnsembleProgress(replicas: record.ends)
    var residence: Residence?
    if !record.interrupted, !request.isFrozen {
      switch try followEscaped(
        record, data: data, network: network, settings: request.settings, from: state,
        options: options, threads: threads, monitor: monitor, resuming: resuming?.followed)
      {
      case .nothing: break
      case .interrupted(let followed):
        outcomes.followed = followed
        record.progress = outcomes
      case .done(let stays, let diverged, let ends):
        outcomes.followed = ends
        residence = stays
        for replica in diverged { record.markDiverged(replica) }
      }
    }
    let times = record.times.indices.map { record.lastKnown($0, options) }
    let sample = try CensoredSample(
      times: times.map { Double($0) }, escaped: record.escaped, every: Double(request.every))
    return EscapeResult(
      times: times, escaped: record.escaped, diverged: record.diverged,
      allowsDivergence: request.allowsDivergence, requested: request.replicas,
      statistics: EscapeStatistics(sample, diverged: record.diverged, seed: request.seed),
      residence: residence, returns: record.recrossings(residence, dwell: request.dwell),
      isDeterministic: isDeterministic, isAtRest: record.isAtRest,
      dwell: request.dwell, testCount: data.test?.count, steps: record.totalSteps,
      observable: observable, threshold: threshold, every: request.every,
      settings: request.settings, seed: request.seed, stream: request.stream,
      origin: fingerprint(l2Center: request.settings.l2Center),
      effectiveTemperature: effectiveTemperature(request.settings),
      epochsPerStep: Double(request.settings.batchCount(of: data.sampleCount))
        / Double(data.sampleCount ?? 1),
      thermalFloor: target.thermalFloor,
      theory: request.isFrozen
        ? EscapeTheory(reason: "frozen minibatch noise has a covariance of its own")
        : escapeTheory(
          target, request.settings, dwell: request.dwell, diverged: record.diverged),
      progress: record.progress, outcomes: outcomes)
  }

  /// What an escape is here: observable, threshold, and the theory they come from.
  struct EscapeTarget {
    let observable: Observable
    let threshold: Double
    let thermalFloor: Double
    let path: EscapePath
    /// Learned modes.
    let rank: Int
    /// Whether the strongest dropped mode appears or the weakest learned one collapses, which is
    /// what theory knows; nil is anything else.
    let way: AlignedPassage.Way?

    /// Learned modes on the side where noise alone must stay below the threshold.
    var quietRank: Int { way == .collapse ? rank - 1 : rank }
  }

  /// - Throws: `InputError` for options that do not fit, and when no threshold is given where
  ///   theory gives none.
  func escapeTarget(
    _ request: EscapeRequest, threads: Int = 1, monitor: RunMonitor
  ) throws -> EscapeTarget {
    try request.settings.validate(data: data, network: network)
    if request.settings.precision == .single { try checkSinglePrecision(request.settings) }
    let active = try activeModes(l2: request.settings.l2, monitor: monitor)
    let followed = followedPath(
      request, active: active, threads: threads, monitor: monitor)
    let observable = try observable(of: request, active: active, followed)
    let way: AlignedPassage.Way? =
      observable == .mode(active + 1)
      ? .appearance
      : observable.rank == active && observable.direction == .down ? .collapse : nil
    let path =
      followed
      ?? under(request.settings).presentEscapePath(
        rank: active, l2: request.settings.l2, way: way ?? .appearance)
    let threshold =
      try request.threshold
      ?? defaultThreshold(path, observable, active: active, way: way)
    let floor = thermalFloor(request.settings, rank: way == .collapse ? active - 1 : active)
    if way != nil, threshold > 0, floor >= threshold {
      throw InputError.sentence(
        "temperature: noise alone gives the watched singular value \(rounded(floor)), not less than "
          + "the threshold \(rounded(threshold)): nothing could be told apart")
    }
    return EscapeTarget(
      observable: observable, threshold: threshold, thermalFloor: floor, path: path, rank: active,
      way: way)
  }

  /// What is watched, and which way it escapes: by default the next mode, upwards; where a way out
  /// was followed, the mode and direction of that one.
  private func observable(
    of request: EscapeRequest, active: Int, _ followed: EscapePath?
  ) throws -> Observable {
    if let observable = request.observable {
      return try turned(observable, request.direction)
    }
    if case .followed(let way) = followed, request.mode ?? way.mode == way.mode,
      request.direction ?? way.direction == way.direction, request.threshold == nil
    {
      return try turned(.mode(way.mode), way.direction)
    }
    if request.mode == nil {
      if request.direction == .down {
        guard active > 0 else {
          throw InputError.sentence("direction: no mode is learned that could collapse")
        }
        return try turned(.mode(active), .down)
      }
      guard active < network.widths.min() ?? 0 else {
        throw InputError.sentence(
          "all \(active) modes that the network can have are learned: there is none left to appear; "
            + "trap some first, or name a mode to see it collapse, or give observable and threshold"
        )
      }
    }
    var observable = Observable.mode(request.mode ?? active + 1)
    if let mode = request.mode, mode <= active {
      // A threshold beyond the present strength is meant to be reached: growth, no collapse.
      let strength = try measure().modes[mode - 1]
      if request.threshold.map({ $0 < strength }) ?? true { observable.direction = .down }
    }
    return try turned(observable, request.direction)
  }

  private func turned(
    _ observable: Observable, _ direction: Observable.Direction?
  ) throws -> Observable {
    var observable = observable
    if let direction { observable.direction = direction }
    if let k = observable.rank { try network.checkMode(k) }
    return observable
  }
}

extension Experiment {
  /// Single precision rounds a weight by 6e-8 of itself in each step. As a noise that is harmless
  /// where the additive noise is far larger; where there is none, it would be the only one: a
  /// collapsed trap absorbs exactly, and would be left by rounding.
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
