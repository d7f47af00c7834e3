/// Pictures of work under way: a few lines high, so that the axis of y says what both are.
extension Figure {
  /// nil before there are two values.
  public init?(live trail: ValueTrail) {
    guard trail.count > 1 else { return nil }
    self.init(
      live: "\(trail.observable.label) over steps", scale: Self.scale(of: trail.values),
      trail.series)
  }

  /// The share of replicas that have not escaped; nil before an ensemble has begun.
  public init?(live tally: EscapeTally) {
    let rows = tally.survival
    guard tally.requested > 0, rows.count > 1 else { return nil }
    let diverged = tally.diverged > 0 ? ", \(tally.diverged) diverged" : ""
    let series = Series(.steps, columns: [.x: rows.map(\.steps), .y: rows.map(\.share)])
    self.init(live: "survival over steps\(diverged)", series, from: 0, to: 1)
  }

  /// The strongest mode over the L2 strengths of a sweep; nil before two points are done.
  public init?(live ramp: Ramp) {
    guard ramp.l2.count > 1 else { return nil }
    let series = Series(.line, columns: [.x: ramp.l2, .y: ramp.modes])
    self.init(live: "\(Observable.mode(1).label) over l2", series)
  }

  private init(
    live label: String, scale: Axis.Scale = .linear, _ series: Series, from: Double? = nil,
    to: Double? = nil
  ) {
    self.init(
      title: "",
      panels: [
        Panel(
          x: Axis(""), y: Axis(label, scale: scale, from: from, to: to), series: [series])
      ], size: .column)
  }

  /// Decades are told apart on a logarithmic axis only.
  private static func scale(of values: [Double]) -> Axis.Scale {
    guard let low = values.min(), let high = values.max() else { return .linear }
    return low > 0 && high > 100 * low ? .log : .linear
  }
}
