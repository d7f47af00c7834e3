/// A change of inputs and outputs, permutation and signs, that only puts the samples in another order:
///
///     {(P x_n, Q y_n)} = {(x_n, y_n)}     hence   loss(W_1, ..., W_D) = loss(W_1 P', ..., Q W_D)
///
/// A task with reflections has copies of every state that breaks one of them, beside those that hidden
/// units make. Rotations and everything continuous are not looked for.
struct DataSymmetry: Equatable {
  let inputs: SymmetryCopies.Move
  let outputs: SymmetryCopies.Move

  /// The identity.
  init(_ network: Network) {
    inputs = SymmetryCopies.Move(identity: network.inputs)
    outputs = SymmetryCopies.Move(identity: network.outputs)
  }

  private init(_ inputs: SymmetryCopies.Move, _ outputs: SymmetryCopies.Move) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// All that the samples of a batch have; nil where they are not known: of weighted targets, and
  /// beyond `limit` pairs of changes or pairs of samples (six inputs and outputs together, 1000
  /// samples), unless no two inputs and no two outputs can stand for each other (`areUnlike`): then
  /// there is the identity alone.
  /// Softmax cross-entropy is symmetric under permutations of classes, not under signs.
  static func all(
    _ network: Network, _ batch: Batch, limit: Double = 2_000_000
  ) -> [DataSymmetry]? {
    func choices(_ count: Int, flips: Bool) -> Double {
      (1...max(count, 1)).reduce(1.0) { $0 * Double($1) * (flips ? 2 : 1) }
    }
    let flipsOutputs = network.loss == .mse
    guard batch.targetWeights == nil else { return nil }
    guard
      choices(batch.inputs, flips: true) * choices(batch.outputs, flips: flipsOutputs) <= limit,
      Double(batch.count) * Double(batch.count) <= limit
    else {
      let isAlone =
        areUnlike(batch.x, batch.inputs, batch, flips: true)
        && areUnlike(batch.y, batch.outputs, batch, flips: flipsOutputs)
      return isAlone ? [DataSymmetry(network)] : nil
    }
    let outputs = SymmetryCopies.moves(batch.outputs, flips: flipsOutputs)
    return SymmetryCopies.moves(batch.inputs, flips: true).flatMap { input in
      guard isSymmetry(input, of: batch.x, batch, with: nil) else { return [DataSymmetry]() }
      return outputs.compactMap {
        isSymmetry(input, of: batch.x, batch, with: $0) ? DataSymmetry(input, $0) : nil
      }
    }
  }

  /// Whether no column holds the values of another one, nor its own with the other sign, in any
  /// order: then no change of columns that moves anything puts the samples in another order. Columns
  /// of zeros meet weights that are zero in every state, and are left out.
  private static func areUnlike(
    _ values: [Double], _ columns: Int, _ batch: Batch, flips: Bool
  ) -> Bool {
    func sorted(_ sign: Double, _ i: Int) -> [Double] {
      (0..<batch.count).map { sign * values[i * batch.stride + $0] }.sorted()
    }
    func areAlike(_ a: [Double], _ b: [Double]) -> Bool {
      zip(a, b).allSatisfy { abs($0 - $1) <= 1e-12 * (1 + abs($0)) }
    }
    let upright = (0..<columns).map { sorted(1, $0) }.filter { !$0.allSatisfy { $0 == 0 } }
    for (i, column) in upright.enumerated() {
      if upright[(i + 1)...].contains(where: { areAlike(column, $0) }) { return false }
      guard flips else { continue }
      let turned = column.reversed().map { -$0 }
      if upright[i...].contains(where: { areAlike(turned, $0) }) { return false }
    }
    return true
  }

  /// Whether every sample's image is a sample; of the inputs alone without `outputs`.
  private static func isSymmetry(
    _ inputs: SymmetryCopies.Move, of x: [Double], _ batch: Batch,
    with outputs: SymmetryCopies.Move?
  ) -> Bool {
    func differs(
      _ values: [Double], _ move: SymmetryCopies.Move, _ n: Int, _ m: Int
    ) -> Bool {
      move.place.indices.contains { i in
        let image = move.sign[i] * values[i * batch.stride + n]
        return abs(image - values[move.place[i] * batch.stride + m]) > 1e-12 * (1 + abs(image))
      }
    }
    var isTaken = [Bool](repeating: false, count: batch.count)
    for n in 0..<batch.count {
      let image = (0..<batch.count).first { m in
        !isTaken[m] && !differs(x, inputs, n, m)
          && !(outputs.map { differs(batch.y, $0, n, m) } ?? false)
      }
      guard let image else { return false }
      isTaken[image] = true
    }
    return true
  }
}
