import Kramers
import Lua

/// `phases` and `trap`; the other landscape verbs have files of their own.
extension Program {
  func phases(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    guard box.experiment.hasPhaseTheory else { return [try continuedPhases(box, o)] }
    let phases = try box.experiment.phases(l2: o.number("l2"), monitor: monitor())
    return [try pushResult(phases.record)]
  }

  func trap(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    var options = TrapOptions()
    options.rank = o.integer("rank") ?? 0
    options.modes = try o.integers("modes")
    guard options.modes == nil || !o.has("rank") else {
      throw InputError.sentence("give either rank or modes")
    }
    options.branch = o.integer("branch")
    for name in ["rank", "modes", "l2", "exact", "noise", "steps", "max_steps"]
    where options.branch != nil && o.has(name) {
      throw InputError.sentence("\(name) is not used with branch, which trains nothing")
    }
    options.l2 = o.number("l2")
    options.release = o.number("release")
    options.exact = o.flag("exact")
    for name in ["l2", "steps", "max_steps", "noise"] where options.exact && o.has(name) {
      throw InputError.sentence(
        "\(name) is not used with exact = true, which trains nothing"
          + (name == "l2" ? "; the strength of the state is release" : ""))
    }
    options.noise = o.flag("noise")
    if let tolerance = o.number("tolerance") { options.tolerance = tolerance }
    options.steps = o.integer("steps")
    if let steps = o.integer("max_steps") { options.maxSteps = steps }
    let (result, seconds) = try timed {
      try box.experiment.trap(
        options, threads: self.options.threads, monitor: monitor())
    }
    return [try finishLong(result.record(seconds: seconds), result.outcome == .interrupted)]
  }
}

extension Phases {
  var record: Record {
    [
      "kind": "phases", "l2": l2, "depth": depth,
      "modes": rows.map { row -> Record in
        [
          "mode": row.theory.mode, "singular": row.theory.singular, "variance": row.variance,
          "order": row.theory.order,
          "spinodal": row.theory.spinodal, "coexistence": row.theory.coexistence,
          "state": row.isLearned ? "learned" : "zero", "stability": row.stability?.rawValue,
          "learned": row.learned, "saddle": row.saddle,
          "method": row.theory.method?.rawValue, "reason": row.theory.reason,
        ]
      },
    ]
  }
}

extension TrapResult {
  func record(seconds: Double) -> Record {
    [
      "kind": "trap", "rank": rank, "modes": modes, "dropped": dropped, "l2_trap": l2Trap, "l2": l2,
      "residual": certificate.residual, "support_residual": certificate.supportResidual,
      "saddle": saddle, "gradient_norm": certificate.gradientNorm,
      "hessian_min": certificate.hessianMin, "zero_modes": zeroModes, "steps": steps,
      "certified": certified, "reason": reason, "warning": warning, "outcome": outcome.rawValue,
      "diverged_at": divergence?.step, "stable_lr": divergence?.stableRate, "seconds": seconds,
    ]
  }
}
