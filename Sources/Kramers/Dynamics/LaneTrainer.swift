internal import CProcessor

/// `Trainer` for a group of replicas at once, one in each lane of every vector. The lanes share
/// settings and data only: each has its own parameters, step counter and random streams, so a
/// replica's bits depend neither on its lane, nor on its neighbours, nor on how many lanes there
/// are, and a lane can be reloaded at any time.
///
/// Owns the memory; `KramersLanes` computes.
final class LaneTrainer {
  let plan: LanePlan
  let kernels: LaneKernels
  private let group: UnsafeMutablePointer<kp_lane_group>
  private let memory: LaneMemory
  private let size: Int
  private let verdicts: UnsafeMutablePointer<Int8>
  private let operations: UnsafeMutableBufferPointer<kp_operation>
  private var look: kp_look

  var lanes: Int { kernels.lanes }

  /// Bytes of a group.
  var byteCount: Int {
    memory.byteCount + operations.count * MemoryLayout<kp_operation>.stride
  }

  /// - Parameter key: seed and stream of the ensemble; the replica is chosen by `load`.
  init(_ plan: LanePlan, key: RandomKey, kernels: LaneKernels? = nil) {
    let kernels = kernels ?? LaneKernels.best(plan.settings.precision)
    self.plan = plan
    self.kernels = kernels
    size = kernels.numberSize
    let network = plan.network
    let settings = plan.settings
    let lanes = kernels.lanes
    let vector = kernels.vectorSize
    let parameters = network.parameterCount
    let batch = plan.batch
    // Normals are made in blocks of eight.
    let block = 8
    let isLabelNoisy = settings.labelNoise > 0
    let labels = isLabelNoisy ? network.outputs * batch : 0
    let isNoisy = settings.gradientNoise > 0 || settings.temperature > 0
    let noises = isNoisy ? parameters : 0
    let isHeavy = settings.optimizer.rule.form == .heavyBall
    let hiddenWidths = network.widths.dropFirst().dropLast()
    let q = min(network.inputs, network.outputs)
    let widest = network.widths.max() ?? 1
    let error = (network.widths.dropFirst().max() ?? 1) * batch * vector
    var counts = LaneMemory.Layout()
    let theta = counts.add(parameters * vector)
    let moment = counts.add(isHeavy ? parameters * vector : 0)
    let noise = counts.add((noises + block) * vector)
    let label = counts.add((labels + block) * vector)
    let ahead = plan.isChain ? Int(kp_chain_words) : 0
    let words = counts.add(max(noises + block, labels + block, ahead) * vector)
    // The targets of a minibatch are read once, and make room for errors.
    let inputs = network.inputs * batch * vector
    let x = counts.add(
      max(plan.rowWidth * batch * vector, plan.samples > 0 ? inputs + error : 0))
    let ownErrors = counts.add(plan.samples > 0 ? 0 : error)
    let otherErrors = counts.add(network.depth > 1 ? error : 0)
    let hidden = counts.add(hiddenWidths.reduce(0, +) * batch * vector)
    let isKept = network.activation.function.lanes?.needsInput == true
    let kept = counts.add(isKept ? hiddenWidths.reduce(0, +) * batch * vector : 0)
    let zero = counts.add(vector)
    let one = counts.add(vector)
    let order = counts.add(4 * lanes * plan.samples)
    let offsets = counts.add(4 * lanes * batch)
    let perLane = counts.add(4 * 8 * lanes)
    let keys = counts.add(20 * 8)
    let verdicts = counts.add(lanes)
    let scratch = (0..<2).map { _ in counts.add(plan.isModeTested ? widest * q * vector : 0) }
    let matrix = counts.add(plan.isModeTested ? q * q * vector : 0)
    let group = counts.add(MemoryLayout<kp_lane_group>.stride)
    memory = LaneMemory(counts)
    let start = memory.start
    self.verdicts = (start + verdicts).assumingMemoryBound(to: Int8.self)
    self.group = (start + group).bindMemory(to: kp_lane_group.self, capacity: 1)

    let places = LanePlaces(
      theta: start + theta, moment: isHeavy ? start + moment : nil,
      noise: isNoisy ? start + noise : nil, x: start + x,
      label: isLabelNoisy ? start + label : nil, hidden: start + hidden,
      preactivations: isKept ? start + kept : nil,
      errors: (start + (plan.samples > 0 ? x + inputs : ownErrors), start + otherErrors),
      zero: start + zero, one: start + one)
    let step = LaneProgram(step: plan, kernels, places).operations
    var map: [kp_operation] = []
    if plan.isModeTested {
      map =
        LaneProgram(
          map: network, kernels, theta: places.theta,
          scratch: (start + scratch[0], start + scratch[1]), matrix: start + matrix
        ).operations
    }
    operations = .allocate(capacity: step.count + map.count)
    _ = operations.initialize(from: step + map)
    let first = UnsafePointer(operations.baseAddress!)
    look = kp_look(
      operations: first + step.count, operation_count: map.count, matrix: start + matrix,
      size: q)

    var g = kp_lane_group()
    g.operations = first
    g.operation_count = step.count
    g.outputs = network.outputs
    g.parameters = parameters
    g.chain = plan.isChain ? network.depth : 0
    g.batch = batch
    g.samples = plan.samples
    g.row_width = plan.rowWidth
    g.row_used = (network.inputs + network.outputs + 1) / 2 * 2
    g.rows = UnsafeRawPointer(plan.rows)
    g.sampling = settings.sampling.laneCode
    g.learning_rate = settings.learningRate
    g.momentum = settings.momentum
    g.decay = 1 - settings.learningRate * settings.l2
    g.error_scale = isHeavy ? plan.weight : -settings.learningRate * plan.weight
    g.gradient_noise = settings.gradientNoise / Double(plan.batchOfNoise).squareRoot()
    let friction = settings.optimizer.rule.friction(settings) ?? 1
    g.langevin = (2 * settings.temperature * friction / settings.learningRate).squareRoot()
    g.label_noise = settings.labelNoise
    let perLaneWords = (start + perLane).bindMemory(to: UInt64.self, capacity: 4 * lanes)
    g.replicas = perLaneWords
    g.steps = perLaneWords + lanes
    g.epochs = perLaneWords + 2 * lanes
    g.cursors = perLaneWords + 3 * lanes
    g.theta = places.theta
    g.moment = places.moment
    g.noise = start + noise
    g.label = start + label
    g.words = start + words
    g.x = places.x
    g.order = (start + order).bindMemory(to: Int32.self, capacity: lanes * plan.samples)
    g.offsets = (start + offsets).bindMemory(to: Int32.self, capacity: lanes * batch)
    let roundKeys = (start + keys).bindMemory(to: UInt64.self, capacity: 20)
    key.random(.batch).writeRoundKeys(roundKeys)
    g.round_keys = UnsafePointer(roundKeys)
    self.group.initialize(to: g)
    for lane in 0..<lanes { write(1, places.one, 0, lane) }
    if plan.samples == 0 { loadFullBatch() }
  }

