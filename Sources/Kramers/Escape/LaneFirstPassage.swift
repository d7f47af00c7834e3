internal import Synchronization

/// Where every replica of `options` stands after it was run in lanes: each thread has one group of
/// lanes, a replica that ends leaves its lane, and the next one not begun takes it.
func followInLanes(
  _ plan: LanePlan, data: Dataset, from start: TrainingState, before: [ReplicaProgress],
  options: FirstPassageOptions, threads: Int, monitor: RunMonitor
) throws -> [ReplicaProgress] {
  let next = Atomic<Int>(0)
  let lanes = LaneKernels.best(plan.settings.precision).lanes
  let own = options.ownReplicas
  let groups = (own.count + lanes - 1) / lanes
  let workers = max(1, min(threads, groups))
  let lists = parallelMap(workers, threads: workers) { _ in
    do {
      let watch = LaneWatch(
        plan,
        probe: try OrderParameterProbe(
          options.observable, data: data, network: plan.network, settings: plan.settings),
        options: options, monitor: monitor)
      return watch.follow {
        while true {
          let place = next.add(1, ordering: .relaxed).oldValue
          guard place < own.count else { return nil }
          let replica = own[place]
          switch before[replica] {
          case .notBegun: return (replica, start, Stay())
          case .underWay(let state, let stay): return (replica, state, stay)
          case .ended: continue
          }
        }
      }
    } catch {
      preconditionFailure("options were validated before: \(error)")
    }
  }
  var replicas = before
  for list in lists { for (replica, progress) in list { replicas[replica] = progress } }
  return replicas
}

/// Watches the replicas in a group of lanes: what `follow` does for one.
private final class LaneWatch {
  private struct Place {
    /// nil: the lane is idle.
    var replica: Int?
    var stay = Stay()
    /// The clock when the replica had taken no step.
    var start = 0
    var reported = 0
    /// The clock when it is to be looked at.
    var due = 0
  }

  private let trainer: LaneTrainer
  private let probe: OrderParameterProbe
  private let options: FirstPassageOptions
  private let rule: LookRule
  private let monitor: RunMonitor
  private let parameters: UnsafeMutablePointer<Double>
  private var places: [Place]
  private var occupied = 0
  /// Steps of the group.
  private var clock = 0
  /// The first `due` of all.
  private var due = Int.max
  private var polls = 0
  private var answered = 0
  private var results: [(Int, ReplicaProgress)] = []

  init(
    _ plan: LanePlan, probe: OrderParameterProbe, options: FirstPassageOptions, monitor: RunMonitor
  ) {
    trainer = LaneTrainer(
      plan, key: RandomKey(seed: options.seed, stream: measurementStream | options.stream))
    self.probe = probe
    self.options = options
    self.monitor = monitor
    rule = LookRule(options)
    places = [Place](repeating: Place(), count: trainer.lanes)
    parameters = makeBuffer(plan.network.parameterCount)
  }

  deinit { parameters.deallocate() }

