internal import CProcessor

/// What a group of replicas computes, as operations for the kernels: shapes, places and order are decided
/// here once, so that a step does nothing but loads, arithmetic and stores.
struct LaneProgram {
  private(set) var operations: [kp_operation] = []
  let kernels: LaneKernels

  init(_ kernels: LaneKernels) {
    self.kernels = kernels
  }

  /// A table of vectors; strides in bytes.
  struct Table {
    var start: UnsafeMutableRawPointer
    var rows: Int
    var columns: Int
    var row: Int
    var column: Int

    var transposed: Table {
      Table(start: start, rows: columns, columns: rows, row: column, column: row)
    }

    func rows(_ range: Range<Int>) -> Table {
      var part = self
      part.start += range.lowerBound * row
      part.rows = range.count
      return part
    }

    func columns(_ range: Range<Int>) -> Table { transposed.rows(range).transposed }
  }

  /// A table whose rows are neighbours, and so are the vectors of a row.
  func table(_ start: UnsafeMutableRawPointer, _ rows: Int, _ columns: Int) -> Table {
    let size = kernels.vectorSize
    return Table(start: start, rows: rows, columns: columns, row: columns * size, column: size)
  }

  /// One vector in every place.
  func constant(_ start: UnsafeMutableRawPointer, _ rows: Int, _ columns: Int) -> Table {
    Table(start: start, rows: rows, columns: columns, row: 0, column: 0)
  }

  /// What the sums of a product start from, and what becomes of them.
  enum Rule {
    case product
    case sum(from: Table)
    /// From biases (the same in all columns) - targets; the sum is multiplied by `error_scale`.
    case residual(biases: Table, targets: Table)
    /// From the old value times `decay`.
    case descent
    /// From noise + the old value times `decay`.
    case noisyDescent(Table)
  }

  /// Three quarters of a first-level cache.
  private static let cachedBytes = 24576

  /// The lower triangle of A'A.
  mutating func gram(_ a: Table, into out: Table) {
    let width = kernels.widestStrip(a.rows).columns
    for j in stride(from: 0, to: out.columns, by: width) {
      let range = j..<min(j + width, out.columns)
      let below = j..<out.rows
      product(
        a.transposed.rows(below), a.columns(range), into: out.rows(below).columns(range),
        .product)
    }
  }

  /// out = A X by the rule, a few columns at a time.
  mutating func product(
    _ a: Table, _ x: Table, into out: Table, _ rule: Rule, factor: Double = 0
  ) {
    let (widest, isInBlocks) = kernels.widestStrip(a.columns)
    var j = 0
    while j < x.columns {
      let left = x.columns - j
      let parts = (left + widest - 1) / widest
      let width = (left + parts - 1) / parts
      // So many parts have that width, the others one column less. The strips of an operation should
      // stay in the first-level cache: A may come from the second.
      let wide = parts - (parts * width - left)
      let most = Self.cachedBytes / (width * a.columns * kernels.vectorSize)
      let strips = isInBlocks ? min(max(most, 1), wide) : 1
      let range = j..<(j + strips * width)
      var operation = kp_operation()
      operation.set(a: a, x: x.columns(range), out: out.columns(range))
      operation.columns = Int32(width)
      operation.strips = Int32(strips)
      switch rule {
      case .product:
        operation.kind = Int32(kp_multiply)
      case .sum(let start):
        operation.kind = Int32(kp_add)
        operation.set(start: start.columns(range))
      case .residual(let biases, let targets):
        operation.kind = Int32(kp_add_residual)
        operation.set(start: biases)
        operation.other = UnsafeRawPointer(targets.columns(range).start)
      case .descent:
        operation.kind = Int32(kp_add_to_decayed)
        operation.factor = factor
      case .noisyDescent(let noise):
        operation.kind = Int32(kp_add_to_noisy)
        operation.factor = factor
        operation.set(start: noise.columns(range))
      }
      operations.append(operation)
      j = range.upperBound
    }
  }

  /// An operation over all vectors of a table without gaps.
  mutating func sweep(
    _ kind: Int, _ out: Table, start: Table? = nil, other: Table? = nil, factor: Double = 0
  ) {
    var operation = kp_operation()
    operation.kind = Int32(kind)
    operation.factor = factor
    operation.out = out.start
    operation.count = Int32(out.rows * out.columns)
    if let start { operation.set(start: start) }
    if let other { operation.other = UnsafeRawPointer(other.start) }
    operations.append(operation)
  }
}

extension kp_operation {
  fileprivate mutating func set(
    a: LaneProgram.Table, x: LaneProgram.Table, out: LaneProgram.Table
  ) {
    self.a = UnsafeRawPointer(a.start)
    a_row = Int32(a.row)
    a_step = Int32(a.column)
    self.x = UnsafeRawPointer(x.start)
    x_step = Int32(x.row)
    x_column = Int32(x.column)
    self.out = out.start
    out_row = Int32(out.row)
    rows = Int32(a.rows)
    columns = Int32(x.columns)
    count = Int32(a.columns)
    products = a.rows * x.columns * a.columns
  }

  fileprivate mutating func set(start: LaneProgram.Table) {
    self.start = UnsafeRawPointer(start.start)
    start_row = Int32(start.row)
    start_column = Int32(start.column)
  }
}

