/// Builds learned states and saddles of a deep linear network, and keeps the branches that it had
/// to follow. Not for several threads.
final class StateBuilder {
  /// w = a^D along u v', one term of the end-to-end map.
  private struct Chain {
    let weight: Double
    let left: [Double]
    let right: [Double]
  }

  let moments: SecondMoments
  let network: Network
  let batch: Batch
  private let workspace: GradientWorkspace
  /// By falling spinodal; nil if the moments do not commute.
  private let commuting: [CommutingModes.Mode]?
  private let scaled: ScaledMoments?
  private var branches: [ModeBranch] = []
  private let shouldStop: () -> Bool

  /// - Throws: `InputError` when there is no theory for the network.
  init(
    _ moments: SecondMoments, _ network: Network, shouldStop: @escaping () -> Bool = { false }
  ) throws {
    guard network.isDeepLinear else {
      throw InputError.sentence(
        "exact states are known for linear networks without biases under squared error only")
    }
    guard network.depth >= 2 else {
      throw InputError.rule("depth", "at least 2 (depth 1 has a single state)", network.depth)
    }
    guard network.inputs == moments.inputs, network.outputs == moments.outputs else {
      throw InputError.sentence(
        "widths: the data has \(moments.inputs) inputs and \(moments.outputs) outputs, the "
          + "network \(network.inputs) and \(network.outputs)")
    }
    self.moments = moments
    self.network = network
    self.shouldStop = shouldStop
    batch = Batch(moments: moments)
    workspace = GradientWorkspace(network, capacity: batch.count)
    commuting = CommutingModes(moments, depth: network.depth)?.modes
      .sorted { ($0.single.spinodal ?? 0) > ($1.single.spinodal ?? 0) }
    scaled = ScaledMoments(moments, depth: network.depth)
  }

  /// The state with the first `rank` modes learned.
  func learned(rank: Int, l2: Double) throws -> StationaryState {
    try check(rank: rank, l2: l2)
    guard rank > 0 else { return state([], l2) }
    if let commuting {
      let modes = Array(commuting.prefix(rank))
      let chains = try modes.enumerated().map { k, mode in
        let single = mode.single
        guard let strength = single.learnedStrength(l2: l2), strength > 0 else {
          throw missing(rank: rank, l2: l2, mode: k + 1, spinodal: single.spinodal)
        }
        let weight =
          single.learnedWeight(l2: l2) ?? power(strength, 1 / Double(network.depth))
        return Chain(weight: weight, left: mode.left, right: mode.right)
      }
      return state(chains, l2)
    }
    guard let scaled else { throw missing(rank: rank, l2: l2, mode: 1, spinodal: nil) }
    if network.depth == 2 { return try learnedAtDepthTwo(scaled, rank: rank, l2: l2) }
    let branch = try branch(scaled, rank: rank)
    guard let found = branch.learnedState(scaled, l2: l2 / scaled.l2Scale) else {
      throw missing(
        rank: rank, l2: l2, mode: rank, spinodal: branch.spinodal * scaled.l2Scale)
    }
    return state(chains(scaled, found, rank), l2)
  }

  /// The saddle between the states of rank - 1 and rank learned modes, depth 3 and more.
  func saddle(rank: Int, l2: Double) throws -> StationaryState {
    try check(rank: rank, l2: l2)
    guard rank >= 1 else { throw InputError.rule("mode", "at least 1", rank) }
    guard network.depth >= 3 else {
      throw InputError.sentence("depth 2 has no saddle between its states: modes appear smoothly")
    }
    guard l2 > 0 else { throw InputError.rule("l2", "positive where there is a barrier", l2) }
    if let commuting {
      let below = try learned(rank: rank - 1, l2: l2)
      let mode = commuting[rank - 1]
      guard let weight = mode.single.saddleWeight(l2: l2) else {
        throw missing(rank: rank, l2: l2, mode: rank, spinodal: mode.single.spinodal)
      }
      let chain = Chain(weight: weight, left: mode.left, right: mode.right)
      return state([], l2, adding: chain, at: rank - 1, to: below.parameters)
    }
    guard let scaled else { throw missing(rank: rank, l2: l2, mode: rank, spinodal: nil) }
    let branch = try branch(scaled, rank: rank)
    guard
      let found = branch.saddle(
        scaled, above: rank >= 2 ? branches[rank - 2] : nil, l2: l2 / scaled.l2Scale,
        shouldStop: shouldStop)
    else {
      if l2 < branch.spinodal * scaled.l2Scale {
        throw InputError.sentence(
          "l2 = \(l2): the saddle of mode \(rank) was not found below its spinodal "
            + "\(rounded(branch.spinodal * scaled.l2Scale))")
      }
      throw missing(
        rank: rank, l2: l2, mode: rank, spinodal: branch.spinodal * scaled.l2Scale)
    }
    return state(chains(scaled, found, rank), l2)
  }

  /// The aligned state in which the given modes (1, 2, ... by descending singular value) are
  /// learned and no others: stationary, but a saddle unless they are those that appear first.
  ///
  /// - Throws: `InputError` for moments that do not commute, and modes that do not exist at `l2`.
  func subset(modes: [Int], l2: Double) throws -> StationaryState {
    guard let commuting, network.depth >= 3 else {
      throw InputError.sentence(
        "states of single modes are known for commuting moments and depth 3 and more only")
    }
    let bySingular = commuting.sorted { $0.single.singular > $1.single.singular }
    guard modes.count <= network.widths.min() ?? 0 else {
      throw InputError.rule("modes", "at most \(network.widths.min() ?? 0) modes", modes.count)
    }
    return state(
      try modes.map { k in
        guard k >= 1, k <= bySingular.count else {
          throw InputError.rule("modes", "in 1...\(bySingular.count)", k)
        }
        let mode = bySingular[k - 1]
        guard let weight = mode.single.learnedWeight(l2: l2) else {
          throw missing(rank: modes.count, l2: l2, mode: k, spinodal: mode.single.spinodal)
        }
        return Chain(weight: weight, left: mode.left, right: mode.right)
      }, l2)
  }

