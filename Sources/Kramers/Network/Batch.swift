/// Samples as the gradient reads them: feature-major, padded with zeros to a multiple of eight.
///
/// The loss of a batch is `weight * sum_n l(f(x_n), y_n) + offset`; with target weights c the squared
/// error of sample n is (1/2) sum_i c_ni (f_i(x_n) - y_ni)^2.
public struct Batch: Sendable {
  public let count: Int
  public let inputs: Int
  public let outputs: Int
  /// Distance between two features, a multiple of eight.
  public let stride: Int
  public let weight: Double
  public let offset: Double
  /// inputs x stride and outputs x stride.
  public internal(set) var x: [Double]
  public internal(set) var y: [Double]
  /// outputs x stride; nil when all are 1.
  public internal(set) var targetWeights: [Double]?

  init(count: Int, inputs: Int, outputs: Int, weight: Double, offset: Double = 0) {
    self.count = count
    self.inputs = inputs
    self.outputs = outputs
    stride = DenseKernels.stride(count)
    self.weight = weight
    self.offset = offset
    x = [Double](repeating: 0, count: inputs * stride)
    y = [Double](repeating: 0, count: outputs * stride)
  }

  /// All rows of `samples`.
  public init(_ samples: Samples) {
    self.init(
      count: samples.count, inputs: samples.inputs, outputs: samples.outputs,
      weight: 1 / Double(samples.count))
    for n in 0..<samples.count {
      for j in 0..<inputs { x[j * stride + n] = samples.x[n * inputs + j] }
      for i in 0..<outputs { y[i * stride + n] = samples.y[n * outputs + i] }
    }
    guard let rows = samples.targetWeights else { return }
    var weights = [Double](repeating: 0, count: outputs * stride)
    for n in 0..<count {
      for i in 0..<outputs { weights[i * stride + n] = rows[n * outputs + i] }
    }
    targetWeights = weights
  }

  /// The shortest batch with the given second moments: for linear networks without biases under
  /// squared error its loss, gradient and Hessian are those of the whole distribution, at a cost
  /// that does not depend on the number of samples.
  ///
  ///     Sxx = V diag(lambda) V',  x_k = sqrt(lambda_k) V_k,  y_k = Syx V_k / sqrt(lambda_k)
  ///
  /// Directions without variance are left out. What no linear map can explain is the offset.
  public init(moments: SecondMoments) {
    let eigen = eigenDecomposition(moments.xx)
    let top = max(eigen.values.last ?? 0, 0)
    let kept = eigen.values.indices.filter { eigen.values[$0] > 1e-13 * top }
    var explained = 0.0
    var columns: [(x: [Double], y: [Double])] = []
    for k in kept {
      let direction = eigen.vectors.column(k)
      let deviation = eigen.values[k].squareRoot()
      let target = (moments.yx * direction).map { $0 / deviation }
      explained += dot(target, target)
      columns.append((direction.map { $0 * deviation }, target))
    }
    self.init(
      count: max(columns.count, 1), inputs: moments.inputs, outputs: moments.outputs, weight: 1,
      offset: 0.5 * (moments.traceYY - explained))
    for (n, column) in columns.enumerated() {
      for (j, value) in column.x.enumerated() { x[j * stride + n] = value }
      for (i, value) in column.y.enumerated() { y[i * stride + n] = value }
    }
  }
}

extension Dataset {
  /// The batch that gives the exact training loss of `network` and its derivatives.
  ///
  /// - Throws: `InputError` when only moments are known and the network needs samples, or when
  ///   single targets are weighted and the loss is not squared error.
  public func fullBatch(for network: Network) throws -> Batch {
    try checkLoss(of: network)
    guard let train else { return Batch(moments: moments) }
    if network.isDeepLinear, !isWeighted, train.count > train.inputs {
      return Batch(moments: moments)
    }
    return Batch(train)
  }

  /// - Throws: `InputError` when there is no `fullBatch` for the network.
  func checkLoss(of network: Network) throws(InputError) {
    guard !isWeighted || network.loss == .mse else {
      throw InputError.sentence(
        "data.\(name) weights single targets, which needs loss 'mse', got "
          + "'\(network.loss.rawValue)'")
    }
    guard train != nil || network.isDeepLinear else {
      throw InputError.sentence(
        "data.population knows second moments only: a network with activation "
          + "'\(network.activation.rawValue)', loss '\(network.loss.rawValue)'"
          + "\(network.bias ? " and biases" : "") needs samples")
    }
  }
}
