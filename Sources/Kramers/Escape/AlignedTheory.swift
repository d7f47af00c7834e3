#if canImport(Glibc)
  internal import Glibc
#endif

/// The escape time where noise depends on the weights, by `AlignedPassage`.
extension Experiment {
  /// - Parameters:
  ///   - theory: minimum, saddle and the rate under additive noise alone.
  ///   - threshold: where the mode counts as collapsed.
  func alignedTheory(
    _ way: AlignedPassage.Way, _ theory: EyringKramers, _ settings: Settings, threshold: Double,
    dwell: Int
  ) -> EscapeTheory {
    var result = EscapeTheory(
      barrier: theory.rate.barrier, temperaturePower: theory.rate.temperaturePower)
    result.method = .oneDimension
    do {
      guard way == .collapse || effectiveTemperature(settings) > 0 else {
        throw InputError.sentence(AlignedPassage.neverAppears)
      }
      let paths = try alignedPaths(theory.rank, way)
      let passage = try alignedPassage(
        paths, paths.count - 1, way, settings, l2: theory.l2)
      result.phi = passage.phi
      result.frozenPhi = way == .collapse ? passage.frozenPhi : nil
      if dwell > 0 {
        throw InputError.sentence("theory has the first passage, not stays of a dwell")
      }
      switch way {
      case .collapse: try predictCollapse(&result, passage, theory, paths, settings, threshold)
      case .appearance: try predictAppearance(&result, passage, theory, settings)
      }
    } catch {
      result.reason = "\(error)"
    }
    return result
  }

  /// The aligned paths of the first modes by appearance: of those learned, or of all up to the
  /// next.
  private func alignedPaths(
    _ rank: Int, _ way: AlignedPassage.Way
  ) throws(InputError) -> [CommutingModes.Mode] {
    guard let commuting = CommutingModes(data.moments, depth: network.depth) else {
      throw .sentence(
        "the modes of these data are coupled (Sigma_xx does not commute with them): no aligned "
          + "path is known; d:whiten() makes them commute")
    }
    let order = commuting.modes.sorted { ($0.single.spinodal ?? 0) > ($1.single.spinodal ?? 0) }
    return Array(order.prefix(way == .collapse ? rank : rank + 1))
  }

  /// The path of the mode `k` of `paths`.
  private func alignedPassage(
    _ paths: [CommutingModes.Mode], _ k: Int, _ way: AlignedPassage.Way, _ settings: Settings,
    l2: Double
  ) throws(InputError) -> AlignedPassage {
    guard let train = data.train else { throw .sentence("minibatch noise needs samples") }
    return try AlignedPassage(
      paths[k].single, l2: l2, way: way,
      noise: AlignedNoise(train, left: paths[k].left, right: paths[k].right, settings: settings),
      rate: diffusionRate(settings), temperature: effectiveTemperature(settings),
      others: way == .collapse ? otherDirections(train, paths, k, settings, l2: l2) : [])
  }

  /// What multiplies the covariance of a step's gradient to give that of the noise in a unit of time:
  /// lr, of the heavy ball lr/(1 - mu).
  ///
  /// - Throws: `InputError` for optimisers and batch rules whose noise is not that of steps that are
  ///   independent of each other.
  func diffusionRate(_ settings: Settings) throws(InputError) -> Double {
    guard let form = settings.optimizer.rule.form else {
      throw .sentence(
        "theory of noise that depends on the weights covers sgd and momentum, not "
          + "'\(settings.optimizer.rawValue)'")
    }
    if let count = data.sampleCount, settings.batch != .full, settings.sampling == .permutation,
      settings.batchCount(of: count) < count
    {
      // Two modes, N = 512, B = 8: 2.1e6 steps instead of 780.
      throw .sentence(
        "the batches of a permutation cancel within an epoch, which makes escapes far rarer; "
          + "theory knows replacement = true and \"subset\"")
    }
    return settings.learningRate / (form == .heavyBall ? 1 - settings.momentum : 1)
  }

  /// Every direction of inputs and outputs beside the mode `k` of `learned`.
  private func otherDirections(
    _ train: Samples, _ learned: [CommutingModes.Mode], _ k: Int, _ settings: Settings, l2: Double
  ) -> [OtherDirection] {
    guard let all = CommutingModes(data.moments, depth: network.depth)?.modes else { return [] }
    let own = learned[k]
    let batch = Double(settings.batchCount(of: train.count))
    let factor =
      settings.batch == .full
      ? 0
      : GradientNoise.populationFactor(
        samples: train.count, batch: Int(batch), replacement: settings.sampling == .replacement)
    let labels = settings.labelNoise * settings.labelNoise / batch
    let x = train.inputValues(along: own.right)
    let y = train.targetValues(along: own.left)
    func direction(
      _ left: [Double]?, _ right: [Double]?, singular: Double, variance: Double, weight: Double
    ) -> OtherDirection {
      let zeros = [Double](repeating: 0, count: train.count)
      return OtherDirection(
        own: own.single, l2: l2, singular: singular, variance: variance, weight: weight,
        x: (x, right.map(train.inputValues) ?? zeros),
        y: (y, left.map(train.targetValues) ?? zeros), isOutput: left != nil, factor: factor,
        labels: labels)
    }
    var found: [OtherDirection] = []
    for mode in all where mode.right != own.right {
      let isLearned = learned.contains { $0.right == mode.right }
      found.append(
        direction(
          mode.left, mode.right, singular: mode.single.singular, variance: mode.single.variance,
          weight: isLearned ? mode.single.learnedWeight(l2: l2) ?? 0 : 0))
    }
    for (vector, variance) in restOf(data.moments.xx, all.map(\.right)) {
      found.append(direction(nil, vector, singular: 0, variance: variance, weight: 0))
    }
    for (vector, _) in restOf(Matrix(network.outputs, network.outputs), all.map(\.left)) {
      found.append(direction(vector, nil, singular: 0, variance: 0, weight: 0))
    }
    return found
  }

