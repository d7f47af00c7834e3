/// Whether minibatch noise can leave a collapsed state at all.
///
/// The set "every layer is supported on the same r hidden directions" is invariant under an update
/// if the reflection of the unused directions is a symmetry of every minibatch loss and of the
/// update rule:
///
/// - linear layers under sgd or momentum, L2 about the origin: any directions, rotated ones too;
/// - every other case that has such a set at all: dead units only, whose weights in and out and
///   whose bias are zero. Adam and AdamW divide by the size of a gradient, so that zero must be
///   exact there; in a rotated set their update leaves it within a few steps;
/// - biases and the centre of L2 must lie in the set;
/// - sigmoid and softplus have none, because a unit without input gives f(0) != 0; temperature and per-sample gradient
///   noise reach every weight.
///
/// `isAbsorbing` means that the state lies in the set and the update preserves it: not merely small
/// noise along one direction. At depth 2 the set is invariant but unstable below the onset of a mode,
/// where rounding grows, and does not count.
///
/// Source: Z. Wang and A. Jacot, arXiv 2305.16038 (linear networks, weight decay); the other cases
/// are tested by 2,000 steps from inside the set.
public struct AbsorbingSet: Sendable, Equatable {
  public let isAbsorbing: Bool
  /// Why, or why not.
  public let reason: String
  /// r, the largest number of directions that the weights of a hidden layer use; nil without hidden layers.
  public let rank: Int?
  /// What the layers hold outside r directions, the largest over hidden layers: 0 for dead units;
  /// where every direction is in use, the smallest singular value (or unit) in use.
  public let residual: Double?
}

extension Experiment {
  /// - Parameter mode: the mode that should not appear; nil is r + 1.
  public func absorbingSet(mode: Int? = nil) -> AbsorbingSet {
    guard network.depth >= 2 else {
      return AbsorbingSet(
        isAbsorbing: false, reason: "a network without hidden layers has no such set", rank: nil,
        residual: nil)
    }
    let isRotatable =
      network.activation == .linear && keeps == .subspaces
    let supports = (0..<network.depth - 1).map { l in
      let hidden = HiddenLayer(network, l)
      return isRotatable
        ? hidden.directions(state.parameters, above: 1e-6)
        : hidden.units(state.parameters, above: keeps == .subspaces ? 1e-6 : 0)
    }
    let rank = supports.map(\.used).max() ?? 0
    let isFree = zip(supports, network.hiddenWidths).allSatisfy { rank < $1 }
    let residual = supports.map { $0.size(rank) }.max() ?? 0
    func verdict(_ isAbsorbing: Bool, _ reason: String) -> AbsorbingSet {
      AbsorbingSet(isAbsorbing: isAbsorbing, reason: reason, rank: rank, residual: residual)
    }
    if settings.temperature > 0 || settings.gradientNoise > 0 {
      return verdict(false, "additive noise (temperature, gradient_noise) reaches every weight")
    }
    if keeps == .none {
      return verdict(
        false, "'\(settings.optimizer.rawValue)' may move weights that have no gradient")
    }
    let activation = network.activation
    guard activation.keepsZero else {
      return verdict(
        false,
        "a \(activation) unit without input gives \(rounded(activation.function.value(0))), so its "
          + "weights out are moved")
    }
    guard let slope = activation.function.slopeAtZero else {
      return verdict(false, "'\(activation)' does not say how a unit with small weights grows")
    }
    guard isFree else {
      let what = isRotatable ? "hidden direction" : "hidden unit"
      let hint =
        isRotatable || network.activation == .linear && keeps == .subspaces
        ? ""
        : "; only units whose weights in and out and bias are zero count here, because "
          + (keeps != .subspaces
            ? "'\(settings.optimizer.rawValue)' moves every weight by itself"
            : "'\(network.activation.rawValue)' cannot be rotated")
      return verdict(
        false, "a layer uses every \(what), the weakest \(rounded(smallest(supports)))" + hint)
    }
    if let mode, mode <= rank {
      return verdict(false, "mode \(mode) can grow inside the \(rank) directions in use")
    }
    for (name, other) in [
      ("a bias", network.bias ? state.parameters : nil),
      ("the centre of L2", settings.l2Term.centerActedOn(network)),
      ("the momentum buffer", state.firstMoment.isEmpty ? nil : state.firstMoment),
    ] {
      guard let other else { continue }
      let outside =
        supports.enumerated().map { l, support in
          HiddenLayer(network, l).outside(other, support, rank)
        }.max() ?? 0
      if outside > (keeps == .subspaces ? 1e-6 : 0) {
        return verdict(false, "\(name) holds \(rounded(outside)) outside the set")
      }
    }
    if network.depth == 2, let growth = transverseGrowth(slope),
      growth > 1e-6 * max(settings.l2, 1e-6)
    {
      return verdict(
        false,
        "at depth 2 the set is invariant but unstable here: what rounding leaves grows at "
          + "the rate \(rounded(growth))")
    }
    return verdict(
      true,
      isRotatable
        ? "every minibatch gradient lies in the \(rank) hidden directions in use"
        : "dead units get no gradient from any minibatch")
  }

