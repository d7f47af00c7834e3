/// What `noise` asks for; nil is the experiment's own setting.
public struct NoiseRequest: Sendable {
  public var batch: BatchSize?
  public var sampling: Sampling?
  /// The mode whose escape direction is looked along; nil is the strongest that is not learned.
  public var mode: Int?
  /// Number of top eigenvalues.
  public var count = 5

  public init() {}
}

/// The gradient noise of one step at a state.
public struct NoiseResult: Sendable {
  /// Samples a step.
  public let batch: Int
  public let samples: Int
  /// f: (1/B)(N-B)/(N-1) without replacement, 1/B with; 0 for the full batch.
  public let factor: Double
  /// tr C.
  public let trace: Double
  /// Largest eigenvalues of C, descending.
  public let top: [Double]
  /// The mode that `projection` belongs to.
  public let mode: Int?
  /// c = v'Cv along the unit escape direction of the mode; nil with a reason.
  public let projection: Double?
  public let projectionReason: String?
  /// lr c / 2: the temperature of additive noise that would be as strong along the direction.
  public let effectiveTemperature: Double?
  public let absorbing: AbsorbingSet
}

extension Experiment {
  /// The covariance of the gradient over the draw of one minibatch, at the present state, and
  /// whether such noise can leave it. Cost: a forward and backward pass over the training set and a
  /// few tens of products of the same size.
  ///
  /// - Throws: `InputError` for data without samples, or a batch larger than the training set.
  public func gradientNoise(
    _ request: NoiseRequest, monitor: RunMonitor = RunMonitor()
  ) throws -> NoiseResult {
    var settings = settings
    if let batch = request.batch { settings.batch = batch }
    if let sampling = request.sampling { settings.sampling = sampling }
    guard let train = data.train else {
      throw InputError.sentence(
        "gradient noise needs samples; data.\(data.name) knows second moments only")
    }
    try settings.validate(data: data, network: network)
    guard request.count >= 1 else { throw InputError.rule("k", "at least 1", request.count) }
    if let mode = request.mode { try network.checkMode(mode) }
    let size = settings.batchCount(of: train.count)
    let factor =
      settings.batch == .full
      ? 0
      : GradientNoise.populationFactor(
        samples: train.count, batch: size, replacement: settings.sampling == .replacement)
    let noise = GradientNoise(network, state.parameters, train)
    var top = [Double](repeating: 0, count: min(request.count, network.parameterCount))
    if factor > 0, noise.trace > 0 {
      let found = lanczos(
        size: network.parameterCount, count: top.count, end: .largest, tolerance: 1e-9
      ) {
        monitor.shouldStop
      } apply: { v, result in
        result = noise.product(v)
      }
      for (k, value) in found.values.enumerated() { top[k] = factor * max(value, 0) }
    }
    var copy = self
    try copy.update {
      $0.batch = settings.batch
      $0.sampling = settings.sampling
    }
    var mode = request.mode
    var projection: Double?
    var reason: String?
    if isDeepLinear {
      let active = try activeModes(l2: settings.l2, monitor: monitor)
      let wanted = mode ?? min(active + 1, network.widths.min() ?? 1)
      mode = wanted
      let direction = escapeDirection(mode: wanted, active: active)
      projection = direction.map { factor * noise.variance(along: $0) }
      reason = projection == nil ? "nothing is left for mode \(wanted) to learn" : nil
    } else {
      reason = "the escape direction is known for deep linear networks only"
    }
    return NoiseResult(
      batch: size, samples: train.count, factor: factor,
      trace: factor * noise.trace, top: top, mode: mode, projection: projection,
      projectionReason: reason,
      effectiveTemperature: projection.flatMap { variance in
        // Inertia collects noise; where no temperature is defined, there is no effective one.
        settings.optimizer.rule.friction(settings).map {
          0.5 * settings.learningRate * variance / $0
        }
      },
      absorbing: copy.absorbingSet(mode: request.mode))
  }

  /// The unit vector along which mode k grows from the present state: equal weights of all layers,
  ///
  ///     dW_1 = e_1 v',  dW_l = e_l e_(l-1)',  dW_D = u e_(D-1)'
  ///
  /// u and v from what the learned modes leave of Syx - W Sxx (for a learned mode from the map
  /// itself); e_l the hidden direction that carries v already, or one that the layer does not use.
  func escapeDirection(mode: Int, active: Int) -> [Double]? {
    let map = network.endToEndMap(of: state.parameters)
    let learned = SingularValueDecomposition(map)
    let kept = min(active, mode - 1)
    var (u, v) = (learned.u.column(mode - 1), learned.v.column(mode - 1))
    if mode > active {
      var rest = data.moments.yx - map * data.moments.xx
      for k in 0..<kept {
        let (left, right) = (learned.u.column(k), learned.v.column(k))
        rest = rest - outerProduct(left, rest.transposed * left)
        rest = rest - outerProduct(rest * right, right)
      }
      let split = SingularValueDecomposition(rest)
      let index = mode - active - 1
      guard index < split.values.count, split.values[index] > 1e-12 else { return nil }
      (u, v) = (split.u.column(index), split.v.column(index))
    }
    var direction = [Double](repeating: 0, count: network.parameterCount)
    let share = 1 / Double(network.depth).squareRoot()
    var below = v
    var carried = v
    var partial = Matrix.identity(network.inputs)
    for (l, layer) in network.layers.enumerated() {
      let weights = network.weights(l, of: state.parameters)
      carried = weights * carried
      partial = weights * partial
      var above = u
      if l < network.depth - 1 {
        // The part of the carried signal outside the learned modes' directions.
        above = carried
        projectOut((0..<kept).map { normalized(partial * learned.v.column($0)) }, from: &above)
        let support = HiddenLayer(network, l).directions(state.parameters, above: 0)
        above =
          norm(above) > 1e-9
          ? normalized(above) : support.basis.column(min(kept, layer.outputs - 1))
      }
      for i in 0..<layer.outputs {
        for j in 0..<layer.inputs {
          direction[layer.weights.lowerBound + i * layer.inputs + j] = share * above[i] * below[j]
        }
      }
      below = above
    }
    return direction
  }
}

private func outerProduct(_ a: [Double], _ b: [Double]) -> Matrix {
  Matrix(a.count, b.count, a.flatMap { x in b.map { x * $0 } })
}

private func normalized(_ a: [Double]) -> [Double] {
  let length = norm(a)
  return length > 0 ? a.map { $0 / length } : a
}
