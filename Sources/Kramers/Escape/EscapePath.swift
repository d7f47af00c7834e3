#if canImport(Glibc)
  internal import Glibc
#endif

/// Theory that an escape measurement leans on: barrier and threshold, or why there is none.
enum EscapePath: Sendable {
  case known(EyringKramers)
  case followed(FollowedWay)
  case unknown(reason: String)
}

extension Experiment {
  /// The way out of the state with `rank` learned modes at strength `l2`: of the next mode that
  /// appears, or of the last one that collapses.
  ///
  /// Computed once per state: points of a protocol ask for the same one.
  func escapePath(
    rank: Int, l2: Double, way: AlignedPassage.Way = .appearance
  ) -> EscapePath {
    do {
      // The cache knows network and data only.
      try phaseTheoryApplies()
    } catch {
      return .unknown(reason: "\(error)")
    }
    return theoryCache.path(rank: rank, l2: l2, way) {
      computeEscapePath(rank: rank, l2: l2, way)
    }
  }

  /// The same out of the present state, whose learned modes must be those that the path starts
  /// from: the ones that appear first as l2 falls.
  func presentEscapePath(
    rank: Int, l2: Double, way: AlignedPassage.Way = .appearance
  ) -> EscapePath {
    guard flagsNameModes, let learned = try? learnedFlags(l2: l2),
      let order = try? modesByAppearance(RunMonitor())
    else { return escapePath(rank: rank, l2: l2, way: way) }
    let own = learned.indices.filter { learned[$0] }.map { $0 + 1 }
    let first = order.prefix(rank).map(\.mode).sorted()
    guard own.count == rank, own != first else {
      return escapePath(rank: rank, l2: l2, way: way)
    }
    func list(_ modes: [Int]) -> String {
      "{" + modes.map { "\($0)" }.joined(separator: ", ") + "}"
    }
    return .unknown(
      reason: "theory knows the way out of the state of modes \(list(first)), which appear first "
        + "as l2 falls, not out of that of modes \(list(own))")
  }

  private func computeEscapePath(
    rank: Int, l2: Double, _ way: AlignedPassage.Way
  ) -> EscapePath {
    do {
      return .known(
        try EyringKramers(
          moments: data.moments, network: network, rank: rank, l2: l2, way: way))
    } catch {
      return .unknown(reason: "\(error)")
    }
  }

  /// Where the watched mode counts as learned, or as collapsed.
  func defaultThreshold(
    _ path: EscapePath, _ observable: Observable, active: Int, way: AlignedPassage.Way?
  ) throws -> Double {
    guard let k = observable.rank else {
      throw InputError.sentence("threshold is required when the observable is not a mode")
    }
    guard way != nil || isFollowed else {
      throw InputError.sentence("threshold is required: \(noWay(observable, mode: k, active))")
    }
    switch path {
    case .known(let theory): return theory.threshold
    case .followed(let way):
      guard way.isWatched(by: observable) else {
        throw InputError.sentence("threshold is required: \(way.reasonNotWatched())")
      }
      return way.threshold
    case .unknown(let reason): throw InputError.sentence("threshold is required: \(reason)")
    }
  }

  /// Why theory knows nothing of this escape.
  func noWay(_ observable: Observable, mode k: Int?, _ active: Int) -> String {
    guard let k else { return "theory covers the escape to the next mode" }
    if observable.direction == .down, k < active {
      return
        "sigma_\(k) of the map falls only once modes \(k) to \(active) have collapsed; the weakest "
        + "learned mode, which goes first, is mode \(active)"
    }
    if observable.direction == .down { return "mode \(k) is not learned: it cannot collapse" }
    return k <= active
      ? "theory knows the way to the next mode, not to more of mode \(k), which is learned"
      : "theory knows the way to the next mode, not to mode \(k)"
  }

