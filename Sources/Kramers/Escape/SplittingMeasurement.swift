#if canImport(Glibc)
  internal import Glibc
#endif

/// How an escape time is measured.
public enum EscapeMethod: String, Sendable, CaseIterable {
  /// By waiting for escapes.
  case direct
  case splitting
}

/// An escape time by splitting, with theory, and with brute force where both can be had.
public struct SplittingResult: Sendable {
  public let record: SplittingRecord
  public let replicas: Int
  public let interval: (low: Double, high: Double)
  public let overlap: SplittingOverlap
  public let observable: Observable
  public let threshold: Double
  public let every: Int
  public let settings: Settings
  public let seed: UInt64
  public let stream: UInt32
  public let origin: UInt64
  public let effectiveTemperature: Double
  public let epochsPerStep: Double
  public let thermalFloor: Double
  public let theory: EscapeTheory
}

/// The same escape by both methods, at a noise where brute force takes some thousand steps.
///
/// An error bar from the spread of splitting runs cannot see a mistake that all of them share: a
/// first prototype was wrong by a factor of 1000 and consistent with itself. So this stands beside
/// every result.
public enum SplittingOverlap: Sendable {
  case compared(Comparison)
  case missing(reason: String)

  public struct Comparison: Sendable {
    public let settings: Settings
    public let effectiveTemperature: Double
    public let splitting: SplittingRecord
    public let direct: CensoredRate

    /// Standard error of ln(splitting / direct); infinite where splitting has none (a single run).
    public var error: Double {
      let (e, d) = errors
      return (e * e + d * d).squareRoot()
    }
    /// ln(splitting / direct) in standard errors.
    public var z: Double { log(splitting.tau / direct.tau) / error }
    /// The two differ by more than their errors allow: |z| above the quantile of Student's law that
    /// a normal z passes at 3. Three runs have two degrees of freedom, and it is 19 there.
    public var disagrees: Bool {
      let (e, d) = errors
      guard error.isFinite else { return false }
      // Welch–Satterthwaite.
      let (a, b) = (e * e, d * d)
      let degrees =
        (a + b) * (a + b)
        / (a * a / Double(max(splitting.runs.count - 1, 1)) + b * b / Double(max(direct.escapes, 1)))
      return abs(z) >= studentQuantile(0.99865, degrees: max(degrees, 1))
    }
    /// Whether a disagreement could have been seen: an error of 50 % hides a factor of 4.5.
    public var isPrecise: Bool { error < 0.5 }
    /// nil where the errors are too wide to tell.
    public var agrees: Bool? { disagrees ? false : isPrecise ? true : nil }

    private var errors: (splitting: Double, direct: Double) {
      (splitting.relativeError ?? .infinity, 1 / Double(max(direct.escapes, 1)).squareRoot())
    }
  }
}

extension Experiment {
  /// The mean escape time by adaptive multilevel splitting; see `SplittingRecord`.
  ///
  /// - Throws: `InputError` as `measureEscape` does, and for what splitting cannot do.
  public func measureSplitting(
    _ request: EscapeRequest, runs: Int, level: Double?, threads: Int,
    monitor: RunMonitor = RunMonitor()
  ) throws -> SplittingResult {
    let target = try escapeTarget(request, threads: threads, monitor: monitor)
    return try target.observable.whileWatched(by: monitor) {
      try split(
        target, request, runs: runs, level: level, threads: threads, monitor: monitor)
    }
  }

  private func split(
    _ target: EscapeTarget, _ request: EscapeRequest, runs: Int, level: Double?, threads: Int,
    monitor: RunMonitor
  ) throws -> SplittingResult {
    var options = SplittingOptions(
      observable: target.observable, threshold: target.threshold, ensemble: request.ensemble)
    options.level = level
    options.runs = runs
    let record = try measureBySplitting(
      data: data, network: network, settings: request.settings, from: state, options: options,
      threads: threads, monitor: monitor)
    let overlap =
      record.isInterrupted
      ? .missing(reason: "interrupted")
      : try overlap(record, request, options, target, threads: threads, monitor: monitor)
    return SplittingResult(
      record: record, replicas: request.replicas,
      interval: record.interval(trajectories: request.replicas), overlap: overlap,
      observable: target.observable, threshold: target.threshold, every: request.every,
      settings: request.settings, seed: request.seed, stream: request.stream,
      origin: fingerprint(l2Center: request.settings.l2Center),
      effectiveTemperature: effectiveTemperature(request.settings),
      epochsPerStep: Double(request.settings.batchCount(of: data.sampleCount))
        / Double(data.sampleCount ?? 1),
      thermalFloor: target.thermalFloor,
      theory: escapeTheory(target, request.settings, dwell: 0, diverged: 0))
  }

