#if canImport(Glibc)
  internal import Glibc
#endif

/// What `learning_coefficient` asks for.
public struct LearningCoefficientRequest: Sendable {
  /// T of the posterior e^(-E/T), energy.
  public var temperature: Double
  /// Precision of the Gaussian that keeps the chains near the state, 1/weight^2.
  public var gamma = 100.0
  /// Langevin steps of each chain; the first quarter is not counted.
  public var steps = 20_000
  public var chains = 8
  public var seed: UInt64 = 0

  public init(temperature: Double) { self.temperature = temperature }
}

/// The local learning coefficient of a state: how the volume of what lies less than e above it
/// grows, V(e) ~ e^lambda.
public struct LearningCoefficient: Sendable {
  /// nil with `reason`.
  public let lambda: Double?
  /// Standard error over the chains.
  public let error: Double?
  /// What the same chains would give if the objective were quadratic, with the Hessian's eigenvalues
  /// h: sum of h / (2 (h + gamma T)); nil where the Hessian is too large.
  public let quadratic: Double?
  /// Eigenvalues above 1e-6 of the largest; nil likewise.
  public let rank: Int?
  public let learningRate: Double
  /// E at the state, and the lowest that a chain met.
  public let objective: Double
  public let lowest: Double
  public let reason: String?
  public let warning: String?
  public let isInterrupted: Bool
}

extension Experiment {
  /// The local learning coefficient of the present state w* under the objective E,
  ///
  ///     lambda = (<E> - E(w*)) / T      over  e^(-E/T - (gamma/2) |w - w*|^2)
  ///
  /// by Langevin chains on the whole training set. A regular minimum has half the number of its
  /// parameters, one with flat directions half the Hessian's rank; where higher orders decide,
  /// lambda lies between, and no rate formula with determinants holds.
  ///
  /// The scheme, w <- w - h grad V + sqrt(h T / 2) (R_n + R_(n+1)), has no error of the step in a
  /// quadratic potential; h is half the inverse of the largest curvature that a trial chain meets.
  ///
  /// Sources: E. Lau, Z. Furman, G. Wang, D. Murfet, S. Wei, arXiv 2308.12108; the scheme:
  /// B. Leimkuhler, C. Matthews, Appl. Math. Res. Express 2013, 34.
  ///
  /// - Throws: `InputError` for options out of range and optimisers without an objective.
  public func learningCoefficient(
    _ request: LearningCoefficientRequest, threads: Int = 1, monitor: RunMonitor = RunMonitor()
  ) throws -> LearningCoefficient {
    guard request.temperature > 0, request.temperature.isFinite else {
      throw InputError.rule("temperature", "positive", request.temperature)
    }
    guard request.gamma > 0, request.gamma.isFinite else {
      throw InputError.rule("gamma", "positive", request.gamma)
    }
    guard request.chains >= 2 else {
      throw InputError.rule("chains", "at least 2, for a standard error", request.chains)
    }
    guard request.steps >= 100 else {
      throw InputError.rule("steps", "at least 100", request.steps)
    }
    // Four buffers of a chain's own, beside those of its gradients.
    try checkMemory(
      count: Double(request.chains) * (4 * Double(network.parameterCount) + 64),
      what: "\(request.chains) chains")
    let start = state.parameters
    let objective = try objective()
    let bottom = objective.value(start)
    let localisation = request.gamma * request.temperature
    let rate = trialRate(objective, from: start, request, localisation, monitor)
    monitor.begin(total: request.steps * request.chains)
    let walks = try (0..<request.chains).map { chain in
      LangevinWalk(
        try self.objective(), from: start, request, chain: chain, rate: rate,
        localisation: localisation)
    }
    // Unsafe: each walk is on one thread at a time.
    nonisolated(unsafe) let own = walks
    let chains = parallelMap(request.chains, threads: threads) { own[$0].run(monitor) }
    let isInterrupted = monitor.shouldStop
    let spectrum =
      network.parameterCount <= 600 && !isInterrupted
      ? HessianSpectrum(
        try denseHessian(
          network, start, objective.batch, l2: settings.l2Term, limit: 600, threads: threads),
        relativeTolerance: 1e-6) : nil
    let lowest = chains.map(\.lowest).min() ?? bottom
    let means = chains.map { ($0.mean - bottom) / request.temperature }
    let (lambda, error) = meanAndError(means)
    var reason: String?
    if isInterrupted {
      reason = "interrupted"
    } else if !lambda.isFinite {
      reason = "the chains diverged: the curvature grows fast away from the state"
    } else if lowest < bottom - 0.1 * request.temperature {
      reason =
        "a chain came to an objective \(rounded(bottom - lowest)) below the state's: it is no "
        + "minimum (settle() first), or a lower one is within reach; lower temperature, or raise gamma"
    }
    return LearningCoefficient(
      lambda: reason == nil ? lambda : nil, error: reason == nil ? error : nil,
      quadratic: spectrum.map { spectrum in
        spectrum.values.reduce(0) { $0 + 0.5 * max($1, 0) / (max($1, 0) + localisation) }
      },
      rank: spectrum.map { spectrum in spectrum.values.count { $0 > spectrum.tolerance } },
      learningRate: rate, objective: bottom, lowest: lowest, reason: reason,
      warning: reason == nil
        ? unsettled(chains, rate: rate, localisation: localisation, request) : nil,
      isInterrupted: isInterrupted)
  }

