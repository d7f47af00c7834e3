/// Figures as scripts of gnuplot 5: ticks, ends and colours are written out, so that the picture
/// does not depend on gnuplot's own choices, and the same figure gives the same bytes.
extension Figure {
  public enum FileFormat: String, Sendable, CaseIterable { case png, svg, pdf, sixel }

  /// Where a script has its numbers.
  public enum DataPlace: Sendable, Equatable {
    /// In the script, as data blocks; traces thinned to what can be seen.
    case inline
    /// All rows, in a file beside the script, written by `dataText`.
    case file(String)
  }

  /// The script that draws the figure.
  ///
  /// - Parameter path: the file to draw into; nil: standard output.
  public func gnuplot(
    _ format: FileFormat, path: String? = nil, data: DataPlace = .inline
  ) -> String {
    let placed = panels.map { PlacedPanel($0, columns: data == .inline ? 600 : nil) }
    let layout = FigureLayout(self, placed)
    var script = "set terminal \(terminal(format, layout))\nset encoding utf8\n"
    if let path { script += "set output \(quotedFile(path))\n" }
    if data == .inline {
      for (block, name) in blocks(placed) { script += "$\(name) << EOD\n\(block)EOD\n" }
    }
    script += Self.style + "set pointsize \(format == .png ? 1.4 : format == .sixel ? 0.9 : 0.55)\n"
    if placed.count > 1 { script += "set multiplot\n" }
    for (k, panel) in placed.enumerated() {
      if k == 0, !title.isEmpty { script += "set title \(joined(layout.title))\n" }
      if k == 1 { script += "unset title\n" }
      script += axes(panel, layout.places[k], nameRoom: layout.nameRoom)
      script += plot(panel, k, layout, data)
    }
    if placed.count > 1 { script += "unset multiplot\n" }
    return script + "unset output\n"
  }

  /// The numbers of `DataPlace.file`: one block a series, in the script's order, with a comment
  /// that names its columns.
  public func dataText() -> String {
    blocks(panels.map { PlacedPanel($0, columns: nil) }).map { "# \($1)\n\($0)" }
      .joined(separator: "\n\n")
  }

  private func terminal(_ format: FileFormat, _ layout: FigureLayout) -> String {
    func pixels(_ perInch: Double) -> String {
      "\(Int((size.width * perInch).rounded())),\(Int((layout.height * perInch).rounded()))"
    }
    let font = layout.font
    // Points of 1/72 inch, whatever the unit of the terminal.
    func text(_ perInch: Double) -> String { fixedNumber(font * perInch / 72, decimals: 2) }
    return switch format {
    case .pdf:
      "pdfcairo enhanced color size \(fixedNumber(size.width, decimals: 3))in,"
        + "\(fixedNumber(layout.height, decimals: 3))in font 'Sans,\(fixedNumber(font, decimals: 0))' "
        + "linewidth 1"
    case .svg:
      "svg enhanced size \(pixels(96)) font 'Helvetica,Arial,sans-serif,\(text(96))' "
        + "linewidth 1.1 background 'white'"
    case .png:
      "pngcairo enhanced color size \(pixels(200)) font 'Sans,8' fontscale "
        + "\(fixedNumber(font / 8 * 200 / 72 * 0.72, decimals: 3)) "
        + "linewidth 2.6 background 'white'"
    case .sixel:
      "sixelgd enhanced truecolor size \(pixels(130)) font 'DejaVuSans,10' linewidth 1.5 "
        + "background 'white'"
    }
  }

  private static let style = """
    set border 3 lw 0.8
    set tics nomirror out scale 0.6
    set style fill transparent solid 0.22 noborder

    """

  // MARK: Axes

  private func axes(_ panel: PlacedPanel, _ place: FigureLayout.Place, nameRoom: Int) -> String {
    var script = ""
    for (side, value) in [
      ("l", place.left), ("r", place.right), ("t", place.top), ("b", place.bottom),
    ] {
      script += "set \(side)margin at screen \(fixedNumber(value, decimals: 5))\n"
    }
    let xTicks = apart(
      panel.x.ticks(most: Int(size.width * 1.7)), panel.x, letters: place.plotLetters)
    let yTicks = panel.y.ticks(most: FigureLayout.yTicks(place.height))
    for (letter, scale, ticks) in [("x", panel.x, xTicks), ("y", panel.y, yTicks)] {
      script += "unset nonlinear \(letter)\n"
      switch scale.axis.scale {
      case .linear: script += "unset logscale \(letter)\n"
      case .log: script += "set logscale \(letter)\n"
      case .symlog:
        let c = "\(scale.linear)"
        script +=
          "set nonlinear \(letter) via asinh(\(letter)/\(c)) "
          + "inverse \(c)*sinh(\(letter))\n"
      }
      let isFlipped = letter == "y" && !scale.axis.names.isEmpty
      script +=
        "set \(letter)range [\(isFlipped ? scale.high : scale.low)"
        + ":\(isFlipped ? scale.low : scale.high)]\n"
      let written = ticks.map { tick in
        var label = tickLabel(tick, isName: !scale.axis.names.isEmpty, room: nameRoom)
        if letter == "x", let below = panel.panel.below {
          label += ".\"\\n\".'\(Int(below.value(at: tick.value)))'"
        }
        return "\(label) \(tick.value)"
      }
      script += "set \(letter)tics (\(written.joined(separator: ", ")))\n"
    }
    let lines = place.label.count
    script += "set ylabel \(joined(place.label)) offset \(-0.7 * Double(max(lines - 1, 0))),0\n"
    return script
  }

