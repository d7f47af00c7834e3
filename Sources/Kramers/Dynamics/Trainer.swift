internal import CProcessor

/// Runs the optimiser on one replica. Everything is allocated in `init`; a step allocates nothing.
///
///     g = grad(loss) + l2 (theta - center) + gradient noise + sqrt(2 T friction / lr) xi
///
/// and then the move of the optimiser (`Optimizers.swift`). Langevin noise samples exp(-objective/T) only as lr -> 0: in a quadratic of curvature h the
/// variance is T/(h (1 - lr h/2)), with momentum T/(h (1 - lr h/(2 (1+mu)))). Not to be confused
/// with minibatch noise, whose covariance depends on theta.
public final class Trainer {
  public let network: Network
  public let settings: Settings
  let key: RandomKey

  private let train: Samples?
  private let workspace: GradientWorkspace
  /// All samples, or the moments' compressed form. Shared by all replicas.
  private let full: Batch
  /// This step's samples, feature-major: a minibatch, or all with perturbed labels.
  private let stride: Int
  private let size: Int
  private let x: UnsafeMutablePointer<Double>
  private let y: UnsafeMutablePointer<Double>
  private let targetWeights: UnsafeMutablePointer<Double>?

  private let theta: UnsafeMutablePointer<Double>
  private let gradient: UnsafeMutablePointer<Double>
  private let noise: UnsafeMutableBufferPointer<Double>
  private let firstMoment: UnsafeMutablePointer<Double>
  private let secondMoment: UnsafeMutablePointer<Double>
  private let rule: any OptimizerRule.Type
  private var nextMove: OptimizerMove
  private let l2: L2Term
  private let l2Ranges: [Range<Int>]
  private let center: UnsafeMutablePointer<Double>?
  private let order: UnsafeMutableBufferPointer<Int32>
  private var orderEpoch: UInt64?
  /// The draws of a subset.
  private var partners: [Int]
  private var clock: TrainingState  // its arrays are empty; the buffers above hold them

  /// - Parameters:
  ///   - full: `data.fullBatch(for: network)`, passed in so that replicas share it.
  /// - Throws: `InputError` for settings that do not fit the data.
  public convenience init(
    data: Dataset, network: Network, settings: Settings, key: RandomKey, state: TrainingState,
    full: Batch? = nil
  ) throws {
    try settings.validate(data: data, network: network)
    var shared = Batch(count: 0, inputs: 0, outputs: 0, weight: 0)
    if case .full = settings.batch, settings.labelNoise == 0 {
      shared = try full ?? data.fullBatch(for: network)
    }
    self.init(
      data: data, network: network, settings: settings, key: key, state: state, shared: shared)
  }

  private init(
    data: Dataset, network: Network, settings: Settings, key: RandomKey, state: TrainingState,
    shared: Batch
  ) {
    let parameters = network.parameterCount
    precondition(state.parameters.count == parameters, "state of another network")
    self.network = network
    self.settings = settings
    self.key = key
    full = shared
    train = data.train
    size = settings.batchCount(of: data.sampleCount)
    let gathers = shared.count == 0
    stride = gathers ? DenseKernels.stride(size) : shared.stride
    x = makeBuffer(gathers ? network.inputs * stride : 0)
    y = makeBuffer(gathers ? network.outputs * stride : 0)
    targetWeights = data.isWeighted && gathers ? makeBuffer(network.outputs * stride) : nil
    workspace = GradientWorkspace(network, capacity: stride)
    theta = makeBuffer(copying: state.parameters)
    gradient = makeBuffer(parameters)
    noise = UnsafeMutableBufferPointer(
      start: makeBuffer(max(parameters, network.outputs * size)),
      count: max(parameters, network.outputs * size))
    rule = settings.optimizer.rule
    firstMoment = momentBuffer(state.firstMoment, rule.moments > 0 ? parameters : 0)
    secondMoment = momentBuffer(state.secondMoment, rule.moments > 1 ? parameters : 0)
    l2 = settings.l2Term
    l2Ranges = l2.ranges(network)
    center = centerBuffer(l2.center)
    order = orderBuffer(gathers ? max(data.sampleCount ?? 0, size) : 0)
    partners = [Int](repeating: 0, count: settings.sampling == .subset ? size : 0)
    clock = state.clockOnly
    nextMove = OptimizerMove(
      settings: settings, theta: theta, gradient: gradient, first: firstMoment,
      second: secondMoment, l2Ranges: l2Ranges, center: center, count: parameters)
  }