  /// The objective and |grad| of any parameters.
  func objective(_ parameters: [Double], l2: Double) -> (value: Double, gradientNorm: Double) {
    var gradient = [Double](repeating: 0, count: parameters.count)
    let loss = workspace.lossAndGradient(parameters, batch, into: &gradient)
    for k in parameters.indices { gradient[k] += l2 * parameters[k] }
    return (loss + 0.5 * l2 * dot(parameters, parameters), norm(gradient))
  }

  private func check(rank: Int, l2: Double) throws {
    let modes = min(network.widths.min() ?? 0, learnable)
    guard rank >= 0, rank <= modes else {
      throw InputError.rule(
        "rank", "in 0...\(modes), the modes that data and network have", rank)
    }
    guard l2 >= 0, l2.isFinite else { throw InputError.rule("l2", "0 or positive", l2) }
    guard l2 > 0 || rank == 0 || commuting != nil else {
      throw InputError.rule("l2", "positive for data whose modes are coupled", l2)
    }
  }

  private lazy var learnable: Int = {
    let values = singularValues(of: moments.yx)
    return values.count { $0 > 1e-12 * values[0] && $0 > .leastNormalMagnitude }
  }()

  private func missing(rank: Int, l2: Double, mode: Int, spinodal: Double?) -> InputError {
    guard let spinodal else {
      return .sentence("l2 = \(l2): the branch of \(rank) learned modes could not be followed")
    }
    return .sentence(
      "l2 = \(l2): no state with \(rank) learned mode\(rank == 1 ? "" : "s") exists there, "
        + "because mode \(mode) collapses at \(spinodal), its spinodal")
  }

  private func branch(_ scaled: ScaledMoments, rank: Int) throws -> ModeBranch {
    while branches.count < rank {
      let below = branches.last.map { BranchStates($0, scaled) }
      guard let next = ModeBranch(scaled, above: below, shouldStop: shouldStop) else {
        throw InputError.sentence(
          shouldStop()
            ? "interrupted"
            : "the branch of rank-\(branches.count + 1) states could not be followed")
      }
      branches.append(next)
    }
    return branches[rank - 1]
  }

  /// Scaled chains as terms of the network, strongest first.
  private func chains(_ scaled: ScaledMoments, _ found: RankState, _ rank: Int) -> [Chain] {
    RankObjective(scaled, rank: rank).learnedModes(found).sorted { $0.strength > $1.strength }
      .map {
        Chain(
          weight: scaled.weightScale * power($0.strength, 1 / Double(network.depth)),
          left: $0.left, right: scaled.basis * $0.right)
      }
  }

  /// D = 2: the minimum over maps of rank <= r; its singular vectors make it balanced.
  private func learnedAtDepthTwo(
    _ scaled: ScaledMoments, rank: Int, l2: Double
  ) throws -> StationaryState {
    let objective = RankObjective(scaled, rank: rank)
    let b = l2 / scaled.l2Scale
    let split = SingularValueDecomposition(scaled.correlation)
    let start = objective.variables(
      strengths: [Double](repeating: 0.5, count: rank), left: (0..<rank).map { split.u.column($0) })
    guard let found = objective.relaxed(from: start, l2: b) else {
      throw missing(rank: rank, l2: l2, mode: rank, spinodal: nil)
    }
    guard objective.learnedModes(found)[rank - 1].strength > 1e-9 else {
      let onsets = PhaseTheory(
        moments: moments, depth: 2, hiddenWidths: Array(network.hiddenWidths), rank: rank)
      throw missing(
        rank: rank, l2: l2, mode: rank, spinodal: onsets.modes[rank - 1].spinodal)
    }
    return state(chains(scaled, found, rank), l2)
  }

  /// Chain j goes through unit `first` + j of every hidden layer.
  private func state(
    _ chains: [Chain], _ l2: Double, adding extra: Chain? = nil, at unit: Int = 0,
    to parameters: [Double]? = nil
  ) -> StationaryState {
    var theta = parameters ?? [Double](repeating: 0, count: network.parameterCount)
    func place(_ chain: Chain, _ j: Int) {
      for (l, layer) in network.layers.enumerated() {
        let first = layer.weights.lowerBound
        if l == 0 {
          for i in 0..<layer.inputs {
            theta[first + j * layer.inputs + i] = chain.weight * chain.right[i]
          }
        } else if l == network.depth - 1 {
          for o in 0..<layer.outputs {
            theta[first + o * layer.inputs + j] = chain.weight * chain.left[o]
          }
        } else {
          theta[first + j * layer.inputs + j] = chain.weight
        }
      }
    }
    for (j, chain) in chains.enumerated() { place(chain, j) }
    if let extra { place(extra, unit) }
    let (value, gradientNorm) = objective(theta, l2: l2)
    return StationaryState(
      parameters: theta, rank: extra == nil ? chains.count : unit + 1, l2: l2, objective: value,
      gradientNorm: gradientNorm)
  }
}
