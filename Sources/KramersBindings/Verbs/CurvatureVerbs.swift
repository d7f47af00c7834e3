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
    if request.isDense, o.flag("vectors") {
      throw InputError.sentence("vectors goes with k, whose eigenvectors it gives, not with dense")
    }
    request.end = o.choice("which") ?? .largest
    request.count =
      o.integer("k") ?? min(request.count, box.experiment.network.parameterCount)
    if let tolerance = o.number("tolerance") { request.tolerance = tolerance }
    request.layer = o.integer("layer")
    let (result, seconds) = try timed {
      try box.experiment.hessian(request, threads: options.threads, monitor: monitor())
    }
    let record = result.record(
      box.experiment.network, seconds: seconds, layer: request.layer,
      withVectors: o.flag("vectors"))
    return [try finishLong(record, result.isInterrupted)]
  }

  private func hessianDensity(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    for name in ["k", "dense", "tolerance", "vectors"] where o.has(name) {
      throw InputError.sentence("\(name) is not used with which = \"density\"")
    }
    var request = DensityRequest()
    if let probes = o.integer("probes") { request.probes = probes }
    if let steps = o.integer("steps") { request.steps = steps }
    if let points = o.integer("points") { request.points = points }
    request.layer = o.integer("layer")
    request.seed = o.seed() ?? box.experiment.seed
    let (result, seconds) = try timed {
      try box.experiment.hessianDensity(request, threads: options.threads, monitor: monitor())
    }
    let gradientNorm = try box.experiment.measure().gradientNorm
    let record = result.record(
      box.experiment.network, gradientNorm: gradientNorm, seconds: seconds, layer: request.layer)
    return [try finishLong(record, result.isInterrupted)]
  }

  func learningCoefficient(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let experiment = box.experiment
    var request = LearningCoefficientRequest(
      temperature: try o.number("temperature") ?? experiment.posteriorTemperature())
    if let gamma = o.number("gamma") { request.gamma = gamma }
    if let steps = o.integer("steps") { request.steps = steps }
    if let chains = o.integer("chains") { request.chains = chains }
    request.seed = o.seed() ?? experiment.seed
    let (result, seconds) = try timed {
      try experiment.learningCoefficient(request, threads: options.threads, monitor: monitor())
    }
    let record = result.record(request, experiment.network, seconds: seconds)
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
  func record(
    _ network: Network, seconds: Double, layer: Int?, withVectors: Bool
  ) -> Record {
    [
      "kind": "hessian",
      "outcome": isInterrupted ? "interrupted" : converged ? "converged" : "not converged",
      "values": values, "which": isDense ? "all" : end.rawValue,
      "method": isDense ? "dense" : "lanczos", "index": index, "zero_modes": zeroModes,
      "zero_modes_theory": predictedZeroModes, "tolerance": zeroTolerance,
      "gradient_norm": gradientNorm, "residuals": residuals.isEmpty ? nil : residuals,
      "layer": layer,
      "vectors": withVectors ? vectors : nil,
      "products": products, "parameters": network.parameterCount, "seconds": seconds,
    ]
  }
}

extension SpectralDensity {
  func record(
    _ network: Network, gradientNorm: Double, seconds: Double, layer: Int?
  ) -> Record {
    [
      "kind": "hessian", "outcome": isInterrupted ? "interrupted" : "completed",
      "which": "density", "method": "stochastic lanczos", "layer": layer, "probes": probes,
      "width": width,
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

extension LearningCoefficient {
  func record(
    _ request: LearningCoefficientRequest, _ network: Network, seconds: Double
  ) -> Record {
    [
      "kind": "learning_coefficient",
      "outcome": isInterrupted ? "interrupted" : "completed",
      "lambda": lambda, "lambda_error": error, "reason": reason, "warning": warning,
      "quadratic": quadratic, "rank": rank, "parameters": network.parameterCount,
      "temperature": request.temperature, "gamma": request.gamma, "lr": learningRate,
      "steps": request.steps, "chains": request.chains, "objective": objective,
      "lowest": lowest, "seed": request.seed, "seconds": seconds,
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
