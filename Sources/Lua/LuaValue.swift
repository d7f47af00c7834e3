/// A value of Lua, copied out of it; tables, functions and the like stay there, by reference.
///
/// Strings are bytes: Lua's need not be UTF-8. `integer` and `number` are Lua's two kinds of number
/// and compare as different values here, although `1 == 1.0` in Lua.
public enum LuaValue: Hashable {
  case `nil`
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  case string([UInt8])
  case table(LuaTable)
  case function(LuaFunction)
  /// Userdata that carries a Swift object; the same object comes back, by identity.
  case object(LuaObject)
  /// A coroutine, an error object, light userdata or userdata of a C library.
  case other(LuaReference)

  public init(_ value: Bool) { self = .boolean(value) }
  public init(_ value: Int) { self = .integer(Int64(value)) }
  public init(_ value: Double) { self = .number(value) }
  public init(_ value: String) { self = .string(Array(value.utf8)) }

  /// The string, with bytes that are not UTF-8 replaced by U+FFFD; nil for anything but a string.
  public var text: String? {
    guard case .string(let bytes) = self else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// A number of either kind; nil for anything else, strings that look like numbers included.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  /// An integer, or a float with an integer's value.
  public var int: Int? {
    switch self {
    case .integer(let value): Int(exactly: value)
    case .number(let value): Int(exactly: value)
    default: nil
    }
  }

  public var bool: Bool? {
    guard case .boolean(let value) = self else { return nil }
    return value
  }

  public var asTable: LuaTable? {
    guard case .table(let table) = self else { return nil }
    return table
  }

  public var asFunction: LuaFunction? {
    guard case .function(let function) = self else { return nil }
    return function
  }

  /// The Swift object of this type, if the value carries one.
  public func asObject<Object: AnyObject>(_ type: Object.Type) -> Object? {
    guard case .object(let object) = self else { return nil }
    return object.object as? Object
  }

  public var isNil: Bool {
    if case .nil = self { true } else { false }
  }

  /// Lua's name of the type: "nil", "boolean", "number", "string", "table", "function", "userdata"
  /// or "thread".
  public var typeName: String {
    switch self {
    case .nil: "nil"
    case .boolean: "boolean"
    case .integer, .number: "number"
    case .string: "string"
    case .table: "table"
    case .function: "function"
    case .object: "userdata"
    case .other(let reference): reference.typeName
    }
  }

  public static func == (a: LuaValue, b: LuaValue) -> Bool {
    switch (a, b) {
    case (.nil, .nil): true
    case (.boolean(let a), .boolean(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.table(let a), .table(let b)): a == b
    case (.function(let a), .function(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    case (.other(let a), .other(let b)): a == b
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .nil: hasher.combine(0)
    case .boolean(let value): hasher.combine(value)
    case .integer(let value): hasher.combine(value)
    case .number(let value): hasher.combine(value)
    case .string(let value): hasher.combine(value)
    case .table(let value): hasher.combine(value)
    case .function(let value): hasher.combine(value)
    case .object(let value): hasher.combine(value)
    case .other(let value): hasher.combine(value)
    }
  }
}

/// A Swift object in Lua: it keeps the userdata alive, not the object alone, so that it can go back
/// as the same value however often Lua collects in between.
public struct LuaObject: Hashable {
  public let object: AnyObject
  public let reference: LuaReference

  public static func == (a: LuaObject, b: LuaObject) -> Bool { a.reference == b.reference }
  public func hash(into hasher: inout Hasher) { hasher.combine(reference) }
}

extension LuaValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringInterpolation
{
  public init(nilLiteral: ()) { self = .nil }
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  public init(integerLiteral value: Int64) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(stringLiteral value: String) { self = .string(Array(value.utf8)) }
}
