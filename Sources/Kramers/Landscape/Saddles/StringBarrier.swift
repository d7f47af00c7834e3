#if canImport(Glibc)
  internal import Glibc
#endif

/// A barrier by strings: relaxes several random paths between two minima, searches the saddle from
/// the top of each, and keeps the lowest saddle of index 1.
struct StringBarrier {
  /// What one string found.
  private struct Found {
    var string: StringMethod
    let saddle: StationaryPoint
  }

  private let experiment: Experiment
  private let request: BarrierRequest
  private let exact: ExactBarrier?
  private let theoryReason: String?
  private let monitor: RunMonitor
  private let surface: Objective
  private let start: [Double]
  private let end: [Double]
  private let mode: Int

  init(
    _ experiment: Experiment, _ request: BarrierRequest, _ exact: ExactBarrier?,
    _ theoryReason: String?, _ monitor: RunMonitor
  ) throws {
    guard request.images >= 5 else {
      throw InputError.rule("images", "at least 5", request.images)
    }
    // Every path is kept, and one is at work with its gradients and a copy.
    try checkMemory(
      count: (Double(request.paths) + 3) * Double(request.images)
        * Double(experiment.network.parameterCount + 3),
      what: "\(request.paths) paths of \(request.images) images")
    self.experiment = experiment
    self.request = request
    self.exact = exact
    self.theoryReason = theoryReason
    self.monitor = monitor
    surface = try experiment.objective()
    mode = exact?.mode ?? request.mode ?? 1
    let zero = [Double](repeating: 0, count: experiment.network.parameterCount)
    let from = request.from ?? exact?.escape.minimum.parameters ?? zero
    let to = request.to ?? exact?.learned.parameters ?? experiment.state.parameters
    start = try Self.minimum(surface, from, request.from == nil ? "the zero phase" : "from")
    end = try Self.minimum(surface, to, request.to == nil ? "the present state" : "to")
    guard norm(zip(start, end).map { $0 - $1 }) > 1e-6 * (norm(start) + norm(end)) else {
      throw InputError.sentence(
        "both ends of the path are the same minimum: there is no learned phase here; train at a "
          + "smaller l2 first, or give from and to")
    }
  }

  /// The end of a path, polished.
  private static func minimum(
    _ surface: Objective, _ theta: [Double], _ name: String
  ) throws -> [Double] {
    let size = norm(surface.gradient(theta))
    guard size <= 1e-4 else {
      throw InputError.sentence(
        "\(name) is not a minimum: the gradient norm there is \(rounded(size)); train it "
          + "until_converged first")
    }
    let polished = surface.minimum(from: theta)
    let lowest = surface.extreme(polished.x, .smallest)?.value ?? 0
    let largest = surface.extreme(polished.x, .largest)?.value ?? 0
    guard lowest >= -1e-4 * largest else {
      throw InputError.sentence(
        "\(name) is not a minimum: the gradient norm there is \(rounded(size)), but the Hessian has "
          + "the eigenvalue \(rounded(lowest))")
    }
    return polished.x
  }

  func result() throws -> BarrierResult {
    var found: [Found] = []
    for i in 0..<request.paths {
      if i > 0, monitor.shouldStop { break }
      if let next = search(i) { found.append(next) }
    }
    let bottom = surface.value(start)
    let heights = found.map { $0.saddle.index == 1 ? $0.saddle.objective - bottom : nil }
    let proper = found.filter { $0.saddle.index == 1 }
    let candidates = proper.isEmpty ? found : proper
    guard let best = candidates.min(by: { $0.saddle.objective < $1.saddle.objective }) else {
      throw InputError.sentence(
        monitor.shouldStop
          ? "interrupted before a saddle was found"
          : "no saddle was found from \(request.paths) random paths; try more paths or images")
    }
    let evaluator = try Evaluator(
      data: experiment.data, network: experiment.network, settings: experiment.settings)
    func strength(_ theta: [Double]) -> Double {
      let values = evaluator.modeStrengths(theta)
      return mode <= values.count ? values[mode - 1] : 0
    }
    let distances = best.string.distances
    let path = best.string.images.indices.map {
      BarrierResult.PathPoint(
        distance: distances[$0], objective: best.string.objectives[$0],
        strength: strength(best.string.images[$0]))
    }
    let saddle = best.saddle
    return BarrierResult(
      mode: mode, method: .string, l2: surface.l2.strength, height: saddle.objective - bottom,
      theory: exact?.escape.rate.barrier, theoryReason: exact == nil ? theoryReason : nil,
      strengths: (strength(start), strength(saddle.parameters), strength(end)),
      objectives: (bottom, saddle.objective, surface.value(end)),
      gradientNorm: saddle.gradientNorm, saddleIndex: saddle.index,
      zeroModes: saddle.spectrum == nil ? nil : saddle.zeroModes, path: path, heights: heights,
      rate: rate(saddle), aligned: try aligned(), states: [start, saddle.parameters, end],
      isInterrupted: monitor.shouldStop)
  }

