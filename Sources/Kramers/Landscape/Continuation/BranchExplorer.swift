/// A branch of stationary states as far as it was followed.
struct Branch: Sendable, Equatable {
  /// How a branch was found.
  enum Birth: String, Sendable, CaseIterable {
    case start, fold, collapse
    case branchPoint = "branch point"
  }

  let parent: Int?
  let birth: Birth
  /// The event that it comes from.
  let event: Int?
  /// Whether it is where the state goes that is trained while l2 moves.
  var isChain: Bool
  /// In order along the curve; the arclength is 0 where it was begun.
  var states: [BranchState] = []
  /// Why it ends; nil while it is followed.
  var end: String?
}

/// An event on a branch, and what comes of it.
struct LocatedEvent: Sendable, Equatable {
  let branch: Int
  let event: BranchEvent
  /// Whether it was met against the direction in which l2 moves, on the far part of a branch that
  /// was entered in its middle.
  let isBackwards: Bool
  /// Where a stable state goes that is led here, if it was followed.
  var successor: Int?
  /// Whether the state changes by a jump: it slid to its successor.
  var isJump = false
  /// Of a branch point, its two sides: whether they are mirror images of each other.
  var isMirrored: Bool?

  /// What meets at a branch point; nil at folds and where no side was found.
  var shape: String? {
    guard event.kind == .branchPoint else { return nil }
    return event.isArrival || isMirrored == true
      ? "pitchfork" : isMirrored.map { _ in "transcritical" }
  }
}

/// All that a continuation has found, and what is left to do: an interrupted one goes on from it.
public struct ContinuationProgress: Sendable, Equatable {
  var branches: [Branch] = []
  var events: [LocatedEvent] = []
  var tasks: [Task] = []
  var current: Current?
  /// Branches that were seen but not followed, for the limit on their number.
  var leftOut = 0
  /// A norm of states of this network.
  var scale = 1.0
  /// The strongest mode at the start.
  var strength = 1.0

  enum Task: Sendable, Equatable {
    /// Begin a branch at a state, unless it is known by then.
    case begin(Branch, at: BranchState)
    /// Follow a branch to its other side from the state where it was entered.
    case back(branch: Int, from: BranchState)
    /// Let an event's state slide to what comes after it.
    case slide(event: Int)
  }

  /// The branch under way.
  struct Current: Sendable, Equatable {
    var branch: Int
    var backwards: Bool
    var step: Double
    var states: [BranchState]
  }

  /// Joins the states of the branch under way to what is known of it, and says why it ends.
  mutating func closeCurrent(_ reason: String?) {
    guard let current else { return }
    self.current = nil
    if current.backwards {
      // The first state stands there already.
      let states = current.states.dropFirst().reversed().map { state in
        var state = state
        state.arclength = -state.arclength
        state.tangent = -1 * state.tangent
        return state
      }
      branches[current.branch].states = states + branches[current.branch].states
    } else {
      branches[current.branch].states += current.states
      branches[current.branch].end = reason
    }
  }

  var pointCount: Int { branches.reduce(current?.states.count ?? 0) { $0 + $1.states.count } }
}

/// Follows branches of stationary states: the stable ones in the direction in which l2 moves, over
/// every event to the state that comes after, and from every event what else meets there.
struct BranchExplorer {
  let surface: StationarySurface
  let options: ContinuationOptions
  let range: ClosedRange<Double>
  /// +1 where l2 rises.
  let direction: Double
  /// The strongest mode of a state: where it is gone, nothing is left to lose.
  let strength: ([Double]) -> Double
  var progress: ContinuationProgress

  private var tracer: BranchTracer {
    BranchTracer(
      surface: surface, range: range, share: options.step, scale: progress.scale)
  }

  /// Puts the first branch on the list, from a stationary state.
  mutating func begin(at start: BranchState) {
    progress.scale = max(norm(start.place.theta), 1e-3)
    progress.strength = strength(start.place.theta)
    progress.tasks = [
      .begin(Branch(parent: nil, birth: .start, event: nil, isChain: true), at: start)
    ]
  }

  /// Goes on until nothing is left to do; false if stopped.
  mutating func run(_ monitor: RunMonitor) -> Bool {
    while true {
      if monitor.shouldStop { return false }
      // What was under way when it was stopped is done again.
      let before = progress
      if progress.pointCount >= options.maxPoints {
        closeCurrent("max_points")
        return true
      }
      if progress.current != nil {
        let isEvent = advance()
        if monitor.mustStop {
          progress = before
          return false
        }
        if isEvent, options.stopAt != nil { return true }
        monitor.advance(by: 1)
      } else if !progress.tasks.isEmpty {
        guard perform(progress.tasks[0], monitor), !monitor.mustStop else {
          progress = before
          return false
        }
        progress.tasks.removeFirst()
      } else {
        return true
      }
    }
  }

