/// How long replicas stay past the threshold once they are seen there.
///
/// Some escaped replicas are run once more from the start, on their own random numbers, and then
/// followed with fine looks until the observable is back on the near side for as long as a look of
/// the measurement: shorter absences are dips, which a state that has come to stay makes too. Where
/// stays are not long against a look,
/// looks miss escapes, and no likelihood can know: in a chain above coexistence (l2 = .45,
/// dE/T = 4) tau is 2,600, 2,900 and 28,500 at looks every 1, 10 and 1000 steps. A missed share is
/// about every / (2 mean) where the mean is that of exponential stays.
public struct Residence: Sendable, Equatable {
  /// Replicas followed.
  public let followed: Int
  /// Those of them that left the far side for at least one look before the following ended.
  public let returned: Int
  /// Steps past the threshold, over all that were followed.
  public let exposure: Int
  /// Steps for which each was followed at the most.
  public let length: Int

  /// Mean stay in steps; with no return seen, the lower end of its 97.5 % interval.
  public var mean: Double {
    returned > 0
      ? Double(exposure) / Double(returned)
      : Double(exposure) / inverseIncompleteGamma(1, 0.025, upper: true)
  }
}

/// Which replicas are followed after their escape, and how.
struct FollowedReplicas: Sendable, Equatable {
  /// Step from which a replica is followed; 0: it is not.
  let starts: [Int]
  /// Steps between two looks.
  let every: Int
  let length: Int
  /// Steps on the near side that end a stay.
  let absence: Int

  /// The earliest escapes: at an exponential law the way out does not depend on the time, and they
  /// cost least to repeat. Together with the following they take a tenth of the steps of the
  /// measurement, or ten thousand steps if that is more; a single one may take a quarter.
  ///
  /// - Returns: nil where none is that cheap.
  init?(_ record: FirstPassageRecord, every: Int) {
    let total = record.totalSteps
    let share = max(total / 10, 10_000)
    // Less would see neither a stay nor its end.
    let least = max(3 * every, 100)
    let order = record.times.indices.filter { record.escaped[$0] }
      .sorted { (record.times[$0], $0) < (record.times[$1], $1) }
    var starts = [Int](repeating: 0, count: record.times.count)
    var spent = 0
    var count = 0
    for replica in order.prefix(16) {
      let time = record.times[replica]
      let cost = spent + time + (count + 1) * least
      guard cost <= share || count == 0 && cost <= total / 4 else { break }
      starts[replica] = time
      spent += time
      count += 1
    }
    guard count > 0 else { return nil }
    length = max(min((share - spent) / count, max(10 * every, 1000)), least)
    self.starts = starts
    self.every = max(1, every / 100, length / 500)
    absence = every
  }

  func next(after steps: Int, _ replica: Int) -> Int {
    let start = starts[replica]
    if steps < start { return start }
    return start + min(((steps - start) / every + 1) * every, length)
  }

  /// - Parameter absent: the look at which the present absence began.
  func see(
    _ isPast: Bool, at steps: Int, _ replica: Int, absent: inout Int?
  ) -> ReplicaOutcome? {
    if steps <= starts[replica] { return nil }
    if isPast {
      absent = nil
    } else {
      let start = absent ?? steps
      absent = start
      if steps - start >= absence { return ReplicaOutcome(steps: start, end: .escaped) }
    }
    return steps >= end(of: replica) ? ReplicaOutcome(steps: steps, end: .censored) : nil
  }

  func end(of replica: Int) -> Int { starts[replica] + length }

  /// Where nothing has been followed yet.
  var before: [ReplicaProgress] {
    starts.map { $0 > 0 ? .notBegun : .ended(ReplicaOutcome(steps: 0, end: .censored)) }
  }

  /// Whether `progress` can be that of these replicas.
  func fits(_ progress: [ReplicaProgress], data: Dataset, network: Network) -> Bool {
    progress.count == starts.count
      && progress.indices.allSatisfy { replica in
        switch progress[replica] {
        case .notBegun: starts[replica] > 0
        case .underWay(let state, let stay):
          starts[replica] > 0 && state.fits(network, data)
            && state.step < UInt64(end(of: replica)) && stay.start ?? 0 <= Int(state.step)
            && stay.returns == 0
        case .ended(let outcome):
          starts[replica] == 0
            ? outcome == ReplicaOutcome(steps: 0, end: .censored)
            : (starts[replica]...end(of: replica)).contains(outcome.steps)
        }
      }
  }
}

/// What following came to.
enum FollowingResult {
  /// Nothing was cheap enough to follow.
  case nothing
  case interrupted([ReplicaProgress])
  /// With the replicas that diverged: what looked like an escape was the way to infinity.
  case done(Residence, diverged: [Int], ends: [ReplicaProgress])
}

/// Follows some replicas of a finished ensemble.
///
/// - Parameter options: those of the ensemble.
func followEscaped(
  _ record: FirstPassageRecord, data: Dataset, network: Network, settings: Settings,
  from state: TrainingState, options: FirstPassageOptions, threads: Int, monitor: RunMonitor,
  resuming: [ReplicaProgress]?
) throws -> FollowingResult {
  guard let plan = FollowedReplicas(record, every: options.every) else { return .nothing }
  var options = options
  options.following = plan
  options.share = nil
  if let resuming, !plan.fits(resuming, data: data, network: network) {
    throw InputError.sentence("the progress to resume from is that of another ensemble")
  }
  monitor.begin(total: plan.starts.reduce(0) { $0 + ($1 > 0 ? $1 + plan.length : 0) })
  let ends = try followReplicas(
    data: data, network: network, settings: settings,
    from: TrainingState(parameters: state.parameters), before: resuming ?? plan.before,
    options: options, threads: threads, monitor: monitor)
  var (returned, exposure, followed) = (0, 0, 0)
  var diverged: [Int] = []
  for (replica, end) in ends.enumerated() {
    guard case .ended(let outcome) = end else { return .interrupted(ends) }
    guard plan.starts[replica] > 0 else { continue }
    followed += 1
    exposure += outcome.steps - plan.starts[replica]
    if outcome.end == .escaped { returned += 1 }
    if outcome.end == .diverged { diverged.append(replica) }
  }
  return .done(
    Residence(
      followed: followed, returned: returned, exposure: exposure, length: plan.length),
    diverged: diverged, ends: ends)
}
