import Kramers

/// A record as rows of comma-separated values (RFC 4180), in full precision.
struct CSVTable {
  var columns: [String] = []
  var rows: [[Record.Field]] = []
  /// Fields that a flat table cannot hold.
  var leftOut: [String] = []

  /// Rows of plain fields; nested ones are named in `leftOut`.
  init(rows records: [Record]) {
    var known: Set<String> = []
    for case .object(let fields) in records {
      rows.append(fields.filter { !$0.value.isNested })
      for field in fields where known.insert(field.name).inserted {
        field.value.isNested ? leftOut.append(field.name) : columns.append(field.name)
      }
    }
    columns = FieldOrder.sorted(columns.map { .init($0, .null) }).map(\.name)
  }

  /// The main table of a result (its points, trace, survival, ...); without one, a single row of its
  /// plain fields.
  init(result record: Record) {
    guard case .object(let fields) = record else {
      self.init(rows: [.object([.init("value", record)])])
      return
    }
    let tables = fields.filter(\.value.isRows)
    let order = ["points", "trace", "survival", "curve", "twins", "programmes", "modes"]
    let main = order.lazy.compactMap { name in tables.first { $0.name == name } }.first
    guard let main = main ?? tables.first, case .array(let rows) = main.value else {
      self.init(rows: [record])
      return
    }
    self.init(rows: rows)
    leftOut += fields.filter { $0.value.isNested && $0.name != main.name }.map(\.name)
  }

  var header: String { columns.map(csvQuoted).joined(separator: ",") + "\n" }

  func line(_ row: [Record.Field]) -> String {
    columns.map { name in
      row.first { $0.name == name }.map { csvField($0.value) } ?? ""
    }.joined(separator: ",") + "\n"
  }

  var text: String { header + rows.map(line).joined() }
}

extension Record {
  /// A list of records, one a line of a table.
  var isRows: Bool {
    guard case .array(let items) = self, !items.isEmpty else { return false }
    return items.allSatisfy { if case .object = $0 { true } else { false } }
  }

  var isNested: Bool {
    switch self {
    case .array, .object: true
    default: false
    }
  }
}

private func csvField(_ record: Record) -> String {
  switch record {
  case .null: ""
  case .number(let x): x.isFinite ? "\(x)" : x.isNaN ? "nan" : x > 0 ? "inf" : "-inf"
  default: csvQuoted(valueText(record))
  }
}

private func csvQuoted(_ text: String) -> String {
  let special = [",", "\"", "\n", "\r"].map { UInt8(ascii: $0) }
  guard text.utf8.contains(where: special.contains) else { return text }
  return "\"" + text.replacing("\"", with: "\"\"") + "\""
}
