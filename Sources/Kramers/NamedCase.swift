/// One of `allCases`, known by its name: what options, results and session files call it by. All that
/// the program knows of a case is what the type behind it says of itself.
public protocol NamedCase: Sendable, Equatable, RawRepresentable, CaseIterable,
  CustomStringConvertible
where RawValue == String {
  /// The type behind it.
  var kind: Any.Type { get }
}

extension NamedCase {
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  public var description: String { rawValue }

  public static func == (a: Self, b: Self) -> Bool { a.kind == b.kind }

  /// `'a' and 'b'`: those for which `holds`.
  static func names(where holds: (Self) -> Bool) -> String {
    joined(allCases.filter(holds).map { "'\($0.rawValue)'" })
  }
}
