/// First-passage times under minibatch noise frozen at the state the replicas start from:
///
///     theta <- theta - lr [grad(objective)(theta) + g_B(theta_0) - g(theta_0)]
///
/// with g_B(theta_0) the gradient of B independent draws of the samples, taken at the start for
/// ever. That is additive noise of exactly the covariance, and the distribution, that minibatch
/// noise has at theta_0: what remains of an escape under it is not due to the way in which minibatch
/// noise depends on the weights. Replica r draws the same samples at step t as a replica of
/// `measureFirstPassage` with `replacement = true` and the same seed and stream does.
///
/// - Parameter settings: `batch` is B; the other noises are left out. SGD only.
/// - Throws: `InputError` for options that do not fit, and for tables of gradients beyond memory.
public func measureFrozenNoise(
  data: Dataset, network: Network, settings: Settings, from state: TrainingState,
  options: FirstPassageOptions, threads: Int, monitor: RunMonitor = RunMonitor(),
  resuming: EnsembleProgress? = nil
) throws -> FirstPassageRecord {
  try options.validate()
  try settings.validate(data: data, network: network)
  guard settings.optimizer.rule.form == .descent else {
    throw InputError.sentence("frozen noise is defined for optimizer 'sgd'")
  }
  guard settings.precision == .double else {
    throw InputError.sentence("precision: frozen noise is computed in 'double'")
  }
  guard let train = data.train, case .size(let size) = settings.batch else {
    throw InputError.sentence("frozen noise needs samples and a batch")
  }
  try checkMemory(
    count: Double(train.count) * Double(network.parameterCount),
    what: "frozen noise: a gradient of every sample")
  let table = FrozenGradients(train, network, state.parameters)
  let full = try data.fullBatch(for: network)
  _ = try OrderParameterProbe(
    options.observable, data: data, network: network, settings: settings)
  let before =
    resuming?.replicas ?? [ReplicaProgress](repeating: .notBegun, count: options.replicas)
  guard resuming?.fits(options, data: data, network: network) ?? true else {
    throw InputError.sentence("the progress to resume from is that of another ensemble")
  }
  let own = options.ownReplicas.map { before[$0] }
  monitor.begin(total: own.count { $0 == .notBegun } * options.maxSteps)
  monitor.begin(own)
  let outcomes = parallelMap(
    options.replicas, threads: options.observable.threads(threads)
  ) { replica -> ReplicaOutcome? in
    if case .ended(let outcome) = before[replica] { return outcome }
    if monitor.shouldStop || !options.owns(replica) { return nil }
    let key = RandomKey(
      seed: options.seed, stream: measurementStream | options.stream, replica: UInt32(replica))
    let outcome = table.follow(
      replica, network, settings, data, full, from: state.parameters, size: size,
      draws: key.random(.batch), LookRule(options), monitor)
    monitor.end(replica, outcome)
    return outcome
  }
  let begun = outcomes.compactMap { $0 }
  let isInterrupted = begun.count < outcomes.count || begun.contains { $0.end == .interrupted }
  return FirstPassageRecord(
    begun,
    // Replicas under way begin anew: their times are the same.
    progress: isInterrupted
      ? EnsembleProgress(
        replicas: outcomes.map { outcome in
          outcome.flatMap { $0.end == .interrupted ? nil : .ended($0) } ?? .notBegun
        }) : nil)
}

/// The deviation of every sample's gradient from their mean, at one state.
private struct FrozenGradients: Sendable {
  let samples: Int
  let parameters: Int
  /// samples x parameters.
  let deviations: [Double]

  init(_ train: Samples, _ network: Network, _ theta: [Double]) {
    samples = train.count
    parameters = network.parameterCount
    let workspace = GradientWorkspace(network, capacity: 1)
    var rows = [Double](repeating: 0, count: samples * parameters)
    var sum = [Double](repeating: 0, count: parameters)
    var gradient = sum
    for n in 0..<samples {
      workspace.lossAndGradient(theta, Batch(train.rows([n])), into: &gradient)
      for k in 0..<parameters {
        rows[n * parameters + k] = gradient[k]
        sum[k] += gradient[k]
      }
    }
    for n in 0..<samples {
      for k in 0..<parameters { rows[n * parameters + k] -= sum[k] / Double(samples) }
    }
    deviations = rows
  }

  func follow(
    _ replica: Int, _ network: Network, _ settings: Settings, _ data: Dataset, _ full: Batch,
    from start: [Double], size: Int, draws: RandomStream, _ rule: LookRule,
    _ monitor: RunMonitor
  ) -> ReplicaOutcome {
    let options = rule.options
    var stay = Stay()
    var answered = 0
    guard
      let probe = try? OrderParameterProbe(
        options.observable, data: data, network: network, settings: settings)
    else { preconditionFailure("the observable was checked before") }
    let workspace = GradientWorkspace(network, capacity: full.count)
    var theta = start
    var gradient = start
    var step = 0
    var look = rule.next(after: 0, of: replica)
    while true {
      workspace.lossAndGradient(theta, full, into: &gradient)
      addNoise(to: &gradient, draws, step: step, size: size)
      settings.l2Term.addGradient(theta, to: &gradient, network)
      var check = 0.0
      for k in 0..<parameters {
        theta[k] -= settings.learningRate * gradient[k]
        check += 0 * theta[k]
      }
      step += 1
      if check != 0 { return rule.outcome(look, .diverged, stay) }
      guard step == look else { continue }
      let value = theta.withUnsafeBufferPointer { probe.value($0.baseAddress!) }
      let isPast = options.observable.hasEscaped(value, options.threshold)
      if probe.isCut {
        return rule.outcome((stay.start ?? step) - 1, .interrupted, stay)
      }
      if let outcome = rule.see(isPast, at: step, of: replica, &stay) {
        monitor.advance(by: options.maxSteps - step + options.every)
        return outcome
      }
      look = rule.next(after: step, of: replica)
      monitor.advance(by: options.every)
      if monitor.isAsked(&answered) {
        monitor.see([(replica, stay.start ?? step)])
        monitor.show(value, of: options.observable, at: step)
      }
      // A pause waits for the replica's end: it would have to begin anew.
      if monitor.mustStop {
        return rule.outcome((stay.start ?? step + 1) - 1, .interrupted, stay)
      }
    }
  }

  /// Adds the mean deviation of B drawn samples; the draws are those of `Sampling.replacement`.
  private func addNoise(
    to gradient: inout [Double], _ draws: RandomStream, step: Int, size: Int
  ) {
    let scale = 1 / Double(size)
    draws.forEachIndex(size, of: samples, step: UInt64(step), bound: { _ in samples }) { _, n in
      for k in 0..<parameters { gradient[k] += scale * deviations[n * parameters + k] }
    }
  }
}
