internal import Foundation
internal import Kramers

/// The data sets and experiments of a file, each made once and checked like anybody's input.
final class StoredExperiments {
  let arrays: StoredArrays
  private let datasetRow: Statement
  private let experimentRow: Statement
  private(set) var datasets: [UInt64: Dataset] = [:]
  private(set) var experiments: [UInt64: Experiment] = [:]
  /// An experiment on each data set.
  private var siblings: [UInt64: Experiment] = [:]
  /// Targets that may still be looked through. Many data sets may share one array, in honest files
  /// too; looking through it for each of them must not take for ever.
  private var budget: Int

  init(_ database: Database, _ arrays: StoredArrays, size: Int) throws {
    self.arrays = arrays
    budget = 2 * size + (1 << 27)
    datasetRow = try Statement(
      database,
      """
      SELECT name, inputs, outputs, samples, x, y, target_weights, test_samples, test_x, test_y,
        test_target_weights, moments
      FROM dataset WHERE id = ?
      """)
    experimentRow = try Statement(
      database,
      """
      SELECT data, widths, activation, bias, loss, init, init_scale, seed, optimizer, momentum, lr,
        l2, l2_center, batch, sampling, temperature, gradient_noise, label_noise, precision, step,
        epochs, parameters, first_moment, second_moment, moment_steps, epoch, cursor
      FROM experiment WHERE id = ?
      """)
  }

  func dataset(_ id: UInt64) throws -> Dataset {
    if let known = datasets[id] { return known }
    var found: Dataset?
    try datasetRow.forEachRow([.bits(id)]) { found = try dataset($0) }
    guard let data = found else { throw Damage("a data set is missing") }
    guard data.checksum == id else { throw Damage("a data set is not the one that was saved") }
    datasets[id] = data
    return data
  }

  private func dataset(_ row: StoredRow) throws -> Dataset {
    let (inputs, outputs) = (try row.count(1), try row.count(2))
    func samples(_ first: Int) throws -> (Samples, DatasetHashes.Set)? {
      guard let count = try row.optional(first, row.count) else { return nil }
      let hashes = DatasetHashes.Set(
        x: try row.bits(first + 1), y: try row.bits(first + 2),
        targetWeights: try row.optional(first + 3, row.bits))
      let samples = try Samples(
        restoring: count, inputs: inputs, outputs: outputs, x: arrays.doubles(hashes.x),
        y: arrays.doubles(hashes.y), targetWeights: hashes.targetWeights.map(arrays.doubles))
      budget -= samples.y.count
      return (samples, hashes)
    }
    let (train, test) = (try samples(3), try samples(7))
    guard budget >= 0 else { throw Damage("its data sets are larger than the file") }
    let moments = try row.bits(11)
    return try Dataset(
      restoring: row.text(0), inputs: inputs, outputs: outputs, train: train?.0, test: test?.0,
      moments: arrays.doubles(moments),
      hashes: DatasetHashes(train: train?.1, test: test?.1, moments: moments))
  }

  func experiment(_ id: UInt64) throws -> Experiment {
    if let known = experiments[id] { return known }
    var found: Experiment?
    try experimentRow.forEachRow([.bits(id)]) { found = try experiment($0) }
    guard let experiment = found else { throw Damage("an experiment is missing") }
    experiments[id] = experiment
    return experiment
  }

  private func experiment(_ row: StoredRow) throws -> Experiment {
    let dataID = try row.bits(0)
    let data = try dataset(dataID)
    guard let widths = try? JSONDecoder().decode([Int].self, from: Data(row.text(1).utf8)) else {
      throw Damage("an experiment's widths are no list of integers")
    }
    let network = try Network(
      widths: widths, activation: row.word(2, as: Activation.self), bias: row.flag(3),
      loss: row.word(4, as: Loss.self))
    let sibling = siblings[dataID]
    if network.loss == .crossEntropy, sibling?.network.loss != .crossEntropy {
      budget -= (data.train?.y.count ?? 0) + (data.test?.y.count ?? 0)
      guard budget >= 0 else { throw Damage("its data sets are larger than the file") }
    }
    let experiment = try Experiment(
      restoring: state(row), data: data, network: network, settings: settings(row),
      initialization: row.word(5, as: Initialization.self), initScale: row.number(6),
      seed: row.bits(7), sibling: sibling)
    siblings[dataID] = experiment
    return experiment
  }

  private func settings(_ row: StoredRow) throws -> Settings {
    var settings = Settings()
    settings.optimizer = try row.word(8, as: Optimizer.self)
    settings.momentum = try row.number(9)
    settings.learningRate = try row.number(10)
    settings.l2 = try row.number(11)
    settings.l2Center = try row.optional(12, row.bits).map(arrays.doubles)
    if let size = try row.optional(13, row.count) { settings.batch = .size(size) }
    guard let sampling = Sampling(word: try row.text(14)) else {
      throw Damage("an experiment's sampling is unknown")
    }
    settings.sampling = sampling
    settings.temperature = try row.number(15)
    settings.gradientNoise = try row.number(16)
    settings.labelNoise = try row.number(17)
    settings.precision = try row.word(18, as: Precision.self)
    return settings
  }

  private func state(_ row: StoredRow) throws -> TrainingState {
    var state = TrainingState(parameters: try arrays.doubles(row.bits(21)))
    state.step = try row.bits(19)
    state.epochs = try row.number(20)
    state.firstMoment = try row.optional(22, row.bits).map(arrays.doubles) ?? []
    state.secondMoment = try row.optional(23, row.bits).map(arrays.doubles) ?? []
    state.momentSteps = try row.count(24)
    state.epoch = try row.bits(25)
    state.cursor = try row.count(26)
    return state
  }
}