  private func predictCollapse(
    _ result: inout EscapeTheory, _ passage: AlignedPassage, _ theory: EyringKramers,
    _ paths: [CommutingModes.Mode], _ settings: Settings, _ threshold: Double
  ) throws(InputError) {
    let strengths = paths.compactMap { $0.single.learnedStrength(l2: theory.l2) }
    guard strengths.last == strengths.min() else {
      throw .sentence(
        "the mode that collapses first by its spinodal is not the weakest learned one, whose "
          + "singular value is watched")
    }
    guard let alone = passage.logCollapseTime(to: threshold, .pathAlone),
      let gaussian = passage.logCollapseTime(to: threshold, .gaussianPathAlone)
    else { throw .sentence("the integral of the first-passage time did not settle") }
    guard let logTime = passage.logCollapseTime(to: threshold) else {
      throw .sentence(
        "the fluctuations of the other directions are not small: two modes of nearly equal "
          + "strength, or too much noise")
    }
    // sigma of the weakest mode falls whichever of the learned modes collapses.
    var rate = exp(-logTime)
    for k in paths.indices.dropLast() {
      guard let passage = try? alignedPassage(paths, k, .collapse, settings, l2: theory.l2),
        let logTime = passage.logCollapseTime(to: threshold, .pathAlone)
      else { continue }
      rate += exp(-logTime)
    }
    let inertia = inertia(passage, settings)
    result.tau = 1 / (rate * inertia * passage.rate)
    // What is left of both corrections, in shares that were seen in simulations, not derived: at a
    // difference of .75 the second was .09 off.
    result.relativeError =
      0.1 * abs(alone - gaussian) + 0.15 * abs(logTime - alone) + (1 / inertia - 1)
      + thermalError(passage, theory)
    result.otherDirections = passage.others.isEmpty ? nil : exp(logTime - alone)
    result.stepError = stepError(passage)
  }

  /// Additive noise acts on every weight. What that does to the time is known where it is alone, by
  /// the determinants; beside minibatch noise it is an error, in proportion to its share.
  private func thermalError(_ passage: AlignedPassage, _ theory: EyringKramers) -> Double {
    guard passage.temperature > 0,
      let time = theory.rate.escapeTime(temperature: passage.temperature, learningRate: 1)
    else { return 0 }
    let slopes = [passage.saddle, passage.learned].map {
      abs(passage.mode.driftSlope($0, l2: passage.l2))
    }
    let alone =
      log(2 * Double.pi) - 0.5 * log(slopes[0] * slopes[1])
      + theory.rate.barrier / passage.temperature
    let share =
      2 * passage.temperature / Double(network.depth) / passage.variance(passage.learned)
    return share * abs(log(time) - alone)
  }

  /// tau_EK(T) e^(phi - dE/T) sqrt(v_s/v_0): the saddle is reached under the noise of the way, and
  /// left under that of its top.
  private func predictAppearance(
    _ result: inout EscapeTheory, _ passage: AlignedPassage, _ theory: EyringKramers,
    _ settings: Settings
  ) throws(InputError) {
    let temperature = effectiveTemperature(settings)
    switch theory.rate.prediction(
      temperature: temperature, learningRate: settings.learningRate, momentum: settings.heavyBall)
    {
    case .time(let tau, let relativeError, let stepError):
      let share = passage.variance(passage.saddle) / passage.variance(0)
      let shift = passage.phi - theory.rate.barrier / temperature + 0.5 * log(share)
      result.tau = tau * exp(shift)
      result.relativeError = relativeError
      result.stepError = stepError + self.stepError(passage)
    case .unavailable(let reason): throw .sentence(reason)
    }
  }

  /// Kramers' factor of a heavy ball at the saddle; 1 without inertia.
  private func inertia(_ passage: AlignedPassage, _ settings: Settings) -> Double {
    guard let momentum = settings.heavyBall else { return 1 }
    let g = (1 - momentum) / settings.learningRate.squareRoot()
    let growth = passage.mode.driftSlope(passage.saddle, l2: passage.l2)
    return g / growth * ((g * g / 4 + growth).squareRoot() - g / 2)
  }

  /// What a step does at first order: lr/4 times the curvatures at both ends.
  private func stepError(_ passage: AlignedPassage) -> Double {
    let slopes = [passage.saddle, passage.way == .collapse ? passage.learned : 0]
    return 0.25 * passage.rate
      * slopes.reduce(0) { $0 + abs(passage.mode.driftSlope($1, l2: passage.l2)) }
  }
}

/// Eigenvectors of a symmetric matrix, with eigenvalues, in the complement of some of its
/// eigenvectors.
private func restOf(_ matrix: Matrix, _ known: [[Double]]) -> [(vector: [Double], value: Double)] {
  let n = matrix.rows
  guard known.count < n else { return [] }
  var lifted = matrix
  // Known directions move far below the others.
  let depth = 2 * matrix.frobeniusNorm + 1
  for v in known {
    for i in 0..<n { for j in 0..<n { lifted[i, j] -= 2 * depth * v[i] * v[j] } }
  }
  let (values, vectors) = eigenDecomposition(lifted)
  return (known.count..<n).map { (vectors.column($0), max(values[$0], 0)) }
}
