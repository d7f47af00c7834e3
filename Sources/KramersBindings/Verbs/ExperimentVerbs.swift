import Kramers
import Lua

/// `experiment`, `use`, `current`, and the fields of experiments.
extension Program {
  func makeExperiment(_ o: Options) throws -> [LuaValue] {
    try refuseWhileLooking("experiment")
    let data = try o.required("data", o.data("data"))
    let network = try Network(
      widths: widths(o, data),
      activation: o.choice("activation") ?? .linear,
      bias: o.flag("bias"), loss: o.choice("loss") ?? .mse)
    var settings = Settings()
    try apply(o, to: &settings)
    let experiment = try Experiment(
      data: data, network: network, settings: settings,
      initialization: o.choice("init") ?? .gaussian,
      initScale: o.number("init_scale") ?? 1, seed: seed(o))
    let value = try pushNew(experiment)
    current = value.asObject(ExperimentBox.self)
    return [value]
  }

  /// use(x)
  func use(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self) else {
      throw VerbError("use", "takes an experiment, got \(describe(call.argument(1)))")
    }
    try refuseWhileLooking("use")
    current = box
    return [call.argument(1)]
  }

  func presentExperiment(_: LuaCall) throws -> [LuaValue] {
    [try current.map { try push($0) } ?? .nil]
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

  /// Settings given among the options replace those of `settings`; a verb may take only some.
  func apply(_ o: Options, to settings: inout Settings) throws {
    for setting in Setting.all where o.entry.options.contains(where: { $0.name == setting.name }) {
      if let value = o.value(of: setting) { try settings.set(setting, value) }
    }
  }

  /// What an experiment answers to.
  func installExperimentFields() throws {
    let methods = metatables.experimentMethods
    try metatables.experiment.rawSet(
      "__index",
      .function(
        lua.makeFunction { [unowned self] call in
          guard let box = call.argument(1).asObject(ExperimentBox.self) else {
            throw VerbError("experiment", released)
          }
          let name = call.argument(2).text ?? ""
          if name == "data" { return try push(box.experiment.data) }
          if let state = box.experiment.state(ofSetting: name) {
            return [try lua.wrap(SnapshotBox(state), metatable: metatables.snapshot)]
          }
          if let field = box.experiment.field(name) { return [try push(field)] }
          let method = try methods.rawGet(call.argument(2))
          if method.isNil, Setting.named[name] == nil {
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
  static let fieldNames =
    Setting.all.map(\.name) + [
      "activation", "bias", "loss", "init", "init_scale", "depth", "widths", "parameters", "seed",
      "step", "epochs", "data",
    ]

  /// What a setting that is a vector of weights stands for.
  func state(ofSetting name: String) -> Experiment? {
    guard case .vector(let weights?)? = Setting.named[name].map({ settings[$0] }) else {
      return nil
    }
    return at(TrainingState(parameters: weights))
  }

  /// A setting or a piece of the state by its Lua name.
  func field(_ name: String) -> Record? {
    if let setting = Setting.named[name] { return setting.record(of: settings) }
    switch name {
    case "activation": return network.activation.rawValue.record
    case "bias": return network.bias.record
    case "loss": return network.loss.rawValue.record
    case "init": return initialization.rawValue.record
    case "init_scale": return initScale.record
    case "depth": return network.depth.record
    case "widths": return network.widths.record
    case "parameters": return network.parameterCount.record
    case "seed": return seed.record
    case "step": return state.step.record
    case "epochs": return state.epochs.record
    default: return nil
    }
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
