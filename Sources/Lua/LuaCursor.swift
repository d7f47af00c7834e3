internal import CLua

/// One value on Lua's stack, looked at without a reference to it: a whole tree of tables can be
/// read at a few nanoseconds a field. Valid only inside the closure that got it; no metamethod runs.
public struct LuaCursor {
  public enum Kind { case null, boolean, integer, number, string, table, object, other }

  /// A key of a table.
  public enum Key: Hashable {
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    /// Lua's name of its type.
    case other(String)
  }

  let stack: OpaquePointer
  let index: Int32

  public var kind: Kind {
    switch klq_type(stack, index) {
    case KL_NIL: .null
    case KL_BOOLEAN: .boolean
    case KL_NUMBER: klq_isinteger(stack, index) ? .integer : .number
    case KL_STRING: .string
    case KL_TABLE: .table
    default: klq_object(stack, index) == nil ? .other : .object
    }
  }

  public var typeName: String { String(cString: klq_typename(stack, index)) }
  public var boolean: Bool { klq_boolean(stack, index) }
  public var integer: Int64 { klq_integer(stack, index) }
  public var number: Double { klq_number(stack, index) }

  /// The string, with bytes that are not UTF-8 replaced by U+FFFD.
  public var string: String {
    var length = 0
    guard let start = klq_string(stack, index, &length) else { return "" }
    return String(decoding: UnsafeRawBufferPointer(start: start, count: length), as: UTF8.self)
  }

  public var bytes: [UInt8] { withBytes { Array($0) } }

  /// Lends the bytes of a string.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    var length = 0
    let start = klq_string(stack, index, &length)
    return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : length))
  }

  /// The identity of a table, while it lives.
  public var pointer: UnsafeRawPointer? { klq_pointer(stack, index) }

  public var object: AnyObject? {
    klq_object(stack, index).map { Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue() }
  }

  /// A border of the table.
  public var count: Int { Int(klq_rawlen(stack, index)) }

  public func hasMetatable(_ metatable: LuaTable) -> Bool {
    guard klq_room(stack, 4), klq_push_metatable(stack, index) else { return false }
    defer { klq_settop(stack, -2) }
    return klq_pointer(stack, -1) == metatable.rawPointer
  }

  /// Visits the pairs of the table in Lua's own order.
  public func forEach(_ body: (Key, LuaCursor) throws -> Void) throws {
    guard klq_room(stack, 8) else { throw LuaError.stackOverflow }
    let top = klq_top(stack)
    defer { klq_settop(stack, top) }
    klq_push_nil(stack)
    while klq_next(stack, index) {
      try body(key(top + 1), LuaCursor(stack: stack, index: top + 2))
      klq_settop(stack, top + 1)
    }
  }

  /// Visits the pairs of the table in Lua's own order, keys of any kind.
  public func forEachPair(_ body: (LuaCursor, LuaCursor) throws -> Void) throws {
    guard klq_room(stack, 8) else { throw LuaError.stackOverflow }
    let top = klq_top(stack)
    defer { klq_settop(stack, top) }
    klq_push_nil(stack)
    while klq_next(stack, index) {
      try body(
        LuaCursor(stack: stack, index: top + 1), LuaCursor(stack: stack, index: top + 2))
      klq_settop(stack, top + 1)
    }
  }

  /// Whether the table has a metatable.
  public var hasMetatable: Bool {
    guard klq_room(stack, 4), klq_push_metatable(stack, index) else { return false }
    klq_settop(stack, -2)
    return true
  }

  /// Visits the elements 1...count of the table, or the first `most` of them.
  public func forEachElement(
    upTo most: Int = .max, _ body: (Int, LuaCursor) throws -> Void
  ) throws {
    guard klq_room(stack, 8) else { throw LuaError.stackOverflow }
    let top = klq_top(stack)
    defer { klq_settop(stack, top) }
    for i in 1..<min(max(count, 0), most) + 1 {
      klq_rawgeti(stack, index, Int64(i))
      try body(i, LuaCursor(stack: stack, index: top + 1))
      klq_settop(stack, top)
    }
  }

  private func key(_ index: Int32) -> Key {
    let key = LuaCursor(stack: stack, index: index)
    switch key.kind {
    case .boolean: return .boolean(key.boolean)
    case .integer: return .integer(key.integer)
    case .number: return .number(key.number)
    case .string: return .string(key.string)
    default: return .other(key.typeName)
    }
  }
}

extension LuaState {
  /// The table that a cursor looks at, to be kept.
  public func table(at cursor: LuaCursor) throws -> LuaTable {
    LuaTable(reference: try core.reference(cursor.index, cursor.stack))
  }
}

extension LuaTable {
  /// Reads the table and everything below it in place.
  public func read<Result>(_ body: (LuaCursor) throws -> Result) throws -> Result {
    try core.use { stack in
      try core.push(reference, stack)
      return try body(LuaCursor(stack: stack, index: klq_top(stack)))
    }
  }
}
