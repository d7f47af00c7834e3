#if canImport(Glibc)
  internal import Glibc
#endif

/// Exact products of the Hessian of the data term with vectors (Pearlmutter, "Fast exact
/// multiplication by the Hessian", 1994): the gradient's recursion differentiated along v.
///
///     Rz_l = V_l h_(l-1) + W_l Rh_(l-1) + v_(b,l),   Rh_l = s'(z_l) Rz_l
///     Re_D = weight * c l''(f) Rz_D,   with d_l = W_(l+1)' e_(l+1):
///     Re_l = s''(z_l) Rz_l d_l + s'(z_l) (V_(l+1)' e_(l+1) + W_(l+1)' Re_(l+1))
///     (H v)_(W_l) = Re_l h_(l-1)' + e_l Rh_(l-1)'
///
/// Costs about three gradients.
public final class HessianWorkspace {
  let base: GradientWorkspace
  private var tangents: [UnsafeMutablePointer<Double>] = []  // Rz_l
  private var tangentActivations: [UnsafeMutablePointer<Double>] = []  // Rh_l
  private var tangentErrors: [UnsafeMutablePointer<Double>] = []  // Re_l
  private var backSignals: [UnsafeMutablePointer<Double>] = []  // d_l
  private let gradient: UnsafeMutablePointer<Double>

  public init(_ network: Network, capacity: Int) {
    base = GradientWorkspace(network, capacity: capacity)
    gradient = makeBuffer(network.parameterCount)
    for layer in network.layers {
      tangents.append(makeBuffer(layer.outputs * base.capacity))
      tangentActivations.append(makeBuffer(layer.outputs * base.capacity))
      tangentErrors.append(makeBuffer(layer.outputs * base.capacity))
      backSignals.append(makeBuffer(layer.outputs * base.capacity))
    }
  }

  deinit {
    for buffer in tangents + tangentActivations + tangentErrors + backSignals {
      buffer.deallocate()
    }
    gradient.deallocate()
  }

  /// H v, with H the Hessian of the batch's data term at `parameters`, plus `l2` * v.
  public func product(
    _ parameters: [Double], _ v: [Double], _ batch: Batch, l2: L2Term = 0
  ) -> [Double] {
    var result = [Double](repeating: 0, count: parameters.count)
    parameters.withUnsafeBufferPointer { theta in
      v.withUnsafeBufferPointer { v in
        result.withUnsafeMutableBufferPointer { result in
          batch.withPointers { x, y, targetWeights in
            product(
              theta.baseAddress!, v.baseAddress!, x, y, targetWeights, batch,
              into: result.baseAddress!)
          }
        }
      }
    }
    l2.addProduct(v, to: &result, base.network)
    return result
  }

  /// H v of the data term alone, at the same `parameters` and on the same `batch` as the last
  /// `product`: the gradient is not computed again, a quarter of the work.
  func nextProduct(_ parameters: [Double], _ v: [Double], _ batch: Batch) -> [Double] {
    var result = [Double](repeating: 0, count: parameters.count)
    parameters.withUnsafeBufferPointer { theta in
      v.withUnsafeBufferPointer { v in
        result.withUnsafeMutableBufferPointer { result in
          batch.withPointers { x, y, targetWeights in
            differentiate(
              theta.baseAddress!, v.baseAddress!, x, y, targetWeights, batch,
              into: result.baseAddress!)
          }
        }
      }
    }
    return result
  }

  private func product(
    _ theta: UnsafePointer<Double>, _ v: UnsafePointer<Double>, _ x: UnsafePointer<Double>,
    _ y: UnsafePointer<Double>, _ targetWeights: UnsafePointer<Double>?, _ batch: Batch,
    into result: UnsafeMutablePointer<Double>
  ) {
    base.gradient(
      theta, x, y, targetWeights, stride: batch.stride, count: batch.count, weight: batch.weight,
      into: gradient)
    differentiate(theta, v, x, y, targetWeights, batch, into: result)
  }

