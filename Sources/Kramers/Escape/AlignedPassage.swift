#if canImport(Glibc)
  internal import Glibc
#endif

/// Escapes of one mode of a deep linear network in one dimension: along the path on which its D
/// layers are balanced and aligned, weight a each, strength a^D, under the noise of minibatches,
/// fresh label noise and additive noise T.
///
///     da = f dt + sqrt(v) dW,      t = lr * steps
///     f = a^(D-1) (s - lambda a^D) - b a
///     v = lr a^(2D-2) Var m + 2 T / D              (m: `AlignedNoise`)
///
/// Minibatch noise is largest in the learned state and vanishes at zero: it drives the collapse,
/// from a_L over the saddle a_s, and does not drive the appearance, which needs T. The exponent is
/// the quasi-potential
///
///     phi = int_(a_s)^(a_L) 2 f / v da  (collapse),    int_0^(a_s) -2 f / v da  (appearance)
///
/// proportional to B/lr where T = 0. Batch means are not Gaussian, and an escape is the work of
/// their tails: v is divided by `AlignedNoise.Lean.cost` along the climb, which makes phi that of
/// the jumps themselves, and the prefactor takes `tailFactor`. In the chain of N = 512, s = .8 at
/// .85 of the spinodal, B = 4, lr = .1, that is 12 % of phi: 35,100 steps, where Gaussian noise of
/// the same variance says 18,900 and simulation 35,200 +- 800.
///
/// Exact as lr -> 0 for a chain of width 1 with one input and output without T, whose layers stay
/// balanced: every layer gets the same gradient. Elsewhere the fluctuations of the other directions
/// change drift and variance (`OtherDirection`), and by them the prefactor. Momentum: lr/(1 - mu)
/// for lr, and Kramers' factor of inertia.
///
/// Source: Freidlin and Wentzell, Random Perturbations of Dynamical Systems, chapters 4 and 5.
public struct AlignedPassage: Sendable {
  /// Which way the mode goes.
  public enum Way: String, Sendable, CaseIterable { case collapse, appearance }

  public let mode: SingleMode
  public let l2: Double
  public let way: Way
  /// lr, of the heavy ball lr/(1 - mu).
  let rate: Double
  let temperature: Double
  let noise: AlignedNoise?
  /// a of the saddle and of the learned state.
  public let saddle: Double
  public let learned: Double
  /// `AlignedNoise.Lean.cost` between the minimum and the saddle.
  private let costs: ChebyshevSeries?
  /// ln of what the tails of the noise do to the prefactor of a collapse.
  private let tailFactor: Double
  /// Directions whose fluctuations are taken into account, in a collapse.
  let others: [OtherDirection]

  /// - Parameters:
  ///   - noise: nil for additive noise alone.
  ///   - rate: lr, or lr/(1 - mu).
  ///   - temperature: T of additive noise.
  ///   - others: the other directions, for `logCollapseTime`.
  /// - Throws: `InputError` where there is no saddle, or no noise that could drive the escape.
  init(
    _ mode: SingleMode, l2: Double, way: Way, noise: AlignedNoise?, rate: Double,
    temperature: Double,
    others: [OtherDirection] = []
  ) throws(InputError) {
    self.mode = mode
    self.others = others
    self.l2 = l2
    self.way = way
    self.noise = noise
    self.rate = rate
    self.temperature = temperature
    guard let saddle = mode.saddleWeight(l2: l2), let learned = mode.learnedWeight(l2: l2),
      saddle < learned
    else {
      throw .sentence("l2 = \(l2): the mode has no saddle there")
    }
    self.saddle = saddle
    self.learned = learned
    guard temperature > 0 || noise != nil && way == .collapse else {
      throw .sentence(Self.neverAppears)
    }
    guard let noise else {
      (costs, tailFactor) = (nil, 0)
      return
    }
    var isMissing = false
    func lean(_ a: Double) -> AlignedNoise.Lean {
      let (drift, gaussian) = Self.leaning(mode, l2: l2, rate, temperature, a)
      guard gaussian.isFinite else { return AlignedNoise.Lean() }
      let lean = noise.lean(integerPower(a, mode.depth), against: drift, gaussian: gaussian)
      if lean == nil { isMissing = true }
      return lean ?? AlignedNoise.Lean()
    }
    let (low, high) = way == .collapse ? (saddle, learned) : (0, saddle)
    let nodes = ChebyshevSeries.nodes(low, high, degree: 32).map { ($0, lean($0)) }
    if isMissing {
      throw .sentence(
        "no batch pulls harder than the restoring force on the way: such noise cannot carry the "
          + "mode over its saddle")
    }
    let costs = ChebyshevSeries(low, high, values: nodes.map(\.1.cost))
    self.costs = costs
    tailFactor =
      way == .collapse
      ? Self.tailFactor(
        mode, l2: l2, noise, rate, temperature, costs,
        ChebyshevSeries(
          low, high, values: nodes.map { $0.1.spread * $0.1.cost / $0.1.speed })) : 0
  }

