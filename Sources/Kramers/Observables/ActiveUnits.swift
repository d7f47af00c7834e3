/// Which hidden units take part in the output: those whose activation varies over the samples and is
/// read by the layer above.
///
///     s_i = std over training samples of h_i * |column i of W_(l+1)|
///
/// A unit is active where s_i exceeds 1e-3 of the largest in its layer, and 1e-6: a collapsed layer
/// has none. Constant units (dead ReLU, saturated) have s_i = 0. Networks that are linear without
/// biases have no constant part, and the root mean square stands for the deviation; which of their
/// units are active depends on the basis, so that a rotation of a layer can change the number.
final class ActiveUnits {
  private let network: Network
  private let batch: Batch
  private let workspace: GradientWorkspace
  private let isCentred: Bool
  /// s_i of one layer.
  private let strengths: UnsafeMutableBufferPointer<Double>

  /// - Throws: `InputError` without a hidden layer.
  init(_ context: ObservableContext) throws {
    network = context.network
    guard network.depth > 1 else {
      throw InputError.sentence("observable: 'active_units' needs a network with a hidden layer")
    }
    batch = try context.fullBatch()
    workspace = context.workspace(batch)
    isCentred = network.activation != .linear || network.bias
    strengths = .allocate(capacity: network.widths.max() ?? 1)
    strengths.initialize(repeating: 0)
  }

  deinit { strengths.deallocate() }

  /// Active units of all hidden layers together.
  func count(_ theta: UnsafePointer<Double>) -> Int {
    _ = workspace.outputs(theta, batch)
    return (1..<network.depth).reduce(0) { $0 + count(below: $1, theta) }
  }

  /// Active units of the layer that layer l reads.
  private func count(below l: Int, _ theta: UnsafePointer<Double>) -> Int {
    let above = network.layers[l]
    var largest = 0.0
    for i in 0..<above.inputs {
      let h = workspace.activations[l - 1] + i * batch.stride
      var (mean, variance, column) = (0.0, 0.0, 0.0)
      if isCentred { for b in 0..<batch.count { mean += batch.weight * h[b] } }
      for b in 0..<batch.count { variance += batch.weight * (h[b] - mean) * (h[b] - mean) }
      for o in 0..<above.outputs {
        let w = theta[above.weights.lowerBound + o * above.inputs + i]
        column += w * w
      }
      strengths[i] = (variance * column).squareRoot()
      largest = max(largest, strengths[i])
    }
    let limit = max(1e-3 * largest, 1e-6)
    return strengths[..<above.inputs].count { $0 > limit }
  }
}
