/// When one replica is looked at, and what a look at it decides: the one rule for replicas that run
/// alone and in lanes.
struct LookClock {
  let options: FirstPassageOptions
  private let replica: Int
  /// The look at which the present stay past the threshold began; nil on the near side. Of a
  /// replica that is followed, that of the present absence; nil on the far side.
  private(set) var crossing: Int?

  init(_ options: FirstPassageOptions, replica: Int, crossing: Int? = nil) {
    self.options = options
    self.replica = replica
    self.crossing = crossing
  }

  /// The step of the next look at a replica that has taken `steps`, all looks so far done.
  func next(after steps: Int) -> Int {
    if let following = options.following { return following.next(after: steps, replica) }
    let look = (steps / options.every + 1) * options.every
    return steps < options.maxSteps ? min(look, options.maxSteps) : look
  }

  /// How the replica ends, seen past the threshold or not at `steps`; nil: it goes on.
  mutating func see(_ isPast: Bool, at steps: Int) -> ReplicaOutcome? {
    if let following = options.following {
      return following.see(isPast, at: steps, replica, absent: &crossing)
    }
    if isPast {
      let start = crossing ?? steps
      crossing = start
      return steps - start >= options.dwell ? ReplicaOutcome(steps: start, end: .escaped) : nil
    }
    crossing = nil
    return steps >= options.maxSteps
      ? ReplicaOutcome(steps: options.maxSteps, end: .censored) : nil
  }

  /// Steps that the replica takes at the most, but for an undecided stay.
  var budget: Int { options.following?.end(of: replica) ?? options.maxSteps }
}
