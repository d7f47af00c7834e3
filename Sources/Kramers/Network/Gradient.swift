#if canImport(Glibc)
  internal import Glibc
#endif

/// Loss, gradient and outputs of a network on a batch, by backpropagation: the one implementation
/// that everything else is checked against.
///
///     h_0 = x,  z_l = W_l h_(l-1) + b_l,  h_l = s(z_l),  f = z_D
///     e_D = weight * dl/df,  e_(l-1) = s'(z_(l-1)) * W_l' e_l
///     dL/dW_l = e_l h_(l-1)',  dL/db_l = sum of e_l over samples
///
/// Owns the buffers for batches of up to `capacity` samples; calls allocate nothing. One workspace
/// serves one thread.
public final class GradientWorkspace {
  public let network: Network
  let capacity: Int
  /// z_l and h_l for l = 1...D (n_l x stride each; h_D = z_D).
  var preactivations: [UnsafeMutablePointer<Double>] = []
  var activations: [UnsafeMutablePointer<Double>] = []
  /// e_l for l = 1...D.
  var errors: [UnsafeMutablePointer<Double>] = []

  public init(_ network: Network, capacity: Int) {
    self.network = network
    self.capacity = DenseKernels.stride(capacity)
    for (l, layer) in network.layers.enumerated() {
      let z = makeBuffer(layer.outputs * self.capacity)
      let isLinear = l == network.depth - 1 || network.activation == .linear
      preactivations.append(z)
      activations.append(isLinear ? z : makeBuffer(layer.outputs * self.capacity))
      errors.append(makeBuffer(layer.outputs * self.capacity))
    }
  }

  deinit {
    for (z, h) in zip(preactivations, activations) {
      if h != z { h.deallocate() }
      z.deallocate()
    }
    for e in errors { e.deallocate() }
  }

  /// The data term of the loss (no L2).
  public func loss(_ parameters: [Double], _ batch: Batch) -> Double {
    parameters.withUnsafeBufferPointer { loss($0.baseAddress!, batch) }
  }

  /// Writes dL/dtheta (parameterCount values, without L2) to `gradient`; returns the loss.
  @discardableResult
  public func lossAndGradient(
    _ parameters: [Double], _ batch: Batch, into gradient: inout [Double]
  ) -> Double {
    parameters.withUnsafeBufferPointer { theta in
      gradient.withUnsafeMutableBufferPointer { g in
        batch.withPointers { x, y, targetWeights in
          self.gradient(
            theta.baseAddress!, x, y, targetWeights, stride: batch.stride, count: batch.count,
            weight: batch.weight, into: g.baseAddress!)
          return lossOfOutputs(y, targetWeights, batch)
        }
      }
    }
  }

  func loss(_ theta: UnsafePointer<Double>, _ batch: Batch) -> Double {
    batch.withPointers { x, y, targetWeights in
      forward(theta, x, stride: batch.stride)
      return lossOfOutputs(y, targetWeights, batch)
    }
  }

  /// The workspace's own buffer of f(x), valid until the next call.
  func outputs(_ theta: UnsafePointer<Double>, _ batch: Batch) -> UnsafeMutablePointer<Double> {
    batch.withPointers { x, _, _ in forward(theta, x, stride: batch.stride) }
    return preactivations[network.depth - 1]
  }

  /// f(x) for every sample, feature-major: outputs x batch.stride, the padding included.
  public func outputs(_ parameters: [Double], _ batch: Batch) -> [Double] {
    let f = parameters.withUnsafeBufferPointer { outputs($0.baseAddress!, batch) }
    return Array(UnsafeBufferPointer(start: f, count: network.outputs * batch.stride))
  }

