/// The series of a panel, drawn in characters.
extension PanelText {
  func draw(on canvas: inout TextCanvas) {
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
  func letter(_ k: Int) -> Character {
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

  func glyph(_ marker: Figure.Series.Marker?) -> Character {
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
  func isShaded(_ column: Int, _ row: Int) -> Bool {
    style.isPlain || (column % 2 == 0 && (row + column) % 4 == 0)
  }

  func pattern(_ dash: Figure.Series.Dash?, isUpright: Bool = false) -> UInt8 {
    // Dots are half as far from each other upright as they are across.
    if isUpright, dash == .dotted { return 0b0101_0101 }
    return switch dash ?? .solid {
    case .solid: 0xFF
    case .dashed: 0b0000_1111
    case .dotted: 0b0001_0001
    case .mixed: 0b0100_1111
    }
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