  deinit { operations.deallocate() }

  private func loadFullBatch() {
    for n in 0..<plan.batch {
      for k in 0..<plan.rowWidth {
        let value = plan.value(n * plan.rowWidth + k)
        for lane in 0..<lanes { write(value, group.pointee.x, k * plan.batch + n, lane) }
      }
    }
  }

  /// Puts a replica into a lane, where it goes on from `state`.
  func load(_ lane: Int, replica: UInt32, state: TrainingState) {
    precondition(state.parameters.count == plan.network.parameterCount, "state of another network")
    for k in state.parameters.indices {
      write(state.parameters[k], group.pointee.theta, k, lane)
      if let moment = group.pointee.moment {
        write(state.firstMoment.isEmpty ? 0 : state.firstMoment[k], moment, k, lane)
      }
    }
    group.pointee.replicas[lane] = UInt64(replica)
    group.pointee.steps[lane] = state.step
    group.pointee.epochs[lane] = state.epoch
    group.pointee.cursors[lane] = UInt64(state.cursor)
    guard plan.samples > 0 else { return }
    if plan.settings.sampling == .permutation {
      kernels.shuffle(group, lane)
    } else {
      let order = group.pointee.order + lane * plan.samples
      for n in 0..<plan.samples { order[n] = Int32(n) }
    }
  }