  /// Runs replicas until `claim` gives no more and all have ended, or the monitor asks to stop.
  func follow(claim: () -> (Int, TrainingState, Stay)?) -> [(Int, ReplicaProgress)] {
    let interval = pollInterval(trainer)
    var untilPoll = interval
    var hasMore = true
    while true {
      if hasMore, occupied < places.count {
        if monitor.shouldStop { return interrupt() }
        hasMore = fill(claim)
      }
      guard occupied > 0 else { return results }
      let steps = min(due - clock, untilPoll)
      trainer.run(steps: steps)
      clock += steps
      if clock == due { look() }
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
  private func fill(_ claim: () -> (Int, TrainingState, Stay)?) -> Bool {
    for lane in places.indices where places[lane].replica == nil {
      guard let (replica, state, stay) = claim() else { return false }
      let steps = Int(state.step)
      let start = clock - steps
      places[lane] = Place(
        replica: replica, stay: stay, start: start, reported: steps,
        due: start + rule.next(after: steps, of: replica))
      due = min(due, places[lane].due)
      occupied += 1
      trainer.load(lane, replica: UInt32(replica), state: state)
    }
    return true
  }

  private func look() {
    var test: ((Int) -> Bool?)?
    if let k = options.observable.rank, options.observable.direction == .up,
      trainer.plan.isModeTested
    {
      test = trainer.modeReaches(options.threshold, mode: k)
    }
    due = .max
    for lane in places.indices where places[lane].replica != nil {
      if places[lane].due == clock { look(at: lane, test?(lane)) }
      if places[lane].replica != nil { due = min(due, places[lane].due) }
    }
  }

  /// - Parameter verdict: whether the observable is past the threshold; nil where it is not known
  ///   yet.
  private func look(at lane: Int, _ verdict: Bool?) {
    let steps = steps(lane)
    // Most looks by far, and at looks every step a sixth of the time if they go the way of the others.
    if verdict == false, rule.isPlain, places[lane].stay.start == nil, steps < rule.maxSteps {
      places[lane].due = places[lane].start + rule.plainNext(after: steps)
      return
    }
    guard let isPast = verdict ?? lookClosely(lane) else {
      return finish(lane, rule.outcome(steps, .diverged, places[lane].stay))
    }
    guard let replica = places[lane].replica else { return }
    if probe.isCut {
      places[lane].stay.start = places[lane].stay.start ?? steps
      places[lane].due = places[lane].start + rule.next(after: steps, of: replica)
    } else if let outcome = rule.see(isPast, at: steps, of: replica, &places[lane].stay) {
      finish(lane, outcome)
    } else {
      places[lane].due = places[lane].start + rule.next(after: steps, of: replica)
    }
  }

  /// Steps of the replica in a lane.
  private func steps(_ lane: Int) -> Int { clock - places[lane].start }

  /// Whether the observable of a lane is past the threshold; nil if the replica has diverged.
  private func lookClosely(_ lane: Int) -> Bool? {
    guard trainer.copyParameters(lane, to: parameters) else { return nil }
    return probe.hasEscaped(parameters, options.threshold)
  }

  private func report() {
    for lane in places.indices where places[lane].replica != nil {
      monitor.advance(by: steps(lane) - places[lane].reported)
      places[lane].reported = steps(lane)
    }
    if rule.isPlain, monitor.isAsked(&answered) {
      monitor.see(
        places.indices.compactMap { lane in
          places[lane].replica.map { ($0, places[lane].stay.start ?? steps(lane)) }
        })
    }
    polls += 1
    guard polls % pollsBetweenShows == 0 else { return }
    guard let lane = places.firstIndex(where: { $0.replica != nil }) else { return }
    if trainer.copyParameters(lane, to: parameters) {
      probe.show(parameters, at: steps(lane), to: monitor)
    }
  }

  private func finish(_ lane: Int, _ outcome: ReplicaOutcome) {
    // What an early escape saves counts as done, so that the progress line reaches its end.
    let replica = places[lane].replica ?? 0
    monitor.advance(by: rule.budget(of: replica) - places[lane].reported)
    if rule.isPlain { monitor.end(replica, outcome) }
    leave(lane, .ended(outcome))
  }

  private func leave(_ lane: Int, _ progress: ReplicaProgress) {
    guard let replica = places[lane].replica else { return }
    results.append((replica, progress))
    places[lane].replica = nil
    occupied -= 1
  }

  private func interrupt() -> [(Int, ReplicaProgress)] {
    for lane in places.indices where places[lane].replica != nil {
      leave(lane, .underWay(trainer.state(lane), places[lane].stay))
    }
    return results
  }
}

/// Steps between two looks at the monitor: about ten milliseconds, at most 1000 replica-steps.
private func pollInterval(_ trainer: LaneTrainer) -> Int {
  let plan = trainer.plan
  let operations = 6 * Double(plan.network.parameterCount) * Double(plan.batch)
  return max(Int(min(5e7 / operations, 8000)) / trainer.lanes, 1)
}
