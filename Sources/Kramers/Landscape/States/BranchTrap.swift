/// `trap{branch = i}`: the state after a transition that `continuation` meets.
extension Experiment {
  /// The state after a transition, at the release value.
  mutating func branchTrap(
    _ number: Int, _ options: TrapOptions, threads: Int, _ monitor: RunMonitor
  ) throws -> TrapResult {
    let release = options.release ?? settings.l2
    var following = ContinuationOptions()
    following.branches = 24
    let (explorer, progress, isComplete) = try exploredBranches(
      following, threads: threads, monitor: monitor)
    guard isComplete else { throw InputError.sentence("interrupted before the branch was reached") }
    let found = try progress.result(of: self, explorer, isInterrupted: false).transitions
    guard !monitor.mustStop else {
      throw InputError.sentence("interrupted before the branch was reached")
    }
    guard number >= 1, number <= found.count else {
      throw InputError.rule(
        "branch", "in 1...\(found.count), the transitions met from the present state", number)
    }
    let transition = found[number - 1]
    guard let after = transition.after else {
      throw InputError.sentence(
        "branch = \(number): the state after the transition at l2 = "
          + "\(plainNumber(rounded(transition.spinodal))) was not found")
    }
    let branch = progress.branches[after - 1]
    guard let place = explorer.surface.state(of: branch, at: release, isStable: true) else {
      let stable = branch.states.filter(\.isStable).map(\.l2)
      throw InputError.sentence(
        "release = \(plainNumber(release)): the state after transition \(number) was followed from "
          + "l2 = \(rounded(stable.min() ?? 0)) to \(rounded(stable.max() ?? 0))")
    }
    let entered = try placed(BranchPlace(theta: place.theta, l2: release))
    let strengths = try entered.measure().modes
    let scale = try measure().modes.first ?? 0
    let rank = min(strengths.count { $0 > 1e-6 * scale }, network.widths.min() ?? 0)
    self = entered
    return try trapResult(
      rank, Array(1..<rank + 1), l2Trap: transition.spinodal, steps: 0, reason: nil, options,
      outcome: .completed)
  }
}
