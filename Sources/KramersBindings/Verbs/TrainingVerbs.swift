import Kramers
import Lua

/// Verbs: globals that act on the current experiment, and methods of every experiment.
extension Program {
  func installVerbs() throws {
    try verb("train") { [unowned self] box, o in
      let before = box.experiment
      var experiment = before
      try experiment.update { try apply(o, to: &$0) }
      let options = try trainingOptions(o, experiment)
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
        lr: experiment.settings.learningRate,
        divergence: experiment.divergence(of: result, monitor: unwatched), seconds: seconds)
      if let error = result.observerError {
        output.emit(record)
        throw error
      }
      return try [
        finishLong(record, result.outcome == .interrupted, progress: result.interrupted)
      ]
    }
    try verb("set") { [unowned self] box, o in
      try box.experiment.update { try apply(o, to: &$0) }
      return [try push(box)]
    }
    try verb("set_l2") { box, o in
      let old = box.experiment.settings.l2
      let new = try o.required("l2", o.number("l2"))
      try box.experiment.update { $0.l2 = new }
      return [.number(new), .number(old)]
    }
    try verb("measure") { [unowned self] box, _ in
      [try pushResult(box.experiment.measure().record(kind: "measurement"))]
    }
    try verb("x:weights") { [unowned self] box, o in
      let l = try o.required("layer", o.integer("layer"))
      let network = box.experiment.network
      guard l <= network.depth else { throw InputError.rule("layer", "in 1...\(network.depth)", l) }
      let weights = network.weights(l - 1, of: box.experiment.state.parameters)
      return [.table(try lua.tableFrom(weights.values, columns: weights.columns))]
    }
    try verb("x:map") { [unowned self] box, _ in
      let map = try box.experiment.map()
      return [.table(try lua.tableFrom(map.values, columns: map.columns))]
    }
    try verb("x:predict") { [unowned self] box, o in
      let outputs = try box.experiment.predict(o.required("x", o.rows("x")))
      return [.table(try lua.tableFrom(outputs.values, columns: outputs.columns))]
    }
    try verb("export") { [unowned self] box, o in
      let path = try o.required("path", o.word("path"))
      let experiment = box.experiment
      try writeFile(
        safetensors(network: experiment.network, parameters: experiment.state.parameters),
        to: path)
      return [LuaValue(path)]
    }
    try verb("import") { [unowned self] box, o in
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
    try verb("snapshot") { [unowned self] box, _ in
      [try lua.wrap(SnapshotBox(box.experiment), metatable: metatables.snapshot)]
    }
    try verb("restore") { [unowned self] box, o in
      let snapshot = try o.required("snapshot", o.snapshot("snapshot"))
      guard snapshot.network == box.experiment.network else {
        throw VerbError("restore", "the snapshot is of another network: \(snapshot.summary)")
      }
      box.experiment = snapshot
      return [try push(box)]
    }
    try verb("reset") { [unowned self] box, o in
      let seed = o.seed() ?? box.experiment.seed
      if o.flag("keep") {
        box.experiment.restart(seed: seed)
      } else {
        box.experiment.reset(seed: seed)
      }
      return [try push(box)]
    }
    try verb("clone") { [unowned self] box, _ in [try pushNew(box.experiment)] }
    try installLandscapeVerbs()
    try installEscapeVerbs()
  }

  /// Installs a verb as a global and as a method; `x:name` as a method only.
  func verb(
    _ name: String, _ body: @escaping (ExperimentBox, Options) throws -> [LuaValue]
  ) throws {
    if !name.hasPrefix("x:") {
      let function = try lua.makeFunction { [unowned self] call in
        let (box, options) = try target(name, call.arguments)
        return try run(name, box, options, body)
      }
      try setGlobal(name, .function(function))
    }
    let method = name.hasPrefix("x:") ? String(name.dropFirst(2)) : name
    // Not the same function: `x.train{...}` would act on the current experiment, whatever x is.
    let withSelf = try lua.makeFunction { [unowned self] call in
      guard call.argument(1).asObject(ExperimentBox.self) != nil else {
        throw VerbError(name, "is a method here: write x:\(method){...}, not x.\(method){...}")
      }
      let (box, options) = try target(name, call.arguments)
      return try run(name, box, options, body)
    }
    functionNames[.function(withSelf)] = name
    try metatables.experimentMethods.rawSet(LuaValue(method), .function(withSelf))
  }

  private func run(
    _ name: String, _ box: ExperimentBox, _ options: Options,
    _ body: (ExperimentBox, Options) throws -> [LuaValue]
  ) throws -> [LuaValue] {
    try logged(name, box, options) {
      try progress.during(name) { try blaming(name) { try body(box, options) } }
    }
  }

  /// Sorts out `verb{...}`, `x:verb{...}` and `verb(positional)`.
  func target(_ name: String, _ arguments: [LuaValue]) throws -> (ExperimentBox, Options) {
    var rest = arguments[...]
    var box = current
    if let first = rest.first?.asObject(ExperimentBox.self) {
      box = first
      rest = rest.dropFirst()
    }
    let entry = catalog.entry(name)
    guard rest.count <= 1 else {
      throw VerbError(name, "takes one table of options, got \(rest.count) arguments")
    }
    let options = try Options(entry, rest.first ?? .nil)
    guard let box else {
      throw VerbError(name, "there is no experiment yet; make one with experiment{...}")
    }
    guard !box.isRunning || entry.looks else {
      throw VerbError(name, "this experiment is being trained; an observer may only look at it")
    }
    return (box, options)
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
    [
      "kind": kind, "step": step, "epochs": epochs, "time": time, "loss": loss,
      "test_loss": testLoss, "accuracy": accuracy, "test_accuracy": testAccuracy,
      "objective": objective, "norm": norm, "gradient_norm": gradientNorm, "modes": modes,
      "effective_rank": effectiveRank, "balancedness": balancedness,
    ]
  }
}

extension TraceRow {
  /// What a row holds by itself; an observer's fields must have other names.
  static let ownFields: Set<String> = [
    "kind", "step", "epochs", "time", "loss", "test_loss", "accuracy", "test_accuracy", "objective",
    "norm", "gradient_norm", "modes", "effective_rank", "balancedness",
  ]

  func record(lr: Double) -> Record {
    let row = measurement.record(time: Double(measurement.step) * lr)
    guard case .object(let fields) = row else { return row }
    return .object(fields + observed)
  }
}

extension RunResult {
  func record(lr: Double, divergence: Divergence?, seconds: Double) -> Record {
    [
      "kind": "run", "outcome": outcome.rawValue, "steps": steps, "diverged_at": divergedAt,
      "message": divergence?.message, "stable_lr": divergence?.stableRate,
      "epochs": final.epochs, "step": final.step, "loss": final.loss,
      "test_loss": final.testLoss, "accuracy": final.accuracy,
      "test_accuracy": final.testAccuracy, "objective": final.objective,
      "gradient_norm": final.gradientNorm, "modes": final.modes,
      "trace": trace.map { $0.record(lr: lr) }, "seconds": seconds,
      "steps_per_second": Double(steps) / max(seconds, 1e-9),
    ]
  }
}
