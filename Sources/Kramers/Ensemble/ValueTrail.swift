/// A quantity as it was seen over the steps of a run, in bounded memory: of what cannot be told
/// apart in a picture the extremes stay.
public struct ValueTrail: Sendable, Equatable {
  public let observable: Observable
  private(set) var series = Figure.Series(.line, columns: [.x: [], .y: []])

  public init(_ observable: Observable) { self.observable = observable }

  public var count: Int { series.count }
  /// Values, oldest first.
  public var values: [Double] { series[.y] }

  private static let columns = 128

  /// Whether this is the same quantity, later.
  public func goesOn(with shown: RunMonitor.Shown) -> Bool {
    observable == shown.observable && series[.x].last ?? 0 <= Double(shown.step)
  }

  /// - Parameter steps: not before those of the last value; the same ones change nothing.
  public mutating func add(_ value: Double, at steps: Int) {
    guard value.isFinite, series[.x].last.map({ $0 < Double(steps) }) ?? true else { return }
    series.columns[.x]?.append(Double(steps))
    series.columns[.y]?.append(value)
    guard series.count > 8 * Self.columns else { return }
    series = series.thinned(AxisScale(Figure.Axis("steps"), series[.x]), columns: Self.columns)
  }
}
