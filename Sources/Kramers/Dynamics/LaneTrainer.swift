internal import CProcessor

/// `Trainer` for four replicas at once, one in each lane of every vector. The lanes share settings
/// and data only: each has its own parameters, step counter and random streams, so a replica's
/// bits do not depend on its lane or on its neighbours, and a lane can be reloaded at any time.
///
/// `Trainer` is the reference: the same draws, and parameters equal up to the order in which a
/// batch is summed (one sample: the same bits).
final class LaneTrainer {
  static let count = 4

  private struct Layer {
    var rows: Int
    var columns: Int
    var weights: Int
    /// -1 without biases.
    var biases: Int
    var input: UnsafeMutablePointer<Lane>
    var output: UnsafeMutablePointer<Lane>
    var error: UnsafeMutablePointer<Lane>
  }

  let plan: LanePlan
  let theta: UnsafeMutablePointer<Lane>
  private let gradient: UnsafeMutablePointer<Lane>
  private let moment: UnsafeMutablePointer<Lane>
  private let uniforms: UnsafeMutablePointer<Lane>
  /// Inputs, targets and padding of this step's samples, feature-major.
  private let x: UnsafeMutablePointer<Lane>
  private let hidden: UnsafeMutablePointer<Lane>
  private let layers: UnsafeMutableBufferPointer<Layer>
  /// Four sample orders, one lane's after another's.
  private let order: UnsafeMutablePointer<Int32>
  /// Row offsets of this step's samples: four lanes for each sample.
  private let offsets: UnsafeMutablePointer<Int32>
  private let draws: UnsafeMutablePointer<LaneWords>

  private let streams: (batch: RandomStream, langevin: RandomStream, gradientNoise: RandomStream)
  private let shuffling: RandomStream
  private var replicas = LaneWords.zero
  private var steps = LaneWords.zero
  private var epochs = LaneWords.zero
  private var cursors = SIMD4<Int>.zero
  /// All bits set where a replica runs: what idle lanes compute is not looked at.
  private var active = LaneWords.zero
  /// Lanes whose parameters the last step made infinite or NaN.
  private(set) var diverged = SIMDMask<SIMD4<Int64>>(repeating: false)

  /// - Parameter key: seed and stream of the ensemble; the replica is chosen by `load`.
  init(_ plan: LanePlan, key: RandomKey) {
    self.plan = plan
    let network = plan.network
    let width = network.widths.reduce(0, +) - network.inputs
    theta = makeLanes(network.parameterCount)
    gradient = makeLanes(network.parameterCount)
    moment = makeLanes(network.parameterCount)
    uniforms = makeLanes(network.parameterCount + 1)
    x = makeLanes(plan.rowWidth * plan.batch)
    hidden = makeLanes(2 * width * plan.batch)
    layers = .allocate(capacity: network.depth)
    order = .allocate(capacity: 4 * max(plan.samples, 1))
    order.initialize(repeating: 0, count: 4 * max(plan.samples, 1))
    offsets = .allocate(capacity: 4 * plan.batch)
    offsets.initialize(repeating: 0, count: 4 * plan.batch)
    draws = .allocate(capacity: plan.batch + 1)
    draws.initialize(repeating: .zero, count: plan.batch + 1)
    streams = (key.random(.batch), key.random(.langevin), key.random(.gradientNoise))
    shuffling = key.random(.permutation)
    connectLayers()
    if plan.samples == 0 { loadFullBatch() }
  }

  deinit {
    theta.deallocate()
    gradient.deallocate()
    moment.deallocate()
    uniforms.deallocate()
    x.deallocate()
    hidden.deallocate()
    layers.deallocate()
    order.deallocate()
    offsets.deallocate()
    draws.deallocate()
  }

  private func connectLayers() {
    var input = x
    var next = hidden
    for (l, layer) in plan.network.layers.enumerated() {
      let size = layer.outputs * plan.batch
      layers.initializeElement(
        at: l,
        to: Layer(
          rows: layer.outputs, columns: layer.inputs, weights: layer.weights.lowerBound,
          biases: plan.network.bias ? layer.biases.lowerBound : -1, input: input, output: next,
          error: next + size))
      input = next
      next += 2 * size
    }
  }

