/// What the looks at a replica have come to so far.
struct Stay: Sendable, Equatable {
  /// The look at which the present stay past the threshold began; nil on the near side. Of a replica
  /// that is followed, that of the present absence; nil on the far side.
  var start: Int?
  /// Stays that ended before they had lasted `dwell`: looks that found the replica back.
  var returns = 0
}

/// When a replica is looked at, and what a look at it decides: the one rule for replicas that run
/// alone and in lanes.
struct LookRule {
  let options: FirstPassageOptions
  let maxSteps: Int
  /// Whether replicas run until they escape; else they are followed after it.
  let isPlain: Bool
  private let every: Int

  init(_ options: FirstPassageOptions) {
    self.options = options
    maxSteps = options.maxSteps
    every = options.every
    isPlain = options.following == nil
  }

  /// The step of the next look at a replica that has taken `steps`, all looks so far done.
  func next(after steps: Int, of replica: Int) -> Int {
    if !isPlain, let following = options.following {
      return following.next(after: steps, replica)
    }
    return plainNext(after: steps)
  }

  /// The same where replicas run until they escape.
  func plainNext(after steps: Int) -> Int {
    let look = (steps / every + 1) * every
    return steps < maxSteps ? min(look, maxSteps) : look
  }

  /// How a replica ends, seen past the threshold or not at `steps`; nil: it goes on.
  ///
  /// - Parameter stay: what earlier looks have seen.
  func see(
    _ isPast: Bool, at steps: Int, of replica: Int, _ stay: inout Stay
  ) -> ReplicaOutcome? {
    if !isPlain, let following = options.following {
      return following.see(isPast, at: steps, replica, absent: &stay.start)
    }
    if isPast {
      let start = stay.start ?? steps
      stay.start = start
      return steps - start >= options.dwell ? outcome(start, .escaped, stay) : nil
    }
    if stay.start != nil { stay.returns += 1 }
    stay.start = nil
    return steps >= maxSteps ? outcome(maxSteps, .censored, stay) : nil
  }

  /// How a replica ends that these looks have seen.
  func outcome(_ steps: Int, _ end: ReplicaOutcome.End, _ stay: Stay) -> ReplicaOutcome {
    ReplicaOutcome(steps: steps, end: end, returns: stay.returns)
  }

  /// Steps that a replica takes at the most, but for an undecided stay.
  func budget(of replica: Int) -> Int {
    options.following?.end(of: replica) ?? maxSteps
  }
}
