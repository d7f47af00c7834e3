#if canImport(Glibc)
  internal import Glibc
#endif

/// The rate at which additive noise carries a deep linear network from the state of r learned modes
/// over the saddle of mode r + 1, with the zero modes of both:
///
///     k = (lam_-/2 pi) (Vol_s/Vol_0) (2 pi T)^(-(m_s-m_0)/2)
///         sqrt(prod' eig_0 / prod' |eig_s|) exp(-dE/T),        tau = 1/(k lr) steps
///
/// primes over non-zero eigenvalues of the Hessians of the objective, m the numbers of zero modes,
/// Vol the volumes of the rotation orbits. For r = 0 and white inputs it is the closed form
/// `zeroPhaseLogRate`.
///
/// Holds for overdamped Langevin dynamics in continuous time as T -> 0. Measured corrections are
/// tau/formula = 1 + c T/dE with c of order (1 + M^2)/2, M = m_s - m_0. Says nothing about
/// minibatch noise, whose covariance vanishes where a mode is absent.
///
/// Source: Langer, Ann. Phys. 54, 258 (1969); Bovier et al., J. Eur. Math. Soc. 6, 399 (2004); for
/// the zero modes: Berglund and Gentz, "The Eyring-Kramers law for potentials with nonquadratic
/// saddles", MPRF 16, 549 (2010).
public struct EyringKramers: Sendable {
  public let rank: Int
  public let l2: Double
  /// dE, energy.
  public let barrier: Double
  /// The saddle's one negative eigenvalue, -lam_-.
  public let negativeEigenvalue: Double
  /// m_0 and m_s.
  public let minimumZeroModes: Int
  public let saddleZeroModes: Int
  public let minimum: [Double]
  public let saddle: [Double]
  /// sigma_(r+1) of the end-to-end map at the saddle, and at the noise-free relaxed states on its
  /// two sides.
  public let saddleStrength: Double
  public let learnedStrength: Double
  /// ln k without exp(-dE/T) and without the power of T.
  let logPrefactor: Double

  /// M = m_s - m_0; tau ~ T^(M/2) exp(dE/T).
  public var zeroModeExcess: Int { saddleZeroModes - minimumZeroModes }

  /// Half-way between the saddle's and the learned value of sigma_(r+1): where a replica counts as
  /// escaped.
  public var threshold: Double { 0.5 * (saddleStrength + learnedStrength) }

  /// - Throws: `InputError`, whose words are the reason why there is no prediction.
  public init(_ moments: SecondMoments, network: Network, rank: Int, l2: Double) throws {
    let builder = try StateBuilder(moments, network)
    let minimum = try builder.learned(rank: rank, l2: l2)
    let saddle = try builder.saddle(rank: rank + 1, l2: l2)
    self.rank = rank
    self.l2 = l2
    self.minimum = minimum.parameters
    self.saddle = saddle.parameters
    barrier = saddle.objective - minimum.objective
    let bottom = HessianSpectrum(
      try denseHessian(network, minimum.parameters, builder.batch, l2: l2))
    let hessian = try denseHessian(network, saddle.parameters, builder.batch, l2: l2)
    let top = HessianSpectrum(hessian)
    minimumZeroModes = predictedZeroModes(network, rank: rank)
    saddleZeroModes = predictedZeroModes(network, rank: rank + 1)
    guard bottom.index == 0 else {
      throw InputError.sentence(
        "the state with \(rank) learned modes is no minimum at l2 = \(l2): its Hessian has "
          + "\(bottom.index) negative eigenvalues")
    }
    guard top.index == 1 else {
      throw InputError.sentence(
        "the aligned saddle at l2 = \(l2) has index \(top.index), not 1")
    }
    guard bottom.zeroModes == minimumZeroModes, top.zeroModes == saddleZeroModes else {
      throw InputError.sentence(
        "soft modes beside the rotations (nearly degenerate singular values, or a state near its "
          + "spinodal): \(bottom.zeroModes) and \(top.zeroModes) zero eigenvalues instead of "
          + "\(minimumZeroModes) and \(saddleZeroModes)")
    }
    negativeEigenvalue = top.eigenvalues[0]
    let volumes =
      RotationOrbit(network, saddle.parameters, rank: rank + 1).logVolume
      - RotationOrbit(network, minimum.parameters, rank: rank).logVolume
    logPrefactor =
      log(-negativeEigenvalue / (2 * .pi)) + volumes
      - 0.5 * Double(saddleZeroModes - minimumZeroModes) * log(2 * .pi)
      + 0.5 * (bottom.logDeterminant - top.logDeterminant)
    let atSaddle = singularValues(of: network.endToEndMap(of: saddle.parameters))
    saddleStrength = atSaddle[rank]
    learnedStrength = relaxedStrength(
      network, builder, saddle.parameters, hessian, l2: l2, mode: rank)
    softest = min(
      bottom.nonzero.map(abs).min() ?? 0, top.nonzero.map(abs).min() ?? 0)
  }

