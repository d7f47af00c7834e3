import Kramers
import Lua

/// `measure_escape`, and what the protocols about escapes are built from.
extension Program {
  func measureEscape(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let experiment = box.experiment
    var settings = experiment.settings
    try apply(o, to: &settings)
    var request = EscapeRequest(settings: settings, seed: experiment.seed)
    request.ensemble = try o.ensemble(request.ensemble)
    request.mode = o.integer("mode")
    request.observable = try watched(o, of: box)
    request.direction = o.word("direction").flatMap(Observable.Direction.init(rawValue:))
    request.threshold = o.number("threshold")
    request.isFrozen = o.flag("frozen")
    if let dwell = o.integer("dwell") { request.dwell = dwell }
    request.allowsDivergence = o.flag("allow_diverged")
    if o.choice("method") == EscapeMethod.splitting {
      for name in ["dwell", "allow_diverged"] where o.has(name) {
        throw InputError.sentence("\(name) goes with method = \"direct\"")
      }
      return try split(experiment, request, o)
    }
    for name in ["runs", "level"] where o.has(name) {
      throw InputError.sentence("\(name) goes with method = \"splitting\"")
    }
    let (shared, seconds) = try timed { try escapes(experiment, request, o) }
    let result: EscapeResult
    switch shared {
    case .done(let found): result = found
    case .pending(let ensemble): return [try pushPending(ensemble)]
    }
    let record = result.record(network: experiment.network, seconds: seconds)
    return [try finishLong(record, result.isInterrupted, progress: result.progress)]
  }

  private func split(
    _ experiment: Experiment, _ request: EscapeRequest, _ o: Options
  ) throws -> [LuaValue] {
    var request = request
    request.replicas = o.integer("replicas") ?? 200
    if let shards = sharing {
      // One run's levels come from all of its trajectories, and the comparison with brute force
      // from all runs: the measurement is one unit, of one of the shards.
      let ensemble = nextEnsemble(shards, o.verb, experiment, o.record(self))
      let shared = try sharedUnits(shards, ensemble, total: 1) { _ in
        try splitting(experiment, request, o).record
      }
      switch shared {
      case .done(let records): return try records.map { try pushResult($0) }
      case .pending(let ensemble): return [try pushPending(ensemble)]
      }
    }
    let (record, isInterrupted) = try splitting(experiment, request, o)
    return [try finishLong(record, isInterrupted)]
  }

  private func splitting(
    _ experiment: Experiment, _ request: EscapeRequest, _ o: Options
  ) throws -> (record: Record, isInterrupted: Bool) {
    let (result, seconds) = try timed {
      try experiment.measureSplitting(
        request, runs: o.integer("runs") ?? 20, level: o.number("level"),
        threads: options.threads, monitor: monitor())
    }
    let record = result.record(network: experiment.network, seconds: seconds)
    return (record, result.record.isInterrupted)
  }

  /// What protocols about escapes are built from.
  func offerStatistics(_ offer: LuaTable) throws {
    try offer.rawSet("rival_laws", .function(lua.makeFunction(fitRivalLaws)))
    try offer.rawSet("expected_slope", .function(lua.makeFunction(slopeOfTheory)))
    try offer.rawSet("escape_statistics", .function(lua.makeFunction(escapeStatistics)))
    try offer.rawSet("escape_comparison", .function(lua.makeFunction(escapeComparison)))
    try offer.rawSet("student", .function(lua.makeFunction(studentQuantileOfCall)))
    try offer.rawSet("zero_loss", .function(lua.makeFunction(zeroLossOfCall)))
    try offer.rawSet("random_effects", .function(lua.makeFunction(randomEffects)))
    try offer.rawSet("predicted_escape", .function(lua.makeFunction(predictedEscape)))
    try offer.rawSet("escape_balance", .function(lua.makeFunction(escapeBalance)))
    try offer.rawSet("delay", .function(lua.makeFunction(delay)))
    try offer.rawSet("absorbing", .function(lua.makeFunction(absorbing)))
  }

  /// student(p, degrees): the quantile of Student's law.
  private func studentQuantileOfCall(_ call: LuaCall) throws -> [LuaValue] {
    let (p, degrees) = (call.argument(1).double ?? 0.975, call.argument(2).double ?? 1)
    return [.number(studentQuantile(p, degrees: max(degrees, 1)))]
  }

  /// random_effects(values, errors): one number in several groups; nil where an error is missing.
  private func randomEffects(_ call: LuaCall) throws -> [LuaValue] {
    guard let values = try call.argument(1).asTable?.numbers(),
      let errors = try call.argument(2).asTable?.numbers(), values.count == errors.count,
      let effects = RandomEffects(values: values, errors: errors)
    else { return [] }
    return [try push(effects.record)]
  }

