internal import CProcessor

/// Runs the optimiser on one replica. Everything is allocated in `init`; a step allocates nothing.
///
///     sgd        theta <- theta - lr g + sqrt(2 lr T) xi
///     momentum   m <- mu m + g - sqrt(2 T (1-mu) / lr) xi,   theta <- theta - lr m
///     adam       m <- b1 m + (1-b1) g,  v <- b2 v + (1-b2) g^2,
///                theta <- theta - lr (m/(1-b1^t)) / (sqrt(v/(1-b2^t)) + eps)
///     adamw      theta <- (1 - lr l2) theta first, then adam without l2 in g
///
/// with g = grad(loss) + l2 (theta - center) + gradient noise, the conventions of PyTorch (dampening
/// 0). Langevin noise samples exp(-objective/T) only as lr -> 0: in a quadratic of curvature h the
/// variance is T/(h (1 - lr h/2)). Not to be confused with minibatch noise, whose covariance
/// depends on theta.
public final class Trainer {
  public let network: Network
  public let settings: Settings
  public private(set) var state: TrainingState
  let key: RandomKey

  private let data: Dataset
  private let workspace: GradientWorkspace
  /// All samples, or the moments' compressed form; minibatches are gathered into `drawn`.
  private let full: Batch
  private var drawn: Batch
  private var gradient: [Double]
  private var noise: [Double]
  private var order: [Int32] = []
  private var orderEpoch: UInt64?

  /// - Parameters:
  ///   - full: `data.fullBatch(for: network)`, passed in so that replicas share it.
  /// - Throws: `InputError` for settings that do not fit the data.
  public init(
    data: Dataset, network: Network, settings: Settings, key: RandomKey, state: TrainingState,
    full: Batch? = nil
  ) throws {
    try settings.validate(data: data, network: network)
    precondition(state.parameters.count == network.parameterCount, "state of another network")
    self.data = data
    self.network = network
    self.settings = settings
    self.key = key
    self.state = state
    let samples = data.train
    let size = settings.batchCount(of: samples?.count)
    if case .full = settings.batch {
      if settings.labelNoise > 0, let samples {
        self.full = Batch(samples)
      } else {
        self.full = try full ?? data.fullBatch(for: network)
      }
      drawn =
        settings.labelNoise > 0 ? self.full : Batch(count: 1, inputs: 1, outputs: 1, weight: 1)
    } else {
      self.full = Batch(count: 1, inputs: 1, outputs: 1, weight: 1)
      drawn = Batch(
        count: size, inputs: network.inputs, outputs: network.outputs, weight: 1 / Double(size))
    }
    workspace = GradientWorkspace(network, capacity: max(self.full.count, drawn.count))
    gradient = [Double](repeating: 0, count: network.parameterCount)
    let noiseCount = max(network.parameterCount, drawn.outputs * drawn.count)
    noise = [Double](repeating: 0, count: noiseCount)
    if settings.batch != .full { order = (0..<Int32(samples?.count ?? 1)).map { $0 } }
    let needed = [Double](repeating: 0, count: network.parameterCount)
    if settings.optimizer != .sgd, state.firstMoment.isEmpty { self.state.firstMoment = needed }
    if settings.optimizer == .adam || settings.optimizer == .adamw, state.secondMoment.isEmpty {
      self.state.secondMoment = needed
    }
  }

  /// Takes `count` steps, or fewer: stops after the step that made a parameter infinite or NaN.
  /// - Returns: whether all parameters are still finite.
  @discardableResult
  public func run(steps count: Int) -> Bool {
    let mode = kp_flush_denormals(1)
    defer { kp_restore_denormals(mode) }
    let perEpoch = Double(data.sampleCount ?? 1)
    let seen = Double(settings.batchCount(of: data.sampleCount)) / perEpoch
    for _ in 0..<count {
      computeGradient()
      let isFinite = update()
      state.step += 1
      state.epochs += seen
      if !isFinite { return false }
    }
    return true
  }

