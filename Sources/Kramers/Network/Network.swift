/// The data term: how outputs are compared with targets, averaged over samples.
public enum Loss: String, Sendable, CaseIterable {
  /// (1/2N) sum |f(x) - y|^2. PyTorch's `MSELoss` averages over the p outputs too: a factor 2/p.
  case mse
  /// -(1/N) sum_n sum_i y_i ln softmax(f(x))_i.
  case crossEntropy = "cross_entropy"
}

/// The shape of a feed-forward network f(x) = W_D s(... s(W_1 x + b_1)) + b_D and of its flat
/// parameter vector: layer after layer, W_l row by row (n_l x n_(l-1)), then b_l if there are
/// biases.
public struct Network: Sendable, Equatable {
  /// Offsets of one layer's weights and biases in the parameter vector.
  public struct Layer: Sendable, Equatable {
    public let inputs: Int
    public let outputs: Int
    public let weights: Range<Int>
    /// Empty without biases.
    public let biases: Range<Int>
  }

  /// (n_0, n_1, ..., n_D): inputs, hidden widths, outputs.
  public let widths: [Int]
  public let activation: Activation
  public let bias: Bool
  public let loss: Loss
  public let layers: [Layer]
  public let parameterCount: Int

  /// - Throws: `InputError` for fewer than one layer, a width below 1, or more parameters than
  ///   the memory holds.
  public init(
    widths: [Int], activation: Activation = .linear, bias: Bool = false, loss: Loss = .mse
  ) throws {
    guard widths.count >= 2 else {
      throw InputError.rule("depth", "at least 1", widths.count - 1)
    }
    for width in widths where width < 1 {
      throw InputError.rule("widths", "positive integers", width)
    }
    var layers: [Layer] = []
    var offset = 0
    for (inputs, outputs) in zip(widths, widths.dropFirst()) {
      // Parameters, gradient, noise and two moments.
      try checkMemory(
        count: 5 * (Double(offset) + Double(inputs) * Double(outputs)),
        what: "widths: \(outputs) x \(inputs) weights in layer \(layers.count + 1)")
      let count = inputs * outputs
      let weights = offset..<offset + count
      let biases = weights.upperBound..<weights.upperBound + (bias ? outputs : 0)
      layers.append(Layer(inputs: inputs, outputs: outputs, weights: weights, biases: biases))
      offset = biases.upperBound
    }
    self.widths = widths
    self.activation = activation
    self.bias = bias
    self.loss = loss
    self.layers = layers
    parameterCount = offset
  }

  /// Number of weight matrices, D.
  public var depth: Int { layers.count }
  public var inputs: Int { widths[0] }
  public var outputs: Int { widths[widths.count - 1] }
  public var hiddenWidths: ArraySlice<Int> { widths.dropFirst().dropLast() }

  /// Whether the exact theory of deep linear networks applies: linear, no biases, squared error.
  public var isDeepLinear: Bool { activation == .linear && !bias && loss == .mse }

  /// W_l as a matrix, l = 0..<depth counted from the input.
  public func weights(_ l: Int, of parameters: [Double]) -> Matrix {
    Matrix(layers[l].outputs, layers[l].inputs, Array(parameters[layers[l].weights]))
  }

  /// W_D ... W_1, outputs x inputs. Meaningful as the network's function for linear networks only.
  public func endToEndMap(of parameters: [Double]) -> Matrix {
    var map = weights(0, of: parameters)
    for l in 1..<max(depth, 1) { map = weights(l, of: parameters) * map }
    return map
  }

  /// The flat parameter vector with the given weight matrices and zero biases.
  public func parameters(from weights: [Matrix]) -> [Double] {
    precondition(weights.count == depth, "one matrix a layer")
    var parameters = [Double](repeating: 0, count: parameterCount)
    for (layer, matrix) in zip(layers, weights) {
      parameters.replaceSubrange(layer.weights, with: matrix.values)
    }
    return parameters
  }
}
