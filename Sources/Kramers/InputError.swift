/// A wrong input: what, which value, which rule. The words stand here and nowhere else.
public enum InputError: Error, Equatable, CustomStringConvertible {
  /// `lr must be positive, got -0.1`
  case rule(name: String, rule: String, value: String)
  /// A sentence of its own, for rules that join several values.
  case sentence(String)

  public static func rule(_ name: String, _ rule: String, _ value: some Any) -> InputError {
    .rule(name: name, rule: rule, value: (value as? Double).map(plainNumber) ?? "\(value)")
  }

  public var description: String {
    switch self {
    case .rule(let name, let rule, let value): "\(name) must be \(rule), got \(value)"
    case .sentence(let words): words
    }
  }
}

/// A number as an error message quotes it: whole ones without a point, and "nan" without the sign
/// that Intel's 0/0 gives it.
public func plainNumber(_ x: Double) -> String {
  if x.isNaN { return "nan" }
  return Int(exactly: x).map { "\($0)" } ?? "\(x)"
}
