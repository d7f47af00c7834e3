import Kramers

/// Escape results as records.
extension EscapeStatistics {
  var record: Record {
    [
      "summary": "\(counts): \(time)", "replicas": replicas, "escapes": escapes,
      "censored": censored,
      "diverged": diverged,
      "tau": rate.tau, "tau_low": rate.low, "tau_high": rate.high, "median": rate.median,
      "median_low": medianInterval.low, "median_high": medianInterval.high,
      "exponential_p": exponentialP, "lag": lag, "mean_after_lag": meanAfterLag,
      "exposure": rate.exposure,
      "survival": survival.map { row -> Record in
        [
          "step": Int(row.step), "s": row.survival, "low": row.low, "high": row.high,
          "at_risk": row.atRisk, "censored": row.censored,
        ]
      },
    ]
  }

  /// Counts alone, and why there is no more.
  func record(withheld reason: String) -> Record {
    [
      "summary": "\(counts): no escape time", "replicas": replicas, "escapes": escapes,
      "censored": censored, "diverged": diverged, "reason": reason,
    ]
  }

  /// What was censored stands in the one line that a reader takes away.
  private var counts: String {
    "\(escapes) of \(replicas) escaped, \(censored) censored"
      + (diverged > 0 ? ", \(diverged) diverged" : "")
  }

  private var time: String {
    guard escapes > 0 else { return "tau > \(numberText(rate.low)) steps (97.5 %)" }
    return
      "tau = \(numberText(rate.tau)) (\(numberText(rate.low)) ... \(numberText(rate.high))) steps"
  }
}

extension EscapeResult {
  func record(network: Network, seconds: Double) -> Record {
    let own: Record = [
      "kind": "escape", "method": "direct", "outcome": outcome,
      "requested": requested > times.count ? requested : nil,
      "epochs_per_step": epochsPerStep, "thermal_floor": thermalFloor,
      "warning": warnings.isEmpty ? nil : warnings.joined(separator: "; "),
      "residence": residence?.mean, "returned": residence?.returned,
      "followed": residence?.followed, "returns": returns, "dwell": dwell,
      "allow_diverged": allowsDivergence ? true : nil, "times": times, "escaped": escaped,
      "steps_total": isAtRest ? nil : steps, "seconds": seconds,
      "steps_per_second": isAtRest ? nil : Double(steps) / max(seconds, 1e-9),
    ]
    return own + figures + theory.record
      + conditions(
        observable, threshold, every, settings, network, seed, stream, origin, effectiveTemperature)
  }

  private var outcome: String {
    if isInterrupted { return "interrupted" }
    return diverged > 0 && !allowsDivergence ? "diverged" : "completed"
  }

  /// The statistics, as far as there are any.
  private var figures: Record {
    if isDeterministic, !isInterrupted, diverged == 0 { return delay }
    if let withheld { return statistics.record(withheld: withheld) }
    let clocks: Record = [
      "tau_epochs": rate.tau * epochsPerStep, "tau_time": rate.tau * settings.learningRate,
    ]
    return clocks + statistics.record
  }

  /// Where nothing is random: the one time, or what it exceeds.
  private var delay: Record {
    let steps = times.first ?? 0
    let hasLeft = escaped.first == true
    let words =
      hasLeft
      ? "the state leaves after \(steps) steps without noise"
      : isAtRest
        ? "stationary: never leaves without noise"
        : "the state stays for \(steps) steps without noise"
    return [
      "summary": words, "deterministic": true, "replicas": times.count,
      "escapes": hasLeft ? 1 : 0, "censored": hasLeft ? 0 : 1, "diverged": 0, "reason": withheld,
      "delay": hasLeft ? steps : nil, "tau": isAtRest ? Double.infinity : nil,
      "tau_low": hasLeft ? nil : Double(steps),
    ]
  }
}

