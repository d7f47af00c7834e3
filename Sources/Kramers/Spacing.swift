/// On which scale points are evenly spaced.
public enum Scale: String, Sendable, CaseIterable {
  case linear, log

  public func points(_ first: Double, _ last: Double, _ count: Int) throws -> [Double] {
    switch self {
    case .linear: try linearlySpaced(first, last, count)
    case .log: try geometricallySpaced(first, last, count)
    }
  }
}

/// `count` points from `first` to `last`, evenly spaced; both ends exact.
///
/// - Throws: `InputError` unless count >= 1 and both ends are finite.
public func linearlySpaced(_ first: Double, _ last: Double, _ count: Int) throws -> [Double] {
  try checkEnds(first, last, count)
  let steps = Double(count - 1)
  return points(first, last, count) { i in
    let product = (last - first) * i
    return product.isFinite ? first + product / steps : first + (last / steps - first / steps) * i
  }
}

/// `count` points from `first` to `last` in geometric progression; both ends exact. Points
/// that miss a decimal of 12 digits by rounding errors become that decimal: decades are decades.
///
/// - Throws: `InputError` unless count >= 1 and both ends are positive.
public func geometricallySpaced(_ first: Double, _ last: Double, _ count: Int) throws -> [Double] {
  try checkEnds(first, last, count)
  guard first > 0 else { throw InputError.rule("the first point", "positive", first) }
  guard last > 0 else { throw InputError.rule("the last point", "positive", last) }
  let (low, high) = (logarithm(first), logarithm(last))
  return points(first, last, count) { i in
    nearestShortDecimal(exponential(low + (high - low) * i / Double(count - 1)))
  }
}

private func points(
  _ first: Double, _ last: Double, _ count: Int, _ inner: (Double) -> Double
) -> [Double] {
  (0..<count).map { i in
    i == 0 ? first : i == count - 1 ? last : inner(Double(i))
  }
}

private func checkEnds(_ first: Double, _ last: Double, _ count: Int) throws {
  // As a list of Swift and a table of Lua.
  try checkMemory(count: 3 * Double(count), what: "a list of \(count) points")
  guard count >= 1, count <= 1 << 28 else {
    throw InputError.rule("the number of points", "in 1...2^28", count)
  }
  guard first.isFinite, last.isFinite else {
    throw InputError.rule("the ends", "finite", first.isFinite ? last : first)
  }
}

/// The decimal of 12 digits that `x` misses by rounding errors alone (2e-14 of it), else `x`.
private func nearestShortDecimal(_ x: Double) -> Double {
  var exponent = 0
  var mantissa = x
  while mantissa >= 10 {
    mantissa /= 10
    exponent += 1
  }
  while mantissa < 1, mantissa > 0 {
    mantissa *= 10
    exponent -= 1
  }
  // A decimal string is the way to the double nearest to a decimal.
  let digits = Int64((mantissa * 1e11).rounded())
  guard let decimal = Double("\(digits)e\(exponent - 11)") else { return x }
  return abs(decimal - x) <= 2e-14 * x ? decimal : x
}