  /// The gradient of the data term on this step's batch.
  private func computeGradient() {
    switch settings.batch {
    case .full where settings.labelNoise == 0: differentiate(full)
    case .full:
      drawn.y.withUnsafeMutableBufferPointer { y in
        full.y.withUnsafeBufferPointer { source in _ = y.update(fromContentsOf: source) }
      }
      perturbLabels()
      differentiate(drawn)
    case .size:
      gather()
      if settings.labelNoise > 0 { perturbLabels() }
      differentiate(drawn)
    }
  }

  private func differentiate(_ batch: borrowing Batch) {
    state.parameters.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { g in
        batch.x.withUnsafeBufferPointer { x in
          batch.y.withUnsafeBufferPointer { y in
            workspace.gradient(
              theta.baseAddress!, x.baseAddress!, y.baseAddress!, stride: batch.stride,
              count: batch.count, weight: batch.weight, into: g.baseAddress!)
          }
        }
      }
    }
  }

  /// Copies this step's samples into `drawn`.
  private func gather() {
    guard let samples = data.train else { return }
    let first = chooseRows(samples.count)
    let stride = drawn.stride
    samples.x.withUnsafeBufferPointer { source in
      drawn.x.withUnsafeMutableBufferPointer { x in
        for b in 0..<drawn.count {
          let row = Int(order[first + b]) &* samples.inputs
          for j in 0..<samples.inputs { x[j &* stride &+ b] = source[row &+ j] }
        }
      }
    }
    samples.y.withUnsafeBufferPointer { source in
      drawn.y.withUnsafeMutableBufferPointer { y in
        for b in 0..<drawn.count {
          let row = Int(order[first + b]) &* samples.outputs
          for i in 0..<samples.outputs { y[i &* stride &+ b] = source[row &+ i] }
        }
      }
    }
  }

  /// Arranges `order` so that this step's rows stand at the returned position.
  private func chooseRows(_ samples: Int) -> Int {
    let size = drawn.count
    switch settings.sampling {
    case .permutation:
      if state.cursor + size > samples {
        state.epoch += 1
        state.cursor = 0
      }
      if orderEpoch != state.epoch {
        for n in order.indices { order[n] = Int32(n) }
        key.random(.permutation).shuffle(&order, step: state.epoch)
        orderEpoch = state.epoch
      }
      defer { state.cursor += size }
      return state.cursor
    case .replacement:
      let random = key.random(.batch)
      if order.count < size { order = [Int32](repeating: 0, count: size) }
      var b = 0
      var index: UInt32 = 0
      while b < size {
        let w = random.words(step: state.step, index)
        order[b] = Int32(RandomStream.below(samples, w[0], w[1]))
        if b + 1 < size { order[b + 1] = Int32(RandomStream.below(samples, w[2], w[3])) }
        b += 2
        index &+= 1
      }
      return 0
    case .subset:
      // The first B places of a Fisher–Yates shuffle, undone afterwards by starting from the
      // identity each step: a step is a function of (key, step) alone.
      let random = key.random(.batch)
      for n in order.indices { order[n] = Int32(n) }
      for b in 0..<size {
        let w = random.words(step: state.step, UInt32(truncatingIfNeeded: b))
        order.swapAt(b, b + RandomStream.below(samples - b, w[0], w[1]))
      }
      return 0
    }
  }

  private func perturbLabels() {
    let random = key.random(.labelNoise)
    let count = drawn.count
    let total = drawn.outputs * count
    noise.withUnsafeMutableBufferPointer { noise in
      random.fillNormals(
        UnsafeMutableBufferPointer(rebasing: noise[0..<total]), scale: settings.labelNoise,
        step: state.step)
    }
    for i in 0..<drawn.outputs {
      for b in 0..<count { drawn.y[i &* drawn.stride &+ b] += noise[i &* count &+ b] }
    }
  }

  /// Adds L2 and noise to the gradient and moves the parameters.
  /// - Returns: whether all of them are finite.
  private func update() -> Bool {
    addRegularisation()
    if settings.gradientNoise > 0 {
      let size = Double(settings.batchCount(of: data.sampleCount))
      addNoise(.gradientNoise, scale: settings.gradientNoise / size.squareRoot())
    }
    let lr = settings.learningRate
    switch settings.optimizer {
    case .sgd:
      // As gradient noise of standard deviation sqrt(2 T / lr).
      if settings.temperature > 0 {
        addNoise(.langevin, scale: (2 * settings.temperature / lr).squareRoot())
      }
      return move(lr)
    case .momentum:
      if settings.temperature > 0 {
        let friction = 1 - settings.momentum
        addNoise(.langevin, scale: (2 * settings.temperature * friction / lr).squareRoot())
      }
      accumulateMomentum()
      return move(lr)
    case .adam, .adamw: return moveAdam(lr)
    }
  }

  private func addRegularisation() {
    guard settings.l2 != 0, settings.optimizer != .adamw else { return }
    let l2 = settings.l2
    gradient.withUnsafeMutableBufferPointer { g in
      state.parameters.withUnsafeBufferPointer { theta in
        if let center = settings.l2Center {
          for k in g.indices { g[k] = g[k].addingProduct(l2, theta[k] - center[k]) }
        } else {
          for k in g.indices { g[k] = g[k].addingProduct(l2, theta[k]) }
        }
      }
    }
  }

  private func addNoise(_ purpose: RandomPurpose, scale: Double) {
    let random = key.random(purpose)
    noise.withUnsafeMutableBufferPointer { noise in
      gradient.withUnsafeMutableBufferPointer { g in
        random.fillNormals(
          UnsafeMutableBufferPointer(rebasing: noise[0..<g.count]), step: state.step)
        for k in g.indices { g[k] = g[k].addingProduct(scale, noise[k]) }
      }
    }
  }

  private func accumulateMomentum() {
    let mu = settings.momentum
    state.firstMoment.withUnsafeMutableBufferPointer { m in
      gradient.withUnsafeMutableBufferPointer { g in
        for k in g.indices {
          m[k] = g[k].addingProduct(mu, m[k])
          g[k] = m[k]
        }
      }
    }
  }

  /// theta <- theta - lr g.
  private func move(_ lr: Double) -> Bool {
    var check = 0.0
    gradient.withUnsafeBufferPointer { g in
      state.parameters.withUnsafeMutableBufferPointer { theta in
        for k in theta.indices {
          theta[k] = theta[k].addingProduct(-lr, g[k])
          check = check.addingProduct(theta[k], 0)
        }
      }
    }
    return check == 0
  }

  private func moveAdam(_ lr: Double) -> Bool {
    let beta1 = settings.momentum
    let beta2 = 0.999
    state.momentSteps += 1
    let correction1 = 1 - power(beta1, state.momentSteps)
    let correction2 = (1 - power(beta2, state.momentSteps)).squareRoot()
    let decay = settings.optimizer == .adamw ? 1 - lr * settings.l2 : 1
    var check = 0.0
    for k in gradient.indices {
      let g = gradient[k]
      state.firstMoment[k] = beta1 * state.firstMoment[k] + (1 - beta1) * g
      state.secondMoment[k] = beta2 * state.secondMoment[k] + (1 - beta2) * g * g
      let denominator = state.secondMoment[k].squareRoot() / correction2 + 1e-8
      let center = settings.l2Center?[k] ?? 0
      let decayed = center + decay * (state.parameters[k] - center)
      state.parameters[k] = decayed - lr / correction1 * state.firstMoment[k] / denominator
      check += 0 * state.parameters[k]
    }
    return check == 0
  }
}

/// x^n by repeated squaring: the same bits on every machine.
private func power(_ x: Double, _ n: Int) -> Double {
  var result = 1.0
  var base = x
  var n = n
  while n > 0 {
    if n & 1 == 1 { result *= base }
    base *= base
    n >>= 1
  }
  return result
}
