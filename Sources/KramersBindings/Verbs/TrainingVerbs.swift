import Kramers
import Lua

/// Verbs: globals that act on the current experiment, and methods of every experiment.
extension Program {
  func train(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let before = box.experiment
    var experiment = before
    try experiment.update { try apply(o, to: &$0) }
    var options = try trainingOptions(o, experiment)
    options.observable = try observable(o, of: box, isReplica: false)
    let start = experiment
    let observer = observer(o, box, start)
    box.isRunning = true
    defer { box.isRunning = false }
    let (result, seconds) = try timed {
      try resumable(\.interrupted) { monitor, reached in
        experiment = start
        return try experiment.train(
          options, monitor: monitor, observer: observer, resuming: reached)
      }
    }
    box.experiment = result.outcome == .diverged ? before : experiment
    let record = result.record(
      lr: experiment.settings.learningRate, observable: options.observable,
      divergence: experiment.divergence(of: result, monitor: unwatched), seconds: seconds)
    if let error = result.observerError {
      output.emit(record)
      throw error
    }
    return try [
      finishLong(record, result.outcome == .interrupted, progress: result.interrupted)
    ]
  }

  func set(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    try box.experiment.update { try apply(o, to: &$0) }
    return [try push(box)]
  }

  func setL2(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let old = box.experiment.settings.l2
    let new = try o.required("l2", o.number("l2"))
    try box.experiment.update { $0.l2 = new }
    return [.number(new), .number(old)]
  }

  func measure(_ box: ExperimentBox, _: Options) throws -> [LuaValue] {
    [try pushResult(box.experiment.measure().record(kind: "measurement"))]
  }

  func experimentWeights(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let l = try o.required("layer", o.integer("layer"))
    let network = box.experiment.network
    guard l <= network.depth else { throw InputError.rule("layer", "in 1...\(network.depth)", l) }
    let weights = network.weights(l - 1, of: box.experiment.state.parameters)
    return [.table(try lua.tableFrom(weights.values, columns: weights.columns))]
  }

  func experimentMap(_ box: ExperimentBox, _: Options) throws -> [LuaValue] {
    let map = try box.experiment.map()
    return [.table(try lua.tableFrom(map.values, columns: map.columns))]
  }

  func experimentPredict(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let outputs = try box.experiment.predict(o.required("x", o.rows("x")))
    return [.table(try lua.tableFrom(outputs.values, columns: outputs.columns))]
  }

  func exportWeights(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let path = try o.required("path", o.word("path"))
    let experiment = box.experiment
    try writeFile(
      safetensors(network: experiment.network, parameters: experiment.state.parameters),
      to: path)
    return [LuaValue(path)]
  }

  func importWeights(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let network = box.experiment.network
    let found = try o.reading("path") { bytes, _ in
      try importedParameters(fromSafetensors: bytes, for: network, map: o.names("map"))
    }
    try box.experiment.setParameters(found.parameters)
    guard found.names != found.ownNames else { return [try push(box)] }
    let pairs = Array(zip(found.ownNames, found.names))
    if showsOutput {
      errors.warn("import: " + pairs.map { "\($0) is '\($1)'" }.joined(separator: ", "))
    }
    let map = try lua.makeTable()
    for (own, name) in pairs { try map.rawSet(LuaValue(own), LuaValue(name)) }
    return [try push(box), .table(map)]
  }

  func snapshot(_ box: ExperimentBox, _: Options) throws -> [LuaValue] {
    [try lua.wrap(SnapshotBox(box.experiment), metatable: metatables.snapshot)]
  }

  func restore(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let snapshot = try o.required("snapshot", o.snapshot("snapshot"))
    guard snapshot.network == box.experiment.network else {
      throw VerbError("restore", "the snapshot is of another network: \(snapshot.summary)")
    }
    box.experiment = snapshot
    return [try push(box)]
  }

  func reset(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let seed = o.seed() ?? box.experiment.seed
    if o.flag("keep") {
      box.experiment.restart(seed: seed)
    } else {
      box.experiment.reset(seed: seed)
    }
    return [try push(box)]
  }

  func clone(_ box: ExperimentBox, _: Options) throws -> [LuaValue] {
    [try pushNew(box.experiment)]
  }

  /// `observe = function(x) ... end`: sees the experiment at that step, and may not change it.
  private func observer(
    _ o: Options, _ box: ExperimentBox, _ start: Experiment
  ) -> Observer? {
    guard let function = o.value("observe")?.asFunction else { return nil }
    return { [unowned self] state in
      box.experiment = start.at(state)
      let values = try function.call([push(box)])
      guard let value = values.first, !value.isNil else { return [] }
      guard case .object(let fields) = try record(of: value, verb: "train: observe") else {
        throw VerbError("train", "observe must return a table with named fields, or nothing")
      }
      if let taken = fields.first(where: { TraceRow.ownFields.contains($0.name) }) {
        throw VerbError("train", "observe returned '\(taken.name)', a field that every row has")
      }
      return fields
    }
  }

  private func trainingOptions(
    _ o: Options, _ experiment: Experiment
  ) throws -> TrainingOptions {
    var options = TrainingOptions(steps: o.integer("steps") ?? 1000)
    if let epochs = o.number("epochs") {
      guard !o.has("steps") else { throw VerbError("train", "give either steps or epochs") }
      options.steps = try experiment.steps(forEpochs: epochs)
    }
    options.every = o.integer("every")
    options.untilLoss = o.number("until_loss")
    options.untilConverged = o.number("until_converged")
    return options
  }

  func timed<Result>(_ body: () throws -> Result) rethrows -> (Result, seconds: Double) {
    let clock = ContinuousClock()
    let start = clock.now
    let result = try body()
    let duration = clock.now - start
    let (seconds, attoseconds) = duration.components
    return (result, Double(seconds) + Double(attoseconds) * 1e-18)
  }
}

extension Measurement {
  /// Fields of a measurement; rows of a trace have `time` too.
  func record(kind: String? = nil, time: Double? = nil) -> Record {
    ["kind": kind, "step": step, "epochs": epochs, "time": time] + observed + [
      "modes": modes, "effective_rank": effectiveRank, "balancedness": balancedness,
    ]
  }

  /// All observables by name; the modes have a list.
  var observed: Record {
    .object(
      Observable.all.filter { $0.rank == nil }.map { Record.Field($0.name, $0.read(self).record) })
  }
}

extension TraceRow {
  /// What a row holds by itself; an observer's fields must have other names.
  static let ownFields = Set(
    Observable.fieldNames + [
      "kind", "step", "epochs", "time", "modes", "effective_rank", "balancedness", "observable",
    ])

  func record(lr: Double) -> Record {
    let row = measurement.record(time: Double(measurement.step) * lr)
    guard case .object(let fields) = row else { return row }
    return .object(fields + observed)
  }
}

extension RunResult {
  func record(
    lr: Double, observable: Observable?, divergence: Divergence?, seconds: Double
  ) -> Record {
    [
      "kind": "run", "outcome": outcome.rawValue, "steps": steps, "diverged_at": divergedAt,
      "message": divergence?.message, "stable_lr": divergence?.stableRate,
      "epochs": final.epochs, "step": final.step,
    ] + final.observed + [
      "modes": final.modes, "observable": observable?.name,
      "observable_source": observable?.custom?.source, "trace": trace.map { $0.record(lr: lr) },
      "seconds": seconds,
      "steps_per_second": Double(steps) / max(seconds, 1e-9),
    ]
  }
}
