import Kramers

/// A record for reading: fields one a line, lists of rows as aligned tables.
///
/// - Parameters:
///   - width: columns of the terminal, where tables have to fit; 0 is any width.
///   - most: rows of a table, and values of a list, that are shown; nil: all.
func recordText(
  _ record: Record, bold: Bool = false, width: Int = 0, most: Int? = 20
) -> String {
  guard case .object(let fields) = record else { return valueText(record) }
  var lines: [String] = []
  if let title = title(record) { lines.append(styled(title, .bold, bold)) }
  // Where everything is shown, a result inside of it is a block of its own.
  let isBlock = { (field: Record.Field) in most == nil && field.value.holdsRows }
  let scalars = fields.filter { $0.name != "kind" && !$0.value.isRows && !isBlock($0) }
  let label = scalars.map(\.name.count).max() ?? 0
  for field in scalars {
    let words = valueText(field.value, most: most == nil ? .max : 8)
    lines.append("  " + padded(field.name, label) + "  " + words)
  }
  for field in fields where isBlock(field) {
    lines.append("  " + field.name)
    lines += recordText(field.value, bold: bold, width: max(width - 4, 0), most: most)
      .split(separator: "\n").map { "    " + $0 }
  }
  for field in fields where field.value.isRows {
    guard case .array(let rows) = field.value else { continue }
    lines.append("  " + field.name)
    let width = width == 0 ? 0 : max(width - 4, 1)
    lines += tableLines(rows, bold: bold, width: width, most: most ?? rows.count)
      .map { "    " + $0 }
  }
  return lines.joined(separator: "\n")
}

private func title(_ record: Record) -> String? {
  guard case .text(let kind)? = record["kind"] else { return nil }
  return kind
}

/// A value on one line; long lists are cut with their count.
func valueText(_ record: Record, most: Int = 8) -> String {
  switch record {
  case .null: return "nil"
  case .boolean(let flag): return "\(flag)"
  case .integer(let i): return "\(i)"
  case .number(let x): return numberText(x)
  case .text(let text): return text
  case .array(let items):
    let shown = items.prefix(most).map { valueText($0, most: most) }
    let rest = items.count > most ? ", ... \(items.count) in all" : ""
    return "{" + shown.joined(separator: ", ") + rest + "}"
  case .object(let fields):
    let words = fields.map { "\($0.name) = \(valueText($0.value, most: most))" }
    return "{" + words.joined(separator: ", ") + "}"
  }
}

/// Rows as aligned columns; nested values are left out.
private func tableLines(_ rows: [Record], bold: Bool, width: Int, most: Int) -> [String] {
  let columns = rows.plainColumns
  let shown = rows.prefix(most)
  let cells = shown.map { row in columns.map { name in row[name].map { valueText($0) } ?? "" } }
  let lines = alignedTable(head: columns, cells, width: width, bold: bold)
  return rows.count > shown.count ? lines + ["... \(rows.count) rows in all"] : lines
}

extension [Record] {
  /// The columns of rows that hold no tables, in the printer's order.
  var plainColumns: [String] {
    var columns: Set<String> = []
    for case .object(let fields) in self {
      for field in fields where !field.value.isNested { columns.insert(field.name) }
    }
    return FieldOrder.sorted(columns.map { .init($0, .null) }).map(\.name)
  }
}

extension Record {
  /// An object with tables in it.
  var holdsRows: Bool {
    guard case .object(let fields) = self else { return false }
    return fields.contains { $0.value.isRows }
  }
}

/// The terminal's ways to stress a word.
enum Style: String {
  case bold = "1"
  case red = "1;31"
}

func styled(_ text: String, _ style: Style, _ isOn: Bool) -> String {
  isOn ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
}

func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}
