#if canImport(Glibc)
  internal import Glibc
#endif

/// Theory that an escape measurement leans on: barrier and threshold, or why there is none.
enum EscapePath: Sendable {
  case known(EyringKramers)
  case unknown(reason: String)
}

extension Experiment {
  /// The way out of the state with `rank` learned modes at strength `l2`.
  ///
  /// Computed once per state: points of a protocol ask for the same one.
  func escapePath(rank: Int, l2: Double) -> EscapePath {
    do {
      // The cache knows network and data only.
      try phaseTheoryApplies()
    } catch {
      return .unknown(reason: "\(error)")
    }
    return theoryCache.path(rank: rank, l2: l2) { computeEscapePath(rank: rank, l2: l2) }
  }

  /// The same out of the present state, whose learned modes must be those that the path starts
  /// from: the ones that appear first as l2 falls.
  func presentEscapePath(rank: Int, l2: Double) -> EscapePath {
    guard flagsNameModes, let learned = try? learnedFlags(l2: l2),
      let order = try? modesByAppearance(RunMonitor())
    else { return escapePath(rank: rank, l2: l2) }
    let own = learned.indices.filter { learned[$0] }.map { $0 + 1 }
    let first = order.prefix(rank).map(\.mode).sorted()
    guard own.count == rank, own != first else { return escapePath(rank: rank, l2: l2) }
    func list(_ modes: [Int]) -> String {
      "{" + modes.map { "\($0)" }.joined(separator: ", ") + "}"
    }
    return .unknown(
      reason: "theory knows the way out of the state of modes \(list(first)), which appear first "
        + "as l2 falls, not out of that of modes \(list(own))")
  }

  private func computeEscapePath(rank: Int, l2: Double) -> EscapePath {
    do {
      return .known(try EyringKramers(moments: data.moments, network: network, rank: rank, l2: l2))
    } catch {
      return .unknown(reason: "\(error)")
    }
  }

  /// The midpoint of saddle and learned value of the watched mode.
  func defaultThreshold(_ path: EscapePath, _ observable: Observable, isNext: Bool) throws -> Double
  {
    guard case .mode(let k) = observable else {
      throw InputError.sentence("threshold is required when the observable is not a mode")
    }
    guard isNext else {
      throw InputError.sentence(
        "threshold is required: theory knows the way to the next mode, not to mode \(k)")
    }
    switch path {
    case .known(let theory): return theory.threshold
    case .unknown(let reason): throw InputError.sentence("threshold is required: \(reason)")
    }
  }

  /// The predicted escape time under these settings, or the reason why there is none.
  ///
  /// - Parameters:
  ///   - threshold: where a replica counted as escaped; theory covers the far side of the saddle.
  ///   - diverged: how many replicas blew up, which continuous-time theory knows nothing of.
  func escapeTheory(
    _ path: EscapePath, _ settings: Settings, isNext: Bool, threshold: Double, diverged: Int
  ) -> EscapeTheory {
    guard case .known(let theory) = path else {
      guard case .unknown(let reason) = path else { return EscapeTheory() }
      return EscapeTheory(reason: reason)
    }
    // Barrier and power belong to the appearance of the next mode, and to nothing else.
    var result =
      isNext
      ? EscapeTheory(
        barrier: theory.rate.barrier, temperaturePower: theory.rate.temperaturePower)
      : EscapeTheory()
    if let reason = noTheoryReason(settings, isNext: isNext) {
      result.reason = reason
      return result
    }
    if diverged > 0 {
      result.reason =
        "\(diverged) replicas diverged: lr is too large for the noise or the curvature"
      return result
    }
    if threshold <= theory.sigmaSaddle || threshold >= theory.sigmaLearned {
      result.reason =
        "the threshold \(plainNumber(rounded(threshold))) does not lie between saddle "
        + "(\(plainNumber(rounded(theory.sigmaSaddle)))) and learned state "
        + "(\(plainNumber(rounded(theory.sigmaLearned))))"
      return result
    }
    switch theory.rate.prediction(
      temperature: effectiveTemperature(settings), learningRate: settings.learningRate,
      momentum: settings.heavyBall)
    {
    case .time(let tau, let relativeError, let stepError):
      result.tau = tau
      result.relativeError = relativeError
      result.stepError = stepError
    case .unavailable(let reason): result.reason = reason
    }
    return result
  }

  /// T of all additive noise: Langevin, and lr sigma^2 / 2B of the per-sample gradient noise, which
  /// the friction 1 - mu of a heavy ball divides; 0 under an optimiser that has no temperature.
  func effectiveTemperature(_ settings: Settings) -> Double {
    guard let friction = settings.optimizer.rule.friction(settings) else { return 0 }
    let size = Double(settings.batchCount(of: data.sampleCount))
    let sigma = settings.gradientNoise
    return settings.temperature + settings.learningRate * sigma * sigma / (2 * size * friction)
  }

  private func noTheoryReason(_ settings: Settings, isNext: Bool) -> String? {
    if !isNext { return "theory covers the escape to the next mode" }
    if !settings.optimizer.takesTemperature {
      return "theory covers optimizers \(Optimizer.names(where: \.takesTemperature)), not "
        + "'\(settings.optimizer.rawValue)'"
    }
    if settings.batch != .full, settings.batchCount(of: data.sampleCount) != data.sampleCount {
      return effectiveTemperature(settings) > 0
        ? "minibatch noise depends on the weights and adds to the temperature"
        : "minibatch noise alone vanishes where the mode is absent: no activated escape"
    }
    if settings.labelNoise > 0 { return "label noise depends on the weights" }
    if effectiveTemperature(settings) == 0 { return "without noise the state is never left" }
    return nil
  }

  /// The size that noise alone gives sigma_(r+1) inside the metastable state: the spectral norm of
  /// a product of Gaussian layers of variance T/b on the n_l - r unused directions, its 95 %
  /// quantile over seeded draws.
  func thermalFloor(_ settings: Settings, rank: Int) -> Double {
    let temperature = effectiveTemperature(settings)
    guard temperature > 0, settings.l2 > 0, isDeepLinear else { return 0 }
    let widths = network.widths.map { max($0 - rank, 0) }
    guard widths.allSatisfy({ $0 > 0 }) else { return 0 }
    let deviation = (temperature / settings.l2).squareRoot()
    let draws = (0..<40).map { draw -> Double in
      let random = RandomStream(seed: 0, replica: UInt32(draw), purpose: .statistics)
      var product: Matrix?
      for (l, pair) in zip(widths, widths.dropFirst()).enumerated() {
        let values = random.normals(pair.0 * pair.1, scale: deviation, step: UInt64(l))
        let layer = Matrix(pair.1, pair.0, values)
        product = product.map { layer * $0 } ?? layer
      }
      return product.map { singularValues(of: $0).first ?? 0 } ?? 0
    }
    return draws.sorted()[37]
  }
}
