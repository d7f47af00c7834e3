/// The way out of a minimum of a smooth nonlinear network: over the lowest saddle that its own
/// branch leads to as l2 rises (`continuedBarrier`), whatever that changes. What a state may gain
/// lies on branches of other states.
struct FollowedWay: Sendable {
  let rate: RateFormula
  /// The mode whose strength differs most between the two sides, counted from 1.
  let mode: Int
  /// Its strength in the minimum that is left, at the saddle, and where the far side falls to.
  let strengths: (own: Double, saddle: Double, far: Double)

  var direction: Observable.Direction { strengths.far < strengths.own ? .down : .up }
  /// Midway from the saddle to the far side: half the saddle's strength where nothing is left.
  var threshold: Double { 0.5 * (strengths.saddle + strengths.far) }

  /// - Throws: `InputError` where the mode's strength does not tell the two sides apart.
  init(_ barrier: BarrierResult) throws {
    rate = barrier.rate
    mode = barrier.mode
    let (own, saddle, far) = barrier.strengths
    strengths = (own, saddle, far)
    let (low, high) = (min(strengths.own, strengths.far), max(strengths.own, strengths.far))
    guard high - low > 1e-3 * high, strengths.saddle > low, strengths.saddle < high else {
      throw InputError.sentence(
        "the saddle that was found beside the present state leads to other units, not to the loss of a "
          + "mode")
    }
  }

  func isWatched(by observable: Observable) -> Bool {
    observable.rank == mode && observable.direction == direction
  }

  /// Why no time is predicted for this threshold; nil where it lies beyond the saddle.
  func misplaced(_ threshold: Double) -> String? {
    let (low, high) = (
      min(strengths.saddle, strengths.far), max(strengths.saddle, strengths.far)
    )
    guard threshold <= low || threshold >= high else { return nil }
    return "the threshold \(plainNumber(rounded(threshold))) does not lie between the saddle "
      + "(\(plainNumber(rounded(strengths.saddle)))) and the state beyond it "
      + "(\(plainNumber(rounded(strengths.far))))"
  }

  func reasonNotWatched() -> String {
    "the saddle that was found beside the present state leads to "
      + (direction == .down ? "less of mode \(mode)" : "more of mode \(mode)")
      + ", which is not what is watched"
  }
}

/// What a way out depends on; noise and steps do not matter.
struct FollowedKey: Sendable, Equatable {
  let parameters: [Double]
  let l2: L2Term
  let optimizer: Optimizer
}

extension Experiment {
  /// Parameters up to which a measurement whose threshold is given looks for the way by itself.
  private static let quickLimit = 200

  /// Whether an escape from here is one over the saddles that continuation finds.
  var isFollowed: Bool { network.activation != .linear && network.activation.function.isSmooth }

  /// The way out of the present state at these settings; nil where none is meant.
  func followedPath(
    _ request: EscapeRequest, active: Int, threads: Int, monitor: RunMonitor
  ) -> EscapePath? {
    guard isFollowed, request.observable == nil || request.observable?.rank != nil else {
      return nil
    }
    let mode = request.mode ?? request.observable?.rank
    if request.direction == .up || (mode ?? 0) > active {
      return .unknown(
        reason:
          "the branch of the present state leads to what it can lose; what it can gain lies on "
          + "that of another state: barrier { from = , to = } finds the saddle between the two")
    }
    guard request.threshold == nil || network.parameterCount <= Self.quickLimit else {
      return .unknown(
        reason:
          "above \(Self.quickLimit) parameters the way out is looked for where the threshold is "
          + "left out; barrier { method = \"continuation\" } finds it too")
    }
    let here = under(request.settings)
    let key = FollowedKey(
      parameters: state.parameters, l2: request.settings.l2Term,
      optimizer: request.settings.optimizer)
    return theoryCache.followedPath(key) {
      // A search that paused would be taken for one without a result.
      let patient = RunMonitor(shouldStop: { monitor.mustStop })
      do {
        let way = try FollowedWay(here.stationaryBarrier(threads, patient))
        return patient.mustStop ? nil : .followed(way)
      } catch {
        return patient.mustStop ? nil : .unknown(reason: "\(error)")
      }
    }
  }

  private func stationaryBarrier(_ threads: Int, _ monitor: RunMonitor) throws -> BarrierResult {
    let size = norm(state.parameters)
    func refuse(_ words: String) -> InputError {
      .sentence(
        "the present state is not stationary at l2 = \(plainNumber(settings.l2)) (\(words)); "
          + "settle() first")
    }
    let gradient = try measure().gradientNorm
    guard gradient <= 1e-2 * settings.l2 * size else {
      throw refuse("gradient norm \(plainNumber(rounded(gradient)))")
    }
    let barrier = try continuedBarrier(threads: threads, monitor)
    let moved = norm(zip(barrier.states[0], state.parameters).map { $0 - $1 })
    guard moved <= 1e-2 * size else {
      throw refuse("the minimum lies \(plainNumber(rounded(moved))) away")
    }
    return barrier
  }

  /// The predicted time over a saddle that was followed.
  func followedTheory(
    _ way: FollowedWay, _ target: EscapeTarget, _ settings: Settings
  ) -> EscapeTheory {
    guard way.isWatched(by: target.observable) else {
      return EscapeTheory(reason: way.reasonNotWatched())
    }
    var result = EscapeTheory(
      barrier: way.rate.barrier, temperaturePower: way.rate.temperaturePower)
    result.reason =
      noTheoryReason(settings) ?? way.misplaced(target.threshold)
      ?? (hasSampleNoise(settings)
        ? "noise of minibatches or labels has no temperature; for nonlinear networks "
          + "barrier { method = \"action\" } gives its quasi-potential" : nil)
    if result.reason == nil { predict(way.rate, settings, &result) }
    return result
  }
}
