import Kramers
import Lua

/// `experiment`, `use`, `current`, and the fields of experiments.
extension Program {
  func installExperiment() throws {
    try install("experiment") { [unowned self] o, _ in
      let data = try o.required("data", o.data("data"))
      let network = try Network(
        widths: widths(o, data),
        activation: o.word("activation").flatMap(Activation.init(rawValue:)) ?? .linear,
        bias: o.flag("bias"), loss: o.word("loss").flatMap(Loss.init(rawValue:)) ?? .mse)
      var settings = Settings()
      try apply(o, to: &settings)
      settings.precision = o.word("precision").flatMap(Precision.init(rawValue:)) ?? .double
      let experiment = try Experiment(
        data: data, network: network, settings: settings,
        initialization: o.word("init").flatMap(Initialization.init(rawValue:)) ?? .gaussian,
        initScale: o.number("init_scale") ?? 1, seed: seed(o))
      let value = try pushNew(experiment)
      current = value.asObject(ExperimentBox.self)
      return [value]
    }
    try setGlobal(
      "use",
      .function(
        lua.makeFunction { [unowned self] call in
          guard let box = call.argument(1).asObject(ExperimentBox.self) else {
            throw VerbError("use", "takes an experiment, got \(describe(call.argument(1)))")
          }
          current = box
          return [call.argument(1)]
        }))
    try setGlobal(
      "current",
      .function(
        lua.makeFunction { [unowned self] _ in [try current.map { try push($0) } ?? .nil] }))
    try installExperimentFields()
  }

  /// An experiment that did not exist before.
  func pushNew(_ experiment: Experiment) throws -> LuaValue {
    let box = ExperimentBox(experiment)
    register(box)
    return try push(box)
  }

  /// Notes an experiment among those that the start of an entry remembers.
  func register(_ box: ExperimentBox) {
    experiments.removeAll { $0.box == nil }
    experiments.append(WeakBox(box: box))
  }

  func push(_ box: ExperimentBox) throws -> LuaValue {
    try lua.wrap(box, metatable: metatables.experiment)
  }

  private func widths(_ o: Options, _ data: Dataset) throws -> [Int] {
    if let widths = try o.integers("widths") {
      guard !o.has("depth"), !o.has("width") else {
        throw VerbError("experiment", "give either widths, or depth and width")
      }
      return widths
    }
    let depth = try o.required("depth (or widths)", o.integer("depth"))
    guard depth <= 1000 else { throw InputError.rule("depth", "at most 1000", depth) }
    let width = depth > 1 ? try o.required("width (or widths)", o.integer("width")) : 1
    return [data.inputs] + [Int](repeating: width, count: depth - 1) + [data.outputs]
  }

  /// Settings given among the options replace those of `settings`.
  func apply(_ o: Options, to settings: inout Settings) throws {
    if let word = o.word("optimizer"), let optimizer = Optimizer(rawValue: word) {
      settings.optimizer = optimizer
    }
    if let x = o.number("momentum") {
      guard settings.optimizer != .sgd else {
        throw InputError.sentence(
          "momentum is used by optimizer \"momentum\", \"adam\" and \"adamw\", not by \"sgd\"")
      }
      settings.momentum = x
    }
    if let x = o.number("lr") { settings.learningRate = x }
    if let x = o.number("l2") { settings.l2 = x }
    if let snapshot = o.snapshot("l2_center") { settings.l2Center = snapshot.state.parameters }
    if let batch = o.value("batch") {
      settings.batch = batch.int.map { .size($0) } ?? .full
    }
    if let sampling = o.word("replacement").flatMap(sampling(named:)) {
      settings.sampling = sampling
    }
    if let x = o.number("temperature") { settings.temperature = x }
    if let x = o.number("gradient_noise") { settings.gradientNoise = x }
    if let x = o.number("label_noise") { settings.labelNoise = x }
  }