  deinit {
    x.deallocate()
    y.deallocate()
    targetWeights?.deallocate()
    theta.deallocate()
    gradient.deallocate()
    noise.baseAddress?.deallocate()
    firstMoment.deallocate()
    secondMoment.deallocate()
    center?.deallocate()
    order.deallocate()
  }

  /// A copy of the whole state.
  public var state: TrainingState {
    var state = clock
    state.parameters = parameters
    let count = network.parameterCount
    if rule.moments > 0 {
      state.firstMoment = Array(UnsafeBufferPointer(start: firstMoment, count: count))
    }
    if rule.moments > 1 {
      state.secondMoment = Array(UnsafeBufferPointer(start: secondMoment, count: count))
    }
    return state
  }

  public var parameters: [Double] {
    Array(UnsafeBufferPointer(start: theta, count: network.parameterCount))
  }

  /// The parameters in place, for observables inside the step loop.
  var parameterPointer: UnsafePointer<Double> { UnsafePointer(theta) }

  public var step: UInt64 { clock.step }

  /// Steps between two looks at a `RunMonitor`: about ten milliseconds, at most 1000.
  var pollInterval: Int {
    let operations = 6 * Double(network.parameterCount) * Double(stride)
    return Int(min(max(5e7 / operations, 1), 1000))
  }

  /// Takes `count` steps, or fewer: stops after the step that made a parameter infinite or NaN.
  /// - Returns: whether all parameters are still finite.
  @discardableResult
  public func run(steps count: Int) -> Bool {
    let mode = kp_flush_denormals(1)
    defer { kp_restore_denormals(mode) }
    let seen = Double(size) / Double(train?.count ?? 1)
    for _ in 0..<count {
      let isFinite = isPlain ? descend() : move()
      clock.step += 1
      clock.epochs += seen
      if !isFinite { return false }
    }
    return true
  }

  /// Whether a step is no more than theta <- theta - lr (g + l2 theta).
  private var isPlain: Bool {
    rule.form == .descent && settings.gradientNoise == 0 && settings.temperature == 0
      && center == nil
  }

  /// A plain step.
  private func descend() -> Bool {
    withBatch { x, y, targetWeights, count, weight in
      workspace.descend(
        theta, x, y, targetWeights, stride: stride, count: count, weight: weight,
        rate: settings.learningRate, l2: l2)
    }
  }

  /// Hands this step's batch to `body`: x, y, weights of targets, samples, weight of each.
  private func withBatch<R>(
    _ body: (
      UnsafePointer<Double>, UnsafePointer<Double>, UnsafePointer<Double>?, Int, Double
    ) -> R
  ) -> R {
    if full.count > 0 {
      return full.withPointers { body($0, $1, $2, full.count, full.weight) }
    }
    gather()
    if settings.labelNoise > 0 { perturbLabels() }
    restoreOrder()
    return body(x, y, UnsafePointer(targetWeights), size, 1 / Double(size))
  }

  /// Copies this step's samples into x and y.
  private func gather() {
    guard let train else { return }
    let first = chooseRows(train.count)
    train.x.withUnsafeBufferPointer { source in
      scatter(source.baseAddress!, width: train.inputs, first: first, into: x)
    }
    train.y.withUnsafeBufferPointer { source in
      scatter(source.baseAddress!, width: train.outputs, first: first, into: y)
    }
    guard let targetWeights, let rows = train.targetWeights else { return }
    rows.withUnsafeBufferPointer { source in
      scatter(source.baseAddress!, width: train.outputs, first: first, into: targetWeights)
    }
  }

  private func scatter(
    _ rows: UnsafePointer<Double>, width: Int, first: Int, into target: UnsafeMutablePointer<Double>
  ) {
    guard let order = order.baseAddress else { return }
    DenseKernels.gather(
      rows, width: width, order: UnsafePointer(order + first), count: size, into: target,
      stride: stride)
  }

