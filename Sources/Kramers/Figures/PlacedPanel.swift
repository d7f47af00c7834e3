/// A panel ready to be drawn: ends of the axes, rows that have a place, long traces thinned, and
/// sentences about what is left out.
struct PlacedPanel {
  let panel: Figure.Panel
  let x: AxisScale
  let y: AxisScale
  /// With colours, dashes and markers chosen.
  let series: [Figure.Series]
  let notes: [String]

  /// - Parameter columns: a trace keeps what can be told apart in so many columns; nil: everything.
  init(_ panel: Figure.Panel, columns: Int?) {
    self.panel = panel
    var kept: [Figure.Series] = []
    var lost = LostRows()
    for series in panel.series {
      kept.append(series.rows(lost.placeable(series, panel.x, panel.y)))
    }
    func values(horizontal: Bool) -> [Double] {
      let axis = horizontal ? panel.x : panel.y
      return kept.flatMap { series in
        series.columns.filter { $0.key.isHorizontal == horizontal }.flatMap { $0.value }
      }.filter { $0.isFinite && (axis.scale != .log || $0 > 0) }
    }
    let (x, y) = (
      AxisScale(panel.x, values(horizontal: true)), AxisScale(panel.y, values(horizontal: false))
    )
    (self.x, self.y) = (x, y)
    var order = 0
    series = kept.map { series in
      var styled = series.styled(&order)
      for column in series.columns.keys where column.isBound {
        let scale = column.isHorizontal ? x : y
        styled.columns[column] = series[column].map { value in
          if scale.holds(value) { return value }
          return value > 0 ? scale.high : scale.low
        }
      }
      return columns.map { styled.thinned(x, columns: $0) } ?? styled
    }
    let isEmpty = !kept.contains { $0.count > 0 && $0.drawing != .rules }
    notes = panel.notes + lost.sentences + (isEmpty ? ["nothing to draw here"] : [])
  }
}

extension PlacedPanel {
  /// Whether the panel below has the same x axis, so that its labels are those of both.
  func standsAbove(_ other: PlacedPanel) -> Bool {
    let names = [panel.y.names, other.panel.y.names]
    return x.axis == other.x.axis && x.low == other.x.low && x.high == other.x.high
      && names.allSatisfy(\.isEmpty) && panel.below == nil
  }
}

/// What has no place in a panel, counted.
private struct LostRows {
  private var undefined = 0
  private var notPositive = 0

  /// The rows that can be drawn.
  mutating func placeable(
    _ series: Figure.Series, _ x: Figure.Axis, _ y: Figure.Axis
  ) -> [Int] {
    (0..<series.count).filter { row in
      for (column, values) in series.columns {
        let value = values[row]
        if value.isNaN || (value.isInfinite && !column.isBound) {
          undefined += 1
          return false
        }
        let axis = column.isHorizontal ? x : y
        if axis.scale == .log, value <= 0, !column.isBound {
          notPositive += 1
          return false
        }
      }
      return true
    }
  }

  var sentences: [String] {
    var words: [String] = []
    func points(_ n: Int) -> String { n == 1 ? "1 point" : "\(n) points" }
    if undefined > 0 { words.append("not drawn: \(points(undefined)), nan or infinite") }
    if notPositive > 0 {
      words.append("not drawn: \(points(notPositive)), 0 or negative on a log axis")
    }
    return words
  }
}

extension Figure.Series {
  /// With a colour, a dash and a marker, by the order in the panel where none is said. Lines of
  /// different colours differ in their dashes too, and points in their markers, for print.
  fileprivate func styled(_ order: inout Int) -> Figure.Series {
    var copy = self
    if drawing == .rules || drawing == .text {
      copy.color = color ?? 7
      copy.dash = dash ?? .dotted
      return copy
    }
    if color == nil {
      order += 1
      copy.color = (order - 1) % 6 + 1
    }
    // From one point no line goes anywhere.
    if count == 1, drawing == .line || drawing == .steps { copy.drawing = .points }
    let number = copy.color == 7 ? 0 : max((copy.color ?? 1) - 1, 0)
    copy.dash = dash ?? Dash.allCases[number % Dash.allCases.count]
    copy.marker = marker ?? Marker.allCases[number % Marker.allCases.count]
    return copy
  }

  /// Without rows that nobody could see: of each column of the picture the first and the last row
  /// stay, and those with the extremes of everything that is drawn.
  func thinned(_ scale: AxisScale, columns: Int) -> Figure.Series {
    guard count > 4 * columns, drawing != .text, let x = self.columns[.x] else { return self }
    if drawing == .points {
      // Their order means nothing.
      return sortedByX(x).thinnedInOrder(scale, columns: columns)
    }
    return thinnedInOrder(scale, columns: columns)
  }

  private func sortedByX(_ x: [Double]) -> Figure.Series {
    zip(x, x.dropFirst()).allSatisfy { $0 <= $1 }
      ? self : rows(x.indices.sorted { (x[$0], $0) < (x[$1], $1) })
  }

  private func thinnedInOrder(_ scale: AxisScale, columns: Int) -> Figure.Series {
    let x = self[.x]
    let rises = zip(x, x.dropFirst()).allSatisfy { $0 <= $1 }
    let size = Double(count)
    // A trace that turns back is cut by order instead of by x, twice as finely.
    func bucket(_ row: Int) -> Int {
      rises
        ? Int(min(max(scale.place(x[row]), -1), 2) * Double(columns))
        : Int(Double(row) / size * Double(2 * columns))
    }
    let watched = self.columns.filter { rises ? $0.key != .x : true }
      .sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
    var kept: [Int] = []
    var start = 0
    while start < count {
      var end = start + 1
      while end < count, bucket(end) == bucket(start) { end += 1 }
      var rows: Set<Int> = [start, end - 1]
      for values in watched {
        var (least, most) = (start, start)
        for row in start..<end {
          if values[row] < values[least] { least = row }
          if values[row] > values[most] { most = row }
        }
        rows.formUnion([least, most])
      }
      kept += rows.sorted()
      start = end
    }
    return rows(kept)
  }
}
