import Lua

/// A Lua value cut down to what a person reads: a few levels, a few elements of each, and how many
/// there are. Tables are read raw, and whatever they hold, this ends soon.
indirect enum ValueShape {
  case scalar(String)
  /// A result inside of something else: its kind and its summary.
  case result(String)
  case list([ValueShape], count: Int)
  case fields([(name: String, value: ValueShape)], count: Int)

  /// Reads the table at the cursor. Tables that it is part of are named by their path from the top.
  ///
  /// - Parameters:
  ///   - number: how a float is written.
  ///   - result: the words for a table that is a result; nil for others.
  init(
    _ table: LuaCursor, number: @escaping (Double) -> String = { numberText($0) },
    result: @escaping (LuaCursor) throws -> String?
  ) throws {
    var reader = ShapeReader(number: number, result: result)
    self = try reader.table(table, room: ShapeReader.Most.values)
  }
}

private struct ShapeReader {
  enum Most {
    static let depth = 6
    static let elements = 20
    static let nested = 8
    /// Values in all: tables of tables would have 60^6. What is in a table shares its room evenly,
    /// so that the order of `next`, which is another in each run, does not decide what is shown.
    static let values = 20_000
    /// Pairs that cost as much as a value that is shown.
    static let pairsPerValue = 1000
  }

  let number: (Double) -> String
  let result: (LuaCursor) throws -> String?
  /// The tables around, each with the name of its field that is being read.
  private var path: [(table: UnsafeRawPointer?, name: String)] = []

  init(
    number: @escaping (Double) -> String, result: @escaping (LuaCursor) throws -> String?
  ) {
    self.number = number
    self.result = result
  }

  mutating func table(_ table: LuaCursor, room: Int) throws -> ValueShape {
    if let loop = path.firstIndex(where: { $0.table == table.pointer }) {
      let names = path[..<loop].map(\.name).joined(separator: ".")
      return .scalar(loop == 0 ? "<cycle: the whole>" : "<cycle: \(names)>")
    }
    let length = table.count
    let cut = ValueShape.scalar(length > 0 ? "{... \(length) in all}" : "{...}")
    if path.count >= Most.depth { return cut }
    let most = path.isEmpty ? Most.elements : Most.nested
    let keys = try FieldKeys(table, length)
    let count = keys.count
    let parts = keys.shown.count + keys.unordered + min(length, most)
    let share = (room - count / Most.pairsPerValue) / max(parts, 1)
    if share < 1, !path.isEmpty { return cut }
    path.append((table.pointer, ""))
    defer { path.removeLast() }
    let fields = try self.fields(table, length, keys, share)
    var elements: [ValueShape] = []
    try table.forEachElement(upTo: most) { i, value in
      elements.append(try shape(value, named: "\(i)", room: share))
    }
    if count == 0, length > 0 { return .list(elements, count: length) }
    let first = elements.enumerated().map { (name: "[\($0 + 1)]", value: $1) }
    return .fields(first + fields, count: count + length)
  }

  private mutating func fields(
    _ table: LuaCursor, _ length: Int, _ keys: FieldKeys, _ share: Int
  ) throws -> [(name: String, value: ValueShape)] {
    if keys.count == 0 { return [] }
    var fields: [(key: LuaCursor.Key, value: ValueShape)] = []
    try table.forEach { key, value in
      guard keys.shows(key) else { return }
      fields.append((key, try shape(value, named: FieldKeys.name(key), room: share)))
    }
    fields.sort { a, b in
      if case .other = a.key, a.key == b.key { return "\(a.value)" < "\(b.value)" }
      return FieldKeys.precedes(a.key, b.key)
    }
    return fields.map { (FieldKeys.name($0.key), $0.value) }
  }

  private mutating func shape(
    _ value: LuaCursor, named name: String, room: Int
  ) throws -> ValueShape {
    switch value.kind {
    case .null: return .scalar("nil")
    case .boolean: return .scalar("\(value.boolean)")
    case .integer: return .scalar("\(value.integer)")
    case .number: return .scalar(number(value.number))
    case .string: return .scalar(value.withBytes { quotedText($0, most: 60) })
    case .object: return .scalar(value.object.map(summary) ?? value.typeName)
    case .other: return .scalar(value.typeName)
    case .table:
      if let words = try result(value) { return .result(words) }
      path[path.count - 1].name = name
      return try table(value, room: room)
    }
  }
}

/// Which keys of a table beside its list are shown: the first in order. Keys without an order, such
/// as tables, are shown only if there is room for all.
private struct FieldKeys {
  private static let most = 60
  private static let nameBytes = 60

  let shown: Set<LuaCursor.Key>
  /// How many without an order are shown.
  let unordered: Int
  let count: Int

  init(_ table: LuaCursor, _ length: Int) throws {
    var count = 0
    var unordered = 0
    var keys: [LuaCursor.Key] = []
    var last: LuaCursor.Key?
    try table.forEach { key, _ in
      if case .integer(let i) = key, i >= 1, i <= length { return }
      count += 1
      if case .other = key {
        unordered += 1
        return
      }
      if let last, !Self.precedes(key, last) { return }
      keys.append(key)
      guard keys.count >= 2 * Self.most else { return }
      keys.sort(by: Self.precedes)
      keys.removeLast(keys.count - Self.most)
      last = keys.last
    }
    keys.sort(by: Self.precedes)
    shown = Set(keys.prefix(Self.most))
    self.unordered = shown.count + unordered <= Self.most ? unordered : 0
    self.count = count
  }

  func shows(_ key: LuaCursor.Key) -> Bool {
    if case .other = key { unordered > 0 } else { shown.contains(key) }
  }

  static func name(_ key: LuaCursor.Key) -> String {
    switch key {
    case .string(let name):
      name.utf8.count <= nameBytes && name.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
        ? name : "[" + quotedText(Array(name.utf8), most: nameBytes) + "]"
    case .boolean(let flag): "[\(flag)]"
    case .integer(let i): "[\(i)]"
    case .number(let x): "[\(x)]"
    case .other(let type): "[\(type)]"
    }
  }

  static func precedes(_ a: LuaCursor.Key, _ b: LuaCursor.Key) -> Bool {
    switch (a, b) {
    case (.integer(let a), .integer(let b)): a < b
    case (.integer, _): true
    case (_, .integer): false
    default: FieldOrder.precedes(name(a), name(b))
    }
  }
}

/// A string in quotes, as Lua could read it back; bytes that are no text as `\xff`.
func quotedText(_ bytes: some Collection<UInt8>, most: Int = .max) -> String {
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