/// Where a group of replicas keeps what a step reads and writes.
struct LanePlaces {
  let theta: UnsafeMutableRawPointer
  let moment: UnsafeMutableRawPointer?
  let noise: UnsafeMutableRawPointer?
  /// Inputs and targets, feature-major.
  let x: UnsafeMutableRawPointer
  /// Noise on the targets, then noisy targets; nil without.
  let label: UnsafeMutableRawPointer?
  /// Outputs of the hidden layers, one after another.
  let hidden: UnsafeMutableRawPointer
  /// What went into their activations, where that must be kept; otherwise the outputs take its place.
  let preactivations: UnsafeMutableRawPointer?
  /// Errors of every other layer from the last one down, and of those between: a layer's are read until
  /// those of the layer below are there.
  let errors: (UnsafeMutableRawPointer, UnsafeMutableRawPointer)
  /// A vector of zeros, one of ones.
  let zero: UnsafeMutableRawPointer
  let one: UnsafeMutableRawPointer
}

extension LaneProgram {
  /// A step, once samples and noises are there:
  ///
  ///     sgd        theta <- (1 - lr l2) theta - lr g + noise
  ///     momentum   m <- mu m + (l2 theta + noise) + g,   theta <- theta - lr m
  ///
  /// with g the gradient of the data term.
  init(step plan: LanePlan, _ kernels: LaneKernels, _ places: LanePlaces) {
    self.init(kernels)
    let layers = plan.network.layers
    let batch = plan.batch
    let size = kernels.vectorSize
    let activation = plan.network.activation.function.lanes
    let (l2, rate) = (plan.settings.l2Term, plan.settings.learningRate)
    let errors = layers.enumerated().map { l, layer in
      let isEven = (layers.count - 1 - l).isMultiple(of: 2)
      return table(isEven ? places.errors.0 : places.errors.1, layer.outputs, batch)
    }

    var input = table(places.x, plan.network.inputs, batch)
    var inputs: [Table] = []
    var (hidden, before) = (places.hidden, places.preactivations ?? places.hidden)
    var slopes: [Table] = []
    for (l, layer) in layers.enumerated() {
      inputs.append(input)
      var start = constant(places.zero, layer.outputs, batch)
      if plan.network.bias {
        start = biases(layer, of: places.theta)
        start.column = 0
        start.columns = batch
      }
      let weights = weights(layer, of: places.theta)
      if l < layers.count - 1 {
        let output = table(hidden, layer.outputs, batch)
        let z = table(before, layer.outputs, batch)
        hidden += layer.outputs * batch * size
        before += layer.outputs * batch * size
        product(weights, input, into: z, plan.network.bias ? .sum(from: start) : .product)
        if let activation { sweep(activation.value, output, other: z) }
        slopes.append(activation?.needsInput == true ? z : output)
        input = output
      } else {
        var targets = table(
          places.x + plan.network.inputs * batch * size, layer.outputs, batch)
        if let label = places.label {
          let noisy = table(label, layer.outputs, batch)
          sweep(kp_sum, noisy, other: targets)
          targets = noisy
        }
        product(weights, input, into: errors[l], .residual(biases: start, targets: targets))
      }
    }

    for (l, layer) in layers.enumerated().reversed() {
      if l > 0 {
        let below = errors[l - 1]
        product(
          weights(layer, of: places.theta).transposed, errors[l], into: below, .product)
        if let activation { sweep(activation.slope, below, other: slopes[l - 1]) }
      }
      update(
        layer.weights, places, errors: errors[l], inputs: inputs[l].transposed, l2: l2.strength,
        rate: rate)
      if plan.network.bias {
        update(
          layer.biases, places, errors: errors[l], inputs: constant(places.one, batch, 1),
          l2: l2.onBiases, rate: rate)
      }
    }
  }

  private func weights(_ layer: Network.Layer, of start: UnsafeMutableRawPointer) -> Table {
    table(start + layer.weights.lowerBound * kernels.vectorSize, layer.outputs, layer.inputs)
  }

  private func biases(_ layer: Network.Layer, of start: UnsafeMutableRawPointer) -> Table {
    table(start + layer.biases.lowerBound * kernels.vectorSize, layer.outputs, 1)
  }

  /// Moves the parameters in `range`: their gradient is errors * inputs.
  private mutating func update(
    _ range: Range<Int>, _ places: LanePlaces, errors: Table, inputs: Table, l2: Double,
    rate: Double
  ) {
    let offset = range.lowerBound * kernels.vectorSize
    let theta = table(places.theta + offset, errors.rows, inputs.columns)
    var noise: Table?
    if let start = places.noise { noise = table(start + offset, theta.rows, theta.columns) }
    guard let start = places.moment else {
      product(
        errors, inputs, into: theta, noise.map { .noisyDescent($0) } ?? .descent,
        factor: 1 - rate * l2)
      return
    }
    let moment = table(start + offset, theta.rows, theta.columns)
    sweep(
      kp_momentum, moment, start: noise ?? constant(places.zero, theta.rows, theta.columns),
      other: theta, factor: l2)
    product(errors, inputs, into: moment, .sum(from: moment))
    sweep(kp_descend, theta, other: moment)
  }

  /// The lower triangle of A'A, A the end-to-end map, or of AA' where that is smaller.
  ///
  /// - Parameters:
  ///   - scratch: two tables of widest x size vectors, between which products alternate.
  ///   - matrix: size x size vectors.
  init(
    map network: Network, _ kernels: LaneKernels, theta: UnsafeMutableRawPointer,
    scratch: (UnsafeMutableRawPointer, UnsafeMutableRawPointer), matrix: UnsafeMutableRawPointer
  ) {
    self.init(kernels)
    // The factors of a map with at least as many rows as columns, the rightmost first.
    var factors = network.layers.map { weights($0, of: theta) }
    if network.outputs < network.inputs { factors = factors.reversed().map(\.transposed) }
    var map = factors[0]
    for (l, factor) in factors.enumerated().dropFirst() {
      let next = table(l.isMultiple(of: 2) ? scratch.0 : scratch.1, factor.rows, map.columns)
      product(factor, map, into: next, .product)
      map = next
    }
    gram(map, into: table(matrix, map.columns, map.columns))
  }
}
