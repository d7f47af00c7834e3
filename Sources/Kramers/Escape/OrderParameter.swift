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
    map = makeBuffer(widest * max(network.inputs, network.outputs))
    scratch = makeBuffer(widest * max(network.inputs, network.outputs))
    let rows = network.outputs
    let columns = batch == nil ? network.inputs : network.outputs
    singular = SingularValueWorkspace(rows: rows, columns: columns)
  }

  deinit {
    map.deallocate()
    scratch.deallocate()
  }

  func value(_ theta: UnsafePointer<Double>) -> Double {
    switch observable {
    case .norm:
      var sum = 0.0
      for k in 0..<network.parameterCount { sum = sum.addingProduct(theta[k], theta[k]) }
      return sum.squareRoot()
    case .mode(let k):
      if batch == nil { return mapSingularValue(theta, k) }
      return outputSingularValue(theta, k)
    case .loss, .testLoss:
      guard let batch, let workspace else { return .nan }
      return workspace.loss(theta, batch)
    }
  }

  /// sigma_k(W_D ... W_1), multiplied from the input side.
  private func mapSingularValue(_ theta: UnsafePointer<Double>, _ k: Int) -> Double {
    let columns = network.inputs
    var source = map
    var target = scratch
    let first = network.layers[0]
    for i in 0..<first.weights.count { source[i] = theta[first.weights.lowerBound + i] }
    for layer in network.layers.dropFirst() {
      let weights = theta + layer.weights.lowerBound
      for i in 0..<layer.outputs {
        for j in 0..<columns {
          var sum = 0.0
          for h in 0..<layer.inputs {
            sum = sum.addingProduct(weights[i &* layer.inputs &+ h], source[h &* columns &+ j])
          }
          target[i &* columns &+ j] = sum
        }
      }
      swap(&source, &target)
    }
    return singular.singularValue(k - 1, of: source)
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
