/// A wrong input: what, which value, which rule. The words stand here and nowhere else.
public enum InputError: Error, Equatable, CustomStringConvertible {
  /// `lr must be positive, got -0.1`
  case rule(name: String, rule: String, value: String)
  /// A sentence of its own, for rules that join several values.
  case sentence(String)

  public static func rule(_ name: String, _ rule: String, _ value: some Any) -> InputError {
    .rule(name: name, rule: rule, value: "\(value)")
  }

  public var description: String {
    switch self {
    case .rule(let name, let rule, let value): "\(name) must be \(rule), got \(value)"
    case .sentence(let words): words
    }
  }
}