  /// Relaxes path number i and searches its saddle; a saddle of higher index pushes the string
  /// aside along its second falling direction, three times at the most.
  private func search(_ i: Int) -> Found? {
    let random = RandomStream(
      seed: request.seed, stream: measurementStream, replica: UInt32(i), purpose: .statistics)
    let goal = turned(end, random)
    let span = norm(zip(goal, start).map { $0 - $1 })
    let draw = random.normals(start.count, step: 1)
    let size = norm(draw)
    var string = StringMethod(
      from: start, to: goal, bend: draw.map { 0.4 * span / size * $0 }, images: request.images)
    var last: Found?
    for _ in 0..<4 {
      string.relax(surface, tolerance: 0.01, iterations: request.iterations) {
        monitor.shouldStop
      }
      let top = string.top
      let flank = norm(surface.gradient(string.images[max(top / 2, 1)]))
      let climbed = surface.climb(
        from: string.images[top], along: string.tangent(top), tolerance: 1e-6 * flank
      ) { monitor.shouldStop }
      guard let point = surface.stationaryPoint(near: climbed) else { return last }
      let saddle = surface.kind(of: point)
      last = Found(string: string, saddle: saddle)
      last?.string.place(point, objective: saddle.objective, at: top)
      guard saddle.index > 1, saddle.lowest.count > 1, !monitor.shouldStop else { return last }
      string.push(along: saddle.lowest[1].vector, by: 0.1 * span)
    }
    return last
  }

  /// The same state with its hidden layers turned at random, where that is a symmetry.
  private func turned(_ theta: [Double], _ random: RandomStream) -> [Double] {
    let network = experiment.network
    guard network.activation == .linear, !network.bias, request.to == nil else { return theta }
    let turns = network.hiddenWidths.enumerated().map {
      Matrix.haarOrthogonal($1, random, step: UInt64(2 + $0))
    }
    return network.parameters(
      from: (0..<network.depth).map { l in
        var weights = network.weights(l, of: theta)
        if l < turns.count { weights = turns[l] * weights }
        if l > 0 { weights = weights * turns[l - 1].transposed }
        return weights
      })
  }

  /// The rate over the saddle: Eyring–Kramers of the exact states, or of isolated ones.
  private func rate(_ saddle: StationaryPoint) -> RateFormula {
    if let exact { return exact.escape.rate }
    return surface.isolatedRate(from: start, over: saddle)
  }

  /// The saddle that one unit a layer makes by itself, seen in the whole network: in a linear one
  /// turning it costs nothing, a nonlinear one may have lower saddles that use all units.
  private func aligned() throws -> (height: Double, index: Int)? {
    let network = experiment.network
    guard network.activation != .linear, network.activation.keepsZero, !network.bias,
      request.from == nil, request.to == nil, experiment.settings.l2Center == nil,
      network.depth >= 3, network.hiddenWidths.contains(where: { $0 > 1 })
    else { return nil }
    let narrow = try Network(
      widths: [network.inputs] + network.hiddenWidths.map { _ in 1 } + [network.outputs],
      activation: network.activation, loss: network.loss)
    let inner = Objective(narrow, surface.batch, l2: surface.l2)
    let zero = [Double](repeating: 0, count: narrow.parameterCount)
    // The learned state of a single unit: the lowest minimum from a few random starts.
    let bottom = inner.value(zero)
    let learned = (0..<8).map { draw -> Minimum in
      let random = RandomStream(
        seed: request.seed, stream: measurementStream, replica: UInt32(1000 + draw),
        purpose: .statistics)
      return inner.minimum(from: random.normals(zero.count, scale: 1.5))
    }.filter { norm($0.x) > 1e-3 }.min { $0.value < $1.value }
    guard let learned else { return nil }
    var string = StringMethod(from: zero, to: learned.x, bend: zero, images: request.images)
    string.relax(inner, tolerance: 0.01, iterations: request.iterations) { monitor.shouldStop }
    let top = string.top
    let climbed = inner.climb(
      from: string.images[top], along: string.tangent(top), tolerance: 1e-9)
    guard let point = inner.stationaryPoint(near: climbed), norm(point) > 1e-3 else { return nil }
    var whole = [Double](repeating: 0, count: network.parameterCount)
    for (k, place) in carriedParameters(network, 1).enumerated() { whole[place] = point[k] }
    let saddle = surface.kind(of: whole)
    return (saddle.objective - bottom, saddle.index)
  }
}