  /// False if it was stopped and has to be done again.
  private mutating func perform(
    _ task: ContinuationProgress.Task, _ monitor: RunMonitor
  ) -> Bool {
    switch task {
    case .begin(let branch, let state): begin(branch, at: state)
    case .back(let branch, let state): follow(branch, from: state, backwards: true)
    case .slide(let event): return slide(event, monitor)
    }
    return true
  }

  private mutating func begin(_ branch: Branch, at state: BranchState) {
    // The chain is followed anew where it comes to a known branch, which may have been followed the
    // other way: what it meets from here on counts as its own.
    var number = branch.birth == .fold || branch.isChain ? nil : knownBranch(state)
    if number == nil {
      guard progress.branches.count < options.branches else {
        progress.leftOut += 1
        return
      }
      progress.branches.append(branch)
      number = progress.branches.count - 1
      follow(progress.branches.count - 1, from: state, backwards: false)
      if isEmpty(state) { closeCurrent("nothing is learned") }
    }
    if branch.isChain, let event = branch.event { progress.events[event].successor = number }
  }

  private mutating func follow(_ branch: Int, from state: BranchState, backwards: Bool) {
    progress.current = ContinuationProgress.Current(
      branch: branch, backwards: backwards, step: 0.2 * tracer.largest(from: state),
      states: [state])
  }

  /// One step on the current branch.
  /// - Returns: whether it met an event of the kind to stop at.
  private mutating func advance() -> Bool {
    guard let current = progress.current, let last = current.states.last else { return false }
    guard let (step, events) = progressingStep(from: last, by: current.step) else {
      closeCurrent("lost")
      return false
    }
    for event in events {
      progress.current?.states.append(event.state)
      let isNew = record(event, on: current.branch, backwards: current.backwards, step.state)
      if event.kind == options.stopAt {
        closeCurrent("stop_at")
        progress.tasks = []
        return true
      }
      if options.onlyStable, event.before == 0, event.after > 0, event.kind == .branchPoint {
        closeCurrent("no longer stable")
        return false
      }
      if event.kind == .fold || event.isArrival {
        closeCurrent(isNew ? event.kind.rawValue : "a branch that is known")
        return false
      }
    }
    progress.current?.states.append(step.state)
    progress.current?.step = step.next
    addWanted(between: last, step.state)
    if step.reachesLimit {
      closeCurrent("the end of the l2 range")
    } else if isEmpty(step.state) {
      closeCurrent("nothing is learned")
    }
    return false
  }

  private func progressingStep(
    from state: BranchState, by size: Double
  ) -> (BranchTracer.Step, [BranchEvent])? {
    var size = size
    let tracer = tracer
    for _ in 0..<12 {
      guard let step = tracer.step(from: state, by: size) else { return nil }
      if let events = tracer.events(between: state, step) { return (step, events) }
      size = 0.4 * min(size, step.distance)
    }
    return nil
  }

  /// States at the strengths that were asked for, between two neighbours.
  private mutating func addWanted(between a: BranchState, _ b: BranchState) {
    let inside = options.l2.filter { ($0 - a.l2) * ($0 - b.l2) < 0 }
      .sorted { abs($0 - a.l2) < abs($1 - a.l2) }
    for l2 in inside {
      guard let landed = surface.landed(between: a.place, b.place, at: l2, a.softVector),
        let tangent = surface.tangent(at: landed.place, normal: a.tangent, soft: a.softVector),
        var state = surface.state(landed.place, tangent: tangent, residual: landed.residual)
      else { continue }
      state.arclength =
        a.arclength + (b.arclength - a.arclength) * (l2 - a.l2) / (b.l2 - a.l2)
      let end = progress.current?.states.count ?? 1
      progress.current?.states.insert(state, at: end - 1)
    }
  }

  private mutating func closeCurrent(_ reason: String) { progress.closeCurrent(reason) }

  /// Whether a state is led on as l2 moves and has nothing left to lose; one whose last mode is
  /// about to vanish still has.
  private func isEmpty(_ state: BranchState) -> Bool {
    state.tangent.l2 * direction > 0 && strength(state.place.theta) <= 1e-6 * progress.strength
      && (abs(state.tangent.l2) > 0.5 || norm(state.place.theta) > 0.01 * progress.scale)
  }

  // MARK: what comes of an event

