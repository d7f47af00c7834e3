import Kramers
import Lua

/// `sweep`, and the states that its results can re-enter.
extension Program {
  func sweep(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    var options = SweepOptions(l2: try grid(o))
    options.hold = o.integer("hold")
    if let tolerance = o.number("converged") { options.tolerance = tolerance }
    guard options.hold == nil || !o.has("converged") else {
      throw InputError.sentence("give either hold or converged")
    }
    if let steps = o.integer("max_steps") { options.maxSteps = steps }
    if let floor = o.number("floor") { options.floor = floor }
    options.observable = try observable(o, of: box, isReplica: false)
    var experiment = box.experiment
    let (result, seconds) = try timed {
      try resumable(\.interrupted) { monitor, reached in
        experiment = box.experiment
        return try experiment.sweep(options, monitor: monitor, resuming: reached)
      }
    }
    if let divergence = result.divergence, result.points.isEmpty {
      throw InputError.sentence("no point could be measured: \(divergence.message)")
    }
    box.experiment = experiment
    let record = result.record(network: experiment.network, seconds: seconds)
    let value = try finishLong(
      record, result.outcome == .interrupted, progress: result.interrupted)
    try attach(result.states, of: box, to: value)
    return [value]
  }

  /// l2 = {...}, or from, to and points, evenly spaced on the given scale.
  private func grid(_ o: Options) throws -> [Double] {
    if let list = try o.numbers("l2") {
      for name in ["from", "to", "points", "scale"] where o.has(name) {
        throw InputError.sentence("give either l2, or from, to and points")
      }
      return list
    }
    let from = try o.required("l2 (or from, to and points)", o.number("from"))
    let to = try o.required("to", o.number("to"))
    let points = try o.required("points", o.integer("points"))
    let scale: Scale = o.choice("scale") ?? .linear
    return try scale.points(from, to, points)
  }
}

extension SweepResult {
  func record(network: Network, seconds: Double) -> Record {
    [
      "kind": "sweep", "outcome": outcome.rawValue,
      "direction": isRising.map { $0 ? "up" : "down" }, "floor": floor,
      "depth": network.depth, "widths": network.widths,
      "jumps": jumps.map { $0.record(isRising) },
      "transitions": transitions.map { $0.record(isRising) },
      "unconverged": points.contains { $0.converged != nil } ? unconverged : nil,
      "observable": observable?.name, "observable_source": observable?.custom?.source,
      "warning": warning, "diverged_at": divergence?.step, "diverged_l2": divergence?.l2,
      "stable_lr": divergence?.stableRate, "message": divergence?.message,
      "points": points.map { point -> Record in
        ["l2": point.l2] + point.measurement.observed + [
          "rank": point.rank, "modes": point.measurement.modes, "steps": point.steps,
          "converged": point.converged,
          "observable": point.observed ?? observable?.read(point.measurement),
        ]
      },
      "seconds": seconds,
    ]
  }
}

extension SweepTransition {
  fileprivate func record(_ isRising: Bool?) -> Record {
    [
      "mode": mode, "direction": isRising == true ? "up" : "down", "l2": l2,
      "uncertainty": uncertainty, "theory": theory,
      "event": isCollapse ? "collapse" : "appearance", "transition": kind.rawValue,
      "significance": significance, "reason": reason,
      "before": strengths.before, "after": strengths.after,
    ]
  }
}
