/// Learned states of one branch, each from the last one where that is near. Not for several threads.
final class BranchStates {
  let branch: ModeBranch
  let objective: RankObjective
  private var last: RankState?

  init(_ branch: ModeBranch, _ moments: ScaledMoments) {
    self.branch = branch
    objective = RankObjective(moments, rank: branch.rank)
  }

  /// The learned state at `l2`; nil above the spinodal or where the branch is lost.
  func learned(l2: Double) -> RankState? {
    if let last, last.l2 == l2 { return last }
    if let last, abs(l2 - last.l2) < 0.05 * l2, l2 < 0.95 * branch.spinodal,
      let found = objective.stationary(near: last.variables, l2: l2), objective.isLearned(found)
    {
      self.last = found
      return found
    }
    guard let found = branch.learnedState(objective, l2: l2) else { return nil }
    last = found
    return found
  }
}
