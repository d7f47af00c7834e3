#if canImport(Glibc)
  internal import Glibc
#endif

/// How far the harmonic approximation of a stationary state reaches: a mode of curvature h has the
/// thermal amplitude sqrt(T/h), which must stay small against the weights that it turns.
///
/// A mode that lives on the units of learned modes turns those (weights a of the weakest one); any
/// other turns the escaping mode, whose weights at the saddle are a_s = sigma^(1/D). Nearly
/// degenerate learned and unlearned singular values make the first kind soft; at the saddle it is
/// the same mode as at the minimum, and would be misjudged by a_s.
struct SoftModes {
  private let learned: Set<Int>
  private let learnedSize: Double  // a^2
  private let escapingSize: Double  // a_s^2

  init(_ network: Network, _ rank: Int, _ minimum: [Double], escaping sigma: Double) {
    let exponent = 2 / Double(network.depth)
    escapingSize = pow(sigma, exponent)
    guard rank > 0 else {
      learned = []
      learnedSize = escapingSize
      return
    }
    learned = Set(carriedParameters(network, rank))
    let kept = singularValues(of: network.endToEndMap(of: minimum))
    learnedSize = pow(kept[rank - 1], exponent)
  }

  /// min over positive curvatures h of h a^2: the temperature at which an amplitude is as large as
  /// the state.
  func temperature(_ hessian: Matrix) -> Double {
    let (values, vectors) = eigenDecomposition(hessian)
    let tolerance = 1e-9 * (values.last ?? 0)
    var lowest = Double.infinity
    for (k, value) in values.enumerated() where value > tolerance {
      // Values ascend: beyond this one none can be lower.
      if value * escapingSize >= lowest { break }
      let share = learned.reduce(0) { $0 + vectors[$1, k] * vectors[$1, k] }
      lowest = min(lowest, value * (share > 0.5 ? learnedSize : escapingSize))
    }
    return lowest
  }
}
