import Kramers
import Lua

/// `hessian` and `noise`: second derivatives and gradient noise at the present state.
extension Program {
  func hessian(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
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
