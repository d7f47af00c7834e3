import Testing

@testable import Kramers

private func figure(
  _ series: [Figure.Series], x: Figure.Axis = Figure.Axis("x"), y: Figure.Axis = Figure.Axis("y")
) -> Figure {
  Figure(
    title: "a title", panels: [Figure.Panel(x: x, y: y, series: series)], size: .column)
}

private func columns(_ values: [Double]) -> [Figure.Series.Column: [Double]] {
  [.x: values.indices.map { Double($0 + 1) }, .y: values]
}

@Suite("figures") struct FigureTests {
  @Test("ticks lie inside of the axis, rise, and their labels are their values")
  func ticks() throws {
    let cases: [[Double]] = [
      [0, 1], [-3, 17], [0.1, 0.3], [1e-300, 2e-300], [1e300], [-1e300, 1e300], [1e-300, 1e300],
      [5], [0], [], [3.2, 3.3], [7, 7e4], [1 - 1e-9, 1 + 1e-9], [2e-6, 9e-6],
    ]
    for values in cases {
      for scale in Figure.Axis.Scale.allCases {
        let held = values.filter { scale != .log || $0 > 0 }
        let axis = AxisScale(Figure.Axis("", scale: scale), held)
        let ticks = axis.ticks(most: 6)
        #expect(axis.low < axis.high, "\(values) \(scale)")
        #expect(!ticks.isEmpty && ticks.count <= 12, "\(values) \(scale)")
        #expect(zip(ticks, ticks.dropFirst()).allSatisfy { $0.value < $1.value })
        for tick in ticks {
          #expect((-1e-6...1.000001).contains(axis.place(tick.value)), "\(values) \(scale)")
          let read = try #require(Double(tick.label), "\(tick.label)")
          #expect(abs(read - tick.value) <= 1e-9 * abs(tick.value), "\(tick)")
        }
        for value in held { #expect((0...1).contains(axis.place(value)), "\(values) \(scale)") }
      }
    }
  }

  @Test("a long trace keeps its ends, its extremes and the extremes of every part")
  func thinning() {
    var values = (0..<100_000).map { Double($0 % 97) / 97 }
    values[54_321] = 40
    values[12_345] = -40
    for scale in [Figure.Axis.Scale.linear, .log] {
      let panel = PlacedPanel(
        figure([Figure.Series(.line, columns: columns(values))], x: Figure.Axis("x", scale: scale))
          .panels[0], columns: 500)
      let (x, y) = (panel.series[0][.x], panel.series[0][.y])
      #expect(x.count < 2_100)
      #expect(x.first == 1 && x.last == 100_000)
      #expect(y.max() == 40 && y.min() == -40)
      #expect(x[y.firstIndex(of: 40) ?? 0] == 54_322)
      #expect(zip(x, x.dropFirst()).allSatisfy { $0 < $1 })
      // Every part of the trace spans 0...96/97, and so does what is left of it.
      for part in 1..<9 {
        let end = Double(part) * 10_000
        let inside = zip(x, y).filter { $0.0 > end && $0.0 <= end + 10_000 }.map(\.1)
        #expect(inside.contains(0) && inside.contains(96.0 / 97))
      }
    }
  }

  @Test("a trace that turns back keeps its extremes in both directions")
  func turning() {
    let angle = (0..<50_000).map { Double($0) * 0.001 }
    let series = Figure.Series(
      .line,
      columns: [.x: angle.map { elementarySine($0) }, .y: angle.map { elementarySine($0 + 1) }])
    let thin = PlacedPanel(figure([series]).panels[0], columns: 300).series[0]
    #expect(thin.count < 5_000)
    #expect(thin[.x].max() == series[.x].max() && thin[.y].min() == series[.y].min())
  }

  @Test("nan, infinities and what a log axis cannot show are left out with a sentence")
  func leftOut() {
    let series = Figure.Series(.points, columns: columns([1, .nan, .infinity, 0, -2, 5]))
    let panel = PlacedPanel(
      figure([series], y: Figure.Axis("y", scale: .log)).panels[0], columns: nil)
    #expect(panel.series[0][.y] == [1, 5])
    #expect(
      panel.notes == [
        "not drawn: 2 points, nan or infinite",
        "not drawn: 2 points, 0 or negative on a log axis",
      ])
    let empty = PlacedPanel(
      figure([Figure.Series(.line, columns: columns([]))]).panels[0], columns: 9)
    #expect(empty.notes == ["nothing to draw here"])
  }

