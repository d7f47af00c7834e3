extension Experiment {
  /// The lowest barrier out of the present state that its own branch leads to: up in l2 until it
  /// loses its stability, then along the saddles that meet it there back to the present l2.
  ///
  /// A saddle counts if it has index 1 and one of its two sides falls back to the present state
  /// (or an image of it): that it is a way out of this state is checked, not taken from the branch.
  ///
  /// - Throws: `InputError` for networks with kinks, a present state that is no minimum, and where no
  ///   such saddle was met.
  func continuedBarrier(threads: Int = 1, _ monitor: RunMonitor) throws -> BarrierResult {
    var options = ContinuationOptions()
    options.branches = 10
    options.followsChain = false
    let (explorer, progress, _) = try exploredBranches(
      options, threads: threads, monitor: monitor)
    let surface = explorer.surface
    let l2 = settings.l2
    guard let start = progress.branches.first?.states.first else {
      throw InputError.sentence("interrupted before a saddle was found")
    }
    guard start.isStable else {
      throw InputError.sentence(
        "the present state is a saddle of index \(start.index), not a minimum: there is no barrier "
          + "to leave it")
    }
    let bottom = surface.value(start.place)
    var found: [(state: BranchState, height: Double, sides: [BranchPlace], count: Int)] = []
    for state in progress.branches.dropFirst().compactMap(\.states.last)
    where state.l2 == l2 && state.index == 1 && !monitor.shouldStop {
      let sides = surface.sides(of: state) { monitor.shouldStop }
      let count = sides.count { surface.isImage($0, start.place) }
      if sides.count == 2, count > 0 {
        found.append((state, surface.value(state.place) - bottom, sides, count))
      }
    }
    guard let best = found.min(by: { $0.height < $1.height }) else {
      if monitor.shouldStop { throw InputError.sentence("interrupted before a saddle was found") }
      let loss = progress.events.first { $0.branch == 0 && $0.event.before == 0 }
      let words =
        loss.map {
          "it ends in a \($0.event.kind.rawValue) at l2 = \(rounded($0.event.state.l2)), but no branch "
            + "from there brings a saddle of index 1 beside it back to l2 = \(plainNumber(l2))"
        } ?? "it does not lose its stability as l2 rises"
      throw InputError.sentence("no saddle was met from the present state: \(words)")
    }
    let far = best.sides.first { !surface.isImage($0, start.place) } ?? best.sides[1]
    let evaluator = try Evaluator(data: data, network: network, settings: settings)
    let ends = (evaluator.modeStrengths(start.place.theta), evaluator.modeStrengths(far.theta))
    let k = ends.0.indices.max { abs(ends.0[$0] - ends.1[$0]) < abs(ends.0[$1] - ends.1[$1]) } ?? 0
    func strength(_ theta: [Double]) -> Double { evaluator.modeStrengths(theta)[k] }
    let objective = try objective()
    let saddle = objective.kind(of: best.state.place.theta)
    let corners = [start.place.theta, best.state.place.theta, far.theta]
    return BarrierResult(
      mode: k + 1, method: .continuation, l2: l2, height: best.height, theory: nil,
      theoryReason: "the barrier out of the present state, along its own branch",
      strengths: (strength(corners[0]), strength(corners[1]), strength(corners[2])),
      objectives: (bottom, bottom + best.height, surface.value(far)),
      gradientNorm: saddle.gradientNorm, saddleIndex: saddle.index,
      zeroModes: saddle.spectrum == nil ? nil : saddle.zeroModes,
      path: objective.straightPath(corners, strength), heights: found.map(\.height),
      rate: objective.isolatedRate(from: start.place.theta, over: saddle, sides: best.count),
      aligned: nil, states: corners, isInterrupted: monitor.shouldStop)
  }
}

extension StationarySurface {
  /// The minima on both sides of a saddle of index 1; fewer where one was not reached.
  fileprivate func sides(of saddle: BranchState, shouldStop: () -> Bool) -> [BranchPlace] {
    let size = 1e-3 * norm(saddle.place.theta)
    guard let falling = spectrum(saddle.place)?.vectors.first else { return [] }
    return [1.0, -1].compactMap { sign in
      slide(
        from: saddle.place.moved(
          along: BranchDirection(theta: falling, l2: 0), by: sign * size),
        shouldStop: shouldStop)
    }
  }

  /// Equal but for a symmetry, as far as objective and norm tell.
  fileprivate func isImage(_ a: BranchPlace, _ b: BranchPlace) -> Bool {
    abs(value(a) - value(b)) <= 1e-9 && abs(norm(a.theta) - norm(b.theta)) <= 1e-6 * norm(b.theta)
  }
}
