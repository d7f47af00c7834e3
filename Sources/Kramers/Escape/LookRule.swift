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
  /// - Parameter crossing: the look at which the present stay past the threshold began; nil on the
  ///   near side. Of a replica that is followed, that of the present absence; nil on the far side.
  func see(
    _ isPast: Bool, at steps: Int, of replica: Int, since crossing: inout Int?
  ) -> ReplicaOutcome? {
    if !isPlain, let following = options.following {
      return following.see(isPast, at: steps, replica, absent: &crossing)
    }
    if isPast {
      let start = crossing ?? steps
      crossing = start
      return steps - start >= options.dwell ? ReplicaOutcome(steps: start, end: .escaped) : nil
    }
    crossing = nil
    return steps >= maxSteps ? ReplicaOutcome(steps: maxSteps, end: .censored) : nil
  }

  /// Steps that a replica takes at the most, but for an undecided stay.
  func budget(of replica: Int) -> Int {
    options.following?.end(of: replica) ?? maxSteps
  }
}