  /// Without the ticks whose labels would stand on those before.
  private func apart(
    _ ticks: [AxisScale.Tick], _ scale: AxisScale, letters: Double
  ) -> [AxisScale.Tick] {
    var end = -Double.infinity
    return ticks.filter { tick in
      let length = tick.letters
      let middle = scale.place(tick.value) * letters
      guard middle - length / 2 > end else { return false }
      end = middle + length / 2 + 1
      return true
    }
  }

  private func tickLabel(_ tick: AxisScale.Tick, isName: Bool, room: Int) -> String {
    if isName { return joined(wrapped(tick.label, to: room, most: FigureLayout.nameLines)) }
    guard let power = tick.power else { return quoted(tick.label.replacing("-", with: "−")) }
    let sign = power.exponent < 0 ? "−" : ""
    let mantissa = power.mantissa.replacing("-", with: "−")
    let times = mantissa.isEmpty || mantissa == "−" ? mantissa : mantissa + "×"
    return "'\(times)10^{\(sign)\(abs(power.exponent))}'"
  }

  private func joined(_ lines: [String]) -> String {
    lines.isEmpty ? "''" : lines.map { quoted($0) }.joined(separator: ".\"\\n\".")
  }

  // MARK: Series

  private func blocks(_ placed: [PlacedPanel]) -> [(text: String, name: String)] {
    placed.enumerated().flatMap { k, panel in
      panel.series.enumerated().map { i, series in
        (block(series, panel), "panel\(k + 1)_series\(i + 1)")
      }
    }
  }

  private func block(_ series: Series, _ panel: PlacedPanel) -> String {
    let (names, columns) = series.dataColumns(panel)
    var text = "# \(([series.drawing.rawValue] + names).joined(separator: " "))\n"
    let count = columns.first?.count ?? 0
    if count == 0 { return text + "nan nan nan nan\n" }
    for row in 0..<count {
      text += columns.map { "\($0[row])" }.joined(separator: " ") + "\n"
      if series.drawing == .rules, row % 2 == 1 { text += "\n" }
    }
    return text
  }

  private func plot(
    _ panel: PlacedPanel, _ k: Int, _ layout: FigureLayout, _ data: DataPlace
  ) -> String {
    let before = panels[..<k].reduce(0) { $0 + $1.series.count }
    var labels = "unset label\n" + texts(layout.places[k])
    var parts: [String] = []
    for (i, series) in panel.series.enumerated() {
      if series.drawing == .text {
        for row in 0..<series.count where panel.holds(series[.x][row], series[.y][row]) {
          labels +=
            "set label \(quoted(series.words[row])) at \(series[.x][row]),"
            + "\(series[.y][row]) offset 0.6,0.4 tc rgb '\(Self.rgb(series.color))'\n"
        }
        continue
      }
      let source =
        switch data {
        case .inline: "$panel\(k + 1)_series\(i + 1)"
        case .file(let name): "\(quotedFile(name)) index \(before + i)"
        }
      let room = layout.keyRoom
      let title =
        series.name.map { name in
          "title \(quoted(name.count > room ? name.prefix(room - 1) + "…" : name))"
        } ?? "notitle"
      parts.append("\(source) \(how(series)) \(title)")
    }
    if parts.isEmpty { parts = ["'-' using 1:2 with points notitle\nnan nan\ne"] }
    return labels + "plot " + parts.joined(separator: ", \\\n     ") + "\n"
  }

  /// What stands below the ticks: label, notes, the place of the legend.
  private func texts(_ place: FigureLayout.Place) -> String {
    func share(_ x: Double) -> String { fixedNumber(x, decimals: 5) }
    var script = ""
    for (n, words) in (place.xLabel + place.notes).enumerated() {
      // The label stands below its axis, notes below the picture.
      let middle = n < place.xLabel.count ? (place.left + place.right) / 2 : 0.5
      script +=
        "set label \(quoted(words)) at screen \(share(middle)),"
        + "screen \(share(place.textTop - Double(n) * place.lineHeight)) center\n"
    }
    return script
      + "set key at screen 0.5,screen \(share(place.keyTop)) center top vertical maxrows "
      + "\(max(place.keyRows, 1)) samplen 2.4 spacing 1.15 Left reverse\n"
  }

