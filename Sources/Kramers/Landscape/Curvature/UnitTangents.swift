/// The derivatives of a batch's backpropagation by the preactivation of one unit at a time: the columns
/// of the Hessian that belong to the weights into it.
struct UnitTangents: Sendable {
  let units: [(layer: Int, unit: Int)]
  private let network: Network
  private let parameters: [Double]
  private let batch: Batch
  // Unsafe: nobody writes to it after the initialiser.
  private nonisolated(unsafe) let base: GradientWorkspace
  /// h_(l-1), and a row of ones where there are biases.
  private let inputs: [[Double]]
  /// W_(l+1)' e_(l+1), by hidden layer l.
  private let backSignals: [[Double]]

  init(_ network: Network, _ parameters: [Double], _ batch: Batch) {
    self.network = network
    self.parameters = parameters
    self.batch = batch
    units = network.layers.enumerated().flatMap { l, layer in
      (0..<layer.outputs).map { (l, $0) }
    }
    base = GradientWorkspace(network, capacity: batch.count)
    var gradient = [Double](repeating: 0, count: network.parameterCount)
    base.lossAndGradient(parameters, batch, into: &gradient)
    let (base, stride) = (base, batch.stride)
    let ones = [Double](repeating: 1, count: network.bias ? stride : 0)
    inputs = network.layers.enumerated().map { l, layer in
      (l == 0
        ? batch.x
        : Array(
          UnsafeBufferPointer(start: base.activations[l - 1], count: layer.inputs * stride))) + ones
    }
    backSignals = network.layers.dropFirst().enumerated().map { below, layer in
      var signal = [Double](repeating: 0, count: layer.inputs * stride)
      parameters.withUnsafeBufferPointer { theta in
        signal.withUnsafeMutableBufferPointer { signal in
          DenseKernels.multiply(
            theta.baseAddress! + layer.weights.lowerBound, rows: layer.inputs,
            columns: layer.outputs, rowStride: 1, columnStride: layer.inputs,
            base.errors[below + 1], stride: stride, into: signal.baseAddress!)
        }
      }
      return signal
    }
  }

  /// Writes all entries of the Hessian of the data term, P x P, between the weights into one unit and
  /// those into it, units after it in its layer, and later layers; and their mirror images.
  func fill(_ target: UnsafeMutablePointer<Double>, unit index: Int) {
    let (m, k) = units[index]
    let stride = batch.stride
    let tangents = Tangents(network, stride)
    differentiate(m, k, tangents)
    let own = network.layers[m]
    let columns = own.inputs + (network.bias ? 1 : 0)
    let widest = network.layers[m...].map { $0.inputs + 1 }.max() ?? 1
    let weighted = makeBuffer(widest * stride)
    let block = makeBuffer(widest * columns)
    defer {
      weighted.deallocate()
      block.deallocate()
    }
    for l in m..<network.depth {
      let layer = network.layers[l]
      let rows = layer.inputs + (network.bias ? 1 : 0)
      for i in (l == m ? k : 0)..<layer.outputs {
        let re = tangents.errors[l] + i * stride
        inputs[l].withUnsafeBufferPointer { h in
          for j in 0..<rows {
            for b in 0..<stride { weighted[j * stride + b] = re[b] * h[j * stride + b] }
          }
        }
        if l > m {
          let (e, rh) = (base.errors[l] + i * stride, tangents.activations[l - 1])
          for j in 0..<layer.inputs {
            for b in 0..<stride {
              weighted[j * stride + b].addProduct(e[b], rh[j * stride + b])
            }
          }
        }
        inputs[m].withUnsafeBufferPointer { h in
          DenseKernels.outer(
            weighted, rows: rows, h.baseAddress!, columns: columns, stride: stride, into: block)
        }
        for j in 0..<rows {
          let row = layer.parameter(into: i, from: j)
          for n in 0..<columns where l > m || i > k || n <= j {
            let column = own.parameter(into: k, from: n)
            target[row * network.parameterCount + column] = block[j * columns + n]
            target[column * network.parameterCount + row] = block[j * columns + n]
          }
        }
      }
    }
  }

  /// Rz, Rh and Re by z of unit k of layer m, of that layer and later ones.
  private func differentiate(_ m: Int, _ k: Int, _ tangents: Tangents) {
    let stride = batch.stride
    let function = network.activation.function
    parameters.withUnsafeBufferPointer { theta in
      guard let theta = theta.baseAddress else { return }
      for b in 0..<stride { tangents.preactivations[m][k * stride + b] = 1 }
      for l in m..<network.depth {
        let layer = network.layers[l]
        if l > m {
          DenseKernels.multiply(
            theta + layer.weights.lowerBound, rows: layer.outputs, columns: layer.inputs,
            rowStride: layer.inputs, columnStride: 1, tangents.activations[l - 1], stride: stride,
            into: tangents.preactivations[l])
        }
        guard l + 1 < network.depth else { break }
        let only = l == m ? k..<k + 1 : 0..<layer.outputs
        let from = only.lowerBound * stride
        function.tangent(
          tangents.preactivations[l] + from, z: base.preactivations[l] + from,
          into: tangents.activations[l] + from, count: only.count * stride)
      }
      let last = network.depth - 1
      batch.withPointers { _, y, targetWeights in
        base.outputTangent(
          tangents.preactivations[last], y, targetWeights, batch, into: tangents.errors[last])
      }
      for l in (m + 1..<max(network.depth, m + 1)).reversed() {
        let layer = network.layers[l]
        DenseKernels.multiply(
          theta + layer.weights.lowerBound, rows: layer.inputs, columns: layer.outputs,
          rowStride: 1, columnStride: layer.inputs, tangents.errors[l], stride: stride,
          into: tangents.errors[l - 1])
        guard !network.activation.isLinear else { continue }
        backSignals[l - 1].withUnsafeBufferPointer { d in
          function.backTangent(
            tangents.errors[l - 1], tangents.preactivations[l - 1], d.baseAddress!,
            z: base.preactivations[l - 1], count: layer.inputs * stride)
        }
      }
    }
  }
}

/// Buffers of Rz_l, Rh_l and Re_l.
private final class Tangents {
  let preactivations: [UnsafeMutablePointer<Double>]
  let activations: [UnsafeMutablePointer<Double>]
  let errors: [UnsafeMutablePointer<Double>]

  init(_ network: Network, _ stride: Int) {
    let sizes = network.layers.map { $0.outputs * stride }
    preactivations = sizes.map { makeBuffer($0) }
    activations = sizes.map { makeBuffer($0) }
    errors = sizes.map { makeBuffer($0) }
  }

  deinit {
    for buffer in preactivations + activations + errors { buffer.deallocate() }
  }
}

extension Network.Layer {
  /// The place of the weight from input j into unit i; its bias where j is the number of inputs.
  fileprivate func parameter(into i: Int, from j: Int) -> Int {
    j < inputs ? weights.lowerBound + i * inputs + j : biases.lowerBound + i
  }
}
