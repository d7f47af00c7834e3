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
  /// Coefficient of T in the anharmonic correction at the saddle, along the unstable direction.
  public var anharmonicity: Double
  /// Curvature of the minimum along the way out; decides how much friction is needed.
  public var wellCurvature: Double?

  public init(
    barrier: Double, negativeEigenvalue: Double, temperaturePower: Double, anharmonicity: Double
  ) {
    self.barrier = barrier
    self.negativeEigenvalue = negativeEigenvalue
    self.temperaturePower = temperaturePower
    self.anharmonicity = anharmonicity
  }

  /// tau in steps by the formula, however valid it is; nil without a prefactor.
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
    /// Steps, and the relative error to expect of the formula at this temperature.
    case time(tau: Double, relativeError: Double)
    case unavailable(String)
  }

  /// tau where the formula can be trusted: (1 + M^2)/(2x) < 0.3, x = dE/T, M = m_s - m_0, which
  /// is also the error stated; and neither a soft mode nor, near a spinodal, a flat barrier, nor so
  /// little friction that energy, not position, is what diffuses.
  ///
  /// The error has a sign: the exact time is the longer one. Measured tau/formula = 1 + c/x with
  /// c = .5, 2.5 (six ensembles of 1000 at x = 8.5: 1.296 +- .014) and 9 for M = 0, 2, 4, so that
  /// tau (1 + error) is the better guess.
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
    let error = (1 + extra * extra) / (2 * x)
    if !(error < 0.3) {
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
    return .time(tau: tau, relativeError: error)
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
