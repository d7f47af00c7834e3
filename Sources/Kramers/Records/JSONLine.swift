/// One record as one line of JSON: keys sorted bytewise, shortest doubles that read back exactly,
/// integers beyond 2^53 as strings, empty tables as `[]`.
///
/// JSON has no infinities: a non-finite number becomes `null` and its path is named beside it,
/// `"nonfinite": {"tau": "inf", "points.2.tau": "nan"}`, with list positions counted from 1.
public func jsonLine(_ record: Record) -> String {
  var writer = JSONWriter()
  if case .object(var fields) = record {
    writer.collectNonfinite(record, path: "")
    if !writer.nonfinite.isEmpty {
      fields.removeAll { $0.name == "nonfinite" }
      fields.append(.init("nonfinite", .object(writer.nonfinite)))
    }
    writer.write(.object(fields))
  } else {
    writer.write(record)
  }
  return String(decoding: writer.bytes, as: UTF8.self)
}

private struct JSONWriter {
  var bytes: [UInt8] = []
  var nonfinite: [Record.Field] = []

  mutating func collectNonfinite(_ record: Record, path: String) {
    switch record {
    case .number(let x) where !x.isFinite:
      nonfinite.append(.init(path, .text(x.isNaN ? "nan" : x > 0 ? "inf" : "-inf")))
    case .array(let items):
      for (i, item) in items.enumerated() { collectNonfinite(item, path: join(path, "\(i + 1)")) }
    case .object(let fields):
      for field in fields { collectNonfinite(field.value, path: join(path, field.name)) }
    default: break
    }
  }

  private func join(_ path: String, _ name: String) -> String {
    path.isEmpty ? name : path + "." + name
  }

  mutating func write(_ record: Record) {
    switch record {
    case .null: append("null")
    case .boolean(let flag): append(flag ? "true" : "false")
    case .integer(let i): append(abs(i) <= 1 << 53 ? "\(i)" : "\"\(i)\"")
    case .number(let x): append(x.isFinite ? "\(x)" : "null")
    case .text(let text): quote(text)
    case .array(let items): list(items, "[", "]") { $0.write($1) }
    case .object(let fields) where fields.isEmpty: append("[]")
    case .object(let fields):
      let sorted = fields.sorted { Array($0.name.utf8).lexicographicallyPrecedes($1.name.utf8) }
      list(sorted, "{", "}") { writer, field in
        writer.quote(field.name)
        writer.append(":")
        writer.write(field.value)
      }
    }
  }

  private mutating func list<Item>(
    _ items: [Item], _ open: String, _ close: String, _ body: (inout JSONWriter, Item) -> Void
  ) {
    append(open)
    for (i, item) in items.enumerated() {
      if i > 0 { append(",") }
      body(&self, item)
    }
    append(close)
  }

  private mutating func append(_ text: String) { bytes += text.utf8 }

  private mutating func quote(_ text: String) {
    append("\"")
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): append("\\\"")
      case UInt8(ascii: "\\"): append("\\\\")
      case UInt8(ascii: "\n"): append("\\n")
      case UInt8(ascii: "\r"): append("\\r")
      case UInt8(ascii: "\t"): append("\\t")
      case 0..<0x20, 0x7F:
        let digits = Array("0123456789abcdef".utf8)
        append("\\u00")
        bytes += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: bytes.append(byte)
      }
    }
    append("\"")
  }
}
