import Kramers

/// A record for reading: fields one a line, lists of rows as aligned tables.
///
/// - Parameter width: columns of the terminal, where tables have to fit; 0 is any width.
func recordText(_ record: Record, bold: Bool = false, width: Int = 0) -> String {
  guard case .object(let fields) = record else { return valueText(record) }
  var lines: [String] = []
  if let title = title(record) { lines.append(styled(title, .bold, bold)) }
  let scalars = fields.filter { $0.name != "kind" && !$0.value.isRows }
  let label = scalars.map(\.name.count).max() ?? 0
  for field in scalars {
    lines.append("  " + padded(field.name, label) + "  " + valueText(field.value))
  }
  for field in fields where field.value.isRows {
    guard case .array(let rows) = field.value else { continue }
    lines.append("  " + field.name)
    lines += tableLines(rows, bold: bold, width: width == 0 ? 0 : max(width - 4, 1))
      .map { "    " + $0 }
  }
  return lines.joined(separator: "\n")
}

private func title(_ record: Record) -> String? {
  guard case .text(let kind)? = record["kind"] else { return nil }
  return kind
}

/// A value on one line; long lists are cut with their count.
func valueText(_ record: Record) -> String {
  switch record {
  case .null: return "nil"
  case .boolean(let flag): return "\(flag)"
  case .integer(let i): return "\(i)"
  case .number(let x): return numberText(x)
  case .text(let text): return text
  case .array(let items):
    let shown = items.prefix(8).map(valueText)
    let rest = items.count > 8 ? ", ... \(items.count) in all" : ""
    return "{" + shown.joined(separator: ", ") + rest + "}"
  case .object(let fields):
    return "{" + fields.map { "\($0.name) = \(valueText($0.value))" }.joined(separator: ", ") + "}"
  }
}

/// Rows as aligned columns; nested values are left out. At most 20 rows are shown.
private func tableLines(_ rows: [Record], bold: Bool, width: Int) -> [String] {
  var columns: [String] = []
  for row in rows {
    guard case .object(let fields) = row else { continue }
    for field in fields where !columns.contains(field.name) && !field.value.isNested {
      columns.append(field.name)
    }
  }
  columns = FieldOrder.sorted(columns.map { .init($0, .null) }).map(\.name)
  let shown = rows.prefix(20)
  let cells = shown.map { row in columns.map { name in row[name].map(valueText) ?? "" } }
  let lines = alignedTable(head: columns, cells, width: width, bold: bold)
  return rows.count > shown.count ? lines + ["... \(rows.count) rows in all"] : lines
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
