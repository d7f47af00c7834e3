import Kramers
import Lua

/// Verbs: globals that act on the current experiment, and methods of every experiment.
extension Program {
  func installVerbs() throws {
    try verb("train") { [unowned self] box, o in
      let options = try trainingOptions(o, box.experiment)
      let (result, seconds) = try timed { try box.experiment.train(options, monitor: monitor()) }
      return try [finishLong(result.record(seconds: seconds), result.outcome == .interrupted)]
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
      box.experiment.reset(seed: o.seed() ?? box.experiment.seed)
      return [try push(box)]
    }
    try verb("clone") { [unowned self] box, _ in [try push(ExperimentBox(box.experiment))] }
    try installLandscapeVerbs()
    try installEscapeVerbs()
  }

  /// Installs a verb as a global and as a method.
  func verb(
    _ name: String, _ body: @escaping (ExperimentBox, Options) throws -> [LuaValue]
  ) throws {
    let function = try lua.makeFunction { [unowned self] call in
      let (box, options) = try target(name, call.arguments)
      return try progress.during(name) { try blaming(name) { try body(box, options) } }
    }
    try setGlobal(name, .function(function))
    try metatables.experimentMethods.rawSet(LuaValue(name), .function(function))
  }

  /// Sorts out `verb{...}`, `x:verb{...}` and `verb(positional)`.
  func target(_ name: String, _ arguments: [LuaValue]) throws -> (ExperimentBox, Options) {
    var rest = arguments[...]
    var box = current
    if let first = rest.first?.asObject(ExperimentBox.self) {
      box = first
      rest = rest.dropFirst()
    }
    let entry = Catalog.entry(name)
    guard rest.count <= 1 else {
      throw VerbError(name, "takes one table of options, got \(rest.count) arguments")
    }
    let options = try Options(entry, rest.first ?? .nil)
    guard let box else {
      throw VerbError(name, "there is no experiment yet; make one with experiment{...}")
    }
    return (box, options)
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

  /// A long verb's result. An interrupted one is stored (in batch: emitted) and the statement
  /// abandoned.
  func finishLong(_ record: Record, _ isInterrupted: Bool) throws -> LuaValue {
    guard isInterrupted else { return try pushResult(record) }
    output.emit(record)
    throw LuaInterrupted()
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

extension RunResult {
  func record(seconds: Double) -> Record {
    [
      "kind": "run", "outcome": outcome.rawValue, "steps": steps, "diverged_at": divergedAt,
      "epochs": final.epochs, "step": final.step, "loss": final.loss,
      "test_loss": final.testLoss, "accuracy": final.accuracy,
      "test_accuracy": final.testAccuracy, "objective": final.objective,
      "gradient_norm": final.gradientNorm, "modes": final.modes,
      "trace": trace.map { $0.record() }, "seconds": seconds,
      "steps_per_second": Double(steps) / max(seconds, 1e-9),
    ]
  }
}
