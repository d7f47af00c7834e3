/// How rare escapes are counted by adaptive multilevel splitting.
public struct SplittingOptions: Sendable, Equatable, AsksEnsemble {
  /// Replicas are the trajectories of one run; `maxSteps` is the longest stay between A and B, and
  /// the longest wait for a crossing of the edge of A.
  public var ensemble: EnsembleOptions
  public var observable: Observable
  /// Where a replica counts as escaped: the edge of B.
  public var threshold: Double
  /// The edge of A, in the observable's unit, on the near side of the threshold; nil takes the 90 %
  /// quantile of a pilot run.
  public var level: Double?
  /// Independent runs, which give the interval.
  public var runs = 20

  public init(observable: Observable, threshold: Double, ensemble: EnsembleOptions) {
    self.ensemble = ensemble
    self.observable = observable
    self.threshold = threshold
  }

  /// Of 200 trajectories.
  public init(observable: Observable, threshold: Double, seed: UInt64) {
    self.init(
      observable: observable, threshold: threshold, ensemble: EnsembleOptions(seed: seed))
    ensemble.replicas = 200
  }

  func validate() throws {
    try ensemble.validate(atLeast: 2, atMost: 20)
    guard runs >= 2 else { throw InputError.rule("runs", "at least 2", runs) }
    guard runs <= 10_000 else { throw InputError.rule("runs", "at most 10000", runs) }
    guard threshold.isFinite else {
      throw InputError.rule("threshold", "a finite number", threshold)
    }
  }
}

/// What one independent run found.
public struct SplittingRun: Sendable, Equatable {
  /// How the run ended.
  public enum End: String, Sendable { case completed, interrupted, unresolved, diverged }
  public var end = End.completed
  /// e: of a trajectory that has just left A to reach B before it returns. 0: no trajectory was
  /// left above some level (extinct), which is an unbiased outcome and stays in the mean.
  public var probability = 1.0
  public var iterations = 0
  /// Trajectories removed because their highest point equalled the lowest one of another.
  public var ties = 0
  /// Mean steps from the start to the first crossing of the edge of A.
  public var firstCrossing = 0.0
  /// Mean steps between two crossings.
  public var loop = 0.0
  /// Mean steps of a trajectory from the edge of A to B.
  public var passage = 0.0
  /// Steps simulated.
  public var steps = 0
}

/// The mean escape time by adaptive multilevel splitting.
///
/// A trajectory leaves A, the states whose observable lies on the near side of `level`, again and
/// again; nearly always it returns. With e the probability that it reaches B first,
///
///     tau = first + (1/e - 1) loop + passage                                             (steps)
///
/// e is measured on N trajectories that have just crossed the edge: those with the lowest highest
/// point z are removed, all tied ones with them, and each is replaced by a copy of one of the
/// others from its first state beyond z, which goes on under fresh random numbers. With k_j removed
/// in round j, e = prod (1 - k_j / N) once all have reached B.
///
/// Unbiased for any N and any level of A, whatever the network, the optimiser and the noise, as
/// long as a state and fresh random numbers determine the future: so not for minibatches cut from
/// the permutation of an epoch, whose rest is decided when the first is drawn. Looks are `every`
/// steps apart, as in `measureFirstPassage`, and escape means the same there.
///
/// Source: Cérou and Guyader, Stoch. Anal. Appl. 25, 417 (2007); the mean time: Cérou, Guyader,
/// Lelièvre and Pommier, J. Chem. Phys. 134, 054108 (2011); ties: Bréhier, Gazeau, Goudenège,
/// Lelièvre and Rousset, Ann. Appl. Probab. 26, 3559 (2016).
public struct SplittingRecord: Sendable {
  public let level: Double
  /// Runs that came to their end, in order; unresolved and interrupted ones are left out.
  public let runs: [SplittingRun]
  /// Runs that ended without an answer, and why.
  public let unfinished: [SplittingRun.End]
  /// Steps simulated, pilot included.
  public let steps: Int

  public var extinct: Int { runs.count { $0.probability == 0 } }
  public var isInterrupted: Bool { unfinished.contains(.interrupted) }
  public var probability: Double { mean(runs.map(\.probability)) }
  /// Crossings of the edge of A per step.
  public var flux: Double { 1 / mean(runs.map(\.loop)) }

  /// Steps; infinite when all runs died out, NaN without runs.
  public var tau: Double {
    let first = mean(runs.map(\.firstCrossing))
    let alive = runs.filter { $0.probability > 0 }
    guard !alive.isEmpty else { return runs.isEmpty ? .nan : .infinity }
    return first + (1 / probability - 1) / flux + mean(alive.map(\.passage))
  }

