import Kramers
import Lua

/// Records as Lua tables and back.
extension Program {
  /// A plain table; a list of numbers is made in one call.
  func push(_ record: Record) throws -> LuaValue {
    switch record {
    case .null: return .nil
    case .boolean(let flag): return .boolean(flag)
    case .integer(let i): return .integer(Int64(i))
    case .number(let x): return .number(x)
    case .text(let text): return LuaValue(text)
    case .array(let items):
      let numbers = items.compactMap { item -> Double? in
        if case .number(let x) = item { x } else { nil }
      }
      if numbers.count == items.count, !items.isEmpty {
        return .table(try lua.tableFrom(numbers))
      }
      return .table(try lua.makeTable(array: try items.map { try push($0) }))
    case .object(let fields):
      let table = try lua.makeTable()
      for field in fields { try table.rawSet(LuaValue(field.name), push(field.value)) }
      return .table(table)
    }
  }

  /// A result: a plain table with a `kind`, which prints itself and has the methods of results.
  func pushResult(_ record: Record) throws -> LuaValue {
    let value = try push(record)
    try value.asTable?.setMetatable(metatables.result)
    return value
  }

  func isResult(_ value: LuaValue) throws -> Bool {
    try value.asTable?.metatable?.rawPointer == metatables.result.rawPointer
  }

  /// The record of a Lua value. Fields come in the printer's order.
  ///
  /// - Throws: `VerbError` for cycles and for what is no data (functions, threads), with its path.
  func record(of value: LuaValue, verb: String, path: String = "", depth: Int = 0) throws -> Record
  {
    switch value {
    case .nil: return .null
    case .boolean(let flag): return .boolean(flag)
    case .integer(let i): return .integer(Int(i))
    case .number(let x): return .number(x)
    case .string: return .text(value.text ?? "")
    case .object(let object):
      return .text((object as? any Summarized)?.summary ?? describe(value))
    case .function, .other:
      throw VerbError(
        verb, "\(path.isEmpty ? "the value" : path) is a \(value.typeName), which is no data")
    case .table(let table):
      guard depth < 100 else {
        throw VerbError(verb, "\(path) is nested more than 100 deep, or contains itself")
      }
      return try tableRecord(table, verb: verb, path: path, depth: depth)
    }
  }

  private func tableRecord(
    _ table: LuaTable, verb: String, path: String, depth: Int
  ) throws -> Record {
    let count = try table.rawCount
    let pairs = try table.rawPairs()
    func inner(_ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
    if pairs.count == count, count > 0 {
      if let numbers = try? table.numbers(), numbers.allSatisfy({ $0 != $0.rounded() }) {
        return .array(numbers.map { .number($0) })
      }
      return .array(
        try (1...count).map { i in
          try record(
            of: table.rawGet(LuaValue(i)), verb: verb, path: inner("\(i)"), depth: depth + 1)
        })
    }
    var fields: [Record.Field] = []
    for (key, value) in pairs {
      let name: String
      switch key {
      case .string: name = key.text ?? ""
      case .integer(let i): name = "\(i)"
      case .number(let x): name = "\(x)"
      default: throw VerbError(verb, "\(path) has a \(key.typeName) as a key")
      }
      fields.append(
        .init(name, try record(of: value, verb: verb, path: inner(name), depth: depth + 1)))
    }
    return .object(FieldOrder.sorted(fields))
  }
}

/// What `tostring` says of a value of the program.
protocol Summarized {
  var summary: String { get }
}