  /// The predicted escape time under these settings, or the reason why there is none.
  ///
  /// - Parameter diverged: how many replicas blew up, which continuous-time theory knows nothing of.
  func escapeTheory(
    _ target: EscapeTarget, _ settings: Settings, dwell: Int, diverged: Int
  ) -> EscapeTheory {
    if case .followed(let way) = target.path {
      var theory = followedTheory(way, target, settings)
      if diverged > 0, theory.barrier != nil {
        (theory.tau, theory.reason) = (nil, divergedReason(diverged))
      }
      return theory
    }
    if isFollowed, case .unknown(let reason) = target.path { return EscapeTheory(reason: reason) }
    guard let way = target.way else {
      return EscapeTheory(
        reason: noWay(target.observable, mode: target.observable.rank, target.rank))
    }
    guard case .known(let theory) = target.path else {
      guard case .unknown(let reason) = target.path else { return EscapeTheory() }
      return EscapeTheory(reason: reason)
    }
    // Barrier and power belong to this escape under additive noise, and to nothing else.
    var result = EscapeTheory(
      barrier: theory.rate.barrier, temperaturePower: theory.rate.temperaturePower)
    if diverged > 0 {
      result.reason = divergedReason(diverged)
      return result
    }
    if let reason = noTheoryReason(settings) ?? misplaced(target.threshold, theory) {
      result.reason = reason
      return result
    }
    if hasSampleNoise(settings) {
      return alignedTheory(way, theory, settings, threshold: target.threshold, dwell: dwell)
    }
    predict(theory.rate, settings, &result)
    return result
  }

  /// The time that a rate gives under additive noise, or why it gives none.
  func predict(_ rate: RateFormula, _ settings: Settings, _ result: inout EscapeTheory) {
    result.method = .eyringKramers
    switch rate.prediction(
      temperature: effectiveTemperature(settings), learningRate: settings.learningRate,
      momentum: settings.heavyBall)
    {
    case .time(let tau, let relativeError, let stepError):
      result.tau = tau
      result.relativeError = relativeError
      result.stepError = stepError
    case .unavailable(let reason): result.reason = reason
    }
  }

  private func divergedReason(_ count: Int) -> String {
    "\(count) replicas diverged: lr is too large for the noise or the curvature"
  }

  private func misplaced(_ threshold: Double, _ theory: EyringKramers) -> String? {
    let saddle = "saddle (\(plainNumber(rounded(theory.sigmaSaddle))))"
    let place = "the threshold \(plainNumber(rounded(threshold))) does not lie "
    if theory.way == .collapse {
      return threshold > 0 && threshold < theory.sigmaSaddle
        ? nil : place + "between zero and the \(saddle)"
    }
    return threshold > theory.sigmaSaddle && threshold < theory.sigmaLearned
      ? nil
      : place + "between \(saddle) and learned state "
        + "(\(plainNumber(rounded(theory.sigmaLearned))))"
  }

  /// T of all additive noise: Langevin, and lr sigma^2 / 2B of the per-sample gradient noise, which
  /// the friction 1 - mu of a heavy ball divides; 0 under an optimiser that has no temperature.
  func effectiveTemperature(_ settings: Settings) -> Double {
    guard let friction = settings.optimizer.rule.friction(settings) else { return 0 }
    let size = Double(settings.batchCount(of: data.sampleCount))
    let sigma = settings.gradientNoise
    return settings.temperature + settings.learningRate * sigma * sigma / (2 * size * friction)
  }

  /// Whether a step's gradient depends on which samples it sees, or on fresh labels.
  func hasSampleNoise(_ settings: Settings) -> Bool {
    guard settings.labelNoise == 0 else { return true }
    guard settings.batch != .full else { return false }
    return settings.sampling == .replacement
      || settings.batchCount(of: data.sampleCount) != data.sampleCount
  }

  func noTheoryReason(_ settings: Settings) -> String? {
    if !settings.optimizer.takesTemperature {
      return "theory covers optimizers \(Optimizer.names(where: \.takesTemperature)), not "
        + "'\(settings.optimizer.rawValue)'"
    }
    if !hasSampleNoise(settings), effectiveTemperature(settings) == 0 {
      return "without noise the state is never left"
    }
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