  /// How much more the runs scatter than ideal splitting, whose relative variance is -ln(e)/N a run:
  /// near 1 when the observable tells how far a trajectory has come. Above 3 the mean hangs on
  /// a few lucky runs, most likely missing others: tau is then too long and its interval too short.
  ///
  /// Source: Cérou and Guyader (2007), section 3.
  public func scatter(trajectories: Int) -> Double? {
    guard runs.count >= 2, probability > 0, probability < 1 else { return nil }
    let ideal = (-logarithm(probability) / Double(trajectories)).squareRoot()
    return relativeSpread(runs.map(\.probability)) / ideal
  }

  /// Standard error of ln tau over the runs; nil with fewer than two or with all extinct.
  public var relativeError: Double? {
    guard runs.count >= 2, probability > 0 else { return nil }
    let e = relativeSpread(runs.map(\.probability))
    let loop = relativeSpread(runs.map(\.loop))
    return ((e * e + loop * loop) / Double(runs.count)).squareRoot()
  }

  /// tau e^(-+ t relativeError), t the 97.5 % quantile of Student's law for the runs; without an
  /// escape from tau for one path in all trajectories to infinity.
  public func interval(trajectories: Int) -> (low: Double, high: Double) {
    guard let relativeError else {
      guard !runs.isEmpty else { return (0, .infinity) }
      return (Double(trajectories * runs.count) / flux / 3.689, .infinity)
    }
    let half = studentQuantile(0.975, degrees: Double(runs.count - 1)) * relativeError
    return (tau * exponential(-half), tau * exponential(half))
  }
}

/// Standard deviation over mean.
private func relativeSpread(_ values: [Double]) -> Double {
  let center = mean(values)
  let squares = values.reduce(0) { $0 + ($1 - center) * ($1 - center) }
  return (squares / Double(values.count - 1)).squareRoot() / center
}

private func mean(_ values: [Double]) -> Double {
  values.reduce(0, +) / Double(values.count)
}

/// Runs adaptive multilevel splitting from `state`; see `SplittingRecord`.
///
/// Same seed, same bits on any number of threads: run r, round j and trajectory i read the random
/// stream (seed, r, j, i).
///
/// - Throws: `InputError` for options that do not fit, dynamics without noise, minibatches without
///   replacement, or a level of A that is not on the near side of the threshold.
public func measureBySplitting(
  data: Dataset, network: Network, settings: Settings, from state: TrainingState,
  options: SplittingOptions, threads: Int, monitor: RunMonitor = RunMonitor()
) throws -> SplittingRecord {
  try options.validate()
  try settings.validate(data: data, network: network)
  try checkResampling(settings, data)
  try checkMemory(
    count: 40 * Double(options.replicas) * Double(network.parameterCount) * Double(threads),
    what: "replicas: the paths of \(options.replicas) trajectories")
  let walk = try SplittingWalk(
    data: data, network: network, settings: settings, from: state, options: options,
    monitor: monitor)
  let start = try walk.startScore()
  guard start < walk.score(options.threshold) else {
    throw InputError.sentence("threshold: the present state lies past it already")
  }
  // One more than the runs: the pilot.
  monitor.begin(total: 0)
  let pilot = options.level == nil ? walk.pilot() : nil
  let level = options.level ?? pilot?.level ?? options.threshold
  guard walk.score(level) < walk.score(options.threshold) else {
    throw InputError.sentence(
      "level: the edge of A (\(plainNumber(rounded(level)))) must lie on the near side of the "
        + "threshold (\(plainNumber(rounded(options.threshold)))); is there a metastable state at "
        + "this noise?")
  }
  let runs = parallelMap(options.runs, threads: options.observable.threads(threads)) { index in
    walk.run(index, level: walk.score(level))
  }
  return SplittingRecord(
    level: level, runs: runs.filter { $0.end == .completed },
    unfinished: runs.map(\.end).filter { $0 != .completed },
    steps: runs.reduce(pilot?.steps ?? 0) { $0 + $1.steps })
}

private func checkResampling(_ settings: Settings, _ data: Dataset) throws {
  guard settings.precision == .double else {
    throw InputError.sentence(
      "precision: splitting computes in 'double'; levels and maxima must be of one precision")
  }
  let isMinibatch = settings.batch != .full
  let isNoisy =
    isMinibatch || settings.temperature > 0 || settings.gradientNoise > 0
    || settings.labelNoise > 0
  guard isNoisy else {
    throw InputError.sentence(
      "method: splitting needs noise, and these dynamics are deterministic (full batch, no "
        + "temperature, no gradient or label noise): every copy would repeat its original; "
        + "use method = \"direct\"")
  }
  if isMinibatch, settings.sampling == .permutation {
    throw InputError.sentence(
      "method: splitting cannot copy a state in the middle of an epoch, whose remaining batches "
        + "are decided already; use replacement = true or \"subset\"")
  }
}
