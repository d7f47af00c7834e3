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
    if let origin = chronicle.origin { try attach(origin, to: value) }
    return value
  }

  func isResult(_ value: LuaValue) throws -> Bool {
    try value.asTable?.metatable?.rawPointer == metatables.result.rawPointer
  }

  /// The record of a Lua value, with the fields in the printer's order.
  ///
  /// - Parameters:
  ///   - keepsClock: whether results keep the fields that depend on the clock.
  ///   - isOrdered: whether the fields are put into the printer's order; JSON has its own.
  /// - Throws: `VerbError` for cycles and for what is no data (functions, threads), with its path.
  func record(
    of value: LuaValue, verb: String, keepsClock: Bool = true, isOrdered: Bool = true
  ) throws -> Record {
    switch value {
    case .nil: return .null
    case .boolean(let flag): return .boolean(flag)
    case .integer(let i): return .integer(Int(i))
    case .number(let x): return .number(x)
    case .string: return .text(value.text ?? "")
    case .object(let value): return .text(summary(value.object))
    case .function, .other:
      throw VerbError(verb, "the value is a \(value.typeName), which is no data")
    case .table(let table):
      let reader = RecordReader(
        result: metatables.result, pending: shards == nil ? nil : metatables.pending,
        keepsClock: keepsClock, isOrdered: isOrdered)
      do {
        return try table.read { try reader.tableRecord($0, depth: 0) }
      } catch let look as PendingLook {
        throw lookError(at: UnsafeRawPointer(bitPattern: look.address)) ?? look
      } catch let error as NoData {
        throw VerbError(verb, error.description)
      }
    }
  }
}

extension Program {
  /// Whether a value that could be a record holds a pending result.
  func isPending(in value: LuaValue, verb: String) throws -> Bool {
    guard let table = value.asTable, let shards, !shards.pending.isEmpty else { return false }
    let reader = RecordReader(
      result: metatables.result, pending: metatables.pending, keepsClock: true, isOrdered: false)
    do {
      _ = try table.read { try reader.tableRecord($0, depth: 0) }
      return false
    } catch is PendingLook {
      return true
    } catch let error as NoData {
      throw VerbError(verb, error.description)
    }
  }
}

func summary(_ object: AnyObject) -> String {
  (object as? any Summarized)?.summary ?? (object as? any NamedBox)?.typeName ?? "a userdata"
}

/// What cannot stand in a record, and where.
private struct NoData: Error, CustomStringConvertible {
  var words: String
  var path: [String] = []

  func below(_ name: String) -> NoData { NoData(words: words, path: [name] + path) }

  var description: String {
    (path.isEmpty ? "the value" : path.joined(separator: ".")) + " " + words
  }
}

/// There is a pending result in the value, at this address.
private struct PendingLook: Error { let address: UInt }

/// Reads tables in place: emitting a record costs a few microseconds.
private struct RecordReader {
  let result: LuaTable
  /// nil where no result is pending.
  let pending: LuaTable?
  let keepsClock: Bool
  let isOrdered: Bool

  func tableRecord(_ table: LuaCursor, depth: Int) throws -> Record {
    guard depth < 100 else {
      throw NoData(words: "is nested more than 100 deep, or contains itself")
    }
    if let pending, table.hasMetatable(pending) {
      throw PendingLook(address: UInt(bitPattern: table.pointer))
    }
    let count = table.count
    var fields: [Record.Field] = []
    var isList = count > 0
    var pairs = 0
    if isList {
      try table.forEach { key, _ in
        pairs += 1
        guard case .integer(let i) = key, i >= 1, i <= count else {
          isList = false
          return
        }
      }
    }
    if isList, pairs == count { return try listRecord(table, depth: depth) }
    let dropsClock = !keepsClock && table.hasMetatable(result)
    try table.forEach { key, value in
      let name = try name(of: key)
      if dropsClock, Output.clockFields.contains(name) { return }
      fields.append(.init(name, try record(value, name, depth: depth)))
    }
    guard isOrdered else { return .object(fields) }
    fields = FieldOrder.sorted(fields)
    for i in fields.indices.dropFirst() where fields[i].name == fields[i - 1].name {
      throw NoData(words: "has two keys that read '\(fields[i].name)'")
    }
    return .object(fields)
  }

  private func listRecord(_ table: LuaCursor, depth: Int) throws -> Record {
    var items: [Record] = []
    items.reserveCapacity(table.count)
    try table.forEachElement { i, value in
      items.append(try record(value, "\(i)", depth: depth))
    }
    return .array(items)
  }

  private func name(of key: LuaCursor.Key) throws -> String {
    switch key {
    case .string(let name): name
    case .integer(let i): "\(i)"
    case .number(let x): "\(x)"
    case .boolean: throw NoData(words: "has a boolean as a key")
    case .other(let type): throw NoData(words: "has a \(type) as a key")
    }
  }

  private func record(
    _ value: LuaCursor, _ name: @autoclosure () -> String, depth: Int
  ) throws -> Record {
    switch value.kind {
    case .null: return .null
    case .boolean: return .boolean(value.boolean)
    case .integer: return .integer(Int(value.integer))
    case .number: return .number(value.number)
    case .string: return .text(value.string)
    case .object: return .text(value.object.map(summary) ?? "")
    case .other:
      throw NoData(words: "is a \(value.typeName), which is no data", path: [name()])
    case .table:
      do {
        return try tableRecord(value, depth: depth + 1)
      } catch let error as NoData {
        // A cycle would name the same fields a hundred times.
        throw error.path.count < 6 ? error.below(name()) : error
      }
    }
  }
}

/// What `tostring` says of a value of the program.
protocol Summarized {
  var summary: String { get }
}
