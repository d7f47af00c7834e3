/// How first-passage times are measured.
public struct FirstPassageOptions: Sendable, Equatable, AsksEnsemble {
  /// A replica that has not escaped by `maxSteps` is censored.
  public var ensemble: EnsembleOptions
  /// Steps that the observable must stay past the threshold: an escape is the first look from which
  /// on it was past at every look until one at least this much later. A stay that begins by
  /// `maxSteps` is followed beyond, until it is decided.
  public var dwell = 0
  public var observable: Observable
  public var threshold: Double
  /// Without any noise: end where updates change nothing any more.
  var stopsAtRest = false
  /// Nil looks for escapes; else escaped replicas are followed until they return.
  var following: FollowedReplicas?
  /// Nil runs all replicas; else only those of this share.
  var share: EnsembleShare?

  /// The replicas that are to be run, in order.
  var ownReplicas: [Int] {
    share.map { Array($0.units(of: ensemble.replicas)) } ?? Array(0..<ensemble.replicas)
  }

  func owns(_ replica: Int) -> Bool { share?.owns(replica) ?? true }

  public init(observable: Observable, threshold: Double, ensemble: EnsembleOptions) {
    self.ensemble = ensemble
    self.observable = observable
    self.threshold = threshold
  }

  public init(observable: Observable, threshold: Double, seed: UInt64) {
    self.init(
      observable: observable, threshold: threshold, ensemble: EnsembleOptions(seed: seed))
  }

  public func validate() throws {
    try ensemble.validate(atLeast: 1, atMost: 24)
    guard dwell >= 0 else { throw InputError.rule("dwell", "0 or positive", dwell) }
    guard dwell <= ensemble.maxSteps else {
      throw InputError.rule("dwell", "at most max_steps (\(ensemble.maxSteps))", dwell)
    }
    guard threshold.isFinite else {
      throw InputError.rule("threshold", "a finite number", threshold)
    }
  }
}

/// First-passage times of independent replicas. Censored and diverged replicas stay in.
public struct FirstPassageRecord: Sendable, Equatable {
  /// Steps until the observable was first seen past the threshold; the last step otherwise.
  public var times: [Int]
  public var escaped: [Bool]
  /// Whether the parameters became infinite or NaN; the time is that of the next look then.
  public var hasDiverged: [Bool]
  /// How often each replica was seen back on the near side before its stay had lasted `dwell`.
  public var returns: [Int]
  /// Without noise: whether the state came to rest before it escaped, and stays for ever.
  public var isAtRest: Bool
  /// Where the replicas of an interrupted measurement stand; nil once all have ended.
  public var progress: EnsembleProgress?
  public var interrupted: Bool { progress != nil }
  /// Replicas that diverged.
  public var diverged: Int { hasDiverged.count { $0 } }

  /// - Parameter begun: one outcome of each replica that has taken a step.
  init(_ begun: [ReplicaOutcome], progress: EnsembleProgress?) {
    times = begun.map(\.steps)
    escaped = begun.map { $0.end == .escaped }
    hasDiverged = begun.map { $0.end == .diverged }
    returns = begun.map(\.returns)
    isAtRest = begun.contains { $0.end == .atRest }
    self.progress = progress
  }

  /// Replica-steps taken.
  public var totalSteps: Int { times.reduce(0, +) }

  /// See `EscapeResult.returns`.
  func recrossings(_ residence: Residence?, dwell: Int) -> Int? {
    guard dwell > 0 || residence != nil else { return nil }
    return returns.reduce(0, +) + (residence?.returned ?? 0)
  }

  /// What all ended replicas came to, as progress.
  var ends: [ReplicaProgress] {
    times.indices.map { i in
      .ended(
        ReplicaOutcome(
          steps: times[i],
          end: hasDiverged[i]
            ? .diverged : escaped[i] ? .escaped : isAtRest ? .atRest : .censored,
          returns: returns[i]))
    }
  }

  /// Replica `i` was on the way to infinity when it was seen past the threshold.
  mutating func markDiverged(_ i: Int) {
    escaped[i] = false
    hasDiverged[i] = true
  }

  /// The time of replica `i`, or where it diverged or was interrupted its last look before.
  func lastKnown(_ i: Int, _ options: FirstPassageOptions) -> Int {
    if hasDiverged[i] { return (max(times[i], 1) - 1) / options.every * options.every }
    if escaped[i] || times[i] == options.maxSteps { return times[i] }
    return times[i] / options.every * options.every
  }
}

/// Where an interrupted ensemble stands: all that `measureFirstPassage` needs to go on.
public struct EnsembleProgress: Sendable, Equatable {
  var replicas: [ReplicaProgress]
  /// Where those stand that are followed after their escape; nil before all have ended.
  var followed: [ReplicaProgress]?
}

