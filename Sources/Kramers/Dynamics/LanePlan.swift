/// What all replicas of an ensemble in lanes share: the network, the settings and the data as
/// `LaneTrainer` reads them.
final class LanePlan: Sendable {
  let network: Network
  let settings: Settings
  /// Samples a step, without padding.
  let batch: Int
  let weight: Double
  /// B of the gradient noise: for a full batch the number of samples before compression.
  let batchOfNoise: Int
  /// N, or 0 for a full batch.
  let samples: Int
  /// Inputs, targets and padding to a multiple of four doubles.
  let rowWidth: Int
  /// samples x rowWidth; for a full batch, batch x rowWidth.
  let rows: [Double]

  /// Whether an ensemble runs in lanes: four replicas of small linear networks under squared
  /// error, by SGD or momentum, with L2 about the origin, Langevin or gradient noise, on all
  /// samples or minibatches. All else takes `Trainer`, one replica after another.
  ///
  /// The answer must not depend on the number of replicas: the paths sum batches in another order,
  /// and a replica's bits are the same in every ensemble.
  static func fits(data: Dataset, network: Network, settings: Settings) -> Bool {
    guard network.activation == .linear, network.loss == .mse, !data.isWeighted else {
      return false
    }
    guard settings.optimizer == .sgd || settings.optimizer == .momentum else { return false }
    guard settings.labelNoise == 0, settings.l2Center == nil else { return false }
    let widest = network.widths.max() ?? 1
    let batch = Double(settings.batchCount(of: data.sampleCount))
    let activations = Double(network.widths.reduce(0, +) * 2) * batch
    let bytes = 32 * (2 * Double(network.parameterCount) + activations)
    let isCompressed = network.isDeepLinear && settings.batch == .full
    // Row offsets are 32-bit, and so are the bounds of vectorised draws.
    let table = Double(data.sampleCount ?? 0) * Double(network.inputs + network.outputs + 3)
    guard table < 0x1p31 else { return false }
    return widest <= widestInLanes && (isCompressed || bytes <= 4e5)
  }

  /// The widest layer that was measured: depth 3 on one core of a busy Zen 4, lanes take 5 times as
  /// many steps a second as `Trainer` at width 5 (B 4) and at least 2.5 times at 16 (B 8) and 32
  /// (B 8, B 32). So the crossover lies above; wider networks take `Trainer` until it is known.
  static let widestInLanes = 32

  /// - Parameter full: the shared full batch; nil for minibatches.
  init(data: Dataset, network: Network, settings: Settings, full: Batch?) {
    self.network = network
    self.settings = settings
    let width = network.inputs + network.outputs
    let rowWidth = (width + 3) / 4 * 4
    self.rowWidth = rowWidth
    batchOfNoise = settings.batchCount(of: data.sampleCount)
    if let full {
      batch = full.count
      weight = full.weight
      samples = 0
      rows = table(full, rowWidth)
    } else {
      batch = settings.batchCount(of: data.sampleCount)
      weight = 1 / Double(batch)
      samples = data.sampleCount ?? 0
      rows = data.train.map { table($0, rowWidth) } ?? []
    }
  }
}

private func table(_ samples: Samples, _ rowWidth: Int) -> [Double] {
  var rows = [Double](repeating: 0, count: samples.count * rowWidth)
  for n in 0..<samples.count {
    for j in 0..<samples.inputs { rows[n * rowWidth + j] = samples.x[n * samples.inputs + j] }
    for i in 0..<samples.outputs {
      rows[n * rowWidth + samples.inputs + i] = samples.y[n * samples.outputs + i]
    }
  }
  return rows
}

private func table(_ batch: Batch, _ rowWidth: Int) -> [Double] {
  var rows = [Double](repeating: 0, count: batch.count * rowWidth)
  for n in 0..<batch.count {
    for j in 0..<batch.inputs { rows[n * rowWidth + j] = batch.x[j * batch.stride + n] }
    for i in 0..<batch.outputs {
      rows[n * rowWidth + batch.inputs + i] = batch.y[i * batch.stride + n]
    }
  }
  return rows
}
