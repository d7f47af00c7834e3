/// A bracket around a root of a continuous function that is dear to evaluate, and where to look next:
/// inverse quadratic interpolation where three values say that it can be trusted, else the middle.
///
/// Source: T. R. Chandrupatla, Adv. Eng. Softw. 28 (1997) 145.
struct RootBracket {
  typealias Point = (x: Double, y: Double)

  /// The latest point, and the end of the bracket on the other side of the root.
  private var latest: Point
  private var other: Point
  /// The point that was left last.
  private var former: Point?

  /// - Parameters: points with y of opposite signs.
  init(_ a: Point, _ b: Point) {
    (other, latest) = (a, b)
  }

  var width: Double { abs(latest.x - other.x) }

  /// The end with the smaller |y|.
  var best: Point { abs(latest.y) < abs(other.y) ? latest : other }

  /// Inside the bracket.
  var next: Double {
    let share = interpolated ?? 0.5
    // Not so near an end that nothing is learned of the other side.
    let least = min(0.5, 1e-13 * max(abs(latest.x), abs(other.x)) / max(width, 1e-300))
    return latest.x + max(least, min(1 - least, share)) * (other.x - latest.x)
  }

  /// A point inside the bracket.
  mutating func take(_ point: Point) {
    if (point.y > 0) == (latest.y > 0) {
      former = latest
    } else {
      former = other
      other = latest
    }
    latest = point
  }

  /// From the latest point towards the other one, as a share of the bracket.
  private var interpolated: Double? {
    guard let former else { return nil }
    let (a, b, c) = (latest, other, former)
    let xi = (a.x - b.x) / (c.x - b.x)
    let phi = (a.y - b.y) / (c.y - b.y)
    guard phi * phi < xi, (1 - phi) * (1 - phi) < 1 - xi else { return nil }
    return a.y / (b.y - a.y) * c.y / (b.y - c.y)
      + (c.x - a.x) / (b.x - a.x) * a.y / (c.y - a.y) * b.y / (c.y - b.y)
  }
}