  /// predicted_escape(x, mode, way, temperature): theory of one escape of a mode at the settings of x
  /// but for the temperature; way is "collapse" or "appearance".
  private func predictedEscape(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self), let mode = call.argument(2).int,
      let way = call.argument(3).text.flatMap(AlignedPassage.Way.init(rawValue:)),
      let temperature = call.argument(4).double
    else { return [] }
    var settings = box.experiment.settings
    settings.temperature = temperature
    do {
      let theory = try box.experiment.predictedEscape(
        mode: mode, way, settings, monitor: unwatched)
      return [try push(theory.record)]
    } catch let error as InputError {
      return [try push(["theory_reason": error.description])]
    }
  }

  /// escape_balance(x, mode, temperature): the l2 at which both escapes take the same time.
  private func escapeBalance(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self), let mode = call.argument(2).int,
      let temperature = call.argument(3).double
    else { return [] }
    var settings = box.experiment.settings
    settings.temperature = temperature
    do {
      let balance = try box.experiment.escapeBalance(mode: mode, settings, monitor: unwatched)
      return [try push(balance.record(temperature: temperature))]
    } catch let error as InputError {
      return [try push(["temperature": temperature, "reason": error.description])]
    }
  }

  /// zero_loss(x): training and test loss of the zero map.
  private func zeroLossOfCall(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self) else { return [] }
    let (train, test) = try box.experiment.zeroLoss()
    return [.number(train), test.map { .number($0) } ?? .nil]
  }

  /// delay(x, mode, threshold, every, max_steps): the noise-free return of a mode from the layers.
  private func delay(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self), let mode = call.argument(2).int,
      let threshold = call.argument(3).double, let every = call.argument(4).int,
      let maxSteps = call.argument(5).int
    else { return [] }
    let experiment = box.experiment
    do {
      let delay = try experiment.deterministicDelay(
        mode: mode, threshold: threshold, settings: experiment.settings, every: every,
        maxSteps: maxSteps, monitor: monitor())
      return [
        try push([
          "steps": delay.steps, "residual": delay.residual, "closed_form": delay.closedForm,
        ])
      ]
    } catch let error as InputError {
      return [try push(["reason": error.description])]
    }
  }

  /// absorbing(x, mode): whether minibatch noise can let the mode appear at all.
  private func absorbing(_ call: LuaCall) throws -> [LuaValue] {
    guard let box = call.argument(1).asObject(ExperimentBox.self) else { return [] }
    let set = box.experiment.absorbingSet(mode: call.argument(2).int)
    return [try push(["absorbing": set.isAbsorbing, "reason": set.reason])]
  }

  /// rival_laws(points, power, barrier): rows with temperature, escapes, exposure (lr * steps at risk)
  /// and look (lr * steps between two looks); power and barrier by theory, where there is one.
  func fitRivalLaws(_ call: LuaCall) throws -> [LuaValue] {
    var points: [ArrheniusPoint] = []
    for (_, row) in try call.argument(1).asTable?.rawPairs() ?? [] {
      guard let row = row.asTable, let temperature = try row.rawGet("temperature").double,
        let escapes = try row.rawGet("escapes").double,
        let exposure = try row.rawGet("exposure").double
      else { continue }
      points.append(
        ArrheniusPoint(
          inverseTemperature: 1 / temperature, escapes: escapes, exposure: exposure,
          look: try row.rawGet("look").double ?? 0))
    }
    let power = call.argument(2).double
    return try blaming("arrhenius") {
      let fit = try fitArrhenius(points)
      let laws = try RivalLaws(
        points, predictedPower: power, knownBarrier: call.argument(3).double)
      return [try push(fit.record(laws))]
    }
  }

  /// expected_slope(points): rows with temperature, lr, theory, theory_error and theory_error_lr;
  /// the slope of ln(tau lr) over 1/T, and how much of it is the finite-temperature correction. nil
  /// when a point has no theory.
  private func slopeOfTheory(_ call: LuaCall) throws -> [LuaValue] {
    var points: [TheoryPoint] = []
    for (_, row) in try call.argument(1).asTable?.rawPairs() ?? [] {
      guard let row = row.asTable, let temperature = try row.rawGet("temperature").double,
        let lr = try row.rawGet("lr").double, let tau = try row.rawGet("theory").double,
        let error = try row.rawGet("theory_error").double
      else { return [] }
      let stepError = try row.rawGet("theory_error_lr").double ?? 0
      let isOneSided =
        try row.rawGet("theory_method").text != EscapeTheory.Method.oneDimension.rawValue
      points.append(
        TheoryPoint(
          temperature: temperature, time: tau * lr, excess: isOneSided ? error - stepError : 0))
    }
    guard let slope = expectedSlope(points) else { return [] }
    return [.number(slope.value), .number(slope.correction)]
  }

  /// escape_statistics{times, escaped, looks, diverged, allow_diverged, seed}: what any sample of
  /// escape times says; looks has the steps between two looks of each replica.
  func escapeStatistics(_ call: LuaCall) throws -> [LuaValue] {
    guard let given = call.argument(1).asTable else { return [] }
    let sample = try blaming("escape.combine") { try escapeSample(given) }
    let diverged = try given.rawGet("diverged").int ?? 0
    let seed = UInt64(bitPattern: Int64(try given.rawGet("seed").int ?? 0))
    let statistics = EscapeStatistics(sample, diverged: diverged, seed: seed)
    let isAllowed = try given.rawGet("allow_diverged").bool ?? false
    guard diverged > 0, !isAllowed else { return [try push(statistics.record)] }
    return [
      try push(statistics.record(withheld: divergenceReason(diverged, of: sample.count)))
    ]
  }

  /// escape_comparison(a, b), of tables with times, escaped and looks.
  private func escapeComparison(_ call: LuaCall) throws -> [LuaValue] {
    guard let first = call.argument(1).asTable, let second = call.argument(2).asTable else {
      return []
    }
    return try blaming("escape.compare") {
      let comparison = try EscapeComparison(escapeSample(first), escapeSample(second))
      return [try push(comparison.record)]
    }
  }

  private func escapeSample(_ given: LuaTable) throws -> CensoredSample {
    let times = try given.rawGet("times").asTable?.numbers() ?? []
    let looks = try given.rawGet("looks").asTable?.numbers() ?? []
    let flags =
      try given.rawGet("escaped").asTable?.rawPairs().map { $0.1.bool ?? false } ?? []
    return try CensoredSample(times: times, escaped: flags, looks: looks)
  }
}
