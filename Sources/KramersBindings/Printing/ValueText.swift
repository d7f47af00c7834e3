import Kramers
package import Lua

/// What the shell shows of a value.
extension Program {
  /// - Parameters:
  ///   - width: columns of the terminal; 0 where it is not known.
  ///   - bold: whether heads are stressed.
  /// - Throws: what a `__tostring` of the user's raises.
  package func text(of values: [LuaValue], width: Int, bold: Bool) throws -> String {
    let texts = try values.map { try text(of: $0, width: width, bold: bold) }
    // Several plain values stand beside each other, as with print.
    let line = texts.joined(separator: "  ")
    let isShort = texts.allSatisfy { !$0.contains("\n") } && (width == 0 || line.count < width)
    return isShort ? line : texts.joined(separator: "\n")
  }

  private func text(of value: LuaValue, width: Int, bold: Bool) throws -> String {
    switch value {
    case .number(let x):
      let text = numberText(x)
      return x == x.rounded() && abs(x) < 1e15 ? text + ".0" : text
    case .string(let bytes): return quotedText(bytes, most: 4000)
    case .function:
      return try functionNames[value].map { "function \($0); ?\($0) explains it" }
        ?? lua.describe(value)
    case .table(let table): return try text(of: table, value, width: width, bold: bold)
    default: return try lua.describe(value)
    }
  }

  private func text(
    of table: LuaTable, _ value: LuaValue, width: Int, bold: Bool
  ) throws -> String {
    if try isResult(value), let record = try? record(of: value, verb: "print") {
      return answerText(record, width: width, bold: bold)
    }
    if let metatable = try table.metatable, try !metatable.rawGet("__tostring").isNil {
      return try lua.describe(value)
    }
    let shape = try table.read { try ValueShape($0, result: resultWords) }
    return ValueLayout(width: width, bold: bold).text(shape)
  }
}

extension Program {
  /// What a result shows first; `r:all()` shows the rest.
  func answerText(_ record: Record, width: Int = 0, bold: Bool = false) -> String {
    let kind = if case .text(let kind)? = record["kind"] { kind } else { "" }
    return AnswerText(record, catalog.answer(kind), width: width, bold: bold).text
  }

  /// What stands for a result in a list or a table: its kind and its summary.
  func resultWords(_ cursor: LuaCursor) throws -> String? {
    guard cursor.hasMetatable(metatables.result),
      let record = try? record(of: .table(try lua.table(at: cursor)), verb: "print")
    else { return nil }
    let kind = if case .text(let kind)? = record["kind"] { kind } else { "result" }
    let answer = AnswerText(record, catalog.answer(kind), width: 0, bold: false)
    return kind + (answer.summary.map { ": " + $0 } ?? "")
  }
}

/// Shapes as lines.
struct ValueLayout {
  let width: Int
  let bold: Bool

  func text(_ shape: ValueShape) -> String { lines(shape).joined(separator: "\n") }

  private func lines(_ shape: ValueShape) -> [String] {
    if let line = inline(shape), fits(line) { return [line] }
    switch shape {
    case .scalar(let text), .result(let text): return [text]
    case .list(let items, let count):
      if let plain = listOfScalars(items, count: count) { return wrapped(plain) }
      let named = items.enumerated().map { (name: "[\($0 + 1)]", value: $1) }
      guard let table = rows(items) else {
        return lines(fields: named) + (count > items.count ? ["... \(count) in all"] : [])
      }
      let left = counted(count - items.count, "more row", "more rows")
      return count > items.count ? table + ["... \(left)"] : table
    case .fields(let fields, let count):
      let lines = lines(fields: fields)
      return count > fields.count ? lines + ["... \(count) fields in all"] : lines
    }
  }

  private func lines(fields: [(name: String, value: ValueShape)]) -> [String] {
    let label = fields.map(\.name.count).max() ?? 0
    return fields.flatMap { name, value in
      if case .result(let words) = value {
        let room = max((width > 0 ? width : 100) - label - 2, 20)
        return HelpText.wrapped(words, indent: 0, width: room).enumerated().map {
          padded($0 == 0 ? name : "", label) + "  " + $1
        }
      }
      if let line = inline(value), fits(line, indent: label + 2) {
        return [padded(name, label) + "  " + line]
      }
      return [name] + lines(value).map { "  " + $0 }
    }
  }

  private func fits(_ line: String, indent: Int = 0) -> Bool {
    line.count + indent <= (width > 0 ? width : 100)
  }

  /// On one line; nil for what has tables inside of tables, or many fields.
  private func inline(_ shape: ValueShape) -> String? {
    switch shape {
    case .scalar(let text): return text
    case .result: return nil
    case .list(let items, let count):
      return listOfScalars(items, count: count).map { "{" + $0.joined(separator: ", ") + "}" }
    case .fields(let fields, let count):
      guard fields.count == count, count <= 6 else { return nil }
      let parts = fields.compactMap { field -> String? in
        guard case .scalar(let text) = field.value else { return nil }
        return "\(field.name) = \(text)"
      }
      return parts.count == fields.count ? "{" + parts.joined(separator: ", ") + "}" : nil
    }
  }

  private func listOfScalars(_ items: [ValueShape], count: Int) -> [String]? {
    var texts: [String] = []
    for item in items {
      guard case .scalar(let text) = item else { return nil }
      texts.append(text)
    }
    return count > items.count ? texts + ["... \(count) in all"] : texts
  }

  private func wrapped(_ texts: [String]) -> [String] {
    let room = width > 0 ? width : 100
    var lines = ["{"]
    for (i, text) in texts.enumerated() {
      let piece = text + (i == texts.count - 1 ? "}" : ",")
      if lines[lines.count - 1].count + piece.count + 1 > room, lines[lines.count - 1].count > 1 {
        lines.append(" ")
      }
      lines[lines.count - 1] += (lines[lines.count - 1].count > 1 ? " " : "") + piece
    }
    return lines
  }

  /// Uniform rows, with names or without, as an aligned table; nil if they are not uniform.
  private func rows(_ items: [ValueShape]) -> [String]? {
    var columns: [String]?
    var cells: [[String]] = []
    for item in items {
      let row: [(name: String, value: ValueShape)]
      switch item {
      case .fields(let fields, let count) where fields.count == count: row = fields
      case .list(let values, let count) where values.count == count:
        row = values.map { (name: "", value: $0) }
      default: return nil
      }
      let names = row.map(\.name)
      if let columns, columns != names { return nil }
      columns = names
      var texts: [String] = []
      for field in row {
        guard case .scalar(let text) = field.value else { return nil }
        // A column needs no quotes around its words.
        let isQuoted = text.count > 2 && text.first == "\"" && text.last == "\""
        texts.append(isQuoted ? String(text.dropFirst().dropLast()) : text)
      }
      cells.append(texts)
    }
    guard let columns, !columns.isEmpty, columns.allSatisfy({ $0.first != "[" }) else { return nil }
    let head = columns.contains { !$0.isEmpty } ? columns : nil
    return alignedTable(head: head, cells, width: width, bold: bold)
  }
}