  /// Smallest non-zero |eigenvalue| at either end.
  let softest: Double

  /// ln k at temperature T, per unit of time lr * steps.
  public func logRate(temperature: Double) -> Double {
    logPrefactor - 0.5 * Double(zeroModeExcess) * log(temperature) - barrier / temperature
  }

  /// tau in steps.
  public func escapeTime(temperature: Double, learningRate: Double) -> Double {
    exp(-logRate(temperature: temperature)) / learningRate
  }

  /// The relative error that the asymptotic formula has at this temperature, (1 + M^2)/(2 dE/T).
  public func relativeError(temperature: Double) -> Double {
    let m = Double(zeroModeExcess)
    return (1 + m * m) * temperature / (2 * barrier)
  }

  /// The prediction where it is valid (stated error below .3), else why not.
  public func prediction(temperature: Double, learningRate: Double) -> EscapeTheory {
    var theory = EscapeTheory(barrier: barrier, temperaturePower: 0.5 * Double(zeroModeExcess))
    let error = relativeError(temperature: temperature)
    if error < 0.3 {
      theory.tau = escapeTime(temperature: temperature, learningRate: learningRate)
      theory.relativeError = error
    } else {
      theory.reason =
        "dE/T = \(rounded(barrier / temperature)) is too small for the asymptotic formula with "
        + "\(zeroModeExcess) zero modes: its error would be \(rounded(error))"
    }
    return theory
  }
}

/// Three significant digits, for sentences.
func rounded(_ x: Double) -> Double {
  guard x != 0, x.isFinite else { return x }
  let scale = pow(10, 2 - floor(log10(abs(x))))
  return (x * scale).rounded() / scale
}

/// sigma_(mode + 1) after the saddle was pushed along its unstable direction, to the side where the
/// mode grows, and relaxed without noise.
private func relaxedStrength(
  _ network: Network, _ builder: StateBuilder, _ saddle: [Double], _ hessian: Matrix, l2: Double,
  mode: Int
) -> Double {
  let direction = eigenDecomposition(hessian).vectors.column(0)
  let atSaddle = singularValues(of: network.endToEndMap(of: saddle))[mode]
  let size = 1e-2 * norm(saddle)
  func pushed(_ sign: Double) -> [Double] { zip(saddle, direction).map { $0 + sign * size * $1 } }
  func strength(_ theta: [Double]) -> Double {
    singularValues(of: network.endToEndMap(of: theta))[mode]
  }
  let start = strength(pushed(1)) > atSaddle ? pushed(1) : pushed(-1)
  let workspace = GradientWorkspace(network, capacity: builder.batch.count)
  let end = minimize(from: start) { theta, gradient in
    let loss = workspace.lossAndGradient(theta, builder.batch, into: &gradient)
    for k in theta.indices { gradient[k] += l2 * theta[k] }
    return loss + 0.5 * l2 * dot(theta, theta)
  }
  return strength(end.x)
}
