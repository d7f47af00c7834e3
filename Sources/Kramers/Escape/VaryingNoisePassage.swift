#if canImport(Glibc)
  internal import Glibc
#endif

/// One-dimensional motion under noise that depends on the position (Itô),
///
///     dx = f(x) dt + sqrt(v(x)) dW,      psi' = 2 f / v
///
/// whose exact mean first-passage time from a start to a threshold, with a reflecting wall behind
/// the start, is
///
///     tau = 2 |int_start^threshold dy e^(-psi(y)) int_wall^y dz e^(psi(z)) / v(z)|
///
/// For constant v = 2 T it is `meanFirstPassageTime` of the potential -int f. Factors are carried
/// as logarithms.
///
/// Source: Gardiner, Handbook of Stochastic Methods, section 5.5.2.
struct VaryingNoisePassage {
  /// f, length a time.
  let drift: (Double) -> Double
  /// v > 0, length^2 a time.
  let variance: (Double) -> Double

  /// ln tau, to about 1e-9; nil if the refinement does not settle.
  ///
  /// - Parameters:
  ///   - wall: on the side of the start that the threshold is not on.
  ///   - threshold: on either side of the start.
  func logMeanTime(from start: Double, to threshold: Double, wall: Double) -> Double? {
    // Mirrored, if need be, so that the threshold lies on the right.
    let sign: Double = threshold >= start ? 1 : -1
    let (drift, variance) = (drift, variance)
    let psi = Antiderivative(from: sign * wall, through: sign * start, to: sign * threshold) { x in
      sign * 2 * drift(sign * x) / variance(sign * x)
    }
    return logMeanPassageTime(
      left: sign * wall, from: sign * start, to: sign * threshold, tolerance: 1e-9,
      potential: { -psi($0) }, logDiffusivity: { log(0.5 * variance(sign * $0)) })
  }
}

/// int g from a point, on an interval that is split there: Gauss–Legendre with 16 nodes on 128
/// panels a side, summed once.
struct Antiderivative {
  private let rule = GaussLegendre(16)
  private let integrand: (Double) -> Double
  private let middle: Double
  private let left: Side
  private let right: Side

  private struct Side {
    let start: Double
    let width: Double
    /// Integrals from the left end of the side to the left end of each panel, and to its right end.
    var sums: [Double]
  }

  init(
    from low: Double, through middle: Double, to high: Double,
    of integrand: @escaping (Double) -> Double
  ) {
    self.integrand = integrand
    self.middle = middle
    let rule = rule
    func side(_ a: Double, _ b: Double) -> Side {
      let panels = 128
      let width = (b - a) / Double(panels)
      var sums = [0.0]
      for k in 0..<panels {
        let start = a + Double(k) * width
        sums.append(sums[k] + rule.integral(of: integrand, from: start, to: start + width))
      }
      return Side(start: a, width: width, sums: sums)
    }
    left = side(low, middle)
    right = side(middle, high)
  }

  /// The integral from `middle` to x.
  func callAsFunction(_ x: Double) -> Double {
    let side = x < middle ? left : right
    guard side.width > 0 else { return 0 }
    let panels = side.sums.count - 1
    let panel = min(max(Int((x - side.start) / side.width), 0), panels - 1)
    let start = side.start + Double(panel) * side.width
    let sum = side.sums[panel] + rule.integral(of: integrand, from: start, to: x)
    return x < middle ? sum - side.sums[panels] : sum
  }
}

extension GaussLegendre {
  /// int_a^b g.
  func integral(of g: (Double) -> Double, from a: Double, to b: Double) -> Double {
    var sum = 0.0
    for (node, weight) in zip(nodes, weights) { sum += weight * g(a + (b - a) * node) }
    return sum * (b - a)
  }
}
