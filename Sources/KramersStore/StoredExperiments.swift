internal import Foundation
internal import Kramers

/// The data sets and experiments of a file, each made once and checked like anybody's input.
final class StoredExperiments {
  let arrays: StoredArrays
  private let version: Int
  private let datasetRow: Statement
  private let experimentRow: Statement
  private(set) var datasets: [UInt64: Dataset] = [:]
  private(set) var experiments: [UInt64: Experiment] = [:]
  /// An experiment on each data set.
  private var siblings: [UInt64: Experiment] = [:]
  /// Targets that may still be looked through. Many data sets may share one array, in honest files
  /// too; looking through it for each of them must not take for ever.
  private var budget: Int

  init(_ database: Database, _ arrays: StoredArrays, version: Int, size: Int) throws {
    self.arrays = arrays
    self.version = version
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
      SELECT data, widths, activation, bias, loss, init, init_scale, seed, step, epochs, parameters,
        first_moment, second_moment, moment_steps, epoch, cursor,
        \(Setting.columns.map(\.name).joined(separator: ", "))\(version > 1 ? ", settings" : "")
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
    let first = 16
    for (k, (_, setting)) in Setting.columns.enumerated() {
      settings[setting] = try value(setting.kind, row, first + k)
    }
    if version > 1 {
      do {
        try settings.restore(others: row.text(first + Setting.columns.count))
      } catch let error as InputError {
        throw Damage("an experiment's settings: \(error)")
      }
    }
    return settings
  }

  private func value(
    _ kind: Setting.Kind, _ row: StoredRow, _ column: Int
  ) throws -> Setting.Value {
    switch kind {
    case .number: .number(try row.number(column))
    case .flag: .flag(try row.flag(column))
    case .choice(let words): .word(try row.word(column, among: words))
    case .batch: .count(try row.optional(column, row.count))
    case .vector: .vector(try row.optional(column, row.bits).map(arrays.doubles))
    }
  }

  private func state(_ row: StoredRow) throws -> TrainingState {
    var state = TrainingState(parameters: try arrays.doubles(row.bits(10)))
    state.step = try row.bits(8)
    state.epochs = try row.number(9)
    state.firstMoment = try row.optional(11, row.bits).map(arrays.doubles) ?? []
    state.secondMoment = try row.optional(12, row.bits).map(arrays.doubles) ?? []
    state.momentSteps = try row.count(13)
    state.epoch = try row.bits(14)
    state.cursor = try row.count(15)
    return state
  }
}
