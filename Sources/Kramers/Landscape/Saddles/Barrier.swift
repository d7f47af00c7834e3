/// What `barrier` asks for.
public struct BarrierRequest: Sendable {
  public enum Method: String, Sendable, CaseIterable {
    /// The exact states of deep linear networks.
    case theory
    /// A string in the full weight space, then a saddle search: any network.
    case string
    /// The far side of the fold, or the branch of the branch point, where the present state ends as
    /// l2 rises: any smooth network.
    case continuation
    /// The saddle of theory or of strings, and the paths of least action to it.
    case action
  }

  /// The mode to be learned; nil is the strongest that is not.
  public var mode: Int?
  /// nil is theory for deep linear networks, string for others.
  public var method: Method?
  /// Ends of the string, parameterCount values each; nil: the zero phase of the mode and its learned
  /// phase by theory, else zero weights and the present state.
  public var from: [Double]?
  public var to: [Double]?
  /// States on a string, ends included.
  public var images = 32
  /// Strings from independent random initial paths.
  public var paths = 3
  /// Iterations of one string at the most.
  public var iterations = 20_000
  public var seed: UInt64

  public init(seed: UInt64) { self.seed = seed }
}

public struct BarrierResult: Sendable {
  /// A place on the path.
  public struct PathPoint: Sendable {
    /// Along the path, from the minimum.
    public let distance: Double
    public let objective: Double
    /// The mode's singular value.
    public let strength: Double
  }

  public let mode: Int
  public let method: BarrierRequest.Method
  public let l2: Double
  /// E(saddle) - E(minimum).
  public let height: Double
  /// Barrier by exact states; nil with a reason for networks without theory.
  public let theory: Double?
  public let theoryReason: String?
  /// Strength of the mode (its singular value) in the minimum left, at the saddle, and in the
  /// minimum reached.
  public let strengths: (minimum: Double, saddle: Double, learned: Double)
  public let objectives: (minimum: Double, saddle: Double, learned: Double)
  /// |grad(objective)| at the saddle.
  public let gradientNorm: Double
  public let saddleIndex: Int?
  public let zeroModes: Int?
  public let path: [PathPoint]
  /// Height that each string found; nil where its saddle had another index than 1.
  public let heights: [Double?]
  public let rate: RateFormula
  /// The saddle of a single unit a layer, in a nonlinear network of more units.
  public let aligned: (height: Double, index: Int)?
  /// Minimum left, saddle, minimum reached.
  public let states: [[Double]]
  public var isInterrupted: Bool
  /// Quasi-potentials of the saddle seen from the minimum left and from the one reached; nil unless
  /// asked for.
  public var actions: (left: BarrierAction, reached: BarrierAction)?
}

extension Experiment {
  /// The barrier between the state without a mode and the state with it, at the present L2
  /// strength. The experiment stays as it is.
  ///
  /// - Throws: `InputError` for a mode that does not exist, an L2 strength without a learned phase
  ///   (with the spinodal), and ends that are no minima (with the gradient norm there).
  public func barrier(
    _ request: BarrierRequest, threads: Int = 1, monitor: RunMonitor = RunMonitor()
  ) throws -> BarrierResult {
    let ends = request.from != nil || request.to != nil
    guard !ends || request.mode == nil else {
      throw InputError.sentence("give either mode, or from and to")
    }
    if request.method == .action { return try actionBarrier(request, monitor) }
    let method = request.method ?? (isDeepLinear && !ends ? .theory : .string)
    guard method == .string || !ends else {
      throw InputError.sentence("from and to are the ends of a string: method must be \"string\"")
    }
    if method == .continuation {
      guard request.mode == nil else {
        throw InputError.sentence(
          "mode is not chosen with method \"continuation\": the barrier is that of the present state"
        )
      }
      return try continuedBarrier(threads: threads, monitor)
    }
    if let mode = request.mode { try network.checkMode(mode) }
    var exact: ExactBarrier?
    var reason: String?
    do {
      if !ends { exact = try exactBarrier(request.mode, monitor) }
      reason = ends ? "the ends were given" : nil
    } catch let error as InputError {
      // Where theory applies, it knows why there is no such barrier.
      guard method == .string, (try? phaseTheoryApplies()) == nil else { throw error }
      reason = error.description
    }
    if method == .theory, let exact { return try exactResult(exact) }
    return try StringBarrier(self, request, exact, reason, monitor).result()
  }

