/// What a number must fulfil, and the sentence that refuses one.
public enum NumberRule: String, Sendable, CaseIterable {
  case any = "a number"
  case positive = "positive"
  case nonNegative = "0 or positive"
  case fraction = "in (0, 1]"
  case belowOne = "in [0, 1)"

  private func holds(_ x: Double) -> Bool {
    switch self {
    case .any: true
    case .positive: x > 0
    case .nonNegative: x >= 0
    case .fraction: x > 0 && x <= 1
    case .belowOne: x >= 0 && x < 1
    }
  }

  public func check(_ name: String, _ x: Double) throws(InputError) {
    guard x.isFinite else { throw .rule(name, "finite", x) }
    guard holds(x) else { throw .rule(name, rawValue, x) }
  }
}
