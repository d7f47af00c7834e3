import Kramers
import Lua

/// `hessian` and `noise`: second derivatives and gradient noise at the present state.
extension Program {
  func hessian(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    guard o.word("which") != "density" else { return try hessianDensity(box, o) }
    for name in ["probes", "steps", "points", "seed"] where o.has(name) {
      throw InputError.sentence("\(name) is for which = \"density\"")
    }
    var request = HessianRequest()
    request.isDense = o.flag("dense")
    if request.isDense, o.has("k") || o.has("which") {
      throw InputError.sentence("dense = true gives all eigenvalues: leave k and which out")
    }
    request.end = o.choice("which") ?? .largest
    request.count =
      o.integer("k") ?? min(request.count, box.experiment.network.parameterCount)
    if let tolerance = o.number("tolerance") { request.tolerance = tolerance }
    let (result, seconds) = try timed {
      try box.experiment.hessian(request, threads: options.threads, monitor: monitor())
    }
    let record = result.record(box.experiment.network, seconds: seconds)
    return [try finishLong(record, result.isInterrupted)]
  }

  private func hessianDensity(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    for name in ["k", "dense", "tolerance"] where o.has(name) {
      throw InputError.sentence("\(name) is not used with which = \"density\"")
    }
    var request = DensityRequest()
    if let probes = o.integer("probes") { request.probes = probes }
    if let steps = o.integer("steps") { request.steps = steps }
    if let points = o.integer("points") { request.points = points }
    request.seed = o.seed() ?? box.experiment.seed
    let (result, seconds) = try timed {
      try box.experiment.hessianDensity(request, threads: options.threads, monitor: monitor())
    }
    let gradientNorm = try box.experiment.measure().gradientNorm
    let record = result.record(
      box.experiment.network, gradientNorm: gradientNorm, seconds: seconds)
    return [try finishLong(record, result.isInterrupted)]
  }

  func noise(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    var request = NoiseRequest()
    var settings = box.experiment.settings
    try apply(o, to: &settings)
    (request.batch, request.sampling) = (settings.batch, settings.sampling)
    request.mode = o.integer("mode")
    if let count = o.integer("k") { request.count = count }
    let result = try box.experiment.gradientNoise(request, monitor: monitor())
    return [try pushResult(result.record(settings))]
  }
}

extension HessianResult {
  func record(_ network: Network, seconds: Double) -> Record {
    [
      "kind": "hessian",
      "outcome": isInterrupted ? "interrupted" : converged ? "converged" : "not converged",
      "values": values, "which": isDense ? "all" : end.rawValue,
      "method": isDense ? "dense" : "lanczos", "index": index, "zero_modes": zeroModes,
      "zero_modes_theory": predictedZeroModes, "tolerance": zeroTolerance,
      "gradient_norm": gradientNorm, "residuals": residuals.isEmpty ? nil : residuals,
      "products": products, "parameters": network.parameterCount, "seconds": seconds,
    ]
  }
}

extension SpectralDensity {
  func record(_ network: Network, gradientNorm: Double, seconds: Double) -> Record {
    [
      "kind": "hessian", "outcome": isInterrupted ? "interrupted" : "completed",
      "which": "density", "method": "stochastic lanczos", "probes": probes, "width": width,
      "trace": trace, "trace_error": traceError, "squares": squares,
      "squares_error": squaresError, "negative": negative, "negative_error": negativeError,
      "density": points.map {
        ["value": $0.value, "density": $0.density, "error": $0.error] as Record
      },
      "gradient_norm": gradientNorm, "products": products, "parameters": network.parameterCount,
      "seconds": seconds,
    ]
  }
}

extension NoiseResult {
  func record(_ settings: Settings) -> Record {
    [
      "kind": "noise", "batch": batch, "samples": samples,
      "replacement": Setting.named["replacement"]?.record(of: settings), "factor": factor,
      "trace": trace, "top": top,
      "mode": mode, "projection": projection, "projection_reason": projectionReason,
      "effective_temperature": effectiveTemperature, "lr": settings.learningRate,
      "absorbing": absorbing.isAbsorbing, "absorbing_reason": absorbing.reason,
      "support_rank": absorbing.rank, "support_residual": absorbing.residual,
    ]
  }
}
