/// How many states the discrete symmetries of a network make from one state: permutations of the
/// hidden units of each layer and, for odd activations (tanh, linear), sign flips of them.
///
///     copies = |group| / |stabiliser of the state|,    |group| = prod_l n_l! 2^(n_l)
///
/// Symmetries of the data, which move inputs and outputs (`DataSymmetry`), are elements too.
///
/// Each copy of a saddle is a way out of a minimum that the whole group leaves in place (the zero
/// phase), so the rate is that of one saddle times the copies. Rotations of linear layers are not
/// counted here: see `RotationOrbit`.
struct SymmetryCopies {
  /// Unit i goes to place[i], times sign[i].
  struct Move: Equatable {
    let place: [Int]
    let sign: [Double]

    /// Leaves all units where they are.
    init(identity count: Int) {
      place = Array(0..<count)
      sign = [Double](repeating: 1, count: count)
    }

    init(place: [Int], sign: [Double]) {
      self.place = place
      self.sign = sign
    }
  }

  /// - Parameter data: symmetries of the data, the identity among them; nil: that alone.
  /// - Returns: nil if there are more than `limit` group elements.
  static func count(
    _ network: Network, _ parameters: [Double], data: [DataSymmetry]? = nil, limit: Int = 50_000
  ) -> Int? {
    let flips = network.activation.function.isOdd
    let data = data ?? [DataSymmetry(network)]
    var size = Double(data.count)
    for width in network.hiddenWidths {
      for unit in 1...width { size *= Double(unit) * (flips ? 2 : 1) }
    }
    guard size <= Double(limit) else { return nil }
    let choices = network.hiddenWidths.map { moves($0, flips: flips) }
    let tolerance = 1e-6 * norm(parameters)
    var stabiliser = 0
    var selection = [Int](repeating: 0, count: choices.count)
    while true {
      let chosen = zip(choices, selection).map { $0[$1] }
      stabiliser += data.count { isSame(network, parameters, chosen, $0, tolerance) }
      guard let l = selection.indices.first(where: { selection[$0] + 1 < choices[$0].count }) else {
        break
      }
      for i in 0..<l { selection[i] = 0 }
      selection[l] += 1
    }
    return Int(size) / max(stabiliser, 1)
  }

  static func moves(_ width: Int, flips: Bool) -> [Move] {
    var places: [[Int]] = [[]]
    for unit in 0..<width {
      places = places.flatMap { place in
        (0...place.count).map { Array(place[..<$0]) + [unit] + Array(place[$0...]) }
      }
    }
    let signs = flips ? 1 << width : 1
    return places.flatMap { place in
      (0..<signs).map { bits in
        Move(place: place, sign: (0..<width).map { bits >> $0 & 1 == 1 ? -1 : 1 })
      }
    }
  }

  /// Whether moving hidden units, inputs and outputs leaves every weight and bias where it is.
  private static func isSame(
    _ network: Network, _ theta: [Double], _ moves: [Move], _ data: DataSymmetry,
    _ tolerance: Double
  ) -> Bool {
    for (l, layer) in network.layers.enumerated() {
      let above = l < moves.count ? moves[l] : data.outputs
      let below = l > 0 ? moves[l - 1] : data.inputs
      for i in 0..<layer.outputs {
        let (row, rowSign) = (above.place[i], above.sign[i])
        for j in 0..<layer.inputs {
          let (column, columnSign) = (below.place[j], below.sign[j])
          let moved = theta[layer.weights.lowerBound + i * layer.inputs + j] * rowSign * columnSign
          let there = theta[layer.weights.lowerBound + row * layer.inputs + column]
          if abs(moved - there) > tolerance { return false }
        }
        if network.bias {
          let moved = theta[layer.biases.lowerBound + i] * rowSign
          if abs(moved - theta[layer.biases.lowerBound + row]) > tolerance { return false }
        }
      }
    }
    return true
  }
}
