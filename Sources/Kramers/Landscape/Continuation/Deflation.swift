#if canImport(Glibc)
  internal import Glibc
#endif

/// What a search for a stationary state besides known ones found.
public struct DeflationResult: Sendable {
  /// The new state; after it, of a saddle, the minima that its two sides fall to.
  public let states: [StationaryRow]
  /// To the nearest known state, hidden units matched; nil without any.
  public let distance: Double?
  /// Newton steps.
  public let steps: Int
  /// Why there is none.
  public let reason: String?
  public let isInterrupted: Bool
}

extension Experiment {
  /// A stationary state of the objective at the present l2 that is none of the known ones, nor an image
  /// of them under permutations and signs of hidden units: Newton's method from the present state for
  ///
  ///     M(theta) G(theta) = 0,   M = product over known states k of (s^2/d_k^2 + 1)
  ///
  /// with d_k the distance to the nearest image of state k and s a norm of states. M is infinite at
  /// known states, and its zeros are those of G elsewhere. From a saddle both sides are followed down
  /// without noise. The experiment stays as it is.
  ///
  /// Source: P. Farrell, A. Birkisson, S. Funke, SIAM J. Sci. Comput. 37 (2015) A2026.
  ///
  /// - Parameter steps: of Newton's method at the most.
  /// - Throws: `InputError` as `continuation`, and for known states of another network.
  public func deflated(
    known: [Experiment], steps: Int = 100, threads: Int = 1, monitor: RunMonitor = RunMonitor()
  ) throws -> DeflationResult {
    let surface = try stationarySurface(threads: threads, monitor: monitor)
    for (k, other) in known.enumerated() where other.network != network {
      throw InputError.sentence("known[\(k + 1)] is a state of another network")
    }
    let states = known.map(\.state.parameters)
    let scale = max(states.map(Kramers.norm).max() ?? 0, Kramers.norm(state.parameters), 1e-3)
    func end(_ states: [StationaryRow], _ distance: Double?, _ used: Int, _ reason: String?)
      -> DeflationResult
    {
      DeflationResult(
        states: states, distance: distance, steps: used,
        reason: monitor.mustStop ? "interrupted" : reason, isInterrupted: monitor.mustStop)
    }
    let search = surface.deflatedNewton(
      from: BranchPlace(theta: state.parameters, l2: settings.l2), besides: states, scale: scale,
      limit: steps)
    guard let place = search.place else {
      return end([], nil, search.steps, "Newton's method did not converge")
    }
    let distance = states.map { StateDistance(network: network)(place.theta, $0) }.min()
    if let distance, distance <= 1e-5 * scale {
      return end([], distance, search.steps, "it came to a known state")
    }
    guard let found = try stationaryRow(place, surface) else {
      return end([], distance, search.steps, "its Hessian could not be decomposed")
    }
    var rows = [found.row]
    if found.row.index > 0 {
      for sign in [1.0, -1] {
        let start = place.moved(
          along: BranchDirection(theta: found.falling, l2: 0),
          by: sign * 1e-3 * (Kramers.norm(place.theta) + 1e-3 * scale))
        if let bottom = surface.slide(from: start, shouldStop: { monitor.mustStop }),
          let row = try stationaryRow(bottom, surface)
        {
          rows.append(row.row)
        }
      }
    }
    return end(rows, distance, search.steps, nil)
  }
}

extension StationarySurface {
  /// Newton's method with steps that lower ln |M G|, halved until they do.
  ///
  /// - Returns: the stationary place that was found, and the steps.
  fileprivate func deflatedNewton(
    from start: BranchPlace, besides known: [[Double]], scale: Double, limit: Int
  ) -> (place: BranchPlace?, steps: Int) {
    let distance = StateDistance(network: network)
    let axis = BranchDirection.alongL2(count)
    /// Differences from the nearest images of the known states.
    func differences(_ theta: [Double]) -> [(away: [Double], square: Double)] {
      known.map { state in
        let away = zip(theta, distance.image(of: state, near: theta)).map { $0 - $1 }
        return (away, max(dot(away, away), 1e-12 * scale * scale))
      }
    }
    func merit(_ size: Double, _ differences: [(away: [Double], square: Double)]) -> Double {
      differences.reduce(log(size)) { $0 + log1p(scale * scale / $1.square) }
    }
    var place = start
    var g = gradient(place)
    var from = differences(place.theta)
    for step in 0..<limit {
      let size = norm(g)
      guard size.isFinite else { return (nil, step) }
      if size <= 1e-6 * (place.l2 * norm(place.theta) + 1e-2) {
        return (settled(place), step)
      }
      guard
        let newton = solve(at: place, normal: axis, soft: nil, right: g.map { -$0 }, 0)
      else { return (nil, step) }
      // The step for M G is that for G times this (Sherman and Morrison).
      let slope = from.reduce(0) {
        $0 - 2 * dot($1.away, newton.theta) / ($1.square * (1 + $1.square / (scale * scale)))
      }
      let factor = 1 / (1 - slope)
      guard factor.isFinite else { return (nil, step) }
      let length = abs(factor) * norm(newton.theta)
      let longest = norm(place.theta) + 0.1 * scale
      var share = factor * min(1, longest / max(length, 1e-300))
      let value = merit(size, from)
      var isLower = false
      for _ in 0..<14 {
        let next = place.moved(along: BranchDirection(theta: newton.theta, l2: 0), by: share)
        let nextGradient = gradient(next)
        let there = differences(next.theta)
        if merit(norm(nextGradient), there) < value {
          (place, g, from, isLower) = (next, nextGradient, there, true)
          break
        }
        share *= 0.5
      }
      guard isLower else { return (nil, step) }
    }
    return (nil, limit)
  }
}
