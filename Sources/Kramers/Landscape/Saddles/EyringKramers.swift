#if canImport(Glibc)
  internal import Glibc
#endif

/// The escape rate of a deep linear network under additive Langevin noise, from the metastable state
/// with r learned modes over the saddle of mode r + 1, which appears, or over that of mode r, which
/// collapses, with the rotations of the hidden layers as zero modes of minimum and saddle:
///
///     k = (|lam_-|/2 pi) (Vol_s/Vol_0) (2 pi T)^(-(m_s - m_0)/2)
///           sqrt(prod' eig_0 / prod' |eig_s|) e^(-dE/T),        tau = 1/(k lr) steps
///
/// Primes leave out zero modes. dE and k belong to the objective, data term plus L2, and to any
/// second moments. First order in T: the exact time is longer by a factor 1 + O(T/dE), and more so
/// the more zero modes appear at the saddle. Overdamped dynamics (no momentum), lr -> 0 (`StepBias`
/// says what a step does), noise that does not depend on the state; minibatch noise alone does not leave such states at all.
///
/// Source: H. Eyring (1935), H. Kramers (1940); zero modes: J. Langer, Ann. Phys. 54 (1969) 258.
public struct EyringKramers: Sendable {
  /// r, the modes learned in the metastable state.
  public let rank: Int
  public let l2: Double
  public let way: AlignedPassage.Way
  /// The rate as a function of temperature.
  public let rate: RateFormula
  public let minimum: StationaryState
  public let saddle: StationaryState
  /// The saddle's unit eigenvector of the negative eigenvalue, towards the learned side.
  public let unstableDirection: [Double]
  /// The singular value of the mode in the end-to-end map at the saddle,
  public let sigmaSaddle: Double
  /// and where the noise-free dynamics ends on its learned side.
  public let sigmaLearned: Double
  /// Past the midpoint of the two the mode counts as learned, below half the saddle's as collapsed.
  public var threshold: Double {
    way == .appearance ? 0.5 * (sigmaSaddle + sigmaLearned) : 0.5 * sigmaSaddle
  }

  /// - Parameters:
  ///   - rank: r >= 0; the mode that appears (r + 1) or collapses (r) must have a saddle at `l2`.
  ///   - way: a collapse leaves as many zero modes as there were, so that its rate has no power of T.
  /// - Throws: `InputError` when the network is not deep linear or a state does not exist.
  ///
  /// Cost: two dense Hessians of the network and their eigenvalues, 20 n^3 flops; beyond 2000
  /// parameters the barrier only.
  public init(
    moments: SecondMoments, network: Network, rank: Int, l2: Double,
    way: AlignedPassage.Way = .appearance, shouldStop: @escaping () -> Bool = { false }
  ) throws {
    let mode = way == .appearance ? rank + 1 : rank
    let builder = try StateBuilder(moments, network, shouldStop: shouldStop)
    let saddle = try builder.saddle(rank: mode, l2: l2)
    let minimum = try builder.learned(rank: rank, l2: l2)
    self.rank = rank
    self.l2 = l2
    self.way = way
    self.minimum = minimum
    self.saddle = saddle
    let zeros = (network.predictedZeroModes(rank: rank), network.predictedZeroModes(rank: mode))
    let climb = try UnstableDirection(builder, saddle)
    unstableDirection = climb.direction
    sigmaSaddle = climb.sigmaSaddle
    sigmaLearned = climb.sigmaLearned
    var rate = RateFormula(
      barrier: saddle.objective - minimum.objective, negativeEigenvalue: climb.eigenvalue,
      temperaturePower: 0.5 * Double(zeros.1 - zeros.0), anharmonicity: climb.anharmonicity)
    rate.wellCurvature = l2
    let batch = builder.batch
    do throws(InputError) {
      let bottom = try denseHessian(network, minimum.parameters, batch, l2: L2Term(l2))
      let top = try denseHessian(network, saddle.parameters, batch, l2: L2Term(l2))
      let low = HessianSpectrum(bottom)
      let high = HessianSpectrum(top)
      let size = SoftModes(network, mode - 1, minimum.parameters, escaping: climb.sigmaSaddle)
      rate.softTemperature = min(size.temperature(bottom), size.temperature(top))
      if way == .collapse {
        rate.wellCurvature = dot(climb.direction, bottom * climb.direction)
      }
      rate.reason = Self.defect(low, high, zeros, rank, mode)
      rate.stepBias = StepBias(minimum: low, saddle: high)
      let orbits = (
        RotationOrbit(network, minimum.parameters, rank: rank).logVolume,
        RotationOrbit(network, saddle.parameters, rank: mode).logVolume
      )
      if rate.reason == nil, let v0 = orbits.0, let vs = orbits.1 {
        let determinants = 0.5 * (low.logProduct - high.logProduct)
        rate.logPrefactor =
          log(-climb.eigenvalue / (2 * Double.pi)) + vs - v0 + determinants
          - rate.temperaturePower * log(2 * Double.pi)
      }
    } catch {
      rate.reason = error.description
    }
    self.rate = rate
  }

  private static func defect(
    _ low: HessianSpectrum, _ high: HessianSpectrum, _ zeros: (Int, Int), _ rank: Int,
    _ mode: Int
  ) -> String? {
    if low.index > 0 {
      return "the state with \(rank) learned modes is itself a saddle (index \(low.index))"
    }
    if low.zeroModes != zeros.0 || high.zeroModes != zeros.1 {
      return "the saddle has \(high.zeroModes) zero modes where rotations make \(zeros.1), the "
        + "minimum \(low.zeroModes) where they make \(zeros.0): degenerate singular values"
    }
    if high.index != 1 {
      return "the saddle of mode \(mode) has index \(high.index), not 1: another path is lower"
    }
    return nil
  }
}

/// Three significant digits, for sentences.
func rounded(_ x: Double) -> Double {
  guard x.isFinite, x != 0 else { return x }
  let scale = pow(10, 2 - floor(log10(abs(x))))
  return (x * scale).rounded() / scale
}

extension HessianSpectrum {
  /// sum ln |eigenvalue| over the non-zero ones.
  var logProduct: Double {
    values.reduce(0) { abs($1) > tolerance ? $0 + log(abs($1)) : $0 }
  }
}