  /// Raises the noise until brute force is cheap, and measures there by both methods.
  private func overlap(
    _ record: SplittingRecord, _ request: EscapeRequest, _ options: SplittingOptions,
    _ target: EscapeTarget, threads: Int, monitor: RunMonitor
  ) throws -> SplittingOverlap {
    let affordable = 30_000.0
    var settings = request.settings
    var options = options
    options.stream = request.stream | 1 << 30
    options.runs = min(options.runs, 20)
    options.replicas = min(options.replicas, 100)
    var splitting = record
    // ln of the noise power relative to the request: known to be metastable, and known not to be.
    var (cold, hot) = (0.0, Double.infinity)
    var attempts = 0
    while !(splitting.tau <= affordable) {
      attempts += 1
      guard attempts <= 12, splitting.tau > 0 else {
        return .missing(reason: "no noise was found at which brute force is affordable")
      }
      // ln tau falls about as 1/T from an attempt time of about 100 steps.
      let guess = cold + log(min(max(log(min(splitting.tau, 1e12) / 100) / log(80), 1.05), 4))
      let power = min(guess, 0.5 * (cold + hot))
      guard let louder = request.settings.scaled(noise: exp(power), data) else {
        return .missing(reason: "this noise cannot be raised, and brute force would take too long")
      }
      let trial =
        target.way != nil
          && thermalFloor(louder, rank: target.quietRank) >= target.threshold
        ? nil
        : try metastable(
          louder, options, threads: threads, monitor: monitor)
      if let trial {
        if trial.isInterrupted { return .missing(reason: "interrupted") }
        (cold, settings, splitting) = (power, louder, trial)
      } else {
        hot = power
      }
    }
    var direct = FirstPassageOptions(
      observable: target.observable, threshold: target.threshold, ensemble: options.ensemble)
    direct.replicas = 256
    direct.maxSteps = max(Int(30 * splitting.tau), request.every)
    let passage = try measureFirstPassage(
      data: data, network: network, settings: settings, from: state, options: direct,
      threads: threads, monitor: monitor)
    if passage.interrupted { return .missing(reason: "interrupted") }
    if passage.diverged > 0 {
      return .missing(reason: "\(passage.diverged) replicas of brute force diverged")
    }
    let sample = try CensoredSample(
      times: passage.times.map { Double($0) }, escaped: passage.escaped,
      every: Double(request.every))
    return .compared(
      .init(
        settings: settings, effectiveTemperature: effectiveTemperature(settings),
        splitting: splitting, direct: CensoredRate(sample)))
  }

  /// Splitting under `settings`; nil where the state is not metastable.
  private func metastable(
    _ settings: Settings, _ options: SplittingOptions, threads: Int, monitor: RunMonitor
  ) throws -> SplittingRecord? {
    var options = options
    options.level = nil
    do {
      let record = try measureBySplitting(
        data: data, network: network, settings: settings, from: state, options: options,
        threads: threads, monitor: monitor)
      // A run without an answer found no metastable state.
      return record.unfinished.isEmpty || record.isInterrupted ? record : nil
    } catch is InputError {
      return nil
    }
  }
}

extension Settings {
  /// The same dynamics with `factor` times the noise power; nil where there is nothing to raise.
  fileprivate func scaled(noise factor: Double, _ data: Dataset) -> Settings? {
    var louder = self
    if temperature > 0 || gradientNoise > 0 || labelNoise > 0 {
      louder.temperature *= factor
      louder.gradientNoise *= factor.squareRoot()
      louder.labelNoise *= factor.squareRoot()
      return louder
    }
    guard case .size(let size) = batch, size > 1 else { return nil }
    louder.batch = .size(max(1, Int((Double(size) / factor).rounded(.down))))
    return louder
  }
}
