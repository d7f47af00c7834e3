/// The objective as a function of the parameters, on the whole training set:
///
///     E(theta) = loss(theta) + (l2/2) |theta - center|^2
///
/// What strings, saddle searches and minimisations walk on. Owns its buffers; one thread at a time.
final class Objective {
  let network: Network
  let batch: Batch
  var l2: L2Term
  private let workspace: GradientWorkspace
  private let hessian: HessianWorkspace

  init(_ network: Network, _ batch: Batch, l2: L2Term) {
    self.network = network
    self.batch = batch
    self.l2 = l2
    workspace = GradientWorkspace(network, capacity: batch.count)
    hessian = HessianWorkspace(network, capacity: batch.count)
  }

  /// E and its gradient.
  func value(_ theta: [Double], _ gradient: inout [Double]) -> Double {
    let loss = workspace.lossAndGradient(theta, batch, into: &gradient)
    l2.addGradient(theta, to: &gradient, network)
    return loss + l2.value(theta, network)
  }

  func value(_ theta: [Double]) -> Double {
    var gradient = [Double](repeating: 0, count: theta.count)
    return value(theta, &gradient)
  }

  func gradient(_ theta: [Double]) -> [Double] {
    var gradient = [Double](repeating: 0, count: theta.count)
    _ = value(theta, &gradient)
    return gradient
  }

  /// H v at theta.
  func product(_ theta: [Double], _ v: [Double]) -> [Double] {
    hessian.product(theta, v, batch, l2: l2)
  }

  /// The eigenvalue of the Hessian at theta furthest out on one side, to about 1e-3, and its vector.
  func extreme(_ theta: [Double], _ end: SpectrumEnd) -> (value: Double, vector: [Double])? {
    let found = lanczos(size: theta.count, end: end, tolerance: 1e-4, maximumSteps: 100) {
      v, result in result = self.product(theta, v)
    }
    guard let value = found.values.first else { return nil }
    return (value, found.vectors[0])
  }

  /// The minimum below theta, by L-BFGS to the rounding of the gradient.
  func minimum(from theta: [Double], shouldStop: () -> Bool = { false }) -> Minimum {
    minimize(
      from: theta, relativeTolerance: 0, absoluteTolerance: 1e-13, shouldStop: shouldStop
    ) { self.value($0, &$1) }
  }
}

extension Experiment {
  /// The objective at the experiment's own L2 strength.
  ///
  /// - Throws: `InputError` where there is none: adamw decays decoupled from the loss.
  func objective() throws -> Objective {
    if let reason = settings.optimizer.rule.noObjective {
      throw InputError.sentence("\(reason): there is no objective")
    }
    return Objective(
      network, try data.fullBatch(for: network), l2: settings.l2Term)
  }
}
