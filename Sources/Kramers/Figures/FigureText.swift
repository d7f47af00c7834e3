/// Figures in a terminal.
extension Figure {
  public struct TextStyle: Sendable, Equatable {
    public var width: Int
    public var height: Int
    /// 7-bit characters only.
    public var isPlain: Bool
    public var hasColors: Bool

    public init(width: Int, height: Int, isPlain: Bool = false, hasColors: Bool = false) {
      self.width = width
      self.height = height
      self.isPlain = isPlain
      self.hasColors = hasColors
    }
  }

  /// The picture in lines, each at most `style.width` wide; as high as `style.height` where its
  /// panels have room in that.
  public func text(_ style: TextStyle) -> String {
    let width = max(style.width, 30)
    var rows = title.isEmpty ? [] : wrapped(title, to: width).map { style.plain($0) }
    let total = panels.reduce(0) { $0 + $1.height }
    let room = Double(style.height - rows.count)
    let placed = panels.map { PlacedPanel($0, columns: 2 * width) }
    func texts(margin: Int) -> [PanelText] {
      placed.indices.map { k in
        PanelText(
          placed[k], style, width: width, height: Int(room * panels[k].height / total),
          margin: margin,
          isAbove: k + 1 < placed.count && placed[k].standsAbove(placed[k + 1]))
      }
    }
    // Axes with numbers stand below each other.
    let margin = texts(margin: 0).filter { !$0.hasNames }.map(\.margin).max() ?? 0
    rows += texts(margin: margin).flatMap(\.rows)
    return rows.joined(separator: "\n") + "\n"
  }
}

extension Figure.TextStyle {
  func paint(_ text: String, _ color: Int) -> String {
    guard hasColors else { return text }
    let codes = [0, 32, 166, 36, 175, 178, 74, 245]
    return color == 0 ? text : "\u{1B}[38;5;\(codes[color])m\(text)\u{1B}[0m"
  }

  /// Words as the terminal can show them.
  func plain(_ words: String) -> String {
    let clean = String(
      String.UnicodeScalarView(
        words.unicodeScalars.map {
          $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) ? " " : $0
        }))
    return isPlain ? sevenBit(clean) : clean
  }
}