  /// ln of the density of jumps at the saddle, relative to the learned state, over that of Gaussian
  /// noise of the variance v/cost: with u = spread cost / speed, the transport equation of the
  /// prefactor integrates to
  ///
  ///     int_(a_s)^(a_L) (u - 1) (ln f/v)' + u (ln cost)' da
  private static func tailFactor(
    _ mode: SingleMode, l2: Double, _ noise: AlignedNoise, _ rate: Double, _ temperature: Double,
    _ costs: ChebyshevSeries, _ ratios: ChebyshevSeries
  ) -> Double {
    let (low, high) = (costs.low, costs.high)
    func logVariance(_ a: Double) -> Double {
      let c = integerPower(a, mode.depth - 1)
      return log(
        rate * c * c * noise.variance(integerPower(a, mode.depth))
          + 2 * temperature / Double(mode.depth))
    }
    let step = 1e-5 * (high - low)
    return GaussLegendre(32).integral(
      of: { a in
        let spread = (logVariance(a + step) - logVariance(a - step)) / (2 * step)
        let bend = mode.driftSlope(a, l2: l2) / mode.drift(a, l2: l2)
        let cost = log(costs(a + step) / costs(a - step)) / (2 * step)
        let u = ratios(a)
        return (u - 1) * (bend - spread) + u * cost
      }, from: low, to: high)
  }

  static let neverAppears =
    "minibatch noise alone vanishes where the mode is absent: no activated escape"

  /// The mean gradient to overcome and the variance of additive noise, in the unit of m.
  private static func leaning(
    _ mode: SingleMode, l2: Double, _ rate: Double, _ temperature: Double, _ a: Double
  ) -> (drift: Double, gaussian: Double) {
    let c = integerPower(a, mode.depth - 1)
    return (
      mode.drift(a, l2: l2) / c,
      temperature == 0 ? 0 : 2 * temperature / (Double(mode.depth) * rate * c * c)
    )
  }

  /// f, weight a time.
  public func drift(_ a: Double) -> Double { mode.drift(a, l2: l2) }

  /// v, weight^2 a time.
  public func variance(_ a: Double) -> Double {
    let c = integerPower(a, mode.depth - 1)
    let jumps = noise.map { rate * c * c * $0.variance(integerPower(a, mode.depth)) } ?? 0
    return jumps + 2 * temperature / Double(mode.depth)
  }

  /// v over the lean: the variance of Gaussian noise under which an escape is as rare.
  func effectiveVariance(_ a: Double) -> Double { variance(a) / lean(a) }

  private func lean(_ a: Double) -> Double {
    guard let noise, let costs else { return 1 }
    if costs.contains(a) { return costs(a) }
    // Past the saddle and behind the minimum a path only fluctuates.
    let (drift, gaussian) = Self.leaning(mode, l2: l2, rate, temperature, a)
    guard gaussian.isFinite else { return 1 }
    return noise.smallLean(integerPower(a, mode.depth), against: drift, gaussian: gaussian)
  }

  /// The quasi-potential of the saddle, without unit.
  public var phi: Double { exponent(effectiveVariance) }

  /// The same for Gaussian noise of the same variance.
  public var gaussianPhi: Double { exponent(variance) }

  /// The same for noise frozen at the minimum: barrier over a constant "effective temperature".
  public var frozenPhi: Double {
    let frozen = variance(way == .collapse ? learned : 0)
    return exponent { _ in frozen }
  }

  private func exponent(_ variance: (Double) -> Double) -> Double {
    let rule = GaussLegendre(16)
    let (a, b) = way == .collapse ? (saddle, learned) : (0, saddle)
    let sign: Double = way == .collapse ? 1 : -1
    let panels = 32
    let width = (b - a) / Double(panels)
    return (0..<panels).reduce(0) { sum, k in
      let start = a + Double(k) * width
      return sum
        + rule.integral(
          of: { sign * 2 * drift($0) / variance($0) }, from: start, to: start + width)
    }
  }