  /// The gradient's recursion differentiated along v, from what the last gradient left in `base`.
  private func differentiate(
    _ theta: UnsafePointer<Double>, _ v: UnsafePointer<Double>, _ x: UnsafePointer<Double>,
    _ y: UnsafePointer<Double>, _ targetWeights: UnsafePointer<Double>?, _ batch: Batch,
    into result: UnsafeMutablePointer<Double>
  ) {
    let network = base.network
    let stride = batch.stride
    forwardTangent(theta, v, x, stride)
    let last = network.depth - 1
    base.outputTangent(tangents[last], y, targetWeights, batch, into: tangentErrors[last])
    for l in (0..<network.depth).reversed() {
      let layer = network.layers[l]
      let weights = layer.weights.lowerBound
      let input = l == 0 ? x : UnsafePointer(base.activations[l - 1])
      DenseKernels.outer(
        tangentErrors[l], rows: layer.outputs, input, columns: layer.inputs, stride: stride,
        into: result + weights)
      if l > 0 {
        DenseKernels.outer(
          base.errors[l], rows: layer.outputs, tangentActivations[l - 1], columns: layer.inputs,
          stride: stride, into: result + weights, accumulate: true)
      }
      if network.bias {
        DenseKernels.rowSums(
          tangentErrors[l], rows: layer.outputs, stride: stride,
          into: result + layer.biases.lowerBound)
      }
      if l > 0 { backTangent(theta, v, l, stride) }
    }
  }

  /// Rz_l and Rh_l for all layers.
  private func forwardTangent(
    _ theta: UnsafePointer<Double>, _ v: UnsafePointer<Double>, _ x: UnsafePointer<Double>,
    _ stride: Int
  ) {
    let network = base.network
    for (l, layer) in network.layers.enumerated() {
      let weights = layer.weights.lowerBound
      let input = l == 0 ? x : UnsafePointer(base.activations[l - 1])
      let rz = tangents[l]
      for i in 0..<layer.outputs {
        let bias = network.bias ? v[layer.biases.lowerBound + i] : 0
        for b in 0..<stride { rz[i * stride + b] = bias }
      }
      DenseKernels.multiply(
        v + weights, rows: layer.outputs, columns: layer.inputs, rowStride: layer.inputs,
        columnStride: 1, input, stride: stride, into: rz, accumulate: true)
      if l > 0 {
        DenseKernels.multiply(
          theta + weights, rows: layer.outputs, columns: layer.inputs, rowStride: layer.inputs,
          columnStride: 1, tangentActivations[l - 1], stride: stride, into: rz, accumulate: true)
      }
      network.activation.function.tangent(
        rz, z: base.preactivations[l], into: tangentActivations[l], count: layer.outputs * stride)
    }
  }

  /// Re_(l-1) from Re_l.
  private func backTangent(
    _ theta: UnsafePointer<Double>, _ v: UnsafePointer<Double>, _ l: Int, _ stride: Int
  ) {
    let network = base.network
    let layer = network.layers[l]
    let weights = layer.weights.lowerBound
    let re = tangentErrors[l - 1]
    DenseKernels.multiply(
      v + weights, rows: layer.inputs, columns: layer.outputs, rowStride: 1,
      columnStride: layer.inputs, base.errors[l], stride: stride, into: re)
    DenseKernels.multiply(
      theta + weights, rows: layer.inputs, columns: layer.outputs, rowStride: 1,
      columnStride: layer.inputs, tangentErrors[l], stride: stride, into: re, accumulate: true)
    guard network.activation != .linear else { return }
    let d = backSignals[l - 1]
    DenseKernels.multiply(
      theta + weights, rows: layer.inputs, columns: layer.outputs, rowStride: 1,
      columnStride: layer.inputs, base.errors[l], stride: stride, into: d)
    network.activation.function.backTangent(
      re, tangents[l - 1], d, z: base.preactivations[l - 1], count: layer.inputs * stride)
  }
}

extension GradientWorkspace {
  /// Re_D: for squared error weight * c Rf; for softmax cross-entropy
  /// weight * mass * (p Rf - p (p . Rf)).
  func outputTangent(
    _ rf: UnsafePointer<Double>, _ y: UnsafePointer<Double>,
    _ targetWeights: UnsafePointer<Double>?, _ batch: Batch,
    into re: UnsafeMutablePointer<Double>
  ) {
    let outputs = network.outputs
    let stride = batch.stride
    let f = preactivations[network.depth - 1]
    for k in 0..<outputs * stride { re[k] = 0 }
    for b in 0..<batch.count {
      switch network.loss {
      case .mse:
        for i in 0..<outputs {
          let k = i * stride + b
          re[k] = batch.weight * rf[k] * (targetWeights?[k] ?? 1)
        }
      case .crossEntropy:
        let (top, sum) = softmaxNormalisation(f + b, outputs, stride)
        var mass = 0.0
        var mean = 0.0
        for i in 0..<outputs {
          mass += y[i * stride + b]
          mean += exp(f[i * stride + b] - top) / sum * rf[i * stride + b]
        }
        for i in 0..<outputs {
          let p = exp(f[i * stride + b] - top) / sum
          re[i * stride + b] = batch.weight * mass * p * (rf[i * stride + b] - mean)
        }
      }
    }
  }
}
