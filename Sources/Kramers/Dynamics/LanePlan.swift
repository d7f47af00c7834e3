/// What all replicas of an ensemble in lanes share: the network, the settings and the data as
/// `LaneTrainer` reads them.
final class LanePlan: @unchecked Sendable {  // the table is written in init only
  let network: Network
  let settings: Settings
  /// Samples a step, without padding.
  let batch: Int
  let weight: Double
  /// B of the gradient noise: for a full batch the number of samples before compression.
  let batchOfNoise: Int
  /// N, or 0 for a full batch.
  let samples: Int
  /// Inputs, targets and padding to a multiple of four numbers.
  let rowWidth: Int
  /// samples x rowWidth numbers of the plan's precision; for a full batch, batch x rowWidth.
  let rows: UnsafeMutableRawPointer
  private let rowCount: Int

  private static func inLanes(_ activation: Activation) -> Bool {
    activation == .linear || activation.function.lanes != nil
  }

  /// Whether an ensemble runs in lanes: small networks of activations that have a lane form, under
  /// squared error, by an optimiser that has one, with L2 about the origin, any noise, on all samples or minibatches. All else
  /// takes `Trainer`, one replica after another.
  ///
  /// The answer must not depend on the number of replicas: the paths sum batches in another order,
  /// and a replica's bits are the same in every ensemble.
  static func fits(data: Dataset, network: Network, settings: Settings) -> Bool {
    guard inLanes(network.activation) else { return false }
    guard network.loss == .mse, !data.isWeighted else { return false }
    guard settings.optimizer.rule.form != nil else { return false }
    guard settings.l2Center == nil else { return false }
    let widest = network.widths.max() ?? 1
    let batch = Double(settings.batchCount(of: data.sampleCount))
    let activations = Double(network.widths.reduce(0, +) * 2) * batch
    let bytes = 64 * (2 * Double(network.parameterCount) + activations)
    let isCompressed =
      network.isDeepLinear && settings.batch == .full && settings.labelNoise == 0
    // Row offsets are 32-bit, and so are the bounds of vectorised draws.
    let table = Double(data.sampleCount ?? 0) * Double(network.inputs + network.outputs + 3)
    guard table < 0x1p31 else { return false }
    return widest <= widestInLanes && (isCompressed && widest <= 16 || bytes <= 8e5)
  }

  /// The widest layer in lanes. Beyond, and where eight replicas outgrow the second-level cache, `Trainer`
  /// with blocked products inside of each replica keeps one replica's weights in the first-level
  /// cache. On one core of a Zen 4, 256 replicas of four equal widths make, in lanes and one by one (this
  /// bound at 15), thousands of steps a second: width 16, B = 16 680 and 510; 24, 16 310 and 200;
  /// 32, 16 173 and 151; 32, 4 565 and 246 (`kramers-bench case 24-24-24-24:16 double 1`).
  static let widestInLanes = 32

  /// - Throws: `InputError` for ensembles that do not run in lanes: all else computes in double
  ///   precision only.
  static func checkSinglePrecision(data: Dataset, network: Network, settings: Settings) throws {
    guard fits(data: data, network: network, settings: settings) else {
      throw InputError.sentence(
        "precision: 'single' is for ensembles of small networks, \(Activation.names(where: inLanes)), "
          + "at most \(widestInLanes) wide, with squared error and optimizer "
          + "\(Optimizer.names { $0.rule.form != nil }); use 'double'")
    }
  }

  /// - Parameter full: the shared full batch; nil for minibatches and where labels are noisy.
  convenience init(data: Dataset, network: Network, settings: Settings, full: Batch?) {
    self.init(
      network: network, settings: settings, full: full, train: data.train,
      sampleCount: data.sampleCount)
  }

  init(
    network: Network, settings: Settings, full: Batch?, train: Samples? = nil,
    sampleCount: Int? = nil
  ) {
    self.network = network
    self.settings = settings
    let width = network.inputs + network.outputs
    rowWidth = (width + 3) / 4 * 4
    batchOfNoise = settings.batchCount(of: sampleCount)
    let isFull = settings.batch == .full
    batch = full?.count ?? batchOfNoise
    weight = full?.weight ?? 1 / Double(batch)
    let all = sampleCount ?? 0
    samples = isFull ? 0 : all
    rowCount = isFull ? batch : all
    let size = settings.precision == .double ? 8 : 4
    let bytes = rowCount * rowWidth * size
    rows = .allocate(byteCount: max(bytes, 64), alignment: 64)
    rows.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    if let full {
      for n in 0..<batch {
        for j in 0..<full.inputs { write(full.x[j * full.stride + n], n * rowWidth + j) }
        for i in 0..<full.outputs {
          write(full.y[i * full.stride + n], n * rowWidth + full.inputs + i)
        }
      }
    } else if let train {
      for n in 0..<train.count {
        for j in 0..<train.inputs { write(train.x[n * train.inputs + j], n * rowWidth + j) }
        for i in 0..<train.outputs {
          write(train.y[n * train.outputs + i], n * rowWidth + train.inputs + i)
        }
      }
    }
  }

  deinit { rows.deallocate() }

  /// Whether the singular values of the map can be tested in lanes.
  var isModeTested: Bool { network.activation == .linear && !network.bias }

  /// Whether a step is one of `ChainStep`.
  var isChain: Bool {
    network.isDeepLinear && network.widths.allSatisfy { $0 == 1 } && network.depth <= 4
      && samples == 0 && batch == 1 && settings.optimizer.rule.form == .descent
      && settings.labelNoise == 0
      && (settings.gradientNoise > 0) != (settings.temperature > 0)
  }

  /// Number k of the table.
  func value(_ k: Int) -> Double {
    settings.precision == .double
      ? rows.assumingMemoryBound(to: Double.self)[k]
      : Double(rows.assumingMemoryBound(to: Float.self)[k])
  }

  private func write(_ value: Double, _ k: Int) {
    if settings.precision == .double {
      rows.storeBytes(of: value, toByteOffset: 8 * k, as: Double.self)
    } else {
      rows.storeBytes(of: Float(value), toByteOffset: 4 * k, as: Float.self)
    }
  }
}