  private func loadFullBatch() {
    for n in 0..<plan.batch {
      for k in 0..<plan.rowWidth {
        x[k * plan.batch + n] = Lane(repeating: plan.rows[n * plan.rowWidth + k])
      }
    }
  }

  /// Puts a replica into a lane, where it goes on from `state`.
  func load(_ lane: Int, replica: UInt32, state: TrainingState) {
    precondition(state.parameters.count == plan.network.parameterCount, "state of another network")
    for k in state.parameters.indices {
      theta[k][lane] = state.parameters[k]
      moment[k][lane] = state.firstMoment.isEmpty ? 0 : state.firstMoment[k]
    }
    replicas[lane] = UInt64(replica)
    steps[lane] = state.step
    epochs[lane] = state.epoch
    cursors[lane] = state.cursor
    active[lane] = .max
    guard plan.samples > 0 else { return }
    resetOrder(lane)
    if plan.settings.sampling == .permutation { shuffle(lane) }
  }

  /// The whole state of a lane, from which `load` goes on.
  func state(_ lane: Int) -> TrainingState {
    let indices = 0..<plan.network.parameterCount
    var state = TrainingState(parameters: indices.map { theta[$0][lane] })
    if plan.settings.optimizer == .momentum {
      state.firstMoment = indices.map { moment[$0][lane] }
    }
    state.step = steps[lane]
    state.epoch = epochs[lane]
    state.cursor = cursors[lane]
    return state
  }

  /// Marks a lane as idle.
  func release(_ lane: Int) { active[lane] = 0 }

  /// Copies a lane's parameters.
  func copyParameters(_ lane: Int, to target: UnsafeMutablePointer<Double>) {
    let source = UnsafeRawPointer(theta).assumingMemoryBound(to: Double.self) + lane
    for k in 0..<plan.network.parameterCount { target[k] = source[4 &* k] }
  }

  /// Takes `count` steps in every lane, or fewer: stops after a step that made a parameter of an
  /// active lane infinite or NaN, which `diverged` then tells.
  /// - Returns: the steps taken.
  func run(steps count: Int) -> Int {
    let mode = kp_flush_denormals(1)
    defer { kp_restore_denormals(mode) }
    diverged = SIMDMask(repeating: false)
    let settings = plan.settings
    let isPlain =
      settings.optimizer == .sgd && settings.temperature == 0 && settings.gradientNoise == 0
    var taken = 0
    while taken < count {
      if plan.samples > 0 { gather() }
      forward()
      let check: Lane
      if isPlain {
        check = backwardAndMove()
      } else {
        backward()
        check = move()
      }
      steps &+= LaneWords(repeating: 1)
      taken &+= 1
      // Zero, or NaN in the lanes that diverged.
      let masked = unsafeBitCast(
        unsafeBitCast(check, to: LaneWords.self) & active, to: Lane.self)
      if !((masked[0] + masked[1]) + (masked[2] + masked[3]) == 0) {
        diverged = .!(masked .== masked)
        return taken
      }
    }
    return taken
  }

  @inline(__always)
  private func forward() {
    let batch = plan.batch
    for layer in layers {
      let bias = layer.biases < 0 ? nil : UnsafePointer(theta + layer.biases)
      LaneKernels.multiply(
        theta + layer.weights, rows: layer.rows, columns: layer.columns,
        rowStride: layer.columns, columnStride: 1, layer.input, batch: batch, bias: bias,
        into: layer.output)
    }
    let last = layers[layers.count &- 1]
    let error = last.error
    let output = last.output
    let y = x + plan.network.inputs &* batch
    let weight = Lane(repeating: plan.weight)
    for k in 0..<last.rows &* batch { error[k] = weight * (output[k] - y[k]) }
  }