  @Test("an interval without an end reaches the border")
  func openIntervals() {
    var all = columns([1, 2])
    all[.low] = [-.infinity, 1]
    all[.high] = [3, .infinity]
    let panel = PlacedPanel(figure([Figure.Series(.points, columns: all)]).panels[0], columns: nil)
    #expect(panel.series[0][.low][0] == panel.y.low)
    #expect(panel.series[0][.high][1] == panel.y.high)
  }

  @Test("the terminal's picture has its width, and in 7 bits only 7 bits")
  func text() {
    let series = [
      Figure.Series(.line, name: "τ ± 1", columns: columns([1, 3, 2, 5])),
      Figure.Series(.rules, name: "b", columns: [.y: [2]]),
    ]
    let picture = figure(series, x: Figure.Axis("time τ", unit: "steps"))
    for width in [30, 60, 80, 133] {
      for isPlain in [false, true] {
        let text = picture.text(.init(width: width, height: 20, isPlain: isPlain))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.count <= width }, "\(text)")
        #expect(lines.count <= 21)
        #expect(text.unicodeScalars.allSatisfy { !isPlain || $0.isASCII }, "\(text)")
        #expect(text.contains(isPlain ? "time tau (steps)" : "time τ (steps)"))
        #expect(text.contains(isPlain ? "tau +- 1" : "τ ± 1"))
        #expect(!text.contains("\u{1B}"))
      }
    }
    let colored = picture.text(.init(width: 60, height: 20, hasColors: true))
    #expect(colored.contains("\u{1B}[38;5;32m"))
  }

  @Test("dots stand where the numbers say")
  func dots() {
    // A rising line in 7 bits: its first star is at the lower left, its last at the upper right.
    let text = figure([Figure.Series(.line, columns: columns([0, 1, 2, 3]))])
      .text(.init(width: 60, height: 20, isPlain: true))
    let rows = text.split(separator: "\n").map(String.init).filter { $0.contains("*") }
    let places = rows.compactMap { row in
      row.firstIndex(of: "*").map { row.distance(from: row.startIndex, to: $0) }
    }
    #expect(rows.count >= 8)
    #expect(zip(places, places.dropFirst()).allSatisfy { $0 > $1 }, "\(text)")
  }

  @Test("the same figure gives the same script, and text cannot leave its quotes")
  func script() {
    let series = [
      Figure.Series(.line, name: "it's `date` $(x)\n{\\_^@&~}", columns: columns([1, 2]))
    ]
    let one = figure(series)
    #expect(one.gnuplot(.svg) == one.gnuplot(.svg))
    let script = one.gnuplot(.pdf, path: "/tmp/a'b.pdf")
    #expect(script.contains("title 'it''s `date` $(x) \\{\\\\\\_\\^\\@\\&\\~\\}'"))
    #expect(script.contains("set output '/tmp/a''b.pdf'"))
    #expect(script.contains("$panel1_series1 << EOD\n# line x y\n1.0 1.0\n2.0 2.0\nEOD\n"))
  }

  @Test("an axis has two numbers at least, however narrow the terminal")
  func twoTicks() {
    for high in [0.35, 0.41, 0.7, 0.99, 1, 3.9, 39, 4.1e-7] {
      for low in [0, -0.1 * high, 0.05 * high] {
        let axis = AxisScale(Figure.Axis("", from: low, to: high), [])
        #expect(axis.ticks(most: 2).count >= 2, "\(low) ... \(high)")
      }
    }
  }

  @Test("one point makes no line: it is marked")
  func onePoint() {
    let one: [Figure.Series.Column: [Double]] = [.x: [1, 2], .y: [3, .nan]]
    for drawing in [Figure.Series.Drawing.line, .steps] {
      let lonely = figure([Figure.Series(drawing, columns: one)])
      #expect(lonely.gnuplot(.svg).contains(" with points "))
      let style = Figure.TextStyle(width: 60, height: 12, isPlain: true, hasColors: false)
      #expect(lonely.text(style).contains("o"))
    }
    let two = figure([Figure.Series(.line, columns: columns([3, 4]))])
    #expect(
      two.gnuplot(.svg).contains(" with lines ") && !two.gnuplot(.svg).contains(" with points "))
  }

  @Test("words that are longer than a line are broken, names end in an ellipsis")
  func longWords() {
    #expect(
      wrapped("ab 12345678901234567890 c", to: 8) == ["ab", "12345678", "90123456", "7890 c"])
    #expect(wrapped(String(repeating: "x", count: 40), to: 8, most: 2) == ["xxxxxxxx", "xxxxxxx…"])
    #expect(wrapped("a word", to: 8, most: 1) == ["a word"])
    var wide = figure([Figure.Series(.points, columns: columns([1, 2]))])
    wide.title = String(repeating: "x", count: 200)
    let title = wide.gnuplot(.svg).split(separator: "\n").first { $0.hasPrefix("set title") }
    let lines = (title ?? "").split(separator: "'").filter { $0.hasPrefix("x") }
    #expect(lines.count > 4 && lines.allSatisfy { $0.count <= 36 }, "\(lines)")
    #expect(lines.joined().count == 200)
    wide.panels[0].y.names = ["a", String(repeating: "y", count: 200)]
    let layout = FigureLayout(wide, wide.panels.map { PlacedPanel($0, columns: 600) })
    #expect(layout.places[0].right - layout.places[0].left > 0.3)
  }

  @Test("a page without room for a plot is refused with what text takes")
  func tooSmall() throws {
    var small = figure([Figure.Series(.line, name: "a", columns: columns([1, 2]))])
    small.size = Figure.Size(width: 1.5, height: 1)
    #expect(throws: InputError.self) { try small.checkSize() }
    small.size = Figure.Size(width: 3.4, height: 2)
    try small.checkSize()
    small.title = String(repeating: "long ", count: 60)
    #expect(throws: InputError.self) { try small.checkSize() }
    small.size = .column
    try small.checkSize()
  }

  @Test("a description that is wrong is refused with the place, the value and the rule")
  func descriptions() throws {
    func words(_ record: Record) -> String {
      do {
        _ = try Figure(record)
        return "none"
      } catch {
        return "\(error)"
      }
    }
    func series(_ fields: Record) -> Record {
      ["panels": Record.array([["series": Record.array([fields])]])]
    }
    let xs: [Double] = [1, 2]
    #expect(words(["panels": Record.array([])]) == "the picture has no panels")
    #expect(words(["pannels": Record.array([])]).contains("did you mean 'panels'?"))
    #expect(
      words(series(["draw": "lime", "x": xs, "y": xs])).contains("one of \"line\", \"steps\""))
    #expect(words(series(["draw": "line", "x": xs])) == "panel 1, series 1: line needs y")
    #expect(
      words(series(["draw": "line", "x": xs, "y": [1.0]]))
        == "panel 1, series 1: the columns differ in length: 1, 2")
    #expect(words(series(["draw": "rules"])).contains("rules need either x or y"))
    #expect(
      words(series(["draw": "line", "x": "a", "y": xs])).contains("a list of numbers, got \"a\""))
    #expect(words(series(["draw": "line", "x": xs, "y": xs, "color": 9])).contains("0...7, got 9"))
    #expect(words(series(["draw": "line", "x": xs, "y": xs])) == "none")
    // An empty table of Lua is no list.
    let none = Record.object([])
    #expect(words(series(["draw": "line", "x": none, "y": none, "words": none])) == "none")
  }
}

/// Good enough for a curve that turns.
private func elementarySine(_ x: Double) -> Double {
  var (term, sum) = (1.0, 0.0)
  let reduced = x - (x / 6.283185307179586).rounded() * 6.283185307179586
  term = reduced
  for k in 1..<12 {
    sum += term
    term *= -reduced * reduced / Double(2 * k * (2 * k + 1))
  }
  return sum
}