  /// Arranges `order` so that this step's rows stand at the returned position.
  private func chooseRows(_ samples: Int) -> Int {
    if case .full = settings.batch { return 0 }
    switch settings.sampling {
    case .permutation:
      if clock.cursor + size > samples {
        clock.epoch += 1
        clock.cursor = 0
      }
      if orderEpoch != clock.epoch {
        for n in order.indices { order[n] = Int32(truncatingIfNeeded: n) }
        key.random(.permutation).shuffle(order, step: clock.epoch)
        orderEpoch = clock.epoch
      }
      defer { clock.cursor += size }
      return clock.cursor
    case .replacement:
      key.random(.batch).forEachIndex(size, of: samples, step: clock.step, bound: { _ in samples })
      {
        order[$0] = Int32(truncatingIfNeeded: $1)
      }
      return 0
    case .subset:
      // The first B places of a Fisher–Yates shuffle of the identity: a step is a function of
      // (key, step) alone. The swaps are undone in reverse, which costs B instead of N.
      drawSubset(samples) { order.swapAt($0, $0 &+ $1) }
      return 0
    }
  }

  private func drawSubset(_ samples: Int, _ use: (Int, Int) -> Void) {
    key.random(.batch).forEachIndex(
      size, of: samples, step: clock.step, bound: { samples &- $0 }, use)
  }

  /// Undoes the swaps of `.subset`, so that the next step starts from the identity again.
  private func restoreOrder() {
    guard settings.sampling == .subset, let train, settings.batch != .full else { return }
    drawSubset(train.count) { partners[$0] = $1 }
    for b in (0..<size).reversed() { order.swapAt(b, b &+ partners[b]) }
  }

  private func perturbLabels() {
    let random = key.random(.labelNoise)
    let outputs = network.outputs
    random.fillNormals(
      UnsafeMutableBufferPointer(rebasing: noise[0..<outputs * size]),
      scale: settings.labelNoise, step: clock.step)
    for i in 0..<outputs {
      for b in 0..<size { y[i &* stride &+ b] += noise[i &* size &+ b] }
    }
  }

  /// Adds L2 and noise to the gradient and moves the parameters.
  /// - Returns: whether all of them are finite.
  private func move() -> Bool {
    withBatch { x, y, targetWeights, count, weight in
      workspace.gradient(
        theta, x, y, targetWeights, stride: stride, count: count, weight: weight, into: gradient)
    }
    addRegularisation()
    if settings.gradientNoise > 0 {
      addNoise(.gradientNoise, scale: settings.gradientNoise / Double(size).squareRoot())
    }
    if settings.temperature > 0, let friction = rule.friction(settings) {
      // As gradient noise: of standard deviation sqrt(2 T / lr) without inertia.
      addNoise(
        .langevin,
        scale: (2 * settings.temperature * friction / settings.learningRate).squareRoot())
    }
    if rule.moments > 1 { clock.momentSteps += 1 }
    nextMove.step = clock.momentSteps
    return rule.move(nextMove)
  }

  private func addRegularisation() {
    guard l2.strength != 0, rule.noObjective == nil else { return }
    for range in l2Ranges {
      let (g, w) = (gradient + range.lowerBound, theta + range.lowerBound)
      guard let center else {
        DenseKernels.add(g, l2.strength, w, count: range.count)
        continue
      }
      let origin = center + range.lowerBound
      for k in 0..<range.count { g[k] = g[k].addingProduct(l2.strength, w[k] - origin[k]) }
    }
  }

  private func addNoise(_ purpose: RandomPurpose, scale: Double) {
    let count = network.parameterCount
    guard let start = noise.baseAddress else { return }
    key.random(purpose).fillNormals(
      UnsafeMutableBufferPointer(start: start, count: count), step: clock.step)
    DenseKernels.add(gradient, scale, start, count: count)
  }

}

/// A copy of `values`, or zeros when the moments have not been used yet.
private func momentBuffer(_ values: [Double], _ count: Int) -> UnsafeMutablePointer<Double> {
  values.isEmpty ? makeBuffer(count) : makeBuffer(copying: values)
}

private func centerBuffer(_ center: [Double]?) -> UnsafeMutablePointer<Double>? {
  guard let center else { return nil }
  return makeBuffer(copying: center)
}

/// 0, 1, ..., count - 1.
private func orderBuffer(_ count: Int) -> UnsafeMutableBufferPointer<Int32> {
  let order = UnsafeMutableBufferPointer<Int32>.allocate(capacity: count)
  for n in order.indices { order.initializeElement(at: n, to: Int32(truncatingIfNeeded: n)) }
  return order
}
