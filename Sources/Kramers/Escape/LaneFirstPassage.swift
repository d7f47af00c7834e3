internal import Synchronization

/// Where every replica of `options` stands after it was run in lanes: each thread has four lanes, a replica
/// that ends leaves its lane, and the next one not begun takes it.
func followInLanes(
  _ plan: LanePlan, data: Dataset, from start: TrainingState, before: [ReplicaProgress],
  options: FirstPassageOptions, threads: Int, monitor: RunMonitor
) throws -> [ReplicaProgress] {
  let next = Atomic<Int>(0)
  let groups = (options.replicas + LaneTrainer.count - 1) / LaneTrainer.count
  let workers = max(1, min(threads, groups))
  let lists = parallelMap(workers, threads: workers) { _ in
    do {
      let watch = LaneWatch(
        plan, probe: try OrderParameterProbe(options.observable, data: data, network: plan.network),
        options: options, monitor: monitor)
      return watch.follow {
        while true {
          let replica = next.add(1, ordering: .relaxed).oldValue
          guard replica < options.replicas else { return nil }
          switch before[replica] {
          case .notBegun: return (replica, start)
          case .underWay(let state): return (replica, state)
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

/// Watches the replicas in four lanes: what `follow` does for one.
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
  private let options: FirstPassageOptions
  private let monitor: RunMonitor
  private let bound: LaneModeBound?
  private let parameters: UnsafeMutablePointer<Double>
  private var places = [Place](repeating: Place(), count: LaneTrainer.count)
  private var results: [(Int, ReplicaProgress)] = []

  init(
    _ plan: LanePlan, probe: OrderParameterProbe, options: FirstPassageOptions, monitor: RunMonitor
  ) {
    trainer = LaneTrainer(
      plan, key: RandomKey(seed: options.seed, stream: measurementStream | options.stream))
    self.probe = probe
    self.options = options
    self.monitor = monitor
    bound = modeBound(plan.network, options.observable)
    parameters = makeBuffer(plan.network.parameterCount)
  }

  deinit { parameters.deallocate() }

  /// Runs replicas until `claim` gives no more and all have ended, or the monitor asks to stop.
  func follow(claim: () -> (Int, TrainingState)?) -> [(Int, ReplicaProgress)] {
    let pollInterval = lanePollInterval(trainer.plan)
    var untilPoll = pollInterval
    var hasMore = true
    while true {
      if hasMore, places.contains(where: { $0.replica == nil }) {
        if monitor.shouldStop { return interrupt() }
        hasMore = fill(claim)
      }
      guard let distance = stepsToLook() else { return results }
      let taken = trainer.run(steps: min(distance, untilPoll))
      advance(by: taken)
      untilPoll -= taken
      if untilPoll <= 0 {
        untilPoll = pollInterval
        report()
        if monitor.shouldStop { return interrupt() }
      }
    }
  }

  /// Loads replicas into idle lanes.
  /// - Returns: whether there may be more.
  private func fill(_ claim: () -> (Int, TrainingState)?) -> Bool {
    for lane in places.indices where places[lane].replica == nil {
      guard let (replica, state) = claim() else { return false }
      let steps = Int(state.step)
      places[lane] = Place(
        replica: replica, steps: steps, reported: steps, nextLook: nextLook(after: steps, options))
      trainer.load(lane, replica: UInt32(replica), state: state)
      bound?.forget(lane)
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

  private func advance(by taken: Int) {
    var isDue = false
    for lane in places.indices where places[lane].replica != nil {
      places[lane].steps += taken
      if trainer.diverged[lane] {
        finish(lane, .diverged)
      } else if places[lane].steps == places[lane].nextLook {
        isDue = true
      }
    }
    if isDue { look() }
  }

  private func look() {
    bound?.update(trainer.theta)
    for lane in places.indices where places[lane].replica != nil {
      guard places[lane].steps == places[lane].nextLook else { continue }
      if bound?.isBelow(options.threshold, lane) != true {
        trainer.copyParameters(lane, to: parameters)
        let value = probe.value(parameters)
        if options.observable.hasEscaped(value, options.threshold) {
          finish(lane, .escaped)
          continue
        }
        bound?.remember(lane, value)
        monitor.show(value)
      }
      if places[lane].steps == options.maxSteps {
        finish(lane, .censored)
      } else {
        places[lane].nextLook = nextLook(after: places[lane].steps, options)
      }
    }
  }

  private func report() {
    for lane in places.indices where places[lane].replica != nil {
      monitor.advance(by: places[lane].steps - places[lane].reported)
      places[lane].reported = places[lane].steps
    }
  }

  private func finish(_ lane: Int, _ end: ReplicaOutcome.End) {
    // What an early escape saves counts as done, so that the progress line reaches its end.
    monitor.advance(by: options.maxSteps - places[lane].reported)
    leave(lane, .ended(ReplicaOutcome(steps: places[lane].steps, end: end)))
  }

  private func leave(_ lane: Int, _ progress: ReplicaProgress) {
    guard let replica = places[lane].replica else { return }
    results.append((replica, progress))
    places[lane].replica = nil
    trainer.release(lane)
  }

  private func interrupt() -> [(Int, ReplicaProgress)] {
    for lane in places.indices where places[lane].replica != nil {
      leave(lane, .underWay(trainer.state(lane)))
    }
    return results
  }
}

/// Steps between two looks at the monitor: about ten milliseconds, at most 1000 replica-steps.
private func lanePollInterval(_ plan: LanePlan) -> Int {
  let operations = 6 * Double(plan.network.parameterCount) * Double(plan.batch)
  return max(Int(min(5e7 / operations, 1000)) / LaneTrainer.count, 1)
}

private func modeBound(_ network: Network, _ observable: Observable) -> LaneModeBound? {
  guard case .mode = observable, network.activation == .linear, !network.bias else { return nil }
  return LaneModeBound(network)
}

/// Tells without a decomposition that a singular value of the end-to-end map lies below a threshold.
///
///     sigma_k(A) <= sigma_k(A_0) + |A - A_0|_F
///
/// with A_0 the map at the last exact value (Weyl, 1912). Where the bound does not decide, the
/// exact value is computed: no escape is missed and none is invented.
private final class LaneModeBound {
  private let network: Network
  private let count: Int
  private let map: UnsafeMutablePointer<Lane>
  private let scratch: UnsafeMutablePointer<Lane>
  private let reference: UnsafeMutablePointer<Lane>
  private var current: UnsafeMutablePointer<Lane>
  private var values = Lane(repeating: .infinity)
  private var distance = Lane.zero
  private var size = Lane.zero

  init(_ network: Network) {
    self.network = network
    count = network.outputs * network.inputs
    let widest = network.widths.max() ?? 1
    map = makeLanes(widest * network.inputs)
    scratch = makeLanes(widest * network.inputs)
    reference = makeLanes(count)
    current = map
  }

  deinit {
    map.deallocate()
    scratch.deallocate()
    reference.deallocate()
  }

  func forget(_ lane: Int) { values[lane] = .infinity }

  /// Computes the maps of all lanes and their distances to the references.
  func update(_ theta: UnsafeMutablePointer<Lane>) {
    let columns = network.inputs
    var source = UnsafeMutablePointer(theta)
    var target = map
    for (l, layer) in network.layers.enumerated() where l > 0 {
      LaneKernels.multiply(
        theta + layer.weights.lowerBound, rows: layer.outputs, columns: layer.inputs,
        rowStride: layer.inputs, columnStride: 1, source, batch: columns, bias: nil, into: target)
      source = target
      target = source == map ? scratch : map
    }
    current = source
    var squares = Lane.zero
    var norm = Lane.zero
    for k in 0..<count {
      let d = current[k] - reference[k]
      squares = squares.addingProduct(d, d)
      norm = norm.addingProduct(current[k], current[k])
    }
    distance = squares
    size = norm
  }

  /// Takes the lane's present map, of exact value `value`, as its reference.
  func remember(_ lane: Int, _ value: Double) {
    values[lane] = value
    for k in 0..<count { reference[k][lane] = current[k][lane] }
  }

  /// False also where it is not known, and for NaN. The margin covers the rounding of all terms.
  func isBelow(_ threshold: Double, _ lane: Int) -> Bool {
    let margin = 1e-12 * (size[lane].squareRoot() + values[lane])
    return values[lane] + distance[lane].squareRoot() * (1 + 1e-12) + margin < threshold
  }
}