  /// How the mean time of a collapse is computed.
  public enum Accuracy: Sendable { case complete, pathAlone, gaussianPathAlone }

  /// ln of the mean time lr * steps of a collapse, from the learned state until the strength falls
  /// to `threshold`, on the far side of the saddle; nil if the integral does not settle, or if the
  /// fluctuations of the other directions are not small.
  public func logCollapseTime(to threshold: Double, _ accuracy: Accuracy = .complete) -> Double? {
    let end = pow(threshold, 1 / Double(mode.depth))
    guard way == .collapse, end > 0, end < saddle else { return nil }
    let variance = accuracy == .gaussianPathAlone ? variance : effectiveVariance
    var passage = VaryingNoisePassage(drift: drift, variance: variance)
    if accuracy == .complete, !others.isEmpty {
      guard let shifted = shifted(from: end) else { return nil }
      passage = shifted
    }
    let time = passage.logMeanTime(from: learned, to: end, wall: wall(passage))
    return accuracy == .gaussianPathAlone ? time : time.map { $0 + tailFactor }
  }

  /// Drift and variance with the fluctuations of the other directions; behind the learned state as
  /// in it.
  private func shifted(from end: Double) -> VaryingNoisePassage? {
    func series(_ f: @escaping (OtherDirection, Double) -> Double) -> ChebyshevSeries {
      ChebyshevSeries(end, learned, degree: 24) { a in others.reduce(0) { $0 + f($1, a) } }
    }
    let drifts = series { $0.shifts($1).drift }
    let variances = series { $0.shifts($1).variance }
    func share(_ a: Double) -> Double {
      let b = min(a, learned)
      return rate * rate * variances(b) / variance(b)
    }
    let isSmall = (0...24).allSatisfy { k in
      abs(share(end + (learned - end) * Double(k) / 24)) < 0.5
    }
    guard isSmall else { return nil }
    return VaryingNoisePassage(
      drift: { drift($0) + rate * drifts(min($0, learned)) },
      variance: { effectiveVariance($0) * (1 + share($0)) })
  }

  /// Where the density behind the learned state has fallen by e^-40, or ten times its weight.
  private func wall(_ passage: VaryingNoisePassage) -> Double {
    var a = learned
    var fallen = 0.0
    let step = 0.02 * learned
    while a < 10 * learned, fallen > -40 {
      fallen += 2 * passage.drift(a + 0.5 * step) / passage.variance(a + 0.5 * step) * step
      a += step
    }
    return a
  }
}

extension SingleMode {
  /// -E'(a)/D: the force on each of the D weights.
  func drift(_ a: Double, l2: Double) -> Double {
    let c = integerPower(a, depth - 1)
    return c * (singular - variance * c * a) - l2 * a
  }

  /// f'(a).
  func driftSlope(_ a: Double, l2: Double) -> Double {
    let d = Double(depth)
    let c = integerPower(a, depth - 2)
    return c * ((d - 1) * singular - (2 * d - 1) * variance * c * a * a) - l2
  }
}

/// An interpolant through Chebyshev's nodes of an interval.
struct ChebyshevSeries: Sendable {
  let low: Double
  let high: Double
  private let coefficients: [Double]

  /// - Parameter values: at the nodes.
  init(_ low: Double, _ high: Double, values: [Double]) {
    self.low = low
    self.high = high
    let n = values.count
    coefficients = (0..<n).map { k in
      (k == 0 ? 1 : 2) / Double(n)
        * values.enumerated().reduce(0) { sum, value in
          sum + value.element
            * cos(Double(k) * Double.pi * (Double(value.offset) + 0.5) / Double(n))
        }
    }
  }

  init(_ low: Double, _ high: Double, degree: Int, _ f: (Double) -> Double) {
    self.init(low, high, values: Self.nodes(low, high, degree: degree).map(f))
  }

  static func nodes(_ low: Double, _ high: Double, degree: Int) -> [Double] {
    (0...degree).map {
      0.5 * (low + high)
        + 0.5 * (high - low) * cos(Double.pi * (Double($0) + 0.5) / Double(degree + 1))
    }
  }

  func contains(_ x: Double) -> Bool { x >= low && x <= high }

  /// Clenshaw's recurrence.
  func callAsFunction(_ x: Double) -> Double {
    let t = (2 * x - low - high) / (high - low)
    var (b1, b2) = (0.0, 0.0)
    for c in coefficients.dropFirst().reversed() { (b1, b2) = (2 * t * b1 - b2 + c, b1) }
    return t * b1 - b2 + coefficients[0]
  }
}
