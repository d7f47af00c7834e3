/// A result as plain data: what Lua tables, JSON lines and printed tables are made from.
public indirect enum Record: Sendable, Equatable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)
  case array([Record])
  /// Fields in the order in which a person should read them; JSON sorts them.
  case object([Field])

  public struct Field: Sendable, Equatable {
    public var name: String
    public var value: Record
    public init(_ name: String, _ value: Record) {
      self.name = name
      self.value = value
    }
  }

  /// The field `name` of an object.
  public subscript(name: String) -> Record? {
    guard case .object(let fields) = self else { return nil }
    return fields.first { $0.name == name }?.value
  }
}

/// What can stand in a record: numbers, flags, words, lists of them, and nil.
public protocol RecordConvertible {
  var record: Record { get }
}

extension Record: RecordConvertible {
  public var record: Record { self }
}
extension Bool: RecordConvertible {
  public var record: Record { .boolean(self) }
}
extension Int: RecordConvertible {
  public var record: Record { .integer(self) }
}
extension UInt64: RecordConvertible {
  public var record: Record { .integer(Int(truncatingIfNeeded: self)) }
}
extension Double: RecordConvertible {
  public var record: Record { .number(self) }
}
extension String: RecordConvertible {
  public var record: Record { .text(self) }
}
extension Optional: RecordConvertible where Wrapped: RecordConvertible {
  public var record: Record { self?.record ?? .null }
}
extension Array: RecordConvertible where Element: RecordConvertible {
  public var record: Record { .array(map(\.record)) }
}

extension Record: ExpressibleByDictionaryLiteral {
  /// An object; fields whose value is nil are left out, as in a Lua table.
  public init(dictionaryLiteral elements: (String, any RecordConvertible)...) {
    self = .object(
      elements.compactMap { name, value in
        let record = value.record
        return record == .null ? nil : Field(name, record)
      })
  }
}

extension Record {
  /// The fields of both; a field of the second replaces its namesake.
  public static func + (_ first: Record, _ second: Record) -> Record {
    guard case .object(let a) = first, case .object(let b) = second else { return second }
    return .object(a.filter { field in !b.contains { $0.name == field.name } } + b)
  }
}
