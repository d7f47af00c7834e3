import Kramers
import Lua

/// `measure_escape`, and the fit behind the protocol `arrhenius`.
extension Program {
  func installEscapeVerbs() throws {
    try verb("measure_escape") { [unowned self] box, o in
      let experiment = box.experiment
      var settings = experiment.settings
      try apply(o, to: &settings)
      var request = EscapeRequest(settings: settings, seed: o.seed() ?? experiment.seed)
      if let replicas = o.integer("replicas") { request.replicas = replicas }
      if let steps = o.integer("max_steps") { request.maxSteps = steps }
      if let every = o.integer("every") { request.every = every }
      if let stream = o.integer("stream") { request.stream = try checkedStream(stream) }
      request.mode = o.integer("mode")
      request.observable = try observable(o)
      request.threshold = o.number("threshold")
      let (result, seconds) = try timed {
        try experiment.measureEscape(
          request, threads: options.threads, monitor: monitor(),
          resuming: entryLog?.takeProgress(EnsembleProgress.self))
      }
      let record = result.record(network: experiment.network, seconds: seconds)
      return [try finishLong(record, result.isInterrupted, progress: result.progress)]
    }
  }

  private func checkedStream(_ stream: Int) throws -> UInt32 {
    guard stream < 1 << 31 else { throw InputError.rule("stream", "below 2^31", stream) }
    return UInt32(stream)
  }

  private func observable(_ o: Options) throws -> Observable? {
    let word = o.word("observable") ?? "mode"
    guard word == "mode" || !o.has("mode") else {
      throw InputError.sentence("mode goes with observable = \"mode\", not with \"\(word)\"")
    }
    switch word {
    case "loss": return .loss
    case "test_loss": return .testLoss
    case "norm": return .norm
    default: return nil
    }
  }

  /// fit_arrhenius(points): rows with temperature, escapes and exposure (steps at risk).
  func fitArrheniusLaw(_ call: LuaCall) throws -> [LuaValue] {
    var points: [ArrheniusPoint] = []
    for (_, row) in try call.argument(1).asTable?.rawPairs() ?? [] {
      guard let row = row.asTable, let temperature = try row.rawGet("temperature").double,
        let escapes = try row.rawGet("escapes").double,
        let exposure = try row.rawGet("exposure").double
      else { continue }
      points.append(
        ArrheniusPoint(inverseTemperature: 1 / temperature, escapes: escapes, exposure: exposure))
    }
    let fit = try blaming("arrhenius") { try fitArrhenius(points) }
    return [
      try push([
        "barrier": fit.barrier, "barrier_low": fit.barrierLow, "barrier_high": fit.barrierHigh,
        "prefactor": fit.logPrefactor.map(exponential), "r2": fit.r2, "span": fit.span,
      ])
    ]
  }
}

extension EscapeResult {
  func record(network: Network, seconds: Double) -> Record {
    let steps = times.reduce(0, +)
    let watched: (name: String, mode: Int?) =
      switch observable {
      case .mode(let k): ("mode", k)
      case .loss: ("loss", nil)
      case .testLoss: ("test_loss", nil)
      case .norm: ("norm", nil)
      }
    return [
      "kind": "escape",
      "outcome": isInterrupted
        ? "interrupted" : 2 * diverged > times.count ? "diverged" : "completed",
      "replicas": times.count, "escapes": rate.escapes, "censored": times.count - rate.escapes,
      "diverged": diverged > 0 ? diverged : nil, "requested": isInterrupted ? requested : nil,
      "tau": rate.tau, "tau_low": rate.low, "tau_high": rate.high,
      "theory": theory.tau, "theory_error": theory.relativeError, "theory_reason": theory.reason,
      "barrier": theory.barrier, "temperature_power": theory.temperaturePower,
      "median": rate.median, "exponential_p": exponentialP, "lag": lag,
      "tau_epochs": rate.tau * epochsPerStep, "tau_time": rate.tau * settings.learningRate,
      "observable": watched.name, "mode": watched.mode, "threshold": threshold,
      "thermal_floor": thermalFloor,
      "l2": settings.l2, "lr": settings.learningRate, "batch": batchRecord(settings.batch),
      "temperature": settings.temperature, "gradient_noise": settings.gradientNoise,
      "label_noise": settings.labelNoise, "optimizer": settings.optimizer.rawValue,
      "depth": network.depth, "widths": network.widths, "seed": seed,
      "times": times, "escaped": escaped,
      "survival": survival.map { row -> Record in
        [
          "step": Int(row.step), "s": row.survival, "low": row.low, "high": row.high,
          "at_risk": row.atRisk,
        ]
      },
      "exposure": rate.exposure, "steps_total": steps, "seconds": seconds,
      "steps_per_second": Double(steps) / max(seconds, 1e-9),
    ]
  }
}
