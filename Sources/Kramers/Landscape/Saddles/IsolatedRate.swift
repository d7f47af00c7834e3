#if canImport(Glibc)
  internal import Glibc
#endif

extension Objective {
  /// The rate from an isolated minimum over isolated saddles: the determinants of their Hessians,
  /// times the copies that symmetry makes of the saddle for every one of the minimum.
  ///
  /// Modes beside the way out are soft in nonlinear networks. For tanh 2-3-3-2 on two features at
  /// l2 = .168, ensembles of 1,200 to 2,000 replicas are longer than the formula by 36, 31, 22, 12 and
  /// 10 +- 3 % at dE/T = 4 to 8. The first order of anharmonicity (third and fourth derivatives at both
  /// ends, Laplace's next term) says 8 to 4 %, a sum of terms of either sign and no bound. What is
  /// stated is T over `softTemperature`, 35, 28, 23, 20 and 18 %.
  ///
  /// - Parameter sides: how many copies of the minimum each saddle lies between: 2 where it falls to
  ///   images of the minimum on both sides.
  func isolatedRate(
    from start: [Double], over saddle: StationaryPoint, sides: Int = 1
  ) -> RateFormula {
    let height = saddle.objective - value(start)
    let falling = saddle.lowest.first
    let curvature = falling?.value ?? 0
    var rate = RateFormula(
      barrier: height, negativeEigenvalue: curvature, temperaturePower: 0,
      anharmonicity: curvature < 0
        ? anharmonicity(
          at: saddle.parameters, along: falling?.vector ?? [], curvature: curvature) : .infinity)
    guard network.activation.function.isSmooth else {
      rate.reason =
        "'\(network.activation)' has kinks, or does not say that it has none: the curvature "
        + "at a state is not that of its surroundings"
      return rate
    }
    let minimum = kind(of: start)
    guard let high = saddle.spectrum, let low = minimum.spectrum else {
      rate.reason = "the network has more than 2000 parameters: no determinants of its Hessians"
      return rate
    }
    rate.wellCurvature = low.values.first
    rate.stepBias = StepBias(minimum: low, saddle: high)
    guard saddle.index == 1, minimum.index == 0 else {
      rate.reason = "the saddle has index \(saddle.index), not 1"
      return rate
    }
    guard saddle.zeroModes == 0, minimum.zeroModes == 0 else {
      rate.reason =
        "\(saddle.zeroModes) zero modes at the saddle, \(minimum.zeroModes) at the minimum: their "
        + "volumes are known for deep linear networks only"
      return rate
    }
    guard let symmetries = DataSymmetry.all(network, batch) else {
      rate.reason =
        "the symmetries of the data, which make copies of the saddle, are not known: they are looked "
        + "for where inputs, outputs and samples are few, and targets are not weighted"
      return rate
    }
    guard let ways = SymmetryCopies.count(network, saddle.parameters, data: symmetries),
      let own = SymmetryCopies.count(network, start, data: symmetries)
    else {
      rate.reason = "too many permutations of hidden units to count the copies of the saddle"
      return rate
    }
    let reach = zip(saddle.parameters, start).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let softest = (low.values + high.values.filter { $0 > 0 }).min() ?? 0
    let softTemperature = softest * reach / Double(network.depth)
    rate.softTemperature = softTemperature
    rate.softError = 1 / softTemperature
    rate.logPrefactor =
      log(-curvature / (2 * Double.pi)) + log(Double(sides * ways) / Double(own))
      + 0.5 * (low.logProduct - high.logProduct)
    return rate
  }
}
