/// How a saddle with r + 1 modes falls: its unstable direction, and where the noise-free dynamics
/// ends on the learned side. All of it happens among the units that carry the modes, so the network
/// of hidden width r + 1 is enough.
struct UnstableDirection {
  /// < 0.
  let eigenvalue: Double
  /// Unit vector over all parameters; sigma_(r+1) grows along it.
  let direction: [Double]
  let sigmaSaddle: Double
  let sigmaLearned: Double
  /// V''''/(8 lam^2) + 5 V'''^2/(24 lam^3) along the direction: the relative correction to a
  /// one-dimensional rate, per unit of temperature.
  let anharmonicity: Double

  init(_ builder: StateBuilder, _ saddle: StationaryState) throws {
    let (rank, l2, batch) = (saddle.rank, saddle.l2, builder.batch)
    let narrow = try Network(
      widths: [builder.network.inputs] + builder.network.hiddenWidths.map { _ in rank }
        + [builder.network.outputs])
    let places = carriedParameters(builder.network, rank)
    let theta = places.map { saddle.parameters[$0] }
    let hessian = try denseHessian(narrow, theta, batch, l2: L2Term(l2), limit: 4000)
    let (values, vectors) = eigenDecomposition(hessian)
    let lambda = -values[0]
    guard lambda > 0 else {
      throw InputError.sentence("l2 = \(l2): the saddle of mode \(rank) has no falling direction")
    }
    var v = vectors.column(0)
    func sigma(_ theta: [Double]) -> Double {
      singularValues(of: narrow.endToEndMap(of: theta))[rank - 1]
    }
    func moved(_ step: Double) -> [Double] { zip(theta, v).map { $0 + step * $1 } }
    let size = norm(theta)
    sigmaSaddle = sigma(theta)
    if sigma(moved(1e-4 * size)) < sigma(moved(-1e-4 * size)) { v = v.map { -$0 } }
    eigenvalue = -lambda
    var direction = [Double](repeating: 0, count: builder.network.parameterCount)
    for (k, place) in places.enumerated() { direction[place] = v[k] }
    self.direction = direction

    let surface = Objective(narrow, batch, l2: L2Term(l2))
    anharmonicity = surface.anharmonicity(at: theta, along: v, curvature: -lambda)

    // Gradient descent until the mode has visibly grown, so that no line search leaps elsewhere.
    var gradient = v
    var state = moved(1e-2 * size)
    let rate = 0.3 / (values.last ?? 1)
    // A singular value costs as much as twenty steps.
    for _ in 0..<5_000 where sigma(state) < 1.5 * sigmaSaddle {
      for _ in 0..<20 {
        _ = surface.value(state, &gradient)
        if norm(gradient) < 1e-12 { break }
        for k in state.indices { state[k] -= rate * gradient[k] }
      }
    }
    sigmaLearned = sigma(surface.minimum(from: state).x)
  }
}

extension Objective {
  /// |V''''|/(8 lam^2) + 5 V'''^2/(24 lam^3) with V the objective along a unit vector of curvature
  /// -lam: the size of the first correction to a one-dimensional rate, per unit of temperature.
  func anharmonicity(at theta: [Double], along v: [Double], curvature: Double) -> Double {
    let lambda = -curvature
    let h = 1e-3 * norm(theta)
    func bend(_ step: Double) -> Double {
      dot(v, product(zip(theta, v).map { $0 + step * $1 }, v))
    }
    let (up, down) = (bend(h), bend(-h))
    let third = (up - down) / (2 * h)
    let fourth = (up + down + 2 * lambda) / (h * h)
    return abs(fourth) / (8 * lambda * lambda)
      + 5 * third * third / (24 * lambda * lambda * lambda)
  }
}

/// The indices of the weights among the first `rank` units of every hidden layer, in the order of a
/// network of that width.
func carriedParameters(_ network: Network, _ rank: Int) -> [Int] {
  network.layers.enumerated().flatMap { l, layer in
    let rows = l == network.depth - 1 ? layer.outputs : rank
    let columns = l == 0 ? layer.inputs : rank
    return (0..<rows).flatMap { i in
      (0..<columns).map { layer.weights.lowerBound + i * layer.inputs + $0 }
    }
  }
}
