/// Figures from records: how the tables of `stdlib-lua/pictures` become pictures.
extension Figure {
  /// - Parameters:
  ///   - record: `title`, `panels` (each `x`, `y`, `series`, and `notes`, `below`, `height`).
  ///   - size: on paper.
  /// - Throws: `InputError` that names the field.
  public init(_ record: Record, size: Size = .column) throws {
    let fields = try FigureFields(record, "the picture", ["title", "panels"])
    let panels = try fields.objects("panels").enumerated().map { k, item in
      try Panel(item, "panel \(k + 1)")
    }
    guard !panels.isEmpty else { throw InputError.sentence("the picture has no panels") }
    self.init(
      title: try fields.text("title") ?? "", panels: panels, size: size)
  }
}

extension Figure.Panel {
  init(_ record: Record, _ place: String) throws {
    let fields = try FigureFields(
      record, place, ["x", "y", "series", "notes", "below", "height"])
    let below = try fields.value("below").map { item in
      let inner = try FigureFields(item, "\(place): below", ["name", "x", "values"])
      return Figure.Counts(
        name: try inner.text("name") ?? "", x: try inner.numbers("x"),
        values: try inner.numbers("values"))
    }
    let y = try Figure.Axis(fields.value("y") ?? .object([]), "\(place): y")
    // Named places need a line or two each.
    let height = max(try fields.number("height") ?? 1, min(Double(y.names.count) * 0.24, 5))
    guard (0.2...5).contains(height) else {
      throw InputError.rule("\(place): height", "in 0.2...5", height)
    }
    self.init(
      x: try Figure.Axis(fields.value("x") ?? .object([]), "\(place): x"),
      y: y,
      series: try fields.objects("series").enumerated().map { k, item in
        try Figure.Series(item, "\(place), series \(k + 1)")
      }, notes: try fields.texts("notes"), below: below, height: height)
  }
}

extension Figure.Axis {
  init(_ record: Record, _ place: String) throws {
    let fields = try FigureFields(
      record, place, ["label", "unit", "scale", "from", "to", "names", "linear"])
    self.init(
      try fields.text("label") ?? "", unit: try fields.text("unit"),
      scale: try fields.choice("scale", Scale.self) ?? .linear, from: try fields.number("from"),
      to: try fields.number("to"), names: try fields.texts("names"),
      linear: try fields.number("linear"))
  }
}

extension Figure.Series {
  init(_ record: Record, _ place: String) throws {
    let names = Column.allCases.map(\.rawValue)
    let fields = try FigureFields(
      record, place, ["draw", "name", "words", "color", "dash", "marker"] + names)
    guard let drawing = try fields.choice("draw", Drawing.self) else {
      throw InputError.sentence("\(place): draw is required")
    }
    var columns: [Column: [Double]] = [:]
    for column in Column.allCases where try fields.value(column.rawValue) != nil {
      columns[column] = try fields.numbers(column.rawValue)
    }
    let words = try fields.texts("words")
    for column in drawing.needs where columns[column] == nil {
      throw InputError.sentence("\(place): \(drawing.rawValue) needs \(column.rawValue)")
    }
    if drawing == .rules, (columns[.x] == nil) == (columns[.y] == nil) {
      throw InputError.sentence("\(place): rules need either x or y")
    }
    let counts = columns.values.map(\.count) + (drawing == .text ? [words.count] : [])
    guard Set(counts).count <= 1 else {
      throw InputError.sentence(
        "\(place): the columns differ in length: "
          + counts.sorted().map { "\($0)" }.joined(separator: ", "))
    }
    let color = try fields.number("color")
    if let color, !(0...7).contains(color) || color != color.rounded() {
      throw InputError.rule("\(place): color", "an integer in 0...7", color)
    }
    self.init(
      drawing, name: try fields.text("name"), columns: columns, words: words,
      color: color.map { Int($0) }, dash: try fields.choice("dash", Dash.self),
      marker: try fields.choice("marker", Marker.self))
  }
}