  /// Hands each parameter's index and gradient to `use`, layer by layer from the last. A layer's
  /// parameters are not read again once they were handed over.
  @inline(__always)
  private func differentiate(_ use: (Int, Lane) -> Void) {
    let batch = plan.batch
    var l = layers.count &- 1
    while l >= 0 {
      let layer = layers[l]
      if l > 0 {
        LaneKernels.multiply(
          theta + layer.weights, rows: layer.columns, columns: layer.rows, rowStride: 1,
          columnStride: layer.columns, layer.error, batch: batch, bias: nil,
          into: layers[l &- 1].error)
      }
      LaneKernels.outer(
        layer.error, rows: layer.rows, layer.input, columns: layer.columns, batch: batch
      ) { k, g in use(layer.weights &+ k, g) }
      if layer.biases >= 0 {
        for i in 0..<layer.rows {
          var sum = Lane.zero
          for b in 0..<batch { sum += layer.error[i &* batch &+ b] }
          use(layer.biases &+ i, sum)
        }
      }
      l &-= 1
    }
  }

  private func backward() {
    let gradient = gradient
    differentiate { k, g in gradient[k] = g }
  }

  /// Plain SGD: each parameter moves as soon as its gradient is known.
  private func backwardAndMove() -> Lane {
    let theta = theta
    let l2 = Lane(repeating: plan.settings.l2)
    let lr = Lane(repeating: -plan.settings.learningRate)
    var check = Lane.zero
    differentiate { k, g in
      let old = theta[k]
      let new = old.addingProduct(lr, g.addingProduct(l2, old))
      theta[k] = new
      check += new - new
    }
    return check
  }

  /// Adds L2 and noise to the gradient and moves the parameters.
  /// - Returns: zero, or NaN in lanes with an infinite parameter.
  private func move() -> Lane {
    let settings = plan.settings
    let (theta, gradient, moment) = (theta, gradient, moment)
    let lr = settings.learningRate
    let count = plan.network.parameterCount
    let l2 = Lane(repeating: settings.l2)
    for k in 0..<count { gradient[k] = gradient[k].addingProduct(l2, theta[k]) }
    if settings.gradientNoise > 0 {
      addNoise(
        streams.gradientNoise, settings.gradientNoise / Double(plan.batchOfNoise).squareRoot())
    }
    let isMomentum = settings.optimizer == .momentum
    if settings.temperature > 0 {
      let friction = isMomentum ? 1 - settings.momentum : 1
      addNoise(streams.langevin, (2 * settings.temperature * friction / lr).squareRoot())
    }
    if isMomentum {
      let mu = Lane(repeating: settings.momentum)
      for k in 0..<count {
        moment[k] = gradient[k].addingProduct(mu, moment[k])
        gradient[k] = moment[k]
      }
    }
    let rate = Lane(repeating: -lr)
    var check = Lane.zero
    for k in 0..<count {
      let new = theta[k].addingProduct(rate, gradient[k])
      theta[k] = new
      check += new - new
    }
    return check
  }

  private func addNoise(_ stream: RandomStream, _ scale: Double) {
    let random = LaneRandom(stream, replicas: replicas)
    let count = plan.network.parameterCount
    let scale = Lane(repeating: scale)
    let (gradient, uniforms, steps) = (gradient, uniforms, steps)
    // Two passes: short bodies, of which the processor overlaps more than of one long body.
    var k = 0
    while k < count {
      let (u, v) = random.uniforms(steps: steps, UInt64(truncatingIfNeeded: k &>> 1))
      uniforms[k] = u
      uniforms[k &+ 1] = v
      k &+= 2
    }
    k = 0
    while k < count {
      let (a, b) = laneBoxMuller(uniforms[k], uniforms[k &+ 1])
      gradient[k] = gradient[k].addingProduct(scale, a)
      if k &+ 1 < count { gradient[k &+ 1] = gradient[k &+ 1].addingProduct(scale, b) }
      k &+= 2
    }
  }

  /// Copies this step's samples of every lane into x.
  private func gather() {
    chooseRows()
    let batch = plan.batch
    plan.rows.withUnsafeBufferPointer { rows in
      for b in 0..<batch {
        kp_transpose_rows(
          rows.baseAddress!, offsets + 4 &* b, x + b, batch, plan.rowWidth)
      }
    }
  }

  private func chooseRows() {
    switch plan.settings.sampling {
    case .permutation: for lane in 0..<4 { takeFromPermutation(lane) }
    case .replacement: drawRows()
    case .subset: drawSubsets()
    }
  }

