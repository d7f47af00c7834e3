#if canImport(Glibc)
  internal import Glibc
#endif

/// Escapes counted at one temperature.
public struct ArrheniusPoint: Sendable, Equatable {
  /// 1/T.
  public let inverseTemperature: Double
  /// Number of escapes.
  public let escapes: Double
  /// Total time at risk, in lr * steps (in steps only if lr is the same for all points): with
  /// escapes their number times the tau of this point, as `CensoredRate` has it.
  public let exposure: Double
  /// Length of the looks within which escapes are known, in the same unit; 0 for exact times.
  public let look: Double

  public init(inverseTemperature: Double, escapes: Double, exposure: Double, look: Double = 0) {
    self.inverseTemperature = inverseTemperature
    self.escapes = escapes
    self.exposure = exposure
    self.look = look
  }

  /// The point in a law with this row of the design matrix.
  func ratePoint(_ design: [Double], offset: Double = 0) -> RatePoint {
    let tau = exposure / escapes
    let survived =
      escapes > 0 ? exposure * lookFactor(tau > 0 ? look / tau : .infinity) : exposure
    return RatePoint(
      escapes: escapes, survived: survived, look: look, design: design, offset: offset)
  }
}

/// Arrhenius' law fitted to censored escape counts by maximum likelihood (`RateLaw`), escapes known
/// within their looks:
///
///     ln tau = ln tau_0 + barrier / T
///
/// The barrier is the slope of ln tau against 1/T and nothing else. For a network with rotational
/// zero modes tau also carries a power of T, which biases it by -M T/2 (see `RateLaw` for fits
/// with such a term), and if lr varies between points times in steps bias it by +T.
public struct ArrheniusFit: Sendable {
  /// ln tau_0, in ln of the unit of the exposures; nil if not identifiable.
  public let logPrefactor: Double?
  /// The barrier height, in the unit of T; nil if not identifiable.
  public let barrier: Double?
  /// 95 % profile-likelihood interval; an end is infinite where the data give none.
  public let barrierLow: Double
  public let barrierHigh: Double
  /// Squared correlation of ln(exposure/escapes) with 1/T over the points with escapes; nil for
  /// fewer than three of them (a line through two points always fits) or a single temperature.
  /// It is descriptive: a wrong law can have .91.
  public let r2: Double?
  /// Largest over smallest tau among the points with escapes; nil without any. A span below a few
  /// decades cannot tell Arrhenius from a power of T.
  public let span: Double?
  /// The law behind the fit: likelihood and points.
  public let law: RateLaw
}

/// Fits Arrhenius' law; see `ArrheniusFit`.
///
/// - Parameter points: at least one; two temperatures with escapes make it identifiable.
/// - Throws: `InputError` for no points or values that are negative or not finite.
public func fitArrhenius(_ points: [ArrheniusPoint]) throws(InputError) -> ArrheniusFit {
  let law = try RateLaw(
    points.map { $0.ratePoint([1, $0.inverseTemperature]) })
  let interval = law.profileInterval(of: 1)
  // Where all escape at the first look there is no upper end of ln(1/tau).
  let seen = points.filter { $0.escapes > 0 && $0.exposure > 0 }
  let logTau = seen.map { log($0.exposure / $0.escapes) }
  var span: Double?
  if let low = logTau.min(), let high = logTau.max() { span = exp(high - low) }
  return ArrheniusFit(
    logPrefactor: law.coefficients?[0], barrier: law.coefficients?[1], barrierLow: interval.low,
    barrierHigh: interval.high,
    r2: squaredCorrelation(seen.map(\.inverseTemperature), logTau), span: span, law: law)
}

private func squaredCorrelation(_ x: [Double], _ y: [Double]) -> Double? {
  guard x.count >= 3 else { return nil }
  let n = Double(x.count)
  let meanX = x.reduce(0, +) / n
  let meanY = y.reduce(0, +) / n
  let dx = x.map { $0 - meanX }
  let dy = y.map { $0 - meanY }
  // Temperatures that agree to rounding have no slope.
  guard norm(dx) > 1e-12 * norm(x) else { return nil }
  // Equal escape times are a perfect horizontal line.
  guard norm(dy) > 0 else { return 1 }
  let cosine = dot(dx, dy) / (norm(dx) * norm(dy))
  return min(cosine * cosine, 1)
}

/// A predicted escape time at one temperature.
public struct TheoryPoint: Sendable {
  public let temperature: Double
  /// In lr * steps, by the formula for T -> 0.
  public let time: Double
  /// Relative amount by which the exact time is longer (`RateFormula.Prediction`).
  public let excess: Double

  public init(temperature: Double, time: Double, excess: Double) {
    self.temperature = temperature
    self.time = time
    self.excess = excess
  }
}

/// The slope of ln tau against 1/T that theory expects at these temperatures, by least squares. It
/// lies below the barrier: by the zero modes of the saddle, and because the exact time is longer
/// than the asymptotic formula by a factor 1 + c T/dE.
///
/// - Returns: the slope, and the part of it that this factor makes; nil for fewer than two
///   temperatures.
public func expectedSlope(_ points: [TheoryPoint]) -> (value: Double, correction: Double)? {
  func slope(_ y: (TheoryPoint) -> Double) -> Double? {
    let n = Double(points.count)
    let (x, y) = (points.map { 1 / $0.temperature }, points.map(y))
    let center = x.reduce(0, +) / n
    let spread = x.reduce(0) { $0 + ($1 - center) * ($1 - center) }
    guard points.count >= 2, spread > 0 else { return nil }
    return zip(x, y).reduce(0) { $0 + ($1.0 - center) * $1.1 } / spread
  }
  guard let value = slope({ log($0.time * (1 + $0.excess)) }), let bare = slope({ log($0.time) })
  else { return nil }
  return (value, value - bare)
}