  private func installExperimentFields() throws {
    let methods = metatables.experimentMethods
    try metatables.experiment.rawSet(
      "__index",
      .function(
        lua.makeFunction { [unowned self] call in
          guard let box = call.argument(1).asObject(ExperimentBox.self) else { return [.nil] }
          let name = call.argument(2).text ?? ""
          if name == "data" {
            return [
              try lua.wrap(DataBox(box.experiment.data), metatable: metatables.data)
            ]
          }
          if let field = box.experiment.field(name) { return [try push(field)] }
          let method = try methods.rawGet(call.argument(2))
          if method.isNil, name != "l2_center" {
            let known = Experiment.fieldNames + catalog.experimentMethods
            let nearest = nearestName(to: name, among: known).map { "; did you mean '\($0)'?" }
            throw VerbError("experiment", "has no field '\(name)'" + (nearest ?? ""))
          }
          return [method]
        }))
    try metatables.experiment.rawSet(
      "__newindex",
      .function(
        lua.makeFunction { call in
          let name = call.argument(2).text ?? "?"
          throw VerbError("experiment", "\(name) is read-only; write x:set{\(name) = ...}")
        }))
    try metatables.experiment.rawSet("__tostring", .function(lua.makeFunction(summaryOfFirst)))
    try metatables.snapshot.rawSet("__tostring", .function(lua.makeFunction(summaryOfFirst)))
  }
}

extension Experiment {
  /// What `field` knows.
  static let fieldNames = [
    "optimizer", "momentum", "lr", "l2", "batch", "replacement", "temperature", "gradient_noise",
    "label_noise", "activation", "bias", "loss", "init", "init_scale", "depth", "widths",
    "parameters", "seed", "step", "epochs", "precision", "data",
  ]

  /// A setting or a piece of the state by its Lua name.
  func field(_ name: String) -> Record? {
    switch name {
    case "optimizer": settings.optimizer.rawValue.record
    case "momentum": settings.momentum.record
    case "lr": settings.learningRate.record
    case "l2": settings.l2.record
    case "batch": batchRecord(settings.batch)
    case "replacement": replacementRecord(settings.sampling)
    case "temperature": settings.temperature.record
    case "gradient_noise": settings.gradientNoise.record
    case "label_noise": settings.labelNoise.record
    case "activation": network.activation.rawValue.record
    case "bias": network.bias.record
    case "loss": network.loss.rawValue.record
    case "init": initialization.rawValue.record
    case "init_scale": initScale.record
    case "depth": network.depth.record
    case "widths": network.widths.record
    case "parameters": network.parameterCount.record
    case "seed": seed.record
    case "step": state.step.record
    case "epochs": state.epochs.record
    case "precision": settings.precision.rawValue.record
    default: nil
    }
  }
}

func batchRecord(_ batch: BatchSize) -> Record {
  switch batch {
  case .full: .text("full")
  case .size(let size): .integer(size)
  }
}

/// The values of the option `replacement`.
func sampling(named word: String) -> Sampling? {
  switch word {
  case "true": .replacement
  case "false": .permutation
  case "subset": .subset
  default: nil
  }
}

func replacementRecord(_ sampling: Sampling) -> Record {
  switch sampling {
  case .permutation: .boolean(false)
  case .replacement: .boolean(true)
  case .subset: .text("subset")
  }
}

extension ExperimentBox: Summarized {
  var summary: String { "experiment: " + experiment.summary }
}

extension SnapshotBox: Summarized {
  var summary: String { "snapshot of " + experiment.summary }
}

extension Experiment {
  var summary: String {
    let widths = network.widths.map { "\($0)" }.joined(separator: "-")
    let activation = network.activation == .linear ? "deep linear" : network.activation.rawValue
    return "\(activation) \(widths) on \(data.name), l2 = \(numberText(settings.l2)), "
      + "lr = \(numberText(settings.learningRate)), step \(state.step)"
  }
}