extension EnsembleProgress {
  /// Whether it can be the progress of such a measurement.
  func fits(_ options: FirstPassageOptions, data: Dataset, network: Network) -> Bool {
    replicas.count == options.replicas
      && replicas.allSatisfy { replica in
        switch replica {
        case .notBegun: true
        case .underWay(let state, let stay):
          state.fits(network, data) && stay.fits(state.step, options)
        case .ended(let outcome):
          outcome.steps <= options.maxSteps && outcome.returns >= 0
            && (options.dwell > 0 || outcome.returns == 0)
        }
      }
  }
}

extension Stay {
  /// Whether it can be that of a replica after so many steps.
  fileprivate func fits(_ steps: UInt64, _ options: FirstPassageOptions) -> Bool {
    // Between two returns lies at least one look.
    guard returns == 0 || options.dwell > 0 && returns > 0 && UInt64(returns) <= steps / 2
    else { return false }
    guard let start else { return steps < UInt64(options.maxSteps) }
    return (1...options.maxSteps).contains(start) && steps >= UInt64(start)
      && steps < UInt64(start + options.dwell + options.every)
  }
}

/// One replica: random streams are functions of (seed, stream, replica, step), so its state and
/// its index determine its future exactly.
enum ReplicaProgress: Sendable, Equatable {
  case notBegun
  /// Step 0 of the state is the start of the replica.
  case underWay(TrainingState, Stay)
  case ended(ReplicaOutcome)

  /// What is known of it; nil before its first step.
  var outcome: ReplicaOutcome? {
    switch self {
    case .notBegun: nil
    case .underWay(let state, let stay):
      // What became of an undecided stay is not known.
      state.step == 0
        ? nil
        : ReplicaOutcome(
          steps: (stay.start ?? Int(state.step) + 1) - 1, end: .interrupted,
          returns: stay.returns)
    case .ended(let outcome): outcome
    }
  }
}

/// Runs replicas of `state`, each with its own random streams, until they escape or `maxSteps`.
///
/// Replica r reads the streams (seed, stream, r), so a subset of the replicas gives the same times
/// as the whole ensemble, on any number of threads. Interrupted, replicas under way are censored
/// where they stand and those not begun are left out: both are honest under the censored
/// likelihood. Given the progress of an interrupted measurement of the same options, goes on with
/// it, bit for bit.
///
/// - Throws: `InputError` for options or settings that do not fit.
public func measureFirstPassage(
  data: Dataset, network: Network, settings: Settings, from state: TrainingState,
  options: FirstPassageOptions, threads: Int, monitor: RunMonitor = RunMonitor(),
  resuming: EnsembleProgress? = nil
) throws -> FirstPassageRecord {
  try options.validate()
  try checkMemory(
    count: Double(options.replicas) * ItemSize.replica,
    what: "replicas: the outcomes of \(options.replicas) replicas")
  try settings.validate(data: data, network: network)
  if settings.precision == .single {
    try LanePlan.checkSinglePrecision(data: data, network: network, settings: settings)
  }
  let start = TrainingState(parameters: state.parameters)
  let probe = try OrderParameterProbe(
    options.observable, data: data, network: network, settings: settings)
  let initial = state.parameters.withUnsafeBufferPointer { probe.value($0.baseAddress!) }
  guard !options.observable.hasEscaped(initial, options.threshold) else {
    throw InputError.sentence(
      "threshold: the present state lies past it already (\(initial) against "
        + "\(options.threshold))")
  }
  let before =
    resuming?.replicas ?? [ReplicaProgress](repeating: .notBegun, count: options.replicas)
  guard resuming?.fits(options, data: data, network: network) ?? true else {
    throw InputError.sentence("the progress to resume from is that of another ensemble")
  }
  let own = options.ownReplicas.map { before[$0] }
  monitor.begin(total: own.reduce(0) { $0 + $1.stepsLeft(options) })
  monitor.begin(own)
  let replicas = try followReplicas(
    data: data, network: network, settings: settings, from: start, before: before,
    options: options, threads: threads, monitor: monitor)
  let begun = replicas.compactMap(\.outcome)
  let isInterrupted = begun.count < replicas.count || begun.contains { $0.end == .interrupted }
  return FirstPassageRecord(
    begun, progress: isInterrupted ? EnsembleProgress(replicas: replicas) : nil)
}

