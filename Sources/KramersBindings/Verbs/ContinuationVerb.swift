import Kramers
import Lua

/// `continuation`, and the phases of networks without theory.
extension Program {
  func continuation(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    var request = ContinuationOptions()
    request.to = o.number("to")
    request.l2 = try o.numbers("l2") ?? []
    if let points = o.integer("max_points") { request.maxPoints = points }
    if let step = o.number("step") { request.step = step }
    request.stopAt = o.choice("stop_at")
    if let branches = o.integer("branches") { request.branches = branches }
    request.onlyStable = o.flag("stable")
    let experiment = box.experiment
    let (result, seconds) = try timed {
      try resumable(\.progress) { monitor, reached in
        try experiment.continuation(
          request, threads: options.threads, monitor: monitor, resuming: reached)
      }
    }
    let value = try finishLong(
      result.record(experiment, seconds: seconds), result.isInterrupted,
      progress: result.progress)
    try attach(result.states, of: box, to: value)
    return [value]
  }

  func deflate(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let experiment = box.experiment
    let known = try o.snapshots("known")
    let (result, seconds) = try timed {
      try experiment.deflated(
        known: known, steps: o.integer("steps") ?? 100, threads: options.threads,
        monitor: monitor())
    }
    let value = try finishLong(
      result.record(experiment, known: known.count, seconds: seconds), result.isInterrupted)
    try attach(result.states.map(\.experiment), of: box, to: value)
    return [value]
  }

  func settle(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let experiment = box.experiment
    let (result, seconds) = try timed {
      try experiment.settled(threads: options.threads, monitor: monitor())
    }
    if let state = result.state { box.experiment = state.experiment }
    return [
      try finishLong(
        [
          "kind": "settling",
          "outcome": result.isInterrupted
            ? "interrupted" : result.state == nil ? "not settled" : "settled",
          "l2": experiment.settings.l2, "state": result.state?.record, "seconds": seconds,
        ], result.isInterrupted)
    ]
  }

  func stateDistance(_ box: ExperimentBox, _ o: Options) throws -> [LuaValue] {
    let found = try box.experiment.distance(to: o.required("to", o.snapshot("to")))
    return [.number(found.distance), .number(found.norm)]
  }

  func continuedPhases(_ box: ExperimentBox, _ o: Options) throws -> LuaValue {
    let experiment = box.experiment
    guard !o.has("l2") else {
      throw InputError.sentence(
        "l2 is for networks with theory; transitions of others are followed from the present state")
    }
    let result = try experiment.continuedPhases(threads: options.threads, monitor: monitor())
    return try finishLong(result.phases(experiment), result.isInterrupted)
  }
}

extension ContinuationResult {
  func record(_ experiment: Experiment, seconds: Double) -> Record {
    [
      "kind": "continuation", "outcome": isInterrupted ? "interrupted" : "completed",
      "l2": startL2, "depth": experiment.network.depth, "widths": experiment.network.widths,
      "branches": branches.enumerated().map { number, row -> Record in
        [
          "branch": number + 1, "parent": row.parent, "born": row.born, "points": row.points,
          "end": row.end, "trained": row.isChain,
        ]
      },
      "transitions": transitions.map(\.record), "folds": folds.map(\.record),
      "branch_points": branchPoints.map(\.record), "left_out": leftOut,
      "points": points.map { point -> Record in
        [
          "branch": point.branch, "l2": point.l2, "objective": point.objective,
          "loss": point.measurement.loss, "test_loss": point.measurement.testLoss,
          "accuracy": point.measurement.accuracy,
          "test_accuracy": point.measurement.testAccuracy, "norm": point.measurement.norm,
          "modes": point.measurement.modes, "index": point.index, "softest": point.softest,
          "arclength": point.arclength, "residual": point.residual,
        ]
      },
      "seconds": seconds,
    ]
  }

  func phases(_ experiment: Experiment) -> Record {
    [
      "kind": "phases", "l2": startL2, "depth": experiment.network.depth,
      "method": "continuation", "transitions": transitions.map(\.record), "left_out": leftOut,
    ]
  }
}

extension DeflationResult {
  func record(_ experiment: Experiment, known: Int, seconds: Double) -> Record {
    [
      "kind": "deflation",
      "outcome": isInterrupted ? "interrupted" : states.isEmpty ? "not found" : "found",
      "l2": experiment.settings.l2, "known": known, "distance": distance, "steps": steps,
      "reason": reason, "index": states.first?.index, "objective": states.first?.objective,
      "states": states.map(\.record), "seconds": seconds,
    ]
  }
}

extension StationaryRow {
  fileprivate var record: Record {
    [
      "objective": objective, "norm": norm, "index": index, "softest": softest,
      "gradient_norm": gradientNorm,
    ]
  }
}

extension ContinuationResult.Event {
  fileprivate var record: Record {
    [
      "branch": branch, "l2": l2, "kind": shape ?? kind.rawValue, "mode": mode,
      "objective": objective, "residual": residual, "overlap": overlap, "eigenvalue": eigenvalue,
      "index_before": indexBefore, "index_after": indexAfter,
    ]
  }
}

extension ContinuedTransition {
  fileprivate var record: Record {
    [
      "mode": mode, "kind": kind.rawValue, "order": order, "spinodal": spinodal,
      "coexistence": coexistence, "reason": reason, "before": strengths?.before,
      "after": strengths?.after, "branch_before": before, "branch_after": after,
      "branch_saddle": saddle,
      "barriers": barriers.map { ["l2": $0.l2, "height": $0.height] as Record },
    ]
  }
}
