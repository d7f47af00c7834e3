import Lua

/// A Lua value cut down to what a person reads: a few levels, a few elements of each, and how many
/// there are. Tables are read raw.
indirect enum ValueShape {
  case scalar(String)
  case list([ValueShape], count: Int)
  case fields([(name: String, value: ValueShape)], count: Int)

  private enum Most {
    static let depth = 6
    static let elements = 20
    static let nested = 8
    static let fields = 60
  }

  /// Reads the table at the cursor. Tables that it is part of are named by their path from the top.
  init(_ table: LuaCursor) throws {
    // Each with the name of its field that is being read.
    var path: [(table: UnsafeRawPointer?, name: String)] = []
    self = try Self.table(table, &path)
  }

  private static func table(
    _ table: LuaCursor, _ path: inout [(table: UnsafeRawPointer?, name: String)]
  ) throws -> ValueShape {
    if let loop = path.firstIndex(where: { $0.table == table.pointer }) {
      let names = path[..<loop].map(\.name).joined(separator: ".")
      return .scalar(loop == 0 ? "<cycle: the whole>" : "<cycle: \(names)>")
    }
    let length = table.count
    var fields: [(key: LuaCursor.Key, shape: ValueShape)] = []
    var count = 0
    if path.count >= Most.depth {
      return .scalar(length > 0 ? "{... \(length) in all}" : "{...}")
    }
    let most = path.isEmpty ? Most.elements : Most.nested
    path.append((table.pointer, ""))
    defer { path.removeLast() }
    var elements: [ValueShape] = []
    try table.forEach { key, value in
      if case .integer(let i) = key, i >= 1, i <= length { return }
      count += 1
      if fields.count < Most.fields {
        fields.append((key, try shape(value, named: name(key), &path)))
      }
    }
    try table.forEachElement(upTo: most) { i, value in
      elements.append(try shape(value, named: "\(i)", &path))
    }
    if count == 0, length > 0 { return .list(elements, count: length) }
    fields.sort { precedes($0.key, $1.key) }
    var named = fields.map { (name: name($0.key), value: $0.shape) }
    if length > 0 {
      let first = elements.enumerated().map { (name: "[\($0 + 1)]", value: $1) }
      named = first + named
    }
    return .fields(named, count: count + length)
  }

  private static func shape(
    _ value: LuaCursor, named name: String,
    _ path: inout [(table: UnsafeRawPointer?, name: String)]
  ) throws -> ValueShape {
    switch value.kind {
    case .null: return .scalar("nil")
    case .boolean: return .scalar("\(value.boolean)")
    case .integer: return .scalar("\(value.integer)")
    case .number: return .scalar(numberText(value.number))
    case .string: return .scalar(quotedText(value.bytes, most: 60))
    case .object: return .scalar(value.object.map(summary) ?? value.typeName)
    case .other: return .scalar(value.typeName)
    case .table:
      path[path.count - 1].name = name
      return try table(value, &path)
    }
  }

  private static func name(_ key: LuaCursor.Key) -> String {
    switch key {
    case .string(let name): name
    case .integer(let i): "[\(i)]"
    case .number(let x): "[\(x)]"
    case .other(let type): "[\(type)]"
    }
  }

  private static func precedes(_ a: LuaCursor.Key, _ b: LuaCursor.Key) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a < b
    case (.integer, _): true
    case (_, .integer): false
    default: FieldOrder.precedes(name(a), name(b))
    }
  }
}

/// A string in quotes, as Lua could read it back; bytes that are no text as `\xff`.
func quotedText(_ bytes: [UInt8], most: Int = .max) -> String {
  let shown = bytes.prefix(most)
  let quote: Unicode.Scalar = shown.contains(0x22) && !shown.contains(0x27) ? "'" : "\""
  var text = String(quote)
  var rest = shown[...]
  while let byte = rest.first {
    if byte < 0x80 {
      text += escape(byte, quote)
      rest.removeFirst()
      continue
    }
    let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2
    if let character = String(validating: rest.prefix(length), as: UTF8.self) {
      text += character
      rest.removeFirst(min(length, rest.count))
    } else {
      text += escape(byte, quote)
      rest.removeFirst()
    }
  }
  text += String(quote)
  return bytes.count > most ? text + "... \(bytes.count) bytes" : text
}

private func escape(_ byte: UInt8, _ quote: Unicode.Scalar) -> String {
  switch byte {
  case 0x0A: return "\\n"
  case 0x09: return "\\t"
  case 0x0D: return "\\r"
  case UInt8(ascii: "\\"): return "\\\\"
  case 0x20..<0x7F:
    let character = Unicode.Scalar(byte)
    return (character == quote ? "\\" : "") + String(character)
  default:
    let digits = String(byte, radix: 16)
    return "\\x" + (digits.count < 2 ? "0" : "") + digits
  }
}