  /// The gradient through pointers, for step loops: x and y feature-major with the given stride,
  /// the columns from `count` on being padding. `targetWeights` is laid out like y, for squared error.
  func gradient(
    _ theta: UnsafePointer<Double>, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>,
    _ targetWeights: UnsafePointer<Double>?, stride: Int, count: Int, weight: Double,
    into g: UnsafeMutablePointer<Double>
  ) {
    forward(theta, x, stride: stride)
    outputError(y, targetWeights, stride: stride, count: count, weight: weight)
    backward(theta, x, stride: stride) { layer, e, input in
      DenseKernels.outer(
        e, rows: layer.outputs, input, columns: layer.inputs, stride: stride,
        into: g + layer.weights.lowerBound)
      if network.bias {
        DenseKernels.rowSums(
          e, rows: layer.outputs, stride: stride, into: g + layer.biases.lowerBound)
      }
    }
  }

  /// One step down the gradient with L2, theta <- (1 - rate l2) theta - rate g, without a gradient in
  /// memory: the factor -rate goes in at the outputs.
  ///
  /// - Returns: whether all parameters are finite.
  func descend(
    _ theta: UnsafeMutablePointer<Double>, _ x: UnsafePointer<Double>,
    _ y: UnsafePointer<Double>, _ targetWeights: UnsafePointer<Double>?, stride: Int, count: Int,
    weight: Double, rate: Double, l2: L2Term
  ) -> Bool {
    forward(theta, x, stride: stride)
    outputError(y, targetWeights, stride: stride, count: count, weight: -rate * weight)
    let decay = 1 - rate * l2.strength
    let biasDecay = 1 - rate * l2.onBiases
    var isFinite = true
    backward(theta, x, stride: stride) { layer, e, input in
      let weights = DenseKernels.descendOuter(
        e, rows: layer.outputs, input, columns: layer.inputs, stride: stride,
        on: theta + layer.weights.lowerBound, decay: decay)
      isFinite = isFinite && weights
      guard network.bias else { return }
      let biases = theta + layer.biases.lowerBound
      for i in 0..<layer.outputs {
        biases[i] = DenseKernels.rowSum(e + i &* stride, stride).addingProduct(biasDecay, biases[i])
        isFinite = isFinite && biases[i].isFinite
      }
    }
    return isFinite
  }

  func forward(_ theta: UnsafePointer<Double>, _ x: UnsafePointer<Double>, stride: Int) {
    precondition(stride <= capacity, "the batch is larger than its workspace")
    var input = x
    for (l, layer) in network.layers.enumerated() {
      let z = preactivations[l]
      let h = activations[l]
      if network.bias { fill(z, rows: layer.outputs, stride, theta + layer.biases.lowerBound) }
      DenseKernels.multiply(
        theta + layer.weights.lowerBound, rows: layer.outputs, columns: layer.inputs,
        rowStride: layer.inputs, columnStride: 1, input, stride: stride, into: z,
        accumulate: network.bias)
      if h != z { network.activation.function.apply(z, h, count: layer.outputs * stride) }
      input = UnsafePointer(h)
    }
  }

  /// e_D from the outputs. Padding columns get zero, so they add nothing to any sum.
  private func outputError(
    _ y: UnsafePointer<Double>, _ targetWeights: UnsafePointer<Double>?, stride: Int, count: Int,
    weight: Double
  ) {
    let outputs = network.outputs
    let f = preactivations[network.depth - 1]
    let e = errors[network.depth - 1]
    switch network.loss {
    case .mse:
      for k in 0..<outputs &* stride { e[k] = weight * (f[k] - y[k]) }
      if let targetWeights { for k in 0..<outputs &* stride { e[k] *= targetWeights[k] } }
    case .crossEntropy:
      for b in 0..<count {
        let (top, sum) = softmaxNormalisation(f + b, outputs, stride)
        var mass = 0.0
        for i in 0..<outputs { mass += y[i * stride + b] }
        for i in 0..<outputs {
          let p = exp(f[i * stride + b] - top) / sum
          e[i * stride + b] = weight * (mass * p - y[i * stride + b])
        }
      }
    }
    if count < stride {
      for i in 0..<outputs { for b in count..<stride { e[i &* stride &+ b] = 0 } }
    }
  }