  private func how(_ series: Series) -> String {
    let color = "lc rgb '\(Self.rgb(series.color))'"
    let dash =
      switch series.dash ?? .solid {
      case .solid: "dt solid"
      case .dashed: "dt (10,5)"
      case .dotted: "dt (2,4)"
      case .mixed: "dt (10,4,2,4)"
      }
    switch series.drawing {
    case .line: return "using 1:2 with lines \(color) lw 1.3 \(dash)"
    case .steps: return "using 1:2 with steps \(color) lw 1.3 \(dash)"
    case .rules: return "using 1:2 with lines \(color) lw 0.9 \(dash)"
    case .text: return ""
    case .band: return "using 1:2:3 with filledcurves \(color)"
    case .arrows:
      return "using 1:2:($3-$1):($4-$2) with vectors head filled size screen 0.012,18 "
        + "\(color) lw 1.1 dt solid"
    case .segments: return "using 1:2:($3-$1):($4-$2) with vectors nohead \(color) lw 3 \(dash)"
    case .points:
      let type: Int =
        switch series.marker ?? .circle {
        case .circle: 7
        case .square: 5
        case .triangle: 9
        case .diamond: 13
        case .ring: 6
        case .plus: 1
        case .cross: 2
        }
      let bars =
        switch (series.columns[.low] != nil, series.columns[.xLow] != nil) {
        case (true, true): "using 1:2:5:6:3:4 with xyerrorbars"
        case (true, false): "using 1:2:3:4 with yerrorbars"
        case (false, true): "using 1:2:3:4 with xerrorbars"
        case (false, false): "using 1:2 with points"
        }
      return "\(bars) \(color) pt \(type) lw 1.1"
    }
  }

  /// Okabe and Ito's colours, which the colour-blind can tell apart, without the yellow that
  /// nobody sees on paper.
  static func rgb(_ color: Int?) -> String {
    let colors = [
      "#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#707070",
    ]
    return colors[color ?? 0]
  }
}

extension PlacedPanel {
  func holds(_ a: Double, _ b: Double) -> Bool {
    (0...1).contains(x.place(a)) && (0...1).contains(y.place(b))
  }
}

extension Figure.Series {
  /// What stands in a block: names of the columns and their numbers.
  fileprivate func dataColumns(_ panel: PlacedPanel) -> ([String], [[Double]]) {
    if drawing == .rules {
      // Two ends for each rule.
      func twice(_ list: [Double]) -> [Double] { list.flatMap { [$0, $0] } }
      func ends(_ scale: AxisScale, _ n: Int) -> [Double] {
        (0..<n).flatMap { _ in [scale.low, scale.high] }
      }
      let across = columns[.x] == nil
      let values = across ? self[.y] : self[.x]
      return (
        ["x", "y"],
        across
          ? [ends(panel.x, values.count), twice(values)]
          : [twice(values), ends(panel.y, values.count)]
      )
    }
    let order: [Column] = [.x, .y, .low, .high, .xLow, .xHigh, .toX, .toY]
    let used = order.filter { columns[$0] != nil && !(drawing == .band && $0 == .y) }
    return (used.map(\.rawValue), used.map { self[$0] })
  }
}

/// A string of gnuplot's, in which nothing is substituted; `enhanced`: the markup's own characters
/// stand for themselves.
private func quoted(_ text: String, enhanced: Bool = true) -> String {
  var result = "'"
  for scalar in text.unicodeScalars {
    switch scalar {
    case "'": result += "''"
    case "\\", "_", "^", "{", "}", "@", "&", "~":
      // `\\` in single quotes is one backslash of the markup.
      result += enhanced ? "\\" + String(scalar) : String(scalar)
    default:
      result += scalar.value < 0x20 || scalar.value == 0x7F ? " " : String(scalar)
    }
  }
  return result + "'"
}

/// The name of a file: gnuplot would run `|program` and `<program`, and expand `~`.
private func quotedFile(_ name: String) -> String {
  let isSpecial = name.first.map { "|<~$".contains($0) } ?? false
  return quoted(isSpecial ? "./" + name : name, enhanced: false)
}

/// Lines of at most `room` characters, broken at blanks, and words that are longer where they must.
///
/// - Parameter most: lines that are kept; the last ends in an ellipsis where some are not.
func wrapped(_ sentence: String, to room: Int, most: Int = .max) -> [String] {
  let room = max(room, 8)
  var lines: [String] = []
  var line = ""
  for word in sentence.split(separator: " ", omittingEmptySubsequences: true) {
    if !line.isEmpty, line.count + 1 + word.count > room {
      lines.append(line)
      line = ""
    }
    line += (line.isEmpty ? "" : " ") + word
    while line.count > room {
      lines.append(String(line.prefix(room)))
      line = String(line.dropFirst(room))
    }
  }
  if !line.isEmpty { lines.append(line) }
  if lines.count <= most { return lines }
  return lines.prefix(most - 1) + [lines[most - 1].prefix(room - 1) + "…"]
}
