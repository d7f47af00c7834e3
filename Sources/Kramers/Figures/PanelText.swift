/// One panel as lines: the y axis' label, the plot with its ticks, the x axis with its ticks and
/// label, the legend, notes.
struct PanelText {
  let placed: PlacedPanel
  let style: Figure.TextStyle
  let width: Int
  /// Columns left of the y axis.
  private(set) var margin = 0
  private(set) var rows: [String] = []

  var hasNames: Bool { !placed.y.axis.names.isEmpty }

  /// - Parameters:
  ///   - margin: at the least; of axes with names their own.
  ///   - isAbove: whether the panel below has the same x axis, whose labels serve both.
  init(
    _ placed: PlacedPanel, _ style: Figure.TextStyle, width: Int, height: Int, margin least: Int,
    isAbove: Bool
  ) {
    self.placed = placed
    self.style = style
    self.width = width
    let below = placed.panel.below
    let legend = legendRows()
    let notes = placed.notes.flatMap { wrapped($0, to: width - 4) }.map { style.plain($0) }
    let yLabel = wrapped(style.plain(placed.y.axis.fullLabel), to: width)
    let xLabel = isAbove ? [] : wrapped(style.plain(placed.x.axis.fullLabel), to: width)
    let axes = (isAbove ? 1 : 2) + yLabel.count + xLabel.count + (below == nil ? 0 : 1)
    let names = placed.y.axis.names.count
    let smallest = names > 0 ? names : placed.panel.height < 0.7 ? 3 : 5
    var plotHeight = max(height - axes - legend.count - notes.count, smallest)
    // As far from each other as the next ones.
    if names > 0 { plotHeight -= plotHeight % names }
    let ticks = placed.y.ticks(most: max(plotHeight / 3, 3))
    let labels = ticks.map { style.plain($0.label) }
    margin = max(min(max(labels.map(\.count).max() ?? 0, 4), width / 2), hasNames ? 0 : least)
    let plotWidth = width - margin - 2
    rows = yLabel
    var canvas = TextCanvas(width: plotWidth, height: plotHeight, isPlain: style.isPlain)
    draw(on: &canvas)
    var left = Array(repeating: String(repeating: " ", count: margin), count: plotHeight)
    var marks = Array(repeating: style.isPlain ? "|" : "│", count: plotHeight)
    for (tick, label) in zip(ticks, labels) {
      let place = fromTop(tick.value)
      guard (-0.001...1.001).contains(place) else { continue }
      let row = min(max(Int(place * Double(plotHeight)), 0), plotHeight - 1)
      let shown = String(label.prefix(margin))
      left[row] = String(repeating: " ", count: margin - shown.count) + shown
      marks[row] = style.isPlain ? "+" : "┤"
    }
    let drawn = canvas.rows { style.paint($0, $1) }
    for row in 0..<plotHeight { rows.append("\(left[row]) \(marks[row])\(drawn[row])") }
    let axis = horizontalAxis(plotWidth: plotWidth)
    rows += isAbove ? Array(axis.prefix(1)) : axis
    rows += xLabel.map { line in
      let start = min(margin + 2 + (plotWidth - line.count) / 2, width - line.count)
      return String(repeating: " ", count: max(start, 0)) + line
    }
    rows += legend + notes
    rows = rows.map(\.trimmingBlanks)
  }

  /// Named places go from the top down.
  func fromTop(_ value: Double) -> Double {
    let place = placed.y.place(value)
    return placed.y.axis.names.isEmpty ? 1 - place : place
  }

  private func horizontalAxis(plotWidth: Int) -> [String] {
    var line = Array(repeating: Character(style.isPlain ? "-" : "─"), count: plotWidth)
    var labels = TextCanvas(width: width, height: 1, isPlain: style.isPlain)
    var counts = TextCanvas(width: width, height: 1, isPlain: style.isPlain)
    let below = placed.panel.below
    let name = String(style.plain(below?.name ?? "").prefix(max(margin + 1, 8)))
    counts.write(name, 0, 0)
    var (end, countsEnd) = (-1, name.count)
    for tick in placed.x.ticks(most: max(plotWidth / 11, 2)) {
      let place = placed.x.place(tick.value)
      guard (-0.001...1.001).contains(place) else { continue }
      let column = min(max(Int(place * Double(plotWidth)), 0), plotWidth - 1)
      line[column] = style.isPlain ? "+" : "┬"
      func write(
        _ text: String, _ canvas: inout TextCanvas, _ end: inout Int, from least: Int = 0
      ) {
        let middle = max(margin + 2 + column - text.count / 2, least)
        let start = min(middle, width - text.count)
        guard start > end else { return }
        canvas.write(text, start, 0)
        end = start + text.count
      }
      write(style.plain(tick.label), &labels, &end)
      // The first may stand a little to the right of its tick, behind the name.
      if let below {
        let least = countsEnd == name.count ? name.count + 1 : 0
        write("\(Int(below.value(at: tick.value)))", &counts, &countsEnd, from: least)
      }
    }
    let blank = String(repeating: " ", count: margin + 1)
    var rows = [blank + (style.isPlain ? "+" : "└") + String(line)]
    rows += labels.rows { text, _ in text }
    if below != nil { rows += counts.rows { text, _ in text } }
    return rows
  }

  // MARK: Legend

  private func legendRows() -> [String] {
    var rows: [String] = []
    var (row, length) = ("", 0)
    for (k, series) in placed.series.enumerated() {
      guard let name = series.name else { continue }
      let words = style.plain(name)
      let (sample, wide) = sample(k)
      let needed = wide + 1 + words.count
      if length > 0, length + 3 + needed > width {
        rows.append(row)
        (row, length) = ("", 0)
      }
      row += (length > 0 ? "   " : "") + sample + " " + words
      length += (length > 0 ? 3 : 0) + needed
    }
    return length > 0 ? rows + [row] : rows
  }

  private func sample(_ k: Int) -> (String, Int) {
    let series = placed.series[k]
    let color = series.color ?? 0
    var canvas = TextCanvas(width: 5, height: 1, isPlain: style.isPlain)
    let letter = letter(k)
    var phase = 0
    switch series.drawing {
    case .points, .text: return (style.paint(String(glyph(series.marker)), color), 1)
    case .band:
      for c in 0..<canvas.dotWidth {
        for r in 0..<canvas.dotHeight where isShaded(c, r) {
          canvas.dot(c, r, color: color, glyph: letter)
        }
      }
    case .rules where series.columns[.x] != nil:
      canvas = TextCanvas(width: 1, height: 1, isPlain: style.isPlain)
      canvas.line(
        from: (0, 0), to: (0, Double(canvas.dotHeight - 1)), color: color, glyph: letter,
        pattern: pattern(series.dash, isUpright: true), phase: &phase)
      return (canvas.rows { style.paint($0, $1) }.first ?? "", 1)
    default:
      let middle = Double(canvas.dotHeight / 2)
      canvas.line(
        from: (0, middle), to: (Double(canvas.dotWidth - 1), middle), color: color, glyph: letter,
        pattern: series.drawing == .arrows ? 0xFF : pattern(series.dash), phase: &phase)
    }
    let text = canvas.rows { style.paint($0, $1) }.first ?? ""
    return (text, 5)
  }
}
