internal import Synchronization

/// The outcome of every replica of `options`, run in lanes: each thread has one group of lanes, a replica
/// that ends leaves its lane, and the next one not begun takes it.
func followInLanes(
  _ plan: LanePlan, data: Dataset, from start: TrainingState, options: FirstPassageOptions,
  threads: Int, monitor: RunMonitor
) throws -> [ReplicaOutcome] {
  let next = Atomic<Int>(0)
  let lanes = LaneKernels.best(plan.settings.precision).lanes
  let groups = (options.replicas + lanes - 1) / lanes
  let workers = max(1, min(threads, groups))
  let lists = parallelMap(workers, threads: workers) { _ in
    do {
      let watch = LaneWatch(
        plan, probe: try OrderParameterProbe(options.observable, data: data, network: plan.network),
        start: start.parameters, options: options, monitor: monitor)
      return watch.follow {
        let replica = next.add(1, ordering: .relaxed).oldValue
        return replica < options.replicas ? replica : nil
      }
    } catch {
      preconditionFailure("options were validated before: \(error)")
    }
  }
  var outcomes = [ReplicaOutcome](repeating: .notBegun, count: options.replicas)
  for list in lists { for (replica, outcome) in list { outcomes[replica] = outcome } }
  return outcomes
}

/// Watches the replicas in a group of lanes: what `follow` does for one.
private final class LaneWatch {
  private struct Place {
    /// nil: the lane is idle.
    var replica: Int?
    var steps = 0
    var reported = 0
    var nextLook = 0
  }

  private let trainer: LaneTrainer
  private let probe: OrderParameterProbe
  private let start: [Double]
  private let options: FirstPassageOptions
  private let monitor: RunMonitor
  private let parameters: UnsafeMutablePointer<Double>
  private var places: [Place]
  private var polls = 0
  private var outcomes: [(Int, ReplicaOutcome)] = []

  init(
    _ plan: LanePlan, probe: OrderParameterProbe, start: [Double], options: FirstPassageOptions,
    monitor: RunMonitor
  ) {
    trainer = LaneTrainer(
      plan, key: RandomKey(seed: options.seed, stream: measurementStream | options.stream))
    self.probe = probe
    self.start = start
    self.options = options
    self.monitor = monitor
    places = [Place](repeating: Place(), count: trainer.lanes)
    parameters = makeBuffer(start.count)
  }

  deinit { parameters.deallocate() }

  /// Runs replicas until `claim` gives no more and all have ended, or the monitor asks to stop.
  func follow(claim: () -> Int?) -> [(Int, ReplicaOutcome)] {
    let interval = pollInterval(trainer)
    var untilPoll = interval
    var hasMore = true
    while true {
      if hasMore, places.contains(where: { $0.replica == nil }) {
        if monitor.shouldStop { return interrupt() }
        hasMore = fill(claim)
      }
      guard let distance = stepsToLook() else { return outcomes }
      let steps = min(distance, untilPoll)
      trainer.run(steps: steps)
      advance(by: steps)
      untilPoll -= steps
      if untilPoll <= 0 {
        untilPoll = interval
        report()
        if monitor.shouldStop { return interrupt() }
      }
    }
  }

  /// Loads replicas into idle lanes.
  /// - Returns: whether there may be more.
  private func fill(_ claim: () -> Int?) -> Bool {
    for lane in places.indices where places[lane].replica == nil {
      guard let replica = claim() else { return false }
      places[lane] = Place(
        replica: replica, nextLook: min(options.every, options.maxSteps))
      trainer.load(lane, replica: UInt32(replica), parameters: start)
    }
    return true
  }

  /// Steps to the next look at any lane; nil when all are idle.
  private func stepsToLook() -> Int? {
    var distance: Int?
    for place in places where place.replica != nil {
      distance = min(distance ?? .max, place.nextLook - place.steps)
    }
    return distance
  }

  private func advance(by steps: Int) {
    var isDue = false
    for lane in places.indices where places[lane].replica != nil {
      places[lane].steps += steps
      isDue = isDue || places[lane].steps == places[lane].nextLook
    }
    if isDue { look() }
  }

  private func look() {
    var test: ((Int) -> Bool?)?
    if case .mode(let k) = options.observable, trainer.plan.isModeTested {
      test = trainer.modeReaches(options.threshold, mode: k)
    }
    for lane in places.indices where places[lane].replica != nil {
      guard places[lane].steps == places[lane].nextLook else { continue }
      let end: ReplicaOutcome.End?
      switch test?(lane) {
      case true?: end = .escaped
      case false?: end = nil
      case nil: end = lookClosely(lane)
      }
      if let end {
        finish(lane, end)
      } else if places[lane].steps == options.maxSteps {
        finish(lane, .censored)
      } else {
        places[lane].nextLook = min(places[lane].steps + options.every, options.maxSteps)
      }
    }
  }

  /// Computes the observable of a lane.
  private func lookClosely(_ lane: Int) -> ReplicaOutcome.End? {
    guard trainer.copyParameters(lane, to: parameters) else { return .diverged }
    return probe.hasEscaped(parameters, options.threshold) ? .escaped : nil
  }

  private func report() {
    for lane in places.indices where places[lane].replica != nil {
      monitor.advance(by: places[lane].steps - places[lane].reported)
      places[lane].reported = places[lane].steps
    }
    defer { polls += 1 }
    guard polls % pollsBetweenShows == 0 else { return }
    guard let lane = places.firstIndex(where: { $0.replica != nil }) else { return }
    if trainer.copyParameters(lane, to: parameters) { monitor.show(probe.value(parameters)) }
  }

  private func finish(_ lane: Int, _ end: ReplicaOutcome.End) {
    let place = places[lane]
    guard let replica = place.replica else { return }
    // What an early escape saves counts as done, so that the progress line reaches its end.
    monitor.advance(by: (end == .interrupted ? place.steps : options.maxSteps) - place.reported)
    outcomes.append((replica, ReplicaOutcome(steps: place.steps, end: end)))
    places[lane].replica = nil
  }

  private func interrupt() -> [(Int, ReplicaOutcome)] {
    for lane in places.indices { finish(lane, .interrupted) }
    return outcomes
  }
}

/// Steps between two looks at the monitor: about ten milliseconds, at most 1000 replica-steps.
private func pollInterval(_ trainer: LaneTrainer) -> Int {
  let plan = trainer.plan
  let operations = 6 * Double(plan.network.parameterCount) * Double(plan.batch)
  return max(Int(min(5e7 / operations, 8000)) / trainer.lanes, 1)
}
