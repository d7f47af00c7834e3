/// What is watched during an escape.
public enum Observable: Sendable, Equatable {
  /// The k-th largest singular value, k = 1, 2, ..., of the end-to-end map (linear networks) or of
  /// the centred outputs F / sqrt(N) on the training inputs. Escapes upwards.
  ///
  /// Not a projection u' W v: that crosses its threshold when an active mode rotates.
  case mode(Int)
  /// Data term on the training set, the data term on the test set: escape downwards.
  case loss, testLoss
  /// |theta|: escapes upwards.
  case norm

  /// Whether `value` lies on the far side of `threshold`.
  func hasEscaped(_ value: Double, _ threshold: Double) -> Bool {
    switch self {
    case .mode, .norm: value >= threshold
    case .loss, .testLoss: value <= threshold
    }
  }
}

extension Network {
  /// - Throws: `InputError` for a mode that the network cannot have.
  func checkMode(_ k: Int) throws {
    let modes = widths.min() ?? 1
    guard k >= 1, k <= modes else {
      throw InputError.rule("mode", "in 1...\(modes), the rank the network can have", k)
    }
  }
}

/// Evaluates observables of a network without allocating. One probe serves one thread.
final class OrderParameterProbe {
  let network: Network
  private let batch: Batch?
  private let workspace: GradientWorkspace?
  private let observable: Observable
  private let map: UnsafeMutablePointer<Double>
  private let scratch: UnsafeMutablePointer<Double>
  private var singular: SingularValueWorkspace
  private var count: SingularValueCount
  /// Columns of the map in memory.
  private let stride: Int

  /// - Throws: `InputError` when the observable needs data that the set does not have.
  init(_ observable: Observable, data: Dataset, network: Network) throws {
    self.network = network
    self.observable = observable
    var batch: Batch?
    switch observable {
    case .norm: break
    case .mode(let k):
      try network.checkMode(k)
      if network.activation != .linear || network.bias { batch = try data.fullBatch(for: network) }
    case .loss: batch = try data.fullBatch(for: network)
    case .testLoss:
      guard let test = data.test else {
        throw InputError.sentence("observable: 'test_loss' needs data with a test set")
      }
      batch = Batch(test)
    }
    self.batch = batch
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
    switch observable {
    case .norm:
      return DenseKernels.sumOfSquares(theta, count: network.parameterCount).squareRoot()
    case .mode(let k):
      if batch == nil { return mapSingularValue(theta, k) }
      return outputSingularValue(theta, k)
    case .loss, .testLoss:
      guard let batch, let workspace else { return .nan }
      return workspace.loss(theta, batch)
    }
  }

  /// Whether the observable lies past the threshold; singular values are computed only where
  /// counting them does not decide.
  func hasEscaped(_ theta: UnsafePointer<Double>, _ threshold: Double) -> Bool {
    if case .mode(let k) = observable, batch == nil, threshold > 0,
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
