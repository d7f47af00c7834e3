/// One record as one line of JSON: keys sorted bytewise, shortest doubles that read back exactly,
/// integers beyond 2^53 as strings, empty tables as `[]`.
///
/// JSON has no infinities: a non-finite number becomes `null` and its path is named beside it,
/// `"nonfinite": {"tau": "inf", "points.2.tau": "nan"}`, with list positions counted from 1.
///
/// A record that is no object becomes one: `{"value": ...}`.
public func jsonLine(_ record: Record) -> String {
  String(decoding: jsonLineBytes(record), as: UTF8.self)
}

/// The bytes of `jsonLine`.
public func jsonLineBytes(_ record: Record) -> [UInt8] {
  var fields: [Record.Field]
  switch record {
  case .object(let own): fields = own
  case .array([]): fields = []
  default: fields = [.init("value", record)]
  }
  var writer = JSONWriter()
  writer.writeObject(fields)
  if !writer.metNonfinite { return writer.bytes }
  var nonfinite: [Record.Field] = []
  collectNonfinite(.object(fields), path: "", into: &nonfinite)
  fields.removeAll { $0.name == "nonfinite" }
  fields.append(.init("nonfinite", .object(nonfinite)))
  writer = JSONWriter()
  writer.writeObject(fields)
  return writer.bytes
}

private func collectNonfinite(
  _ record: Record, path: String, into found: inout [Record.Field]
) {
  func join(_ name: String) -> String { path.isEmpty ? name : path + "." + name }
  switch record {
  case .number(let x) where !x.isFinite:
    found.append(.init(path, .text(x.isNaN ? "nan" : x > 0 ? "inf" : "-inf")))
  case .array(let items):
    for (i, item) in items.enumerated() {
      collectNonfinite(item, path: join("\(i + 1)"), into: &found)
    }
  case .object(let fields):
    for field in fields { collectNonfinite(field.value, path: join(field.name), into: &found) }
  default: break
  }
}

/// Whether the bytes of `a` come before those of `b`. Swift's own order of strings is Unicode's.
public func precedesBytewise(_ a: String, _ b: String) -> Bool {
  var x = a
  var y = b
  return x.withUTF8 { p in
    y.withUTF8 { q in
      for i in 0..<min(p.count, q.count) where p[i] != q[i] { return p[i] < q[i] }
      return p.count < q.count
    }
  }
}

private struct JSONWriter {
  var bytes: [UInt8] = []
  var metNonfinite = false
  // Of the object met last.
  private var names: [String] = []
  private var places: [Int] = []

  init() { bytes.reserveCapacity(256) }

  mutating func write(_ record: Record) {
    switch record {
    case .null: append("null")
    case .boolean(let flag): append(flag ? "true" : "false")
    case .integer(let i): append(i.magnitude <= 1 << 53 ? "\(i)" : "\"\(i)\"")
    case .number(let x):
      if x.isFinite { return append("\(x)") }
      metNonfinite = true
      append("null")
    case .text(let text): quote(text)
    case .array(let items):
      bytes.append(UInt8(ascii: "["))
      for (i, item) in items.enumerated() {
        if i > 0 { bytes.append(UInt8(ascii: ",")) }
        write(item)
      }
      bytes.append(UInt8(ascii: "]"))
    case .object(let fields) where fields.isEmpty: append("[]")
    case .object(let fields): writeObject(fields)
    }
  }

  mutating func writeObject(_ fields: [Record.Field]) {
    bytes.append(UInt8(ascii: "{"))
    for (i, place) in order(fields).enumerated() {
      if i > 0 { bytes.append(UInt8(ascii: ",")) }
      quote(fields[place].name)
      bytes.append(UInt8(ascii: ":"))
      write(fields[place].value)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  /// Places of the fields in the order of their names. The rows of a table have the same names, so
  /// the last order found mostly serves again.
  private mutating func order(_ fields: [Record.Field]) -> [Int] {
    if fields.count == names.count, zip(fields, names).allSatisfy({ $0.name == $1 }) {
      return places
    }
    names = fields.map(\.name)
    places = fields.indices.sorted { precedesBytewise(fields[$0].name, fields[$1].name) }
    return places
  }

  private mutating func append(_ text: String) { bytes += text.utf8 }

  private mutating func quote(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    defer { bytes.append(UInt8(ascii: "\"")) }
    var text = text
    let isPlain = text.withUTF8 { utf8 in
      let isPlain = utf8.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C && $0 != 0x7F }
      if isPlain { bytes += utf8 }
      return isPlain
    }
    if isPlain { return }
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
  }
}