  private func takeFromPermutation(_ lane: Int) {
    if cursors[lane] &+ plan.batch > plan.samples {
      epochs[lane] &+= 1
      cursors[lane] = 0
      resetOrder(lane)
      shuffle(lane)
    }
    let source = order + (lane &* plan.samples &+ cursors[lane])
    let width = Int32(truncatingIfNeeded: plan.rowWidth)
    for b in 0..<plan.batch { offsets[4 &* b &+ lane] = source[b] &* width }
    cursors[lane] &+= plan.batch
  }

  private func resetOrder(_ lane: Int) {
    let order = order + lane &* plan.samples
    for n in 0..<plan.samples { order[n] = Int32(truncatingIfNeeded: n) }
  }

  /// `RandomStream.shuffle` with four blocks of words at a time.
  private func shuffle(_ lane: Int) {
    let order = order + lane &* plan.samples
    let epoch = LaneWords(repeating: epochs[lane])
    let random = LaneRandom(shuffling, replicas: LaneWords(repeating: replicas[lane]))
    let high = (epoch &>> LaneWords(repeating: 32)) | LaneWords(repeating: random.purpose)
    var indices = LaneWords(0, 1, 2, 3)
    var i = plan.samples &- 1
    while i > 0 {
      let w = laneBlock(indices, epoch, random.replicas, high, key: random.key)
      let bounds = LaneWords(repeating: UInt64(i)) &- LaneWords(0, 2, 4, 6)
      let first = LaneRandom.below(bounds &+ LaneWords(repeating: 1), w.0, w.1)
      let second = LaneRandom.below(bounds, w.2, w.3)
      for block in 0..<4 where i > 0 {
        swapRows(order, i, Int(first[block]))
        if i > 1 { swapRows(order, i &- 1, Int(second[block])) }
        i &-= 2
      }
      indices &+= LaneWords(repeating: 4)
    }
  }

  /// Draws of every lane's step: draw b is an integer below `bound(b)`.
  @inline(__always)
  private func fillDraws(_ bound: (Int) -> Int) {
    let random = LaneRandom(streams.batch, replicas: replicas)
    var b = 0
    while b < plan.batch {
      let w = random.words(steps: steps, UInt64(b &>> 1))
      draws[b] = LaneRandom.below(LaneWords(repeating: UInt64(bound(b))), w.0, w.1)
      draws[b &+ 1] = LaneRandom.below(
        LaneWords(repeating: UInt64(max(bound(b &+ 1), 0))), w.2, w.3)
      b &+= 2
    }
  }

  private func drawRows() {
    let samples = plan.samples
    fillDraws { _ in samples }
    let width = LaneWords(repeating: UInt64(plan.rowWidth))
    for b in 0..<plan.batch {
      let row = draws[b] &* width
      for lane in 0..<4 { offsets[4 &* b &+ lane] = Int32(truncatingIfNeeded: row[lane]) }
    }
  }

  /// The first places of a Fisher–Yates shuffle of the identity, undone afterwards.
  private func drawSubsets() {
    let samples = plan.samples
    fillDraws { samples &- $0 }
    let width = Int32(truncatingIfNeeded: plan.rowWidth)
    for lane in 0..<4 {
      let order = order + lane &* samples
      for b in 0..<plan.batch {
        swapRows(order, b, b &+ Int(draws[b][lane]))
        offsets[4 &* b &+ lane] = order[b] &* width
      }
      for b in (0..<plan.batch).reversed() { swapRows(order, b, b &+ Int(draws[b][lane])) }
    }
  }
}

@inline(__always)
private func swapRows(_ order: UnsafeMutablePointer<Int32>, _ i: Int, _ j: Int) {
  let value = order[i]
  order[i] = order[j]
  order[j] = value
}

func makeLanes(_ count: Int) -> UnsafeMutablePointer<Lane> {
  // Swift aligns to 16 bytes, and every second vector would straddle two cache lines.
  let size = max(count, 1)
  let memory = UnsafeMutableRawPointer.allocate(
    byteCount: size * MemoryLayout<Lane>.stride, alignment: 64)
  return memory.initializeMemory(as: Lane.self, repeating: .zero, count: size)
}
