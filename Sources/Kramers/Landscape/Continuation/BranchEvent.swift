/// What happens on a branch at a singular Hessian.
public enum BranchEventKind: String, Sendable, CaseIterable {
  /// The branch turns back in l2: v.p != 0 for the null vector v and p = dG/db.
  case fold
  /// Branches cross: v.p = 0.
  case branchPoint = "branch point"
}

/// A fold or branch point, located.
struct BranchEvent: Sendable, Equatable {
  var kind: BranchEventKind
  var state: BranchState
  /// Of the eigenvalues that are zero here.
  var nullVectors: [[Double]]
  /// |v.p| / |p|.
  var overlap: Double
  /// Whether the branch ends here on another one, which it meets at a right angle in l2: what lies
  /// beyond is its own mirror image.
  var isArrival: Bool
  /// The index of the branch before and after.
  var before: Int
  var after: Int
}

extension BranchTracer {
  /// All events between a state and the step from it, in their order; nil where they do not fit
  /// together and the step must be shorter.
  ///
  /// Sorted eigenvalues are continuous along a branch, so each that changes sign has a zero in
  /// between. An even number of sign changes of dl2/ds within one step is not seen.
  func events(between a: BranchState, _ step: Step) -> [BranchEvent]? {
    let b = step.state
    // A branch that begins at an event has that one behind it.
    let turns = a.tangent.l2 * b.tangent.l2 < 0 && abs(a.tangent.l2) > 1e-7
    let passed = zip(a.lowest, b.lowest).map { abs($0) < 1e-5 * abs($1) }
    var found: [BranchEvent] = []
    // Eigenvalues that change sign at each of them: several at once where a symmetry makes them equal.
    var crossings: [Int] = []
    if a.index != b.index {
      for m in min(a.index, b.index)..<max(a.index, b.index) {
        if m < passed.count, passed[m] { continue }
        if let last = found.last, last.nullVectors.count > crossings[found.count - 1] {
          crossings[found.count - 1] += 1
          continue
        }
        guard
          let state = root(between: a, step, of: { m < $0.lowest.count ? $0.lowest[m] : nil }),
          let event = event(at: state, a, b, isArrival: false)
        else { return nil }
        found.append(event)
        crossings.append(1)
      }
      let order = found.indices.sorted {
        found[$0].state.arclength < found[$1].state.arclength
      }
      let sign = b.index > a.index ? 1 : -1
      var index = b.index - sign * crossings.reduce(0, +)
      for k in order {
        found[k].before = index
        index += sign * crossings[k]
        found[k].after = index
      }
      found = order.map { found[$0] }
    } else if turns {
      guard let state = root(between: a, step, of: { $0.tangent.l2 }, isTurn: true),
        let event = event(at: state, a, b, isArrival: true), event.kind == .branchPoint
      else { return nil }
      found.append(event)
    }
    let folds = found.count { $0.kind == .fold }
    return (folds % 2 == 1 || found.last?.isArrival == true) == turns ? found : nil
  }

  private func event(
    at state: BranchState, _ a: BranchState, _ b: BranchState, isArrival: Bool
  ) -> BranchEvent? {
    // All that change sign here, and one that does not.
    let count = max(state.lowest.count, max(a.index, b.index) + 1)
    guard let spectrum = surface.spectrum(state.place, count: count) else { return nil }
    // Arrivals are located by their l2: the eigenvalue is the square of what is left to go.
    let limit = max(1e5 * spectrum.tolerance, isArrival ? 2 * abs(state.softest) : 0)
    var kernel = spectrum.values.indices.filter { abs(spectrum.values[$0]) <= limit }
      .map { spectrum.vectors[$0] }
    if kernel.isEmpty { kernel = [state.softVector] }
    let p = surface.slope(state.place)
    // Where theta itself vanishes, against what it was, and no rounding of zero.
    let size = max(norm(surface.slope(a.place)), norm(surface.slope(b.place)), 1e-4 * scale)
    let along = kernel.reduce(0) { $0 + dot($1, p) * dot($1, p) }.squareRoot()
    let overlap = along / size
    var state = state
    let kind: BranchEventKind = overlap > (isArrival ? 1e-3 : 1e-4) ? .fold : .branchPoint
    if kind == .branchPoint, !isArrival {
      // Two curves cross: the linear system for the tangent has two solutions.
      let share = (state.arclength - a.arclength) / (b.arclength - a.arclength)
      let mean = BranchDirection(
        theta: zip(a.tangent.theta, b.tangent.theta).map { $0 + share * ($1 - $0) },
        l2: a.tangent.l2 + share * (b.tangent.l2 - a.tangent.l2))
      state.tangent = mean.normalized ?? a.tangent
    }
    return BranchEvent(
      kind: kind, state: state, nullVectors: kernel,
      overlap: overlap, isArrival: isArrival, before: a.index, after: b.index)
  }
}
