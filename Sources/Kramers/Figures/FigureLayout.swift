/// Where the parts of a figure stand on paper: text gets the room that it needs, and the panels
/// share the rest. Lengths in inches; places as shares of the page, from the lower left.
struct FigureLayout {
  struct Place {
    var left: Double
    var right: Double
    var top: Double
    var bottom: Double
    /// Label of the y axis, names of its places, label of the x axis, in lines.
    var label: [String]
    var names: [[String]]
    var xLabel: [String]
    var notes: [String]
    /// The lines below the ticks: from here on down, with this distance.
    var textTop: Double
    var lineHeight: Double
    var keyTop: Double
    var keyRows: Int
    /// Letters along the axes.
    var plotLetters: Double
    var height: Double
  }

  let places: [Place]
  let title: [String]
  let height: Double
  let font: Double
  /// Letters of a line of a name, and its lines.
  let nameRoom: Int
  static let nameLines = 2
  let keyRoom: Int
  /// Height that text and the least of plots take.
  let needed: Double

  /// How many ticks a y axis of this length has.
  static func yTicks(_ inches: Double) -> Int { max(Int(inches * 3.2), 4) }

  init(_ figure: Figure, _ panels: [PlacedPanel]) {
    let width = figure.size.width
    let isPage = width > 5
    font = isPage ? 9 : 8
    let letters = isPage ? 13.0 : 14.5  // in an inch
    let line = font * 1.15 / 72
    // gnuplot's own lines, at their largest: those of its SVG.
    let titleLine = font * 1.65 / 72
    let keyLine = font * 1.75 / 72
    nameRoom = Int(width * 6)
    keyRoom = Int((width - 0.6) * letters)
    title = wrapped(figure.title, to: Int(width * letters) - 13)
    let first = Double(title.count) * titleLine + 0.2

    struct Needs {
      var below: Double
      var ticks: Double
      var notes: [String]
      var xLabel: [String]
      var keyRows: Int
      var names: [[String]]
    }
    let (nameRoom, keyRoom) = (nameRoom, keyRoom)
    func needs(_ panel: PlacedPanel, keepsNotes: Bool) -> Needs {
      let names = panel.y.axis.names.map { wrapped($0, to: nameRoom, most: Self.nameLines) }
      let room = Int(width * letters) - 6
      var notes = panel.panel.below.map { ["below each tick: \($0.name)"] } ?? []
      if keepsNotes { notes += panel.notes.flatMap { wrapped($0, to: room) } }
      let keyed = panel.series.compactMap { $0.drawing == .text ? nil : $0.name }
      let longest = min(keyed.map(\.count).max() ?? 0, keyRoom)
      let columns = max(Int(width / (Double(longest) / letters + 0.5)), 1)
      let rows = (keyed.count + columns - 1) / columns
      let xLabel = wrapped(panel.x.axis.fullLabel, to: room - 10, most: 3)
      // A browser draws the lines of SVG further down than cairo.
      let ticks = line * (panel.panel.below == nil ? 2.7 : 4.4)
      let text = line * Double(xLabel.count + notes.count) + keyLine * Double(rows)
      return Needs(
        below: ticks + text + 0.12, ticks: ticks, notes: notes, xLabel: xLabel, keyRows: rows,
        names: names)
    }
    let areas = panels.map { $0.panel.height * (isPage ? 3 : 1.75) }
    let sum = areas.reduce(0, +)
    var all = panels.map { needs($0, keepsNotes: true) }
    func text() -> Double {
      first + all.reduce(0) { $0 + $1.below } + 0.12 * Double(panels.count - 1)
    }
    // Where the page is given, the plots come before the notes.
    if let given = figure.size.height, given - text() < 0.4 * given {
      all = panels.map { needs($0, keepsNotes: false) }
    }
    let scale = figure.size.height.map { max(($0 - text()) / sum, 0.3 * $0 / sum) } ?? 1
    let height = figure.size.height ?? sum + text()
    self.height = height
    needed = figure.size.height.map { text() + 0.3 * $0 } ?? height
    let labels = zip(panels, areas).map { panel, area in
      wrapped(panel.y.axis.fullLabel, to: max(Int(area * scale * letters * 0.95), 14), most: 3)
    }
    // Axes with numbers stand below each other: room for the longest of them, and their labels.
    let ofNumbers =
      panels.indices.filter { all[$0].names.isEmpty }.map { k in
        let ticks = panels[k].y.ticks(most: Self.yTicks(areas[k] * scale))
        return (ticks.map(\.letters).max() ?? 0) + 4 + 2.3 * Double(labels[k].count)
      }.max() ?? 10
    var y = first
    var places: [Place] = []
    for k in panels.indices {
      let area = areas[k] * scale
      let longest = all[k].names.joined().map(\.count).max() ?? 0
      let margin = all[k].names.isEmpty ? ofNumbers : Double(longest) + 3
      let left = margin / letters / width
      let right = 1 - 2.5 / letters / width
      let bottom = y + area
      let textTop = bottom + all[k].ticks
      let lines = all[k].xLabel.count + all[k].notes.count
      places.append(
        Place(
          left: left, right: right, top: 1 - y / height, bottom: 1 - bottom / height,
          label: labels[k],
          names: all[k].names, xLabel: all[k].xLabel, notes: all[k].notes,
          textTop: 1 - textTop / height, lineHeight: line / height,
          keyTop: 1 - (textTop + line * (Double(lines) - 0.4)) / height, keyRows: all[k].keyRows,
          plotLetters: (right - left) * width * letters, height: area))
      y = bottom + all[k].below + 0.12
    }
    self.places = places
  }
}