/// Takes every replica of `before` that has not ended, or those of the share, to its end, or to where
/// the monitor stops it.
func followReplicas(
  data: Dataset, network: Network, settings: Settings, from start: TrainingState,
  before: [ReplicaProgress], options: FirstPassageOptions, threads: Int, monitor: RunMonitor
) throws -> [ReplicaProgress] {
  let threads = options.observable.threads(threads)
  var full: Batch?
  if case .full = settings.batch, settings.labelNoise == 0 {
    full = try data.fullBatch(for: network)
  }
  let shared = full
  if !options.stopsAtRest, LanePlan.fits(data: data, network: network, settings: settings) {
    return try followInLanes(
      LanePlan(data: data, network: network, settings: settings, full: shared), data: data,
      from: start, before: before, options: options, threads: threads, monitor: monitor)
  }
  return parallelMap(options.replicas, threads: threads) { replica in
    if case .ended = before[replica] { return before[replica] }
    if monitor.shouldStop || !options.owns(replica) { return before[replica] }
    var state = start
    var stay = Stay()
    if case .underWay(let reached, let seen) = before[replica] {
      (state, stay) = (reached, seen)
    }
    do {
      let trainer = try Trainer(
        data: data, network: network, settings: settings,
        key: RandomKey(
          seed: options.seed, stream: measurementStream | options.stream,
          replica: UInt32(replica)),
        state: state, full: shared)
      let probe = try OrderParameterProbe(
        options.observable, data: data, network: network, settings: settings)
      let rest =
        options.stopsAtRest
        ? RestTest(data: data, network: network, settings: settings, full: shared) : nil
      return follow(
        trainer, probe, LookRule(options), replica, stay, rest, monitor)
    } catch {
      preconditionFailure("options were validated before: \(error)")
    }
  }
}

/// Streams of measurements never meet those of training, which use 0...2^31-1.
let measurementStream: UInt32 = 1 << 31

struct ReplicaOutcome: Sendable, Equatable {
  enum End: UInt8 {
    case escaped, censored, diverged, interrupted
    /// Updates change nothing any more; the time is that of the budget.
    case atRest
  }
  var steps: Int
  var end: End
  /// See `Stay`.
  var returns = 0
}

extension ReplicaProgress {
  fileprivate func stepsLeft(_ options: FirstPassageOptions) -> Int {
    switch self {
    case .notBegun: options.maxSteps
    case .underWay(let state, _): max(options.maxSteps - Int(state.step), 0)
    case .ended: 0
    }
  }
}

/// Polls of the monitor, about ten milliseconds each, for each value shown to it.
let pollsBetweenShows = 30

private func follow(
  _ trainer: Trainer, _ probe: OrderParameterProbe, _ rule: LookRule, _ replica: Int,
  _ stay: Stay, _ rest: RestTest?, _ monitor: RunMonitor
) -> ReplicaProgress {
  let options = rule.options
  var stay = stay
  var steps = Int(trainer.step)
  var reported = steps
  var look = rule.next(after: steps, of: replica)
  // However rare the looks.
  let pollInterval = trainer.pollInterval
  var nextPoll = steps
  var polls = 0
  var answered = 0
  while true {
    let isFinite = trainer.run(steps: min(look - steps, pollInterval))
    steps = Int(trainer.step)
    if !isFinite { return finish(rule.outcome(look, .diverged, stay)) }
    if steps == look {
      let isPast = probe.hasEscaped(trainer.parameterPointer, options.threshold)
      if probe.isCut {
        return .underWay(
          trainer.state, Stay(start: stay.start ?? steps, returns: stay.returns))
      }
      if let outcome = rule.see(isPast, at: steps, of: replica, &stay) {
        return finish(outcome)
      }
      if let rest, !isPast, rest.isDue(at: steps, options),
        rest.isAtRest(trainer, options)
      {
        return finish(rule.outcome(options.maxSteps, .atRest, stay))
      }
      look = rule.next(after: steps, of: replica)
    }
    if steps >= nextPoll {
      nextPoll = steps + pollInterval
      // A singular value of a wide map takes as long as many steps.
      polls += 1
      if polls % pollsBetweenShows == 0 {
        probe.show(trainer.parameterPointer, at: steps, to: monitor)
      }
      monitor.advance(by: steps - reported)
      reported = steps
      if rule.isPlain, monitor.isAsked(&answered) { monitor.see([(replica, stay.start ?? steps)]) }
      if monitor.shouldStop { return .underWay(trainer.state, stay) }
    }
  }

  func finish(_ outcome: ReplicaOutcome) -> ReplicaProgress {
    // What an early escape saves counts as done, so that the progress line reaches its end.
    monitor.advance(by: rule.budget(of: replica) - reported)
    if rule.isPlain { monitor.end(replica, outcome) }
    return .ended(outcome)
  }
}