/// One panel as lines: the y axis' label, the plot with its ticks, the x axis with its ticks and
/// label, the legend, notes.
private struct PanelText {
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
  private func fromTop(_ value: Double) -> Double {
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

  // MARK: Series

  private func draw(on canvas: inout TextCanvas) {
    // Areas first, then lines, then what must not be hidden.
    let order: [Figure.Series.Drawing] = [
      .band, .rules, .line, .steps, .segments, .arrows, .points, .text,
    ]
    for drawing in order {
      for (k, series) in placed.series.enumerated() where series.drawing == drawing {
        draw(series, letter(k), on: &canvas)
      }
    }
  }

  /// What stands for a dot of series k in 7 bits.
  private func letter(_ k: Int) -> Character {
    let series = placed.series[k]
    switch series.drawing {
    case .rules:
      return series.columns[.x] == nil ? "-" : series.dash == .dotted ? ":" : "|"
    case .band: return "."
    case .points: return glyph(series.marker)
    default:
      let letters: [Character] = ["*", "o", "x", "#", "@", "%", "=", "&"]
      let before = placed.series[..<k].count {
        [.line, .steps, .segments, .arrows].contains($0.drawing)
      }
      return letters[before % letters.count]
    }
  }

  private func glyph(_ marker: Figure.Series.Marker?) -> Character {
    switch marker ?? .circle {
    case .circle: style.isPlain ? "o" : "●"
    case .square: style.isPlain ? "#" : "■"
    case .triangle: style.isPlain ? "^" : "▲"
    case .diamond: style.isPlain ? "d" : "◆"
    case .ring: style.isPlain ? "O" : "○"
    case .plus: "+"
    case .cross: style.isPlain ? "x" : "×"
    }
  }

  private func draw(_ series: Figure.Series, _ letter: Character, on canvas: inout TextCanvas) {
    let (w, h) = (Double(canvas.dotWidth), Double(canvas.dotHeight))
    let color = series.color
    let pattern = pattern(series.dash)
    func column(_ x: Double) -> Double { placed.x.place(x) * (w - 1) }
    func row(_ y: Double) -> Double {
      // A named place has its tick in the middle of a row of characters.
      placed.y.axis.names.isEmpty ? fromTop(y) * (h - 1) : fromTop(y) * h - 0.5
    }
    var phase = 0
    func line(
      _ a: (x: Double, y: Double), _ b: (x: Double, y: Double), _ canvas: inout TextCanvas,
      pattern: UInt8, glyph: Character? = nil
    ) {
      guard let (a, b) = clipped(a, b, w - 1, h - 1) else { return }
      canvas.line(
        from: a, to: b, color: color, glyph: glyph ?? letter, pattern: pattern, phase: &phase)
    }
    let (x, y) = (series[.x], series[.y])
    switch series.drawing {
    case .line, .steps:
      for k in 0..<series.count {
        let next = min(k + 1, series.count - 1)
        let (a, b) = ((column(x[k]), row(y[k])), (column(x[next]), row(y[next])))
        if series.drawing == .line {
          line(a, b, &canvas, pattern: pattern)
        } else {
          line(a, (b.0, a.1), &canvas, pattern: pattern)
          line((b.0, a.1), b, &canvas, pattern: pattern)
        }
      }
    case .rules:
      let upright = self.pattern(series.dash, isUpright: true)
      for value in x { line((column(value), 0), (column(value), h - 1), &canvas, pattern: upright) }
      for value in y { line((0, row(value)), (w - 1, row(value)), &canvas, pattern: pattern) }
    case .band:
      shade(series, color, letter, column, row, &canvas)
    case .arrows, .segments:
      for k in 0..<series.count {
        let (a, b) = (
          (column(x[k]), row(y[k])), (column(series[.toX][k]), row(series[.toY][k]))
        )
        line(a, b, &canvas, pattern: series.drawing == .arrows ? 0xFF : pattern)
        if series.drawing == .arrows { head(from: a, to: b, color, &canvas) }
      }
    case .points:
      for k in 0..<series.count {
        let place = (x: column(x[k]), y: row(y[k]))
        for (low, high, vertical) in [
          (Figure.Series.Column.low, Figure.Series.Column.high, true), (.xLow, .xHigh, false),
        ] where series.columns[low] != nil && series.columns[high] != nil {
          let (from, to) = (series[low][k], series[high][k])
          if vertical {
            line((place.x, row(from)), (place.x, row(to)), &canvas, pattern: 0xFF, glyph: "|")
          } else {
            line((column(from), place.y), (column(to), place.y), &canvas, pattern: 0xFF, glyph: "-")
          }
        }
      }
      for k in 0..<series.count {
        mark(glyph(series.marker), (column(x[k]), row(y[k])), color, &canvas)
      }
    case .text:
      for k in 0..<series.count where placed.holds(x[k], y[k]) {
        let words = style.plain(series.words[k])
        let (c, r) = (
          Int(column(x[k]) / w * Double(canvas.width)), Int(row(y[k]) / h * Double(canvas.height))
        )
        canvas.write(words, min(c + 1, max(canvas.width - words.count, 0)), r, color: color)
      }
    }
  }

  private func mark(
    _ glyph: Character, _ place: (x: Double, y: Double), _ color: Int?,
    _ canvas: inout TextCanvas
  ) {
    let (w, h) = (Double(canvas.dotWidth), Double(canvas.dotHeight))
    guard (-0.6...w - 0.4).contains(place.x), (-0.6...h - 0.4).contains(place.y) else { return }
    let cell = (canvas.isPlain ? 1.0 : 2.0, canvas.isPlain ? 1.0 : 4.0)
    canvas.put(
      glyph, Int(place.x.rounded() / cell.0), Int(place.y.rounded() / cell.1), color: color)
  }

  private func head(
    from a: (Double, Double), to b: (Double, Double), _ color: Int?, _ canvas: inout TextCanvas
  ) {
    // A character is about twice as high as wide, and so is its number of dots in Braille.
    let (dx, dy) = (b.0 - a.0, (b.1 - a.1) * (style.isPlain ? 2 : 1))
    let heads: [Character] = style.isPlain ? [">", "<", "v", "^"] : ["→", "←", "↓", "↑"]
    let k = abs(dx) >= abs(dy) ? (dx >= 0 ? 0 : 1) : (dy >= 0 ? 2 : 3)
    mark(heads[k], b, color, &canvas)
  }

  private func shade(
    _ series: Figure.Series, _ color: Int?, _ letter: Character, _ column: (Double) -> Double,
    _ row: (Double) -> Double, _ canvas: inout TextCanvas
  ) {
    let (x, low, high) = (series[.x], series[.low], series[.high])
    for k in 0..<max(series.count - 1, 0) {
      let (a, b) = (column(x[k]), column(x[k + 1]))
      let (first, last) = (Int(max(min(a, b), 0).rounded()), Int(min(max(a, b), 1e5).rounded()))
      guard first <= min(last, canvas.dotWidth - 1) else { continue }
      for c in first...min(last, canvas.dotWidth - 1) {
        let share = b == a ? 0 : (Double(c) - a) / (b - a)
        let top = row(high[k]) + share * (row(high[k + 1]) - row(high[k]))
        let bottom = row(low[k]) + share * (row(low[k + 1]) - row(low[k]))
        let (from, to) = (
          Int(max(min(top, bottom), 0).rounded()), Int(min(max(top, bottom), 1e5).rounded())
        )
        guard from <= min(to, canvas.dotHeight - 1) else { continue }
        for r in from...min(to, canvas.dotHeight - 1) where isShaded(c, r) {
          canvas.dot(c, r, color: color, glyph: letter)
        }
      }
    }
  }

  /// One dot of eight in Braille: what is drawn upon it must stand out.
  private func isShaded(_ column: Int, _ row: Int) -> Bool {
    style.isPlain || (column % 2 == 0 && (row + column) % 4 == 0)
  }

  private func pattern(_ dash: Figure.Series.Dash?, isUpright: Bool = false) -> UInt8 {
    // Dots are half as far from each other upright as they are across.
    if isUpright, dash == .dotted { return 0b0101_0101 }
    return switch dash ?? .solid {
    case .solid: 0xFF
    case .dashed: 0b0000_1111
    case .dotted: 0b0001_0001
    case .mixed: 0b0100_1111
    }
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

/// The part of a line inside of 0...w and 0...h (Liang and Barsky); nil: none is.
private func clipped(
  _ a: (x: Double, y: Double), _ b: (x: Double, y: Double), _ w: Double, _ h: Double
) -> (a: (x: Double, y: Double), b: (x: Double, y: Double))? {
  var (first, last) = (0.0, 1.0)
  let (dx, dy) = (b.x - a.x, b.y - a.y)
  // Half a dot of room, so that what lies on the border is not lost to rounding.
  for (step, room) in [
    (-dx, a.x + 0.5), (dx, w + 0.5 - a.x), (-dy, a.y + 0.5), (dy, h + 0.5 - a.y),
  ] {
    if step == 0 {
      if room < 0 { return nil }
    } else if step < 0 {
      first = max(first, room / step)
    } else {
      last = min(last, room / step)
    }
  }
  guard first <= last else { return nil }
  return (
    (a.x + first * dx, a.y + first * dy), (a.x + last * dx, a.y + last * dy)
  )
}

/// Words in 7 bits: Greek letters by name, signs by their likeness.
private func sevenBit(_ words: String) -> String {
  let likeness: [Unicode.Scalar: String] = [
    "τ": "tau", "λ": "lambda", "σ": "sigma", "θ": "theta", "Δ": "d", "φ": "phi", "−": "-",
    "–": "-", "—": "-", "×": "x", "·": "*", "±": "+-", "→": "->", "←": "<-", "↑": "up",
    "↓": "down", "∞": "inf", "²": "^2", "≤": "<=", "≥": ">=", "…": "...", "°": " deg", "½": "1/2",
    "’": "'", "“": "\"", "”": "\"",
  ]
  return words.unicodeScalars.map { $0.isASCII ? String($0) : likeness[$0] ?? "?" }.joined()
}