extension SplittingResult {
  func record(network: Network, seconds: Double) -> Record {
    let runs = record.runs
    let comparison: SplittingOverlap.Comparison?
    let reason: String?
    switch overlap {
    case .compared(let both): (comparison, reason) = (both, nil)
    case .missing(let words): (comparison, reason) = (nil, words)
    }
    let tau = record.tau
    let own: Record = [
      "kind": "escape", "method": "splitting", "outcome": outcome, "summary": summary,
      "replicas": replicas, "runs": runs.count,
      "unfinished": record.unfinished.isEmpty ? nil : record.unfinished.map(\.rawValue),
      "escapes": runs.count - record.extinct, "censored": record.extinct,
      "tau": tau, "tau_low": interval.low, "tau_high": interval.high,
      "relative_error": record.relativeError,
      "scatter": record.scatter(trajectories: replicas), "warning": warning,
      "tau_epochs": tau * epochsPerStep, "tau_time": tau * settings.learningRate,
      "epochs_per_step": epochsPerStep, "thermal_floor": thermalFloor, "level": record.level,
      "probability": runs.isEmpty ? nil : record.probability,
      "flux": runs.isEmpty ? nil : record.flux,
      "ties": runs.reduce(0) { $0 + $1.ties },
      "iterations": runs.reduce(0) { $0 + $1.iterations },
      "probabilities": runs.map(\.probability),
      "overlap": comparison?.record, "overlap_reason": reason,
      "steps_total": record.steps, "seconds": seconds,
      "steps_per_second": Double(record.steps) / max(seconds, 1e-9),
    ]
    return own + theory.record
      + conditions(
        observable, threshold, every, settings, network, seed, stream, origin, effectiveTemperature)
  }

  private var warning: String? {
    if record.unfinished.contains(.unresolved) {
      return "trajectories reach the far side before they have settled, or stay between: there is "
        + "no metastable state at this noise, or max_steps is too small; use method = \"direct\""
    }
    if case .compared(let both) = overlap, let words = both.warning { return words }
    guard let scatter = record.scatter(trajectories: replicas), scatter > 3 else { return nil }
    return "the runs scatter \(numberText(scatter)) times as much as they should: the observable "
      + "is a poor measure of the way, or single steps jump over it; tau is likely too long; try "
      + "more replicas"
  }

  private var outcome: String {
    if record.isInterrupted { return "interrupted" }
    if let end = record.unfinished.first, record.runs.isEmpty { return end.rawValue }
    return "completed"
  }

  private var summary: String {
    let runs = record.runs.count
    let counts =
      "\(runs) runs of \(replicas) trajectories, \(record.extinct) died out (censored)"
      + (record.unfinished.isEmpty ? "" : ", \(record.unfinished.count) without an answer")
    guard runs > 0 else { return "\(counts): no escape time" }
    guard record.tau.isFinite else {
      return "\(counts): tau > \(numberText(interval.low)) steps"
    }
    return "\(counts): tau = \(numberText(record.tau)) (\(numberText(interval.low)) ... "
      + "\(numberText(interval.high))) steps"
  }
}

extension SplittingOverlap.Comparison {
  var warning: String? {
    if disagrees {
      return "splitting and brute force disagree where both can be had (z = \(numberText(z)))"
    }
    guard !isPrecise else { return nil }
    guard error.isFinite else {
      return
        "the check against brute force says nothing: splitting or brute force has no error bar "
        + "there; try more runs and replicas"
    }
    return "the check against brute force is imprecise: the two agree within an error of "
      + "\(numberText((100 * error).rounded())) %, which would hide a factor of "
      + "\(numberText(exponential(3 * error))); try more runs or replicas"
  }

  var record: Record {
    [
      "temperature": effectiveTemperature > 0 ? effectiveTemperature : nil,
      "batch": Setting.named["batch"]?.record(of: settings), "tau_splitting": splitting.tau,
      "relative_error": splitting.relativeError, "tau_direct": direct.tau, "tau_low": direct.low,
      "tau_high": direct.high, "escapes": direct.escapes,
      "censored": direct.replicas - direct.escapes, "z": z, "agrees": agrees,
    ]
  }
}