  /// The whole state of a lane, from which `load` goes on.
  func state(_ lane: Int) -> TrainingState {
    let indices = 0..<plan.network.parameterCount
    var state = TrainingState(parameters: indices.map { read(group.pointee.theta, $0, lane) })
    if let moment = group.pointee.moment {
      state.firstMoment = indices.map { read(moment, $0, lane) }
    }
    state.step = group.pointee.steps[lane]
    state.epoch = group.pointee.epochs[lane]
    state.cursor = Int(group.pointee.cursors[lane])
    return state
  }

  /// Takes `count` steps in every lane. What idle lanes compute is not looked at.
  func run(steps count: Int) {
    let mode = kp_flush_denormals(1)
    defer { kp_restore_denormals(mode) }
    kernels.run(group, count)
  }

  /// Draws the noise of the present step without taking it.
  func drawNoise() { kernels.drawNoise(group) }

  /// Copies a lane's parameters.
  /// - Returns: whether all of them are finite.
  @discardableResult
  func copyParameters(_ lane: Int, to target: UnsafeMutablePointer<Double>) -> Bool {
    var check = 0.0
    for k in 0..<plan.network.parameterCount {
      let value = read(group.pointee.theta, k, lane)
      target[k] = value
      check += value - value
    }
    return check == 0
  }

  /// For each lane whether the k-th singular value of its map reaches the threshold: true, false, or
  /// nil where only the singular value itself tells. Linear networks without biases only.
  func modeReaches(_ threshold: Double, mode k: Int) -> (Int) -> Bool? {
    kernels.testModes(group, &look, k, threshold, verdicts)
    return { [verdicts] lane in verdicts[lane] < 0 ? nil : verdicts[lane] == 1 }
  }

  private func write(
    _ value: Double, _ vectors: UnsafeMutableRawPointer, _ k: Int, _ lane: Int
  ) {
    let place = vectors + (k &* lanes &+ lane) &* size
    if size == 8 {
      place.storeBytes(of: value, as: Double.self)
    } else {
      place.storeBytes(of: Float(value), as: Float.self)
    }
  }

  private func read(_ vectors: UnsafeMutableRawPointer, _ k: Int, _ lane: Int) -> Double {
    let place = vectors + (k &* lanes &+ lane) &* size
    return size == 8 ? place.load(as: Double.self) : Double(place.load(as: Float.self))
  }
}

extension Sampling {
  /// `kp_lane_group.sampling`.
  fileprivate var laneCode: Int {
    switch self {
    case .permutation: 0
    case .replacement: 1
    case .subset: 2
    }
  }
}

/// One block of memory, zeroed, its parts on cache lines: Swift's own arrays are aligned to 16 bytes,
/// and every vector would straddle two lines.
private final class LaneMemory {
  struct Layout {
    private(set) var byteCount = 0

    /// Reserves bytes and returns where they begin.
    mutating func add(_ bytes: Int) -> Int {
      let place = byteCount
      byteCount += (bytes + 63) / 64 * 64
      return place
    }
  }

  let start: UnsafeMutableRawPointer
  let byteCount: Int

  init(_ layout: Layout) {
    byteCount = layout.byteCount
    // Beyond what the first-level buffer of addresses covers with pages of 4 KB. A step of 16-16-16-16,
    // B = 16 gains a sixth.
    let isLarge = byteCount > 1 << 17
    let whole = isLarge ? (byteCount / largePage + 1) * largePage : max(byteCount, 64)
    start = .allocate(byteCount: whole, alignment: isLarge ? largePage : 64)
    if isLarge { kp_prefer_large_pages(start, UInt(whole)) }
    start.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
  }

  deinit { start.deallocate() }

  private let largePage = 2 << 20
}