  /// Enters an event and puts what leaves from it on the list.
  /// - Returns: whether it is a new one.
  private mutating func record(
    _ event: BranchEvent, on branch: Int, backwards: Bool, _ beyond: BranchState
  ) -> Bool {
    let known = progress.events.contains {
      $0.event.kind == event.kind && isSame($0.event.state, event.state)
    }
    let number = progress.events.count
    progress.events.append(LocatedEvent(branch: branch, event: event, isBackwards: backwards))
    let isChain =
      options.followsChain && progress.branches[branch].isChain && !backwards && event.before == 0
      && (event.isArrival || event.after > 0)
    guard isChain || !known else { return false }
    var first: [ContinuationProgress.Task] = []
    var later: [ContinuationProgress.Task] = []
    switch event.kind {
    case .fold:
      if isChain { first.append(.slide(event: number)) }
      var state = event.state
      state.arclength = 0
      later.append(
        .begin(Branch(parent: branch, birth: .fold, event: number, isChain: false), at: state))
    case .branchPoint:
      let sides = tracer.switched(at: event)
      progress.events[number].isMirrored = areMirrored(sides)
      let next = sides.first {
        isChain && $0.isStable && ($0.l2 - event.state.l2) * direction > 0
      }
      for side in sides {
        let isNext = side == next
        // The branch point itself stands at its beginning.
        var root = event.state
        root.arclength = 0
        root.tangent = side.tangent
        let task = ContinuationProgress.Task.begin(
          Branch(
            parent: branch, birth: .branchPoint, event: number, isChain: isNext, states: [root]),
          at: side)
        if isNext { first.append(task) } else { later.append(task) }
      }
      if isChain, next == nil { first.append(.slide(event: number)) }
    }
    if options.onlyStable {
      later.removeAll {
        if case .begin(_, let state) = $0 { event.kind == .fold || !state.isStable } else { false }
      }
    }
    progress.tasks = first + progress.tasks + later
    return true
  }

  /// Where training goes from an event, a little further in l2.
  private mutating func slide(_ number: Int, _ monitor: RunMonitor) -> Bool {
    let located = progress.events[number]
    let event = located.event
    let l2 = event.state.l2 * (1 + 2e-3 * direction)
    guard range.contains(l2) else { return true }
    // Past a fold along the branch's own direction; a branch point falls to either side.
    let way = event.kind == .fold ? event.state.tangent.theta : kernelAxes(event.nullVectors)[0]
    var start = event.state.place.moved(
      along: BranchDirection(theta: way, l2: 0),
      by: 1e-3 * (norm(event.state.place.theta) + 0.01 * progress.scale))
    start.l2 = l2
    guard let place = surface.slide(from: start, shouldStop: { monitor.mustStop }) else {
      return !monitor.mustStop
    }
    let upward = BranchDirection(theta: [Double](repeating: 0, count: surface.count), l2: direction)
    guard let tangent = surface.tangent(at: place, normal: upward, soft: nil),
      let state = surface.state(
        place, tangent: tangent, residual: norm(surface.gradient(place)))
    else { return true }
    progress.events[number].isJump = true
    var back = state
    back.tangent = -1 * back.tangent
    let isNew = knownBranch(state) == nil && progress.branches.count < options.branches
    begin(
      Branch(parent: located.branch, birth: .collapse, event: number, isChain: true), at: state)
    if isNew {
      progress.tasks.append(.back(branch: progress.branches.count - 1, from: back))
    }
    return true
  }

  // MARK: states that are known

  /// Equal but for a symmetry, as far as numbers tell that no symmetry changes.
  private func isSame(_ a: BranchState, _ b: BranchState) -> Bool {
    let scale = progress.scale
    return abs(a.l2 - b.l2) <= 1e-7 * a.l2
      && abs(norm(a.place.theta) - norm(b.place.theta)) <= 1e-5 * scale
      && abs(surface.value(a.place) - surface.value(b.place)) <= 1e-8
  }

  private func isImage(_ a: BranchState, _ b: BranchState) -> Bool {
    isSame(a, b) && a.index == b.index
      && abs(a.softest - b.softest) <= 1e-5 * (abs(a.softest) + a.l2)
  }

  private func areMirrored(_ sides: [BranchState]) -> Bool? {
    sides.count < 2 ? nil : isImage(sides[0], sides[1])
  }

  /// The branch that a state lies on, by its norm and objective at the same l2.
  private func knownBranch(_ state: BranchState) -> Int? {
    let size = norm(state.place.theta)
    for (number, branch) in progress.branches.enumerated() {
      let current = progress.current?.branch == number ? progress.current?.states ?? [] : []
      let states = branch.states + current
      for (a, b) in zip(states, states.dropFirst())
      where (a.l2 - state.l2) * (b.l2 - state.l2) <= 0 && a.l2 != b.l2 {
        let (low, high) = (norm(a.place.theta), norm(b.place.theta))
        let slack = abs(high - low) + 1e-3 * progress.scale
        guard size >= min(low, high) - slack, size <= max(low, high) + slack,
          let landed = surface.landed(
            between: a.place, b.place, at: state.l2, a.softVector),
          let there = surface.state(
            landed.place, tangent: a.tangent, residual: landed.residual)
        else { continue }
        if isImage(there, state) { return number }
      }
    }
    return nil
  }
}
