/// The quasi-potential of a saddle by a path of least action, or why there is none.
public struct BarrierAction: Sendable {
  /// Without unit: rates go as e^(-phi) under the noise of the experiment.
  public var phi: Double?
  /// What discretisation and descent leave open.
  public var error: Double?
  /// From the minimum to the saddle.
  public var path: [BarrierResult.PathPoint] = []
  public var reason: String?
}

extension Experiment {
  /// A barrier by theory or strings, and beside it what the noise of this experiment makes of it. It is
  /// a method of `barrier`, which knows the three states, and not part of an escape's theory: a path
  /// of least action takes seconds, and gives an exponent without a prefactor.
  ///
  /// - Throws: `InputError` as `barrier`.
  func actionBarrier(_ request: BarrierRequest, _ monitor: RunMonitor) throws -> BarrierResult {
    var states = request
    states.method = nil
    var result = try barrier(states, monitor: monitor)
    let ends = result.states
    guard !result.isInterrupted else { return result }
    func action(_ minimum: [Double]) throws -> BarrierAction {
      try leastAction(
        from: minimum, to: ends[1], pieces: max(request.images / 2, 4), rank: result.mode, monitor)
    }
    result.actions = (try action(ends[0]), try action(ends[2]))
    result.isInterrupted = monitor.shouldStop
    return result
  }

  private func leastAction(
    from minimum: [Double], to saddle: [Double], pieces: Int, rank: Int, _ monitor: RunMonitor
  ) throws -> BarrierAction {
    do {
      if settings.labelNoise > 0 {
        throw InputError.sentence("minimum action does not know label noise")
      }
      let surface = try objective()
      let rate = hasSampleNoise(settings) ? try diffusionRate(settings) * batchFactor : 0
      // Relaxation from the saddle, reversed.
      var string = StringMethod(
        from: minimum, to: saddle, bend: [Double](repeating: 0, count: minimum.count),
        images: pieces + 1)
      string.relax(surface, tolerance: 1e-3, iterations: 5000) { monitor.shouldStop }
      let field = try WeightSpaceNoise(
        surface, data.train, rate: rate, temperature: effectiveTemperature(settings),
        along: string.images)
      let found: MinimumAction
      do throws(MinimumAction.Failure) {
        found = try MinimumAction(field, from: string.images.map { field.coordinates($0) }) {
          monitor.shouldStop
        }
      } catch {
        switch error {
        case .singular: throw InputError.sentence(WeightSpaceNoise.singular)
        case .unsettled:
          throw InputError.sentence("the path of least action does not settle; try more images")
        case .interrupted: throw InputError.sentence("interrupted")
        }
      }
      guard field.holds(found.path) else { throw InputError.sentence(WeightSpaceNoise.singular) }
      return BarrierAction(
        phi: found.phi, error: found.error,
        path: try places(found.path.map { field.weights($0) }, surface, rank))
    } catch let error as InputError {
      return BarrierAction(reason: error.description)
    }
  }

  /// f of the samples of one batch.
  private var batchFactor: Double {
    guard let count = data.sampleCount else { return 0 }
    return GradientNoise.populationFactor(
      samples: count, batch: settings.batchCount(of: count),
      replacement: settings.sampling == .replacement)
  }

  private func places(
    _ path: [[Double]], _ surface: Objective, _ rank: Int
  ) throws -> [BarrierResult.PathPoint] {
    let evaluator = try Evaluator(data: data, network: network, settings: settings)
    var distance = 0.0
    return path.enumerated().map { i, theta in
      if i > 0 { distance += norm(zip(theta, path[i - 1]).map { $0 - $1 }) }
      let strengths = evaluator.modeStrengths(theta)
      return BarrierResult.PathPoint(
        distance: distance, objective: surface.value(theta),
        strength: rank <= strengths.count ? strengths[rank - 1] : 0)
    }
  }
}
