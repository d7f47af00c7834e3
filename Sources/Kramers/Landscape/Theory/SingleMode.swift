#if canImport(Glibc)
  internal import Glibc
#endif

/// One learnable feature of a deep linear network, and nothing else: the energy of a balanced,
/// aligned chain of D equal weights a.
///
///     E(a) = lambda a^(2D)/2 - s a^D + b D a^2/2,     w = a^D
///     stationary:  a = 0   or   b = a^(D-2) (s - lambda a^D)
///
/// s is the feature's singular value in Sigma_yx, lambda the variance of its input direction, b the
/// L2 strength. D >= 3: a first-order transition. D = 2: a second-order one at b = s, whatever
/// lambda is. D = 1 is ridge regression, w = s/(lambda + b), without any transition: its spinodal
/// and coexistence are nil.
///
/// Exact for every mode of a network whose moments commute (each feature an eigenvector of
/// Sigma_xx). For other moments the modes are coupled: see `PhaseTheory`.
///
/// Energies scale as s^2/lambda and l2 as lambda (s/lambda)^(2 - 2/D).
public struct SingleMode: Sendable, Equatable {
  /// s > 0.
  public let singular: Double
  /// lambda > 0, the input variance along the feature.
  public let variance: Double
  /// D, the number of weight matrices.
  public let depth: Int

  public init(singular: Double, variance: Double = 1, depth: Int) {
    precondition(singular > 0 && variance > 0 && depth >= 1, "a mode needs s, lambda > 0, D >= 1")
    self.singular = singular
    self.variance = variance
    self.depth = depth
  }

  private var d: Double { Double(depth) }

  /// 1 for D >= 3, 2 for D = 2, nil for D = 1.
  public var order: Int? { depth >= 3 ? 1 : depth == 2 ? 2 : nil }

  /// The L2 strength above which the learned branch does not exist,
  /// b_sp = p^((D-2)/D) s D/(2(D-1)) at lambda = 1; s for D = 2; nil for D = 1.
  public var spinodal: Double? {
    guard depth >= 2 else { return nil }
    return pow(spinodalStrength, 1 - 2 / d) * singular * d / (2 * (d - 1))
  }

  /// p = s (D-2)/(2 lambda (D-1)): learned branch and saddle meet there.
  public var spinodalStrength: Double { singular * max(d - 2, 0) / (2 * variance * max(d - 1, 1)) }

  /// The L2 strength at which the learned state and zero have the same objective,
  /// b_c = (s(D-2)/(D-1))^((D-2)/D) s/(D-1) at lambda = 1; s for D = 2; nil for D = 1.
  public var coexistence: Double? {
    guard depth >= 2 else { return nil }
    let strength = singular * (d - 2) / (variance * (d - 1))
    return pow(strength, 1 - 2 / d) * singular / (d - 1)
  }

  /// w = a^D of the learned state: the larger root. Nil above the spinodal, where none exists; for
  /// D = 2 zero there, because the learned state merges with zero.
  public func learnedStrength(l2: Double) -> Double? {
    if depth == 1 { return singular / (variance + l2) }
    if depth == 2 { return max(0, (singular - l2) / variance) }
    return learnedWeight(l2: l2).map(strength)
  }

  /// w = a^D at the saddle between zero and the learned state: the smaller root. Nil for l2 <= 0
  /// (zero is no longer a minimum), above the spinodal, and for D <= 2.
  public func saddleStrength(l2: Double) -> Double? { saddleWeight(l2: l2).map(strength) }

  /// a at the learned state, D >= 3.
  func learnedWeight(l2: Double) -> Double? {
    guard depth >= 3, let spinodal, l2 >= 0, l2 <= spinodal else { return nil }
    return root(l2, from: rootOf(spinodalStrength), to: rootOf(singular / variance), rising: false)
  }

  /// a at the saddle, D >= 3.
  func saddleWeight(l2: Double) -> Double? {
    guard depth >= 3, let spinodal, l2 > 0, l2 <= spinodal else { return nil }
    return root(l2, from: 0, to: rootOf(spinodalStrength), rising: true)
  }

  /// E(a), with E = 0 at zero.
  public func energy(weight a: Double, l2: Double) -> Double {
    let w = strength(a)
    return 0.5 * variance * w * w - singular * w + 0.5 * l2 * d * a * a
  }

  /// E at a stationary strength w, (w/2) ((D-2) s - (D-1) lambda w): b eliminated, so that no
  /// digits cancel when b is small.
  func stationaryEnergy(strength w: Double) -> Double {
    0.5 * w * ((d - 2) * singular - (d - 1) * variance * w)
  }

  /// E(saddle) - E(0). Nil where there is no saddle.
  public func barrierFromZero(l2: Double) -> Double? {
    saddleStrength(l2: l2).map(stationaryEnergy)
  }

  /// E(saddle) - E(learned), which vanishes as (b_sp - b)^(3/2). Nil where there is no saddle.
  public func barrierFromLearned(l2: Double) -> Double? {
    guard let saddle = saddleStrength(l2: l2), let learned = learnedStrength(l2: l2) else {
      return nil
    }
    return stationaryEnergy(strength: saddle) - stationaryEnergy(strength: learned)
  }

  /// E''(a)/D at a stationary strength w != 0, the eigenvalue of the full Hessian along the path
  /// (all D layers move together, so a unit vector moves each by 1/sqrt D):
  ///
  ///     D lambda a^(2D-2) - (D-2) b
  ///
  /// Negative at the saddle. At zero it is b for D >= 3 and b - s for D = 2 (not this formula).
  public func curvature(strength w: Double, l2: Double) -> Double {
    d * variance * pow(w, 2 - 2 / d) - (d - 2) * l2
  }

  /// The root of a^(D-2) (s - lambda a^D) = b between two ends where the left side is monotone,
  /// by bisection of the bit patterns: exact to the rounding of the left side.
  private func root(_ b: Double, from low: Double, to high: Double, rising: Bool) -> Double {
    var (below, above) = (low.bitPattern, high.bitPattern)
    while above - below > 1 {
      let middle = below + (above - below) / 2
      let a = Double(bitPattern: middle)
      let power = integerPower(a, depth - 2)
      let value = power * (singular - variance * power * a * a)
      if (value < b) == rising { below = middle } else { above = middle }
    }
    return Double(bitPattern: rising ? above : below)
  }

  private func strength(_ a: Double) -> Double { integerPower(a, depth) }
  private func rootOf(_ w: Double) -> Double { pow(w, 1 / d) }
}

/// x^n for n >= 0.
func integerPower(_ x: Double, _ n: Int) -> Double {
  var result = 1.0
  for _ in 0..<n { result *= x }
  return result
}
