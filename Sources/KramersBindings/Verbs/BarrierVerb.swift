import Kramers
import Lua

/// `barrier`, the escape time that its result predicts, and the exact time in one dimension.
extension Program {
  func barrier(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let experiment = box.experiment
    var request = BarrierRequest(seed: o.seed() ?? experiment.seed)
    request.mode = o.integer("mode")
    request.method = o.choice("method")
    request.from = try end("from", o, experiment)
    request.to = try end("to", o, experiment)
    if let images = o.integer("images") { request.images = images }
    if let paths = o.integer("paths") { request.paths = paths }
    if let iterations = o.integer("iterations") { request.iterations = iterations }
    let monitor = monitor()
    let (result, seconds) = try timed {
      do {
        return try experiment.barrier(request, threads: options.threads, monitor: monitor)
      } catch let error as InputError {
        // Stopped before there was anything to show.
        if monitor.shouldStop { throw LuaInterrupted() }
        throw error
      }
    }
    let value = try finishLong(
      result.record(experiment, seconds: seconds), result.isInterrupted)
    let states = try result.states.map { parameters in
      var copy = experiment
      try copy.setParameters(parameters)
      return copy
    }
    try attach(states, of: box, to: value)
    return [value]
  }

  func passageTime(_ o: Options) throws -> [LuaValue] {
    let potential = try o.required("potential", o.value("potential")?.asFunction)
    var failure: (any Error)?
    let wall = o.number("wall").map { LeftEnd.reflecting($0) }
    let time = try meanFirstPassageTime(
      temperature: o.required("temperature", o.number("temperature")),
      from: o.required("from", o.number("from")), to: o.required("to", o.number("to")),
      leftEnd: wall ?? .natural
    ) { x in
      if failure != nil { return .nan }
      do {
        guard let value = try potential.call([.number(x)]).first?.double else {
          throw VerbError("passage_time", "potential(\(plainNumber(x))) must be a number")
        }
        return value
      } catch {
        failure = error
        return .nan
      }
    }
    if let failure { throw failure }
    guard let time else {
      throw InputError.sentence(
        "potential: the integral does not settle; it must be finite and smooth up to 'to', and "
          + "rise to the left of 'from' unless there is a wall")
    }
    return [.number(time)]
  }

  private func end(_ name: String, _ o: Options, _ experiment: Experiment) throws -> [Double]? {
    guard let state = o.snapshot(name) else { return nil }
    guard state.network == experiment.network else {
      throw InputError.sentence("\(name) is a state of another network: \(state.summary)")
    }
    return state.state.parameters
  }

  /// r:time(T): steps and their stated relative error, or nil and the reason.
  func resultTime(_ call: LuaCall) throws -> [LuaValue] {
    let verb = "r:time"
    guard let formula = StoredRate(try record(of: call.argument(1), verb: verb)) else {
      throw VerbError(verb, "is a method of results of barrier: write r:time(temperature)")
    }
    guard let temperature = call.argument(2).double, temperature > 0, temperature.isFinite else {
      throw VerbError(verb, "temperature must be positive, got \(describe(call.argument(2)))")
    }
    switch formula.rate.prediction(
      temperature: temperature, learningRate: formula.lr, momentum: formula.momentum)
    {
    case .time(let tau, let error, let stepError):
      return [.number(tau), .number(error + stepError)]
    case .unavailable(let reason): return [.nil, LuaValue(reason)]
    }
  }
}

/// A rate and the optimiser it is for, read back from the data of a result.
private struct StoredRate {
  let rate: RateFormula
  let lr: Double
  let momentum: Double?

  init?(_ record: Record) {
    func number(_ name: String) -> Double? {
      switch record[name] {
      case .number(let x)?: x
      case .integer(let i)?: Double(i)
      default: nil
      }
    }
    guard record["kind"] == .text("barrier"), let height = number("height"),
      let lr = number("lr"), let power = number("temperature_power")
    else { return nil }
    var rate = RateFormula(
      barrier: height, negativeEigenvalue: number("negative_eigenvalue") ?? .nan,
      temperaturePower: power, anharmonicity: number("anharmonicity") ?? 0)
    rate.logPrefactor = number("prefactor").map { $0 > 0 ? logarithm($0) : -.infinity }
    rate.softTemperature = number("soft_temperature")
    rate.softError = number("soft_error") ?? 0
    rate.wellCurvature = number("well_curvature")
    if let slope = number("step_slope"), let bend = number("step_bend"),
      let stiffness = number("stiffness")
    {
      rate.stepBias = StepBias(slope: slope, bend: bend, stiffness: stiffness)
    }
    if case .text(let reason)? = record["reason"] { rate.reason = reason }
    self.rate = rate
    self.lr = lr
    momentum = number("momentum")
  }
}

extension BarrierResult {
  func record(_ experiment: Experiment, seconds: Double) -> Record {
    let settings = experiment.settings
    let optimizer = settings.optimizer
    let reason = optimizer.takesTemperature ? rate.reason : "\(optimizer) has no rate formula"
    return [
      "kind": "barrier", "outcome": isInterrupted ? "interrupted" : "completed", "mode": mode,
      "method": method.rawValue, "l2": l2, "height": height, "theory": theory,
      "theory_reason": theoryReason,
      "minimum": strengths.minimum, "saddle": strengths.saddle, "learned": strengths.learned,
      "minimum_objective": objectives.minimum, "saddle_objective": objectives.saddle,
      "learned_objective": objectives.learned, "gradient_norm": gradientNorm,
      "saddle_index": saddleIndex, "zero_modes": zeroModes,
      "prefactor": rate.logPrefactor.map(exponential), "temperature_power": rate.temperaturePower,
      "negative_eigenvalue": rate.negativeEigenvalue, "anharmonicity": rate.anharmonicity,
      "soft_temperature": rate.softTemperature,
      "soft_error": rate.softError > 0 ? rate.softError : nil,
      "well_curvature": rate.wellCurvature,
      "step_slope": rate.stepBias?.slope, "step_bend": rate.stepBias?.bend,
      "stiffness": rate.stepBias?.stiffness,
      "reason": reason,
      "lr": settings.learningRate, "momentum": settings.heavyBall,
      "heights": heights.isEmpty ? nil : heights.map { $0 ?? .nan },
      "aligned": aligned.map { ["height": $0.height, "index": $0.index] as Record },
      "depth": experiment.network.depth, "widths": experiment.network.widths,
      "path": path.map { point -> Record in
        ["distance": point.distance, "objective": point.objective, "strength": point.strength]
      },
      "seconds": seconds,
    ] + actionRecord
  }

  private var actionRecord: Record {
    guard let actions else { return [:] }
    func rows(_ action: BarrierAction) -> [Record]? {
      action.path.isEmpty
        ? nil
        : action.path.map { point in
          ["distance": point.distance, "objective": point.objective, "strength": point.strength]
        }
    }
    return [
      "phi": actions.left.phi, "phi_error": actions.left.error, "phi_reason": actions.left.reason,
      "phi_path": rows(actions.left), "phi_back": actions.reached.phi,
      "phi_back_error": actions.reached.error, "phi_back_reason": actions.reached.reason,
      "phi_back_path": rows(actions.reached),
    ]
  }
}
