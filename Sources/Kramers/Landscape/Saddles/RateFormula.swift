#if canImport(Glibc)
  internal import Glibc
#endif

/// An escape rate as a function of temperature, with what limits its use:
///
///     k(T) = prefactor T^-power e^(-dE/T),        tau = 1/(k lr) steps
///
/// Heavy ball, v <- mu v - lr g + noise, theta <- theta + v, with friction g = (1 - mu)/sqrt(lr):
///
///     tau = (1 - mu)/(k lr kappa),    kappa = (g/lam) (sqrt(g^2/4 + lam) - g/2),   lam = |lam_-|
///
/// kappa < 1 is Kramers' factor for inertia; at mu = 0 the update has none, and there is no kappa.
/// These are the times for lr -> 0; `prediction` adds what the step does (`StepBias`).
///
/// Source: H. Kramers, Physica 7 (1940) 284, equations 17 and 25.
public struct RateFormula: Sendable, Equatable {
  /// dE = E(saddle) - E(minimum).
  public var barrier: Double
  /// The saddle's one negative eigenvalue, < 0.
  public var negativeEigenvalue: Double
  /// (m_s - m_0)/2 from the zero modes of saddle and minimum: a raw Arrhenius slope is
  /// dE - power T.
  public var temperaturePower: Double
  /// ln prefactor; nil with `reason`.
  public var logPrefactor: Double?
  /// Why there is no rate, whatever the temperature.
  public var reason: String?
  /// Temperature at which the softest mode's thermal amplitude reaches the size of the weights it
  /// turns; nil where the Hessians are too large.
  public var softTemperature: Double?
  /// Relative error per unit of temperature that soft modes make, beside that of the way out.
  public var softError = 0.0
  /// Coefficient of T in the anharmonic correction at the saddle, along the unstable direction.
  public var anharmonicity: Double
  /// Curvature of the minimum along the way out; decides how much friction is needed.
  public var wellCurvature: Double?
  /// What the step lr does to the time; nil where the Hessians are too large.
  public var stepBias: StepBias?

  public init(
    barrier: Double, negativeEigenvalue: Double, temperaturePower: Double, anharmonicity: Double
  ) {
    self.barrier = barrier
    self.negativeEigenvalue = negativeEigenvalue
    self.temperaturePower = temperaturePower
    self.anharmonicity = anharmonicity
  }

  /// tau in steps by the formula for lr -> 0, however valid it is; nil without a prefactor.
  ///
  /// - Parameters:
  ///   - temperature: T > 0.
  ///   - learningRate: lr > 0.
  ///   - momentum: mu of the heavy ball, nil for plain gradient descent.
  public func escapeTime(
    temperature: Double, learningRate: Double, momentum: Double? = nil
  ) -> Double? {
    logPrefactor.map {
      let overdamped =
        exp(barrier / temperature + temperaturePower * log(temperature) - $0) / learningRate
      guard let momentum else { return overdamped }
      return overdamped * (1 - momentum) / inertia(friction(momentum, learningRate))
    }
  }

  public enum Prediction: Sendable, Equatable {
    /// Steps; the relative error of the formula at this temperature, by which the exact time is
    /// longer; and the relative error, of either sign, of what the step lr does to it.
    case time(tau: Double, relativeError: Double, stepError: Double)
    case unavailable(String)
  }