  private var keeps: KeptSets { settings.optimizer.rule.keeps }

  private func smallest(_ supports: [HiddenSupport]) -> Double {
    supports.compactMap(\.sizes.last).min() ?? 0
  }

  /// Depth 2: how fast a new hidden unit with small weights in and out grows, |sum_n e_n x_n'| - l2
  /// (times the slope of the activation at 0).
  private func transverseGrowth(_ slope: Double) -> Double? {
    guard let full = try? data.fullBatch(for: network) else { return nil }
    let workspace = GradientWorkspace(network, capacity: full.count)
    var gradient = [Double](repeating: 0, count: network.parameterCount)
    workspace.lossAndGradient(state.parameters, full, into: &gradient)
    var coupling = Matrix(network.outputs, network.inputs)
    for i in 0..<network.outputs {
      for j in 0..<network.inputs {
        for n in 0..<full.count {
          coupling[i, j] += workspace.errors[1][i * full.stride + n] * full.x[j * full.stride + n]
        }
      }
    }
    let decay = settings.optimizer.descendsObjective ? settings.l2 : 0
    return slope * (singularValues(of: coupling).first ?? 0) - decay
  }
}

/// What a hidden layer uses: directions, strongest first, and their sizes.
struct HiddenSupport {
  /// All n_l sizes, descending.
  let sizes: [Double]
  /// n_l x n_l, orthogonal; column j belongs to sizes[j].
  let basis: Matrix
  /// How many are in use.
  let used: Int

  func size(_ index: Int) -> Double { index < sizes.count ? sizes[index] : 0 }
}

/// Hidden layer l (0 is next to the inputs): the weights into its units, their biases, and the
/// weights out of them.
struct HiddenLayer {
  private let network: Network
  private let l: Int

  init(_ network: Network, _ l: Int) {
    self.network = network
    self.l = l
  }

  /// [W_l, b_l, W_(l+1)'], a row a unit; without biases zeros in their place.
  private func stacked(_ parameters: [Double], biases: Bool) -> Matrix {
    let into = network.layers[l]
    let out = network.layers[l + 1]
    let columns = into.inputs + 1 + out.outputs
    var result = Matrix(into.outputs, columns)
    for i in 0..<into.outputs {
      for j in 0..<into.inputs {
        result[i, j] = parameters[into.weights.lowerBound + i * into.inputs + j]
      }
      if biases, network.bias { result[i, into.inputs] = parameters[into.biases.lowerBound + i] }
      for j in 0..<out.outputs {
        result[i, into.inputs + 1 + j] = parameters[out.weights.lowerBound + j * out.inputs + i]
      }
    }
    return result
  }

  /// Left singular vectors of the weights in and out.
  func directions(_ parameters: [Double], above tolerance: Double) -> HiddenSupport {
    let matrix = stacked(parameters, biases: false)
    let split = SingularValueDecomposition(matrix, completing: true)
    let sizes = (0..<matrix.rows).map { $0 < split.values.count ? split.values[$0] : 0 }
    return HiddenSupport(
      sizes: sizes, basis: split.u, used: sizes.count { !($0 <= tolerance) })
  }

  /// The units themselves, by the norm of their weights in and out.
  func units(_ parameters: [Double], above tolerance: Double) -> HiddenSupport {
    let matrix = stacked(parameters, biases: false)
    let norms = (0..<matrix.rows).map { norm(matrix.row($0)) }
    let order = norms.indices.sorted { norms[$0] > norms[$1] }
    var basis = Matrix(matrix.rows, matrix.rows)
    for (j, unit) in order.enumerated() { basis[unit, j] = 1 }
    let sizes = order.map { norms[$0] }
    return HiddenSupport(
      sizes: sizes, basis: basis, used: sizes.count { !($0 <= tolerance) })
  }

  /// The largest singular value of what a parameter vector, biases included, holds outside the first
  /// `rank` directions.
  func outside(_ parameters: [Double], _ support: HiddenSupport, _ rank: Int) -> Double {
    let turned = support.basis.transposed * stacked(parameters, biases: true)
    let rest = Matrix(
      turned.rows - rank, turned.columns, Array(turned.values[(rank * turned.columns)...]))
    return singularValues(of: rest).first ?? 0
  }
}
