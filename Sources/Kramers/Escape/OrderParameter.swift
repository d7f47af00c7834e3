extension Network {
  /// - Throws: `InputError` for a mode that the network cannot have.
  func checkMode(_ k: Int) throws {
    let modes = widths.min() ?? 1
    guard k >= 1, k <= modes else {
      throw InputError.rule("mode", "in 1...\(modes), the rank the network can have", k)
    }
  }
}

/// Evaluates an observable of a network without allocating. One probe serves one thread.
final class OrderParameterProbe {
  let network: Network
  private let observable: Observable
  /// nil for a mode, whose map and buffers follow.
  private let evaluation: Observable.Evaluation?
  private let batch: Batch?
  private let workspace: GradientWorkspace?
  private let map: UnsafeMutablePointer<Double>
  private let scratch: UnsafeMutablePointer<Double>
  private var singular: SingularValueWorkspace
  private var count: SingularValueCount
  /// Columns of the map in memory.
  private let stride: Int

  /// - Throws: `InputError` when the observable needs data that the set does not have.
  init(_ observable: Observable, data: Dataset, network: Network, settings: Settings) throws {
    self.network = network
    self.observable = observable
    if let k = observable.rank {
      try network.checkMode(k)
      let isMap = network.activation == .linear && !network.bias
      batch = isMap ? nil : try data.fullBatch(for: network)
      evaluation = nil
    } else {
      batch = nil
      evaluation = try observable.evaluation(
        ObservableContext(data: data, network: network, settings: settings))
    }
    workspace = batch.map { GradientWorkspace(network, capacity: $0.count) }
    let widest = network.widths.max() ?? 1
    stride = DenseKernels.stride(network.inputs)
    map = makeBuffer(max(widest * stride, network.outputs * network.outputs))
    scratch = makeBuffer(widest * stride)
    let rows = network.outputs
    let columns = batch == nil ? network.inputs : network.outputs
    singular = SingularValueWorkspace(rows: rows, columns: columns)
    count = SingularValueCount(rows: rows, columns: columns)
  }

  deinit {
    map.deallocate()
    scratch.deallocate()
  }

  func value(_ theta: UnsafePointer<Double>) -> Double {
    if let evaluation { return evaluation(theta) }
    let k = observable.rank ?? 1
    return batch == nil ? mapSingularValue(theta, k) : outputSingularValue(theta, k)
  }

  /// Whether nothing is known any more: a function of the user's was interrupted or has failed.
  var isCut: Bool { observable.custom?.failure != nil }

  /// Shows the value to whoever looks on; a function of the user's is not called for that.
  func show(_ theta: UnsafePointer<Double>, at step: Int, to monitor: RunMonitor) {
    monitor.show(observable.custom?.last ?? value(theta), of: observable, at: step)
  }

  /// Whether the observable lies past the threshold; singular values are computed only where
  /// counting them does not decide.
  func hasEscaped(_ theta: UnsafePointer<Double>, _ threshold: Double) -> Bool {
    if let k = observable.rank, observable.direction == .up, batch == nil, threshold > 0,
      let answer = count.reaches(threshold, k, endToEndMap(theta), rowStride: stride)
    {
      return answer
    }
    return observable.hasEscaped(value(theta), threshold)
  }

  private func mapSingularValue(_ theta: UnsafePointer<Double>, _ k: Int) -> Double {
    let source = endToEndMap(theta)
    let columns = network.inputs
    if stride > columns {
      for i in 1..<max(network.outputs, 1) {
        for j in 0..<columns { source[i &* columns &+ j] = source[i &* stride &+ j] }
      }
    }
    return singular.singularValue(k - 1, of: source)
  }

  /// W_D ... W_1, multiplied from the input side: outputs x stride, in a buffer of the probe's.
  private func endToEndMap(_ theta: UnsafePointer<Double>) -> UnsafeMutablePointer<Double> {
    let first = network.layers[0]
    var source = map
    var target = scratch
    for i in 0..<first.outputs {
      for j in 0..<first.inputs {
        source[i &* stride &+ j] = theta[first.weights.lowerBound &+ i &* first.inputs &+ j]
      }
      for j in first.inputs..<stride { source[i &* stride &+ j] = 0 }
    }
    for layer in network.layers.dropFirst() {
      DenseKernels.multiply(
        theta + layer.weights.lowerBound, rows: layer.outputs, columns: layer.inputs,
        rowStride: layer.inputs, columnStride: 1, source, stride: stride, into: target)
      swap(&source, &target)
    }
    return source
  }

  /// sigma_k of the centred outputs, from the p x p matrix C^(1/2)'s Gram matrix.
  private func outputSingularValue(_ theta: UnsafePointer<Double>, _ k: Int) -> Double {
    guard let batch, let workspace else { return .nan }
    let f = workspace.outputs(theta, batch)
    let p = network.outputs
    for i in 0..<p {
      var mean = 0.0
      for b in 0..<batch.count { mean += f[i * batch.stride + b] }
      mean /= Double(batch.count)
      for b in 0..<batch.count { f[i * batch.stride + b] -= mean }
    }
    for i in 0..<p {
      for j in 0..<p {
        var sum = 0.0
        for b in 0..<batch.count {
          sum = sum.addingProduct(f[i * batch.stride + b], f[j * batch.stride + b])
        }
        map[i * p + j] = sum / Double(batch.count)
      }
    }
    return max(singular.singularValue(k - 1, of: map), 0).squareRoot()
  }
}
