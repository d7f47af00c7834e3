/// The covariance of the gradient that one minibatch gives, at one state:
///
///     C = f (mean g g' - gbar gbar'),     f = (1/B) (N - B)/(N - 1)  without replacement,
///                                         f = 1/B                    with independent draws
///
/// g_n is the gradient of sample n's loss. f is exact for a uniformly drawn subset, and for each
/// batch of a permutation; it vanishes at B = N. Successive batches of one permutation are
/// anticorrelated, which a one-step covariance does not show. L2 adds no noise.
///
/// No gradient of a single sample is stored: with e_l and h_l of one forward and backward pass,
///
///     g_n.v = sum_l e_l,n' V_l h_(l-1),n,       sum_n c_n g_n = sum_l (c e_l) h_(l-1)'
///
/// Not for several threads.
final class GradientNoise {
  private let network: Network
  private let batch: Batch
  /// gbar, the gradient of the data term.
  let mean: [Double]
  private let errors: [[Double]]  // e_l, weight 1/N included
  private let inputs: [[Double]]  // h_(l-1)

  /// - Parameter samples: the training set.
  init(_ network: Network, _ parameters: [Double], _ samples: Samples) {
    self.network = network
    let batch = Batch(samples)
    self.batch = batch
    let workspace = GradientWorkspace(network, capacity: batch.count)
    var mean = [Double](repeating: 0, count: network.parameterCount)
    workspace.lossAndGradient(parameters, batch, into: &mean)
    self.mean = mean
    let stride = batch.stride
    errors = network.layers.enumerated().map { l, layer in
      Array(UnsafeBufferPointer(start: workspace.errors[l], count: layer.outputs * stride))
    }
    var inputs = [batch.x]
    for (l, layer) in network.layers.dropLast().enumerated() {
      inputs.append(
        Array(UnsafeBufferPointer(start: workspace.activations[l], count: layer.outputs * stride)))
    }
    self.inputs = inputs
  }

  /// f.
  static func populationFactor(samples: Int, batch: Int, replacement: Bool) -> Double {
    let (n, b) = (Double(samples), Double(batch))
    if replacement { return 1 / b }
    return samples > 1 ? (n - b) / (b * (n - 1)) : 0
  }

  /// tr(mean g g' - gbar gbar').
  var trace: Double {
    let (stride, count) = (batch.stride, batch.count)
    var squares = [Double](repeating: 0, count: count)
    for (l, layer) in network.layers.enumerated() {
      for n in 0..<count {
        var input = network.bias ? 1.0 : 0
        for j in 0..<layer.inputs { input += inputs[l][j * stride + n] * inputs[l][j * stride + n] }
        var error = 0.0
        for i in 0..<layer.outputs {
          error += errors[l][i * stride + n] * errors[l][i * stride + n]
        }
        squares[n] += error * input
      }
    }
    return max(Double(count) * squares.reduce(0, +) - dot(mean, mean), 0)
  }

  /// (mean g g' - gbar gbar') v.
  func product(_ v: [Double]) -> [Double] {
    let projections = projections(v)
    let count = Double(batch.count)
    var result = weightedSum(projections.map { count * $0 })
    let along = dot(mean, v)
    for k in result.indices { result[k] -= along * mean[k] }
    return result
  }

  /// v' (mean g g' - gbar gbar') v.
  func variance(along v: [Double]) -> Double {
    let projections = projections(v)
    // Around the mean, so that nothing cancels.
    let average = projections.prefix(batch.count).reduce(0, +) / Double(batch.count)
    let sum = projections.prefix(batch.count).reduce(0) { $0 + ($1 - average) * ($1 - average) }
    return Double(batch.count) * sum
  }

  /// g_n.v - gbar.v of each sample, padding zero.
  func deviations(along v: [Double]) -> [Double] {
    let average = dot(mean, v)
    let count = Double(batch.count)
    return projections(v).enumerated().map {
      $0.offset < batch.count ? count * $0.element - average : 0
    }
  }

  /// g_n.v / N for each sample, padding zero.
  private func projections(_ v: [Double]) -> [Double] {
    let stride = batch.stride
    var result = [Double](repeating: 0, count: stride)
    for (l, layer) in network.layers.enumerated() {
      var image = [Double](repeating: 0, count: layer.outputs * stride)
      v.withUnsafeBufferPointer { v in
        inputs[l].withUnsafeBufferPointer { x in
          image.withUnsafeMutableBufferPointer { image in
            DenseKernels.multiply(
              v.baseAddress! + layer.weights.lowerBound, rows: layer.outputs,
              columns: layer.inputs, rowStride: layer.inputs, columnStride: 1, x.baseAddress!,
              stride: stride, into: image.baseAddress!)
          }
        }
      }
      for i in 0..<layer.outputs {
        let bias = network.bias ? v[layer.biases.lowerBound + i] : 0
        for n in 0..<stride {
          result[n] += errors[l][i * stride + n] * (image[i * stride + n] + bias)
        }
      }
    }
    return result
  }

  /// sum_n c_n g_n / N.
  func weightedSum(_ c: [Double]) -> [Double] {
    let stride = batch.stride
    var result = [Double](repeating: 0, count: network.parameterCount)
    for (l, layer) in network.layers.enumerated() {
      var scaled = errors[l]
      for i in 0..<layer.outputs { for n in 0..<stride { scaled[i * stride + n] *= c[n] } }
      result.withUnsafeMutableBufferPointer { result in
        scaled.withUnsafeBufferPointer { e in
          inputs[l].withUnsafeBufferPointer { x in
            DenseKernels.outer(
              e.baseAddress!, rows: layer.outputs, x.baseAddress!, columns: layer.inputs,
              stride: stride, into: result.baseAddress! + layer.weights.lowerBound)
          }
          if network.bias {
            DenseKernels.rowSums(
              e.baseAddress!, rows: layer.outputs, stride: stride,
              into: result.baseAddress! + layer.biases.lowerBound)
          }
        }
      }
    }
    return result
  }
}
