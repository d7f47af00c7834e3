/// Where noise-free training by small steps comes to rest.
public struct SettledResult: Sendable {
  /// The minimum; nil where the flow did not arrive.
  public let state: StationaryRow?
  public let isInterrupted: Bool
}

/// A stationary state and what its Hessian says.
public struct StationaryRow: Sendable {
  public let experiment: Experiment
  public let objective: Double
  public let norm: Double
  /// Negative Hessian eigenvalues, and the eigenvalue nearest zero.
  public let index: Int
  public let softest: Double
  public let gradientNorm: Double
}

extension Experiment {
  /// The minimum that the gradient flow of the objective reaches from the present state, whose Hessian
  /// has no negative eigenvalue. The experiment stays as it is.
  ///
  /// - Throws: `InputError` as `continuation`.
  public func settled(
    threads: Int = 1, monitor: RunMonitor = RunMonitor()
  ) throws -> SettledResult {
    let surface = try stationarySurface(threads: threads, monitor: monitor)
    let place = surface.slide(from: BranchPlace(theta: state.parameters, l2: settings.l2)) {
      monitor.mustStop
    }
    let row = try place.flatMap { try stationaryRow($0, surface)?.row }
    return SettledResult(state: row, isInterrupted: monitor.mustStop)
  }

  /// Whether stationary states are curves in l2: smooth networks with an objective, at l2 > 0.
  public var canBeContinued: Bool { (try? continuationApplies()) != nil }

  /// - Throws: `InputError` where stationary states are no curves.
  func stationarySurface(threads: Int, monitor: RunMonitor) throws -> StationarySurface {
    try continuationApplies()
    return StationarySurface(
      network, try data.fullBatch(for: network), l2: settings.l2Term, threads: threads,
      shouldStop: { monitor.mustStop })
  }

  /// A stationary place, and the vector of its lowest eigenvalue; nil if stopped.
  func stationaryRow(
    _ place: BranchPlace, _ surface: StationarySurface
  ) throws -> (row: StationaryRow, falling: [Double])? {
    guard let spectrum = surface.spectrum(place), let falling = spectrum.vectors.first else {
      return nil
    }
    return (
      StationaryRow(
        experiment: try placed(place), objective: surface.value(place),
        norm: Kramers.norm(place.theta), index: spectrum.index,
        softest: spectrum.values[spectrum.softest],
        gradientNorm: Kramers.norm(surface.gradient(place))),
      falling
    )
  }
}