extension Figure.Series.Drawing {
  fileprivate var needs: [Figure.Series.Column] {
    switch self {
    case .line, .steps, .points, .text: [.x, .y]
    case .band: [.x, .low, .high]
    case .arrows, .segments: [.x, .y, .toX, .toY]
    case .rules: []
    }
  }
}

/// The fields of one object of a description.
private struct FigureFields {
  let record: Record
  let place: String

  init(_ record: Record, _ place: String, _ allowed: [String]) throws {
    guard case .object(let fields) = record else {
      guard record == .array([]) else {
        throw InputError.rule(place, "a table", Self.words(record))
      }
      self.record = .object([])
      self.place = place
      return
    }
    for field in fields where !allowed.contains(field.name) {
      let near = nearestName(to: field.name, among: allowed).map { "; did you mean '\($0)'?" }
      throw InputError.sentence(
        "\(place): unknown field '\(field.name)'"
          + (near ?? "; there are \(allowed.joined(separator: ", "))"))
    }
    self.record = record
    self.place = place
  }

  func value(_ name: String) throws -> Record? { record[name] }

  func text(_ name: String) throws -> String? {
    switch record[name] {
    case nil: nil
    case .text(let words): words
    case .integer(let n): "\(n)"
    case .number(let x): plainNumber(x)
    case .some(let other): throw wrong(name, "a string", other)
    }
  }

  func number(_ name: String) throws -> Double? {
    guard let value = record[name] else { return nil }
    guard let x = Self.number(value) else { throw wrong(name, "a number", value) }
    guard x.isFinite else { throw InputError.rule("\(place): \(name)", "finite", x) }
    return x
  }

  /// Nan and infinity are numbers here; what draws them decides.
  func numbers(_ name: String) throws -> [Double] {
    guard let value = record[name] else { return [] }
    if let x = Self.number(value) { return [x] }
    guard let items = Self.list(value) else { throw wrong(name, "a list of numbers", value) }
    return try items.map { item in
      guard let x = Self.number(item) else { throw wrong(name, "a list of numbers", item) }
      return x
    }
  }

  func texts(_ name: String) throws -> [String] {
    guard let value = record[name] else { return [] }
    guard let items = Self.list(value) else { throw wrong(name, "a list of strings", value) }
    return try items.map { item in
      guard case .text(let words) = item else { throw wrong(name, "a list of strings", item) }
      return words
    }
  }

  func objects(_ name: String) throws -> [Record] {
    guard let value = record[name] else { return [] }
    guard let items = Self.list(value) else { throw wrong(name, "a list of tables", value) }
    return items
  }

  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ type: Choice.Type
  ) throws -> Choice? {
    guard let word = try text(name) else { return nil }
    guard let choice = Choice(rawValue: word) else {
      let names = Choice.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw InputError.rule("\(place): \(name)", "one of \(names)", "\"\(word)\"")
    }
    return choice
  }

  private func wrong(_ name: String, _ type: String, _ value: Record) -> InputError {
    .rule("\(place): \(name)", type, Self.words(value))
  }

  /// An empty Lua table may be a list or not.
  private static func list(_ record: Record) -> [Record]? {
    switch record {
    case .array(let items): items
    case .object(let fields) where fields.isEmpty: []
    default: nil
    }
  }

  private static func number(_ record: Record) -> Double? {
    switch record {
    case .integer(let n): Double(n)
    case .number(let x): x
    default: nil
    }
  }

  private static func words(_ record: Record) -> String {
    switch record {
    case .null: "nil"
    case .boolean(let flag): "\(flag)"
    case .integer(let n): "\(n)"
    case .number(let x): plainNumber(x)
    case .text(let words): "\"\(words.prefix(60))\""
    case .array, .object: "a table"
    }
  }
}