  /// Exact states and rate on the way to `mode`, and which mode it is.
  private func exactBarrier(_ mode: Int?, _ monitor: RunMonitor) throws -> ExactBarrier {
    try phaseTheoryApplies()
    let order = try modesByAppearance(monitor).map(\.mode)
    if let mode, !order.contains(mode) {
      throw InputError.rule(
        "mode", "in 1...\(order.count), the modes of data and network", mode)
    }
    let next = min(try activeModes(l2: settings.l2, monitor: monitor), order.count - 1)
    guard next >= 0 else {
      throw InputError.sentence("inputs and targets are uncorrelated: there is no mode to learn")
    }
    let rank = mode.flatMap { order.firstIndex(of: $0) } ?? next
    // The mode that is left out was to follow from the present state.
    if mode == nil, case .unknown(let reason) = presentEscapePath(rank: rank, l2: settings.l2) {
      throw InputError.sentence(reason + "; give mode for a barrier on the way of the first modes")
    }
    let builder = try StateBuilder(data.moments, network) { monitor.shouldStop }
    // First of all whether the states exist: the reason names the spinodal.
    _ = try builder.saddle(rank: rank + 1, l2: settings.l2)
    let learned = try builder.learned(rank: rank + 1, l2: settings.l2)
    let path = escapePath(rank: rank, l2: settings.l2)
    if case .unknown(let reason) = path { throw InputError.sentence(reason) }
    guard case .known(let escape) = path else { preconditionFailure("a linear network followed") }
    return ExactBarrier(mode: order[rank], escape: escape, learned: learned)
  }

  private func exactResult(_ exact: ExactBarrier) throws -> BarrierResult {
    let escape = exact.escape
    let surface = try objective()
    let evaluator = try Evaluator(data: data, network: network, settings: settings)
    let kind = network.parameterCount <= 2000 ? surface.kind(of: escape.saddle.parameters) : nil
    let corners = [escape.minimum, escape.saddle, exact.learned].map(\.parameters)
    let rank = escape.rank
    func strength(_ theta: [Double]) -> Double { evaluator.modeStrengths(theta)[rank] }
    let path = surface.straightPath(corners, strength)
    let saddleIndex = kind?.index
    return BarrierResult(
      mode: exact.mode, method: .theory, l2: settings.l2, height: escape.rate.barrier,
      theory: escape.rate.barrier, theoryReason: nil,
      strengths: (strength(corners[0]), strength(corners[1]), strength(corners[2])),
      objectives: (
        escape.minimum.objective, escape.saddle.objective, exact.learned.objective
      ),
      gradientNorm: escape.saddle.gradientNorm, saddleIndex: saddleIndex,
      zeroModes: kind?.zeroModes, path: path, heights: [], rate: escape.rate, aligned: nil,
      states: corners, isInterrupted: false)
  }
}

extension Objective {
  /// Straight from the minimum through the saddle: exact where modes are not coupled.
  func straightPath(
    _ corners: [[Double]], _ strength: ([Double]) -> Double
  ) -> [BarrierResult.PathPoint] {
    var path: [BarrierResult.PathPoint] = []
    var travelled = 0.0
    for (start, end) in zip(corners, corners.dropFirst()) {
      let step = zip(end, start).map { $0 - $1 }
      let length = norm(step)
      for i in (path.isEmpty ? 0 : 1)...20 {
        let theta = zip(start, step).map { $0 + Double(i) / 20 * $1 }
        path.append(
          BarrierResult.PathPoint(
            distance: travelled + Double(i) / 20 * length, objective: value(theta),
            strength: strength(theta)))
      }
      travelled += length
    }
    return path
  }
}

/// The exact states on the way to a mode.
struct ExactBarrier {
  let mode: Int
  let escape: EyringKramers
  let learned: StationaryState
}
