import Kramers

/// The answer of a result: what its kind shows first, a few lines with the summary last, so that it
/// stands above the next prompt. `recordText` shows the rest.
struct AnswerText {
  /// Lines that an answer does not exceed where tables can be cut.
  private static let most = 12
  /// Lines of a sentence, and of the last one.
  private static let ofSentence = (field: 2, summary: 3)

  let record: Record
  let answer: Answer
  /// Columns of the terminal; 0 is any width.
  let width: Int
  let bold: Bool

  init(_ record: Record, _ answer: Answer?, width: Int, bold: Bool) {
    self.record = record
    self.answer = answer ?? Answer(of: record)
    self.width = width
    self.bold = bold
  }

  /// Lines for a terminal.
  var text: String {
    let fields = fields
    let label = fields.map(\.name.count).max() ?? 0
    var lines = fields.flatMap {
      hanging("  " + padded($0.name, label) + "  ", $0.words, most: Self.ofSentence.field)
    }
    let end = summary.map { hanging("  ", $0, style: .bold, most: Self.ofSentence.summary) } ?? []
    let count = tables(most: 1).count
    // A table's name, its head and the line that counts what is left out need room too.
    let room = (Self.most - 1 - lines.count - end.count) / max(count, 1) - 3
    for table in tables(most: max(room, 2)) {
      lines.append("  " + table.name)
      lines += alignedTable(
        head: table.columns, table.cells, width: width == 0 ? 0 : max(width - 4, 1), bold: bold
      ).map { "    " + $0 }
      let left = table.count - table.cells.count
      if left > 0 { lines.append("    ... \(counted(left, "more row", "more rows"))") }
    }
    return ([head] + lines + end).joined(separator: "\n")
  }

  // MARK: Parts

  private var head: String {
    var count = 0
    if case .object(let fields) = record { count = fields.count }
    return styled(kind, .bold, bold) + " (all \(counted(count, "field", "fields")): r:all())"
  }

  var kind: String { if case .text(let kind)? = record["kind"] { kind } else { "result" } }

  /// Names and values that are no tables.
  var fields: [(name: String, words: String)] {
    answer.fields.compactMap { words in
      let field = Answer.Field(words)
      guard let value = record.value(at: field.name), value != .array([]) else { return nil }
      if case .array(let rows) = value, value.isRows {
        return field.isLine ? (field.name, pairs(rows, field.columns)) : nil
      }
      return (field.name, valueWords(value, name: field.name, unit: field.unit))
    }
  }

  /// `noise needed: true, exponential: true`.
  private func pairs(_ rows: [Record], _ columns: [String]) -> String {
    rows.map { row in
      columns.map { name in row[name].map { valueText($0) } ?? "not tried" }
        .joined(separator: ": ")
    }.joined(separator: ", ")
  }

  /// The first sentence whose fields are there.
  var summary: String? { answer.summary.lazy.compactMap(filled).first }

  struct Table {
    var name: String
    var columns: [String]
    var cells: [[String]]
    /// Of all rows.
    var count: Int
  }

  /// Tables with at most so many rows each; one more would be counted in a line of its own.
  func tables(most: Int) -> [Table] {
    answer.fields.compactMap { words in
      let field = Answer.Field(words)
      guard !field.isLine, let value = record.value(at: field.name), value.isRows,
        case .array(let rows) = value
      else { return nil }
      let columns =
        field.columns.isEmpty
        ? rows.plainColumns : field.columns.filter { name in rows.contains { $0[name] != nil } }
      let shown = rows.prefix(rows.count <= most + 1 ? rows.count : most)
      let cells = shown.map { row in
        columns.map { name in row[name].map { valueWords($0, name: name, in: row) } ?? "" }
      }
      return Table(name: field.name, columns: columns, cells: cells, count: rows.count)
    }
  }

  /// Words broken where the terminal ends, below each other.
  private func hanging(
    _ start: String, _ words: String, style: Style? = nil, most: Int
  ) -> [String] {
    let room = width == 0 ? 10_000 : max(width - start.count, 20)
    var lines = HelpText.wrapped(words, indent: 0, width: room)
    if lines.count > most {
      lines = Array(lines.prefix(most))
      lines[most - 1] = lines[most - 1].prefix(room - 4) + " ..."
    }
    lines = lines.map { line in
      style.map { styled(line, $0, bold) } ?? line
    }
    let blank = String(repeating: " ", count: start.count)
    return lines.enumerated().map { ($0 == 0 ? start : blank) + $1 }
  }

  // MARK: Values

  /// A value with its unit and its interval: `7128 steps (6307 ... 8089)`.
  private func valueWords(_ value: Record, name: String, unit: String? = nil, in row: Record? = nil)
    -> String
  {
    let (scope, last) = scope(of: name)
    let record = row ?? scope
    let (low, high) = (record[last + "_low"]?.double, record[last + "_high"]?.double)
    guard let x = value.double else { return valueText(value) }
    let unit = unit.map { " " + $0 } ?? ""
    if let low, x.isInfinite { return "> \(short(low))" + unit }
    if let low, let high {
      return short(x) + unit + " (\(short(low)) ... \(short(high)))"
    }
    if let error = record[last + "_error"]?.double {
      return short(x) + unit + " (+- \(numberText(100 * error, digits: 2)) %)"
    }
    return (row == nil ? valueText(value) : short(x)) + unit
  }

  private func scope(of name: String) -> (Record, String) {
    let parts = name.split(separator: ".").map(String.init)
    let inner = parts.dropLast().reduce(Optional(record)) { $0?[$1] }
    return (inner ?? record, parts.last ?? name)
  }

  /// A template with its values; nil where a field is missing, or is not what is asked for.
  private func filled(_ template: String) -> String? {
    var rest = template[...]
    if rest.first == "[", let end = rest.firstIndex(of: "]") {
      let parts = rest[rest.index(after: rest.startIndex)..<end].split(separator: "=")
      let value = record.value(at: String(parts[0]))
      guard let value, value != .array([]) else { return nil }
      if parts.count > 1, valueText(value) != parts[1] { return nil }
      rest = rest[rest.index(after: end)...].drop { $0 == " " }
    }
    var words = ""
    while let start = rest.firstIndex(of: "{"), let end = rest[start...].firstIndex(of: "}") {
      let inner = rest[rest.index(after: start)..<end]
      words += rest[..<start]
      rest = rest[rest.index(after: end)...]
      if inner.first == "#" {
        guard case .array(let rows)? = record.value(at: String(inner.dropFirst())) else {
          return nil
        }
        words += "\(rows.count)"
      } else {
        let field = Answer.Field(inner)
        guard let value = record.value(at: field.name) else { return nil }
        words += valueWords(value, name: field.name, unit: field.unit)
      }
    }
    return words + rest
  }
}

/// Four digits, or as many as the number has before its point.
private func short(_ x: Double) -> String {
  let whole = abs(x) >= 1e4 && abs(x) < 1e9 ? x.rounded() : x
  return numberText(whole, digits: 4)
}

extension Record {
  /// The field of this name, or of a path with points.
  func value(at path: String) -> Record? {
    path.split(separator: ".").reduce(Optional(self)) { $0?[String($1)] }
  }

  fileprivate var double: Double? {
    switch self {
    case .integer(let n): Double(n)
    case .number(let x): x
    default: nil
    }
  }
}