  /// tau at this lr where the formula can be trusted: (1 + M^2)/(2x) < 0.3, x = dE/T,
  /// M = m_s - m_0, which is also the error stated; and neither a soft mode nor, near a spinodal, a
  /// flat barrier, nor so little friction that energy, not position, is what diffuses, nor so large
  /// a step that the two errors together reach 0.3.
  ///
  /// The first error has a sign: the exact time is the longer one. Measured tau/formula = 1 + c/x
  /// with c = .5, 2.5 (six ensembles of 1000 at x = 8.5: 1.296 +- .014) and 9 for M = 0, 2, 4, so
  /// that tau (1 + error) is the better guess. Isolated saddles add `softError` times T.
  public func prediction(
    temperature: Double, learningRate: Double, momentum: Double? = nil
  ) -> Prediction {
    if let reason { return .unavailable(reason) }
    guard
      let tau = escapeTime(
        temperature: temperature, learningRate: learningRate, momentum: momentum)
    else {
      return .unavailable("the saddle carries fewer modes than it should")
    }
    let x = barrier / temperature
    let extra = 2 * temperaturePower
    let onTheWay = (1 + extra * extra) / (2 * x)
    if !(onTheWay < 0.3) {
      return .unavailable(
        "barrier/temperature = \(rounded(x)) is too small: with \(Int(extra)) more zero modes at "
          + "the saddle the formula needs \(rounded((1 + extra * extra) / 0.6))")
    }
    if !(anharmonicity * temperature < 0.3) {
      return .unavailable("the barrier is flat at this temperature: l2 is near a spinodal")
    }
    if let softTemperature, !(temperature < 0.3 * softTemperature) {
      return .unavailable(
        "a mode is too soft at this temperature (its amplitude fills the state at T = "
          + "\(rounded(softTemperature))): nearly degenerate singular values, a near symmetry, or a "
          + "spinodal")
    }
    let error = onTheWay + softError * temperature
    if !(error < 0.3) {
      return .unavailable(
        "soft modes leave the formula an error of \(rounded(100 * error)) % at barrier/temperature "
          + "= \(rounded(x)): it is below 30 % from \(rounded(x * error / 0.3)) on")
    }
    if let momentum, let wellCurvature {
      // Energy lost in one swing at the height of the barrier, 2 pi dE/omega times the friction.
      let friction = friction(momentum, learningRate)
      let loss = 2 * Double.pi * friction * x / wellCurvature.squareRoot()
      if !(loss > 5) {
        return .unavailable(
          "momentum \(momentum) leaves too little friction, (1 - momentum)/sqrt(lr) = "
            + "\(rounded(friction)): a swing loses \(rounded(loss)) temperature, the formula needs 5"
        )
      }
    }
    guard let stepBias else {
      return .time(tau: tau, relativeError: error, stepError: 0)
    }
    if !(learningRate * stepBias.stiffness < 2 * (1 + (momentum ?? 0))) {
      return .unavailable(
        "lr is too large: the largest curvature on the way is \(rounded(stepBias.stiffness)), and "
          + "the update is unstable above lr = "
          + "\(rounded(2 * (1 + (momentum ?? 0)) / stepBias.stiffness))")
    }
    let (shift, stepError) = stepEffect(stepBias, x, learningRate, momentum)
    if !(error + stepError < 0.3) {
      return .unavailable(
        "lr is too large: what the step does to the time is known to \(rounded(100 * stepError)) %"
          + " only")
    }
    return .time(tau: tau * exp(shift), relativeError: error, stepError: stepError)
  }

  /// What the step adds to ln tau, and how uncertain that is: half the most by which it can lower
  /// the exponent, so that the error covers all of it.
  ///
  /// The heavy ball's growth at the saddle is exact: a step multiplies the unstable direction by the
  /// root z > 1 of z^2 - (1 + mu + lr lam) z + mu = 0. Its exponent falls by
  ///
  ///     (lr/6) integral of g |a|^2 dt / T,      ((1 + mu)/2) a + g v + grad U = 0 from the saddle,
  ///
  /// where (1 + mu)/2 times the integral of |a|^2 is that of v.Hess U.v, at most kappa dE/g: first
  /// order in lr, and at dE/T = 8.5, mu = .8, lr = 1 a third of the time. With much friction it is
  /// smaller by kappa/g^2. The first order of its determinants is not corrected but stated.
  private func stepEffect(
    _ bias: StepBias, _ x: Double, _ learningRate: Double, _ momentum: Double?
  ) -> (shift: Double, error: Double) {
    let lam = -negativeEigenvalue
    let kappa = max(wellCurvature ?? bias.stiffness, lam)
    let first = learningRate * bias.slope
    let second = learningRate * learningRate * (bias.bend + 0.2 * kappa * kappa)
    guard let momentum else {
      let lowering = 0.21 * learningRate * learningRate * kappa * kappa * x / 6
      return (first - 0.5 * lowering, second + 0.5 * lowering)
    }
    let g = friction(momentum, learningRate)
    let lowering =
      min(1, kappa / (g * g)) * learningRate * kappa * x / (3 * (1 + momentum))
    let trace = 1 + momentum + learningRate * lam
    let growth = log(0.5 * (trace + (trace * trace - 4 * momentum).squareRoot()))
    let continuous = ((g * g / 4 + lam).squareRoot() - g / 2) * learningRate.squareRoot()
    return (
      log(continuous / growth) - 0.5 * lowering, second + 0.5 * lowering + abs(first)
    )
  }

  private func friction(_ momentum: Double, _ learningRate: Double) -> Double {
    (1 - momentum) / learningRate.squareRoot()
  }

  /// kappa.
  private func inertia(_ g: Double) -> Double {
    let lam = -negativeEigenvalue
    return g / lam * ((g * g / 4 + lam).squareRoot() - g / 2)
  }
}