extension EscapeTheory {
  var record: Record {
    [
      "theory": tau, "theory_error": relativeError.map { $0 + (stepError ?? 0) },
      "theory_error_lr": stepError, "theory_reason": reason,
      "theory_method": tau == nil && phi == nil ? nil : method?.rawValue, "phi": phi,
      "phi_frozen": frozenPhi, "theory_others": otherDirections,
      "barrier": barrier, "temperature_power": temperaturePower,
    ]
  }
}

extension EscapeComparison {
  var record: Record {
    [
      "log_rank": logRank.chiSquare, "log_rank_p": logRank.p, "expected": logRank.expected,
      "ratio": ratio.ratio, "ratio_low": ratio.low, "ratio_high": ratio.high,
      "horizon": horizon, "difference": difference, "difference_low": differenceLow,
      "difference_high": differenceHigh, "dropped": dropped,
      "samples": zip(means, medianIntervals).map { mean, median -> Record in
        [
          "restricted_mean": mean.mean, "restricted_mean_error": mean.error,
          "median_low": median.low, "median_high": median.high,
        ]
      },
    ]
  }
}

extension RandomEffects {
  var record: Record {
    [
      "groups": groups, "mean": mean, "low": low, "high": high, "between": between,
      "between_low": betweenLow, "between_high": betweenHigh, "within": within, "p": p,
    ]
  }
}

extension EscapeBalance {
  func record(temperature: Double) -> Record {
    func error(_ theory: EscapeTheory) -> Double? {
      theory.relativeError.map { $0 + (theory.stepError ?? 0) }
    }
    return [
      "temperature": temperature, "l2": l2, "l2_error": self.error, "collapse_time": collapse.tau,
      "collapse_error": error(collapse), "escape_time": appearance.tau,
      "escape_error": error(appearance), "reason": reason,
    ]
  }
}

/// What was watched, and under which dynamics.
private func conditions(
  _ observable: Observable, _ threshold: Double, _ every: Int, _ settings: Settings,
  _ network: Network, _ seed: UInt64, _ stream: UInt32, _ origin: UInt64,
  _ effectiveTemperature: Double
) -> Record {
  let fields = Setting.all.compactMap { setting -> Record.Field? in
    guard setting.kind != .vector, setting.isRead(by: settings.optimizer) else { return nil }
    return setting.record(of: settings).map { Record.Field(setting.name, $0) }
  }
  return .object(fields) + [
    "observable": observable.name, "mode": observable.rank,
    "observable_source": observable.custom?.source,
    "note": observable.custom.map { _ in "a function of Lua was looked at, on one thread" },
    "direction": observable.ownDirection?.rawValue, "threshold": threshold, "every": every,
    "effective_temperature": effectiveTemperature, "depth": network.depth,
    "widths": network.widths, "seed": seed, "stream": Int(stream),
    "origin": String(origin, radix: 16),
  ]
}

extension ArrheniusFit {
  /// Arrhenius' law as fitted, and its rivals.
  func record(_ laws: RivalLaws) -> Record {
    [
      "barrier": barrier, "barrier_low": barrierLow, "barrier_high": barrierHigh,
      "prefactor": logPrefactor.map(exponential), "r2": r2, "span": span,
      "best": laws.best?.rawValue, "simplest": laws.simplest.rawValue, "fit_p": laws.fitP,
      "separation": laws.separation.noncentrality,
      "shallow": laws.shallow.isEmpty ? nil : laws.shallow.map { $0 + 1 },
      "warning": laws.warning,
      "laws": laws.rows.map { row -> Record in
        [
          "law": row.law.rawValue, "parameters": row.parameters,
          "log_likelihood": row.logLikelihood, "aic": row.aic, "aic_weight": row.weight,
          "p": row.p, "rejected": row.isRejected, "prefactor": row.logPrefactor.map(exponential),
          "barrier": row.barrier?.value, "barrier_low": row.barrier?.low,
          "barrier_high": row.barrier?.high, "power": row.power?.value,
          "power_low": row.power?.low, "power_high": row.power?.high,
        ]
      },
    ]
  }
}