  /// Half the inverse of the largest curvature on a trial chain, which is begun again with a smaller
  /// step where it meets more.
  private func trialRate(
    _ objective: Objective, from start: [Double], _ request: LearningCoefficientRequest,
    _ localisation: Double, _ monitor: RunMonitor
  ) -> Double {
    func curvature(_ theta: [Double]) -> Double {
      max(objective.extreme(theta, .largest)?.value ?? 0, 0) + localisation
    }
    var top = curvature(start)
    for _ in 0..<20 {
      let walk = LangevinWalk(
        objective, from: start, request, chain: request.chains, rate: 0.5 / top,
        localisation: localisation)
      var met = top
      for part in 1...10 where met.isFinite && !monitor.shouldStop {
        let theta = walk.place(after: part * max(request.steps / 20, 10) / 10, monitor)
        met = theta.allSatisfy(\.isFinite) ? max(met, curvature(theta)) : .infinity
      }
      if met <= 1.4 * top || monitor.shouldStop { break }
      top = min(met, 4 * top)
    }
    return 0.5 / top
  }

  /// T of the posterior: the experiment's, or 1/(N beta) at Watanabe's beta = 1/ln N.
  ///
  /// - Throws: `InputError` where there is neither noise nor a number of samples.
  public func posteriorTemperature() throws -> Double {
    if settings.temperature > 0 { return settings.temperature }
    guard let count = data.sampleCount, count > 1 else {
      throw InputError.sentence(
        "temperature is required: the experiment has none, and the data no samples")
    }
    return log(Double(count)) / Double(count)
  }

  private func unsettled(
    _ chains: [LangevinWalk.Walked], rate: Double, localisation: Double,
    _ request: LearningCoefficientRequest
  ) -> String? {
    let needed = 4 * 3 / (rate * localisation)
    if Double(request.steps) < needed {
      return "\(request.steps) steps are short: flat directions need "
        + "\(plainNumber(rounded(needed))) to settle at this gamma and temperature"
    }
    let (drift, error) = meanAndError(chains.map { $0.lateMean - $0.earlyMean })
    guard abs(drift) > 4 * error else { return nil }
    return "the chains still drift: the later half differs from the earlier one by "
      + "\(plainNumber(rounded(drift / error))) standard errors; raise steps"
  }
}

/// Mean and its standard error.
private func meanAndError(_ values: [Double]) -> (mean: Double, error: Double) {
  let count = Double(values.count)
  let mean = values.reduce(0, +) / count
  let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return (mean, (squares / (count * (count - 1))).squareRoot())
}

/// One chain about a state.
private final class LangevinWalk {
  struct Walked: Sendable {
    var mean = 0.0
    var earlyMean = 0.0
    var lateMean = 0.0
    var lowest = Double.infinity
  }

  private let objective: Objective
  private let center: [Double]
  private let steps: Int
  private let rate: Double
  private let localisation: Double
  private let random: RandomStream
  private let scale: Double
  private var theta: [Double]
  private var gradient: [Double]
  private var noise: [Double]
  private var step = 0

  init(
    _ objective: Objective, from center: [Double], _ request: LearningCoefficientRequest,
    chain: Int, rate: Double, localisation: Double
  ) {
    self.objective = objective
    self.center = center
    steps = request.steps
    self.rate = rate
    self.localisation = localisation
    random = RandomStream(seed: request.seed, replica: UInt32(chain), purpose: .langevin)
    scale = (0.5 * rate * request.temperature).squareRoot()
    theta = center
    gradient = center
    noise = random.normals(center.count, scale: scale, step: 0)
  }

  /// One step.
  /// - Returns: E before it.
  private func advance() -> Double {
    let value = objective.value(theta, &gradient)
    step += 1
    let next = random.normals(theta.count, scale: scale, step: UInt64(step))
    for i in theta.indices {
      let force = gradient[i] + localisation * (theta[i] - center[i])
      theta[i] += noise[i] + next[i] - rate * force
    }
    noise = next
    return value
  }

  /// The weights after so many steps.
  func place(after count: Int, _ monitor: RunMonitor) -> [Double] {
    while step < count, step % 100 != 0 || !monitor.shouldStop { _ = advance() }
    return theta
  }

  func run(_ monitor: RunMonitor) -> Walked {
    var result = Walked()
    let first = steps / 4
    let middle = first + (steps - first) / 2
    var sums = (early: 0.0, late: 0.0)
    while step < steps {
      let now = step
      let value = advance()
      result.lowest = min(result.lowest, value)
      if now >= middle { sums.late += value } else if now >= first { sums.early += value }
      if now % 100 == 99 {
        monitor.advance(by: 100)
        if monitor.shouldStop || !value.isFinite { break }
      }
    }
    result.earlyMean = sums.early / Double(middle - first)
    result.lateMean = sums.late / Double(steps - middle)
    result.mean = (sums.early + sums.late) / Double(steps - first)
    // A chain that broke off has no mean, however finite its last weights are.
    if step < steps || !theta.allSatisfy(\.isFinite) { result.mean = .nan }
    return result
  }
}