  /// Hands each layer with its error and input to `use`, the last one first; a layer's weights are not
  /// read after that.
  private func backward(
    _ theta: UnsafePointer<Double>, _ x: UnsafePointer<Double>, stride: Int,
    _ use: (Network.Layer, UnsafePointer<Double>, UnsafePointer<Double>) -> Void
  ) {
    for l in (0..<network.depth).reversed() {
      let layer = network.layers[l]
      let e = errors[l]
      let input = l == 0 ? x : UnsafePointer(activations[l - 1])
      defer { use(layer, e, input) }
      guard l > 0 else { continue }
      let product = BackProduct(
        weights: theta + layer.weights.lowerBound, inputs: layer.inputs, outputs: layer.outputs,
        error: e, stride: stride, result: errors[l - 1])
      network.activation.function.back(product, z: preactivations[l - 1], h: activations[l - 1])
    }
  }

  /// The loss belonging to the outputs of the last forward pass.
  private func lossOfOutputs(
    _ y: UnsafePointer<Double>, _ targetWeights: UnsafePointer<Double>?, _ batch: Batch
  ) -> Double {
    let f = preactivations[network.depth - 1]
    let stride = batch.stride
    var sum = 0.0
    switch network.loss {
    case .mse:
      for i in 0..<network.outputs {
        for b in 0..<batch.count {
          let r = f[i * stride + b] - y[i * stride + b]
          sum += 0.5 * r * r * (targetWeights?[i * stride + b] ?? 1)
        }
      }
    case .crossEntropy:
      for b in 0..<batch.count {
        let (top, normalisation) = softmaxNormalisation(f + b, network.outputs, stride)
        for i in 0..<network.outputs {
          sum += y[i * stride + b] * (top + log(normalisation) - f[i * stride + b])
        }
      }
    }
    return batch.weight * sum + batch.offset
  }
}

/// max_i f_i and sum_i exp(f_i - max) of one sample's outputs.
func softmaxNormalisation(
  _ f: UnsafePointer<Double>, _ outputs: Int, _ stride: Int
) -> (top: Double, sum: Double) {
  var top = f[0]
  for i in 1..<max(outputs, 1) { top = max(top, f[i * stride]) }
  var sum = 0.0
  for i in 0..<outputs { sum += exp(f[i * stride] - top) }
  return (top, sum)
}

func makeBuffer(_ count: Int) -> UnsafeMutablePointer<Double> {
  let buffer = UnsafeMutablePointer<Double>.allocate(capacity: max(count, 1))
  buffer.initialize(repeating: 0, count: max(count, 1))
  return buffer
}

func makeBuffer(copying values: [Double]) -> UnsafeMutablePointer<Double> {
  let buffer = makeBuffer(values.count)
  for (k, value) in values.enumerated() { buffer[k] = value }
  return buffer
}

/// z[i, b] = biases[i] for every sample.
private func fill(
  _ z: UnsafeMutablePointer<Double>, rows: Int, _ stride: Int, _ biases: UnsafePointer<Double>
) {
  for i in 0..<rows { for b in 0..<stride { z[i &* stride &+ b] = biases[i] } }
}

extension Batch {
  func withPointers<R>(
    _ body: (
      _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>,
      _ targetWeights: UnsafePointer<Double>?
    ) throws -> R
  ) rethrows -> R {
    try x.withUnsafeBufferPointer { x in
      try y.withUnsafeBufferPointer { y in
        guard let targetWeights else { return try body(x.baseAddress!, y.baseAddress!, nil) }
        return try targetWeights.withUnsafeBufferPointer {
          try body(x.baseAddress!, y.baseAddress!, $0.baseAddress)
        }
      }
    }
  }
}
