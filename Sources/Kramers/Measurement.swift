/// What can be said of a network at one moment, without noise.
public struct Measurement: Sendable, Equatable {
  public var step: UInt64
  public var epochs: Double
  /// Data term, without L2.
  public var loss: Double
  public var testLoss: Double?
  /// Share of samples whose largest output is the target class; nil without classes.
  public var accuracy: Double?
  public var testAccuracy: Double?
  /// loss + (l2/2) |theta - center|^2.
  public var objective: Double
  /// |theta|.
  public var norm: Double
  /// |grad(objective)|, full batch.
  public var gradientNorm: Double
  /// Mode strengths, descending: singular values of the end-to-end map, or of the centred outputs.
  public var modes: [Double]
  /// exp of the entropy of modes / sum(modes): how many modes carry the map (Roy and Vetterli,
  /// 2007). 0 for a zero map.
  public var effectiveRank: Double
  /// Largest |W_(l+1)' W_(l+1) - W_l W_l'|_F over neighbouring layers; 0 when balanced.
  public var balancedness: Double
}

extension Experiment {
  public func measure() throws -> Measurement {
    try Evaluator(data: data, network: network, settings: settings).measure(state)
  }
}

/// Evaluates losses, gradients and modes repeatedly on the same data without rebuilding batches.
public final class Evaluator {
  let network: Network
  let settings: Settings
  let full: Batch
  private let train: Batch?
  private let test: Batch?
  private let isClassification: Bool
  private let workspace: GradientWorkspace
  private var gradient: [Double]

  public init(data: Dataset, network: Network, settings: Settings) throws {
    self.network = network
    self.settings = settings
    full = try data.fullBatch(for: network)
    isClassification = data.isClassification
    let needsSamples = isClassification || !network.isDeepLinear
    train = needsSamples ? data.train.map { Batch($0) } : nil
    test = data.test.map { Batch($0) }
    let capacity = max(full.count, train?.count ?? 0, test?.count ?? 0)
    workspace = GradientWorkspace(network, capacity: capacity)
    gradient = [Double](repeating: 0, count: network.parameterCount)
  }

  public func measure(_ state: TrainingState) -> Measurement {
    let theta = state.parameters
    let (loss, gradientNorm) = lossAndGradientNorm(theta)
    let modes = modeStrengths(theta)
    return Measurement(
      step: state.step, epochs: state.epochs, loss: loss,
      testLoss: test.map { workspace.loss(theta, $0) }, accuracy: accuracy(theta, train),
      testAccuracy: accuracy(theta, test), objective: loss + settings.l2Term.value(theta, network),
      norm: norm(theta),
      gradientNorm: gradientNorm, modes: modes, effectiveRank: effectiveRank(modes),
      balancedness: balancedness(theta))
  }

  /// The data term and |grad(objective)|.
  public func lossAndGradientNorm(_ theta: [Double]) -> (loss: Double, gradientNorm: Double) {
    let loss = workspace.lossAndGradient(theta, full, into: &gradient)
    settings.l2Term.addGradient(theta, to: &gradient, network)
    return (loss, norm(gradient))
  }

  public func objective(_ theta: [Double]) -> Double {
    workspace.loss(theta, full) + settings.l2Term.value(theta, network)
  }

  /// Singular values of the end-to-end map, or of the centred outputs F / sqrt(N).
  public func modeStrengths(_ theta: [Double]) -> [Double] {
    if network.activation == .linear, !network.bias {
      return singularValues(of: network.endToEndMap(of: theta))
    }
    let batch = train ?? full
    let outputs = workspace.outputs(theta, batch)
    var centred = Matrix(network.outputs, batch.count)
    for i in 0..<network.outputs {
      let row = outputs[i * batch.stride..<i * batch.stride + batch.count]
      let mean = row.reduce(0, +) / Double(batch.count)
      for (b, value) in row.enumerated() {
        centred[i, b] = (value - mean) / Double(batch.count).squareRoot()
      }
    }
    return singularValues(of: centred)
  }

  private func accuracy(_ theta: [Double], _ batch: Batch?) -> Double? {
    guard isClassification, let batch else { return nil }
    let outputs = workspace.outputs(theta, batch)
    var correct = 0
    for b in 0..<batch.count {
      let classes = 0..<network.outputs
      let guess = classes.max { outputs[$0 * batch.stride + b] < outputs[$1 * batch.stride + b] }
      let truth = classes.max { batch.y[$0 * batch.stride + b] < batch.y[$1 * batch.stride + b] }
      if guess == truth { correct += 1 }
    }
    return Double(correct) / Double(batch.count)
  }

  private func balancedness(_ theta: [Double]) -> Double {
    var largest = 0.0
    for l in 1..<max(network.depth, 1) {
      let above = network.weights(l, of: theta)
      let below = network.weights(l - 1, of: theta)
      let difference = above.transposed * above - below * below.transposed
      largest = max(largest, difference.frobeniusNorm)
    }
    return largest
  }
}

private func effectiveRank(_ modes: [Double]) -> Double {
  let total = modes.reduce(0, +)
  guard total > 0 else { return 0 }
  guard total.isFinite else { return .nan }
  var entropy = 0.0
  for value in modes where value / total > 0 {
    entropy -= value / total * logarithm(value / total)
  }
  return exponential(entropy)
}
