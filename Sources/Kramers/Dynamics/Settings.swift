/// How the parameters follow the gradient.
public enum Optimizer: String, Sendable, CaseIterable {
  case sgd, momentum, adam
  /// Adam with decoupled weight decay: not the gradient of loss + L2, so theory is nil.
  case adamw
}

/// How a minibatch of B of the N samples is drawn.
public enum Sampling: Sendable, Equatable {
  /// A fresh permutation each epoch, cut into floor(N/B) batches; the remainder is unused.
  case permutation
  /// B independent draws each step.
  case replacement
  /// An independent B-subset each step, without replacement within it.
  case subset
}

/// Samples a step: all of them (exact gradient, no batch noise) or B.
public enum BatchSize: Sendable, Equatable {
  case full
  case size(Int)
}

/// Everything about the dynamics that can be changed while an experiment runs.
///
///     objective = loss + (l2/2) |theta - center|^2
///     theta <- theta - lr * grad(objective) + sqrt(2 lr T) xi
public struct Settings: Sendable, Equatable {
  public var optimizer = Optimizer.sgd
  /// Heavy-ball coefficient, or Adam's beta_1; beta_2 is 0.999 and epsilon 1e-8.
  public var momentum = 0.9
  public var learningRate = 0.05
  /// Coefficient of (1/2)|theta - center|^2; with `adamw` the decoupled weight decay.
  public var l2 = 0.0
  /// nil is the origin.
  public var l2Center: [Double]?
  public var batch = BatchSize.full
  public var sampling = Sampling.permutation
  /// T of the additive Langevin noise.
  public var temperature = 0.0
  /// sigma of isotropic per-sample gradient noise: variance sigma^2/B a step and component.
  public var gradientNoise = 0.0
  /// Standard deviation of fresh Gaussian noise on every target, drawn anew each step.
  public var labelNoise = 0.0
  public var precision = Precision.double

  public init() {}

  /// The settings with every source of noise switched off: full batch, no temperature.
  public var noiseless: Settings {
    var settings = self
    settings.batch = .full
    settings.temperature = 0
    settings.gradientNoise = 0
    settings.labelNoise = 0
    return settings
  }

  /// mu of the heavy ball; nil for the other optimisers.
  public var heavyBall: Double? { optimizer == .momentum ? momentum : nil }

  /// Samples a step, given N; population data counts as one.
  public func batchCount(of samples: Int?) -> Int {
    switch batch {
    case .full: samples ?? 1
    case .size(let size): size
    }
  }

  /// - Throws: `InputError` for a setting that is out of range or does not fit the data.
  public func validate(data: Dataset, network: Network) throws(InputError) {
    func require(
      _ name: String, _ value: Double, _ rule: String, _ holds: Bool
    ) throws(InputError) {
      guard value.isFinite, holds else { throw InputError.rule(name, rule, value) }
    }
    try require("lr", learningRate, "positive", learningRate > 0)
    try require("l2", l2, "0 or positive", l2 >= 0)
    try require("momentum", momentum, "in [0, 1)", momentum >= 0 && momentum < 1)
    try require("temperature", temperature, "0 or positive", temperature >= 0)
    try require("gradient_noise", gradientNoise, "0 or positive", gradientNoise >= 0)
    try require("label_noise", labelNoise, "0 or positive", labelNoise >= 0)
    if temperature > 0, optimizer == .adam || optimizer == .adamw {
      throw InputError.sentence(
        "temperature: Langevin noise is defined for 'sgd' and 'momentum', not for "
          + "'\(optimizer.rawValue)'")
    }
    if let center = l2Center, center.count != network.parameterCount {
      throw InputError.sentence(
        "l2_center: the snapshot has \(center.count) parameters, the network "
          + "\(network.parameterCount)")
    }
    if labelNoise > 0, data.train == nil {
      throw InputError.sentence("label_noise needs samples; data.population has moments only")
    }
    if case .size(let size) = batch {
      guard let samples = data.sampleCount else {
        throw InputError.sentence("batch: data.population has no samples; use batch = \"full\"")
      }
      guard size >= 1 else {
        throw InputError.rule("batch", "\"full\" or a positive integer", size)
      }
      guard size <= samples || sampling == .replacement else {
        throw InputError.rule(
          "batch", "at most the number of samples (\(samples)) without replacement", size)
      }
    }
  }
}
