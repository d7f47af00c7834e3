/// How a minibatch of B of the N samples is drawn.
public enum Sampling: String, Sendable, CaseIterable {
  /// A fresh permutation each epoch, cut into floor(N/B) batches; the remainder is unused.
  case permutation
  /// B independent draws each step.
  case replacement
  /// An independent B-subset each step, without replacement within it.
  case subset

  /// The words of the option `replacement`.
  public static let aliases = ["false": "permutation", "true": "replacement"]
}

/// Samples a step: all of them (exact gradient, no batch noise) or B.
public enum BatchSize: Sendable, Equatable {
  case full
  case size(Int)

  /// nil is all.
  public var count: Int? {
    switch self {
    case .full: nil
    case .size(let size): size
    }
  }
}

/// Everything about the dynamics that can be changed while an experiment runs; `Setting.all` says of
/// each what it means, its unit and its range.
///
///     objective = loss + (l2/2) |theta - center|^2
///     theta <- theta - lr * grad(objective) + sqrt(2 lr T) xi
public struct Settings: Sendable, Equatable {
  public var optimizer = Optimizer.sgd
  public var momentum = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  public var learningRate = 0.05
  public var l2 = 0.0
  /// nil is the origin.
  public var l2Center: [Double]?
  public var l2Biases = true
  public var batch = BatchSize.full
  public var sampling = Sampling.permutation
  public var temperature = 0.0
  public var gradientNoise = 0.0
  public var labelNoise = 0.0
  public var precision = Precision.double

  public init() {}

  /// mu of the heavy ball; nil for the other optimisers.
  public var heavyBall: Double? { optimizer.rule.form == .heavyBall ? momentum : nil }

  /// Samples a step, given N; population data counts as one.
  public func batchCount(of samples: Int?) -> Int {
    batch.count ?? samples ?? 1
  }

  /// - Throws: `InputError` for a setting that is out of range or does not fit the data.
  public func validate(data: Dataset, network: Network) throws(InputError) {
    for setting in Setting.all { try setting.check(self[setting]) }
    if temperature > 0, !optimizer.takesTemperature {
      throw InputError.sentence(
        "temperature: Langevin noise is defined for \(Optimizer.names(where: \.takesTemperature)), "
          + "not for '\(optimizer.rawValue)'")
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
      guard size <= samples || sampling == .replacement else {
        throw InputError.rule(
          "batch", "at most the number of samples (\(samples)) without replacement", size)
      }
    }
  }
}

extension Setting {
  /// The register. A new setting is a stored property of `Settings` and a row here; what uses it reads
  /// the property.
  public static let all: [Setting] = [
    choice(
      "optimizer", \.optimizer, column: "optimizer",
      "how the weights follow the gradient; adamw decays decoupled, theory is nil there"),
    number(
      "momentum", \.momentum, .belowOne, isOptimizers: true, column: "momentum",
      "heavy-ball coefficient, Adam's beta_1"),
    number(
      "beta2", \.beta2, .belowOne, isOptimizers: true, "Adam's beta_2, of the squared gradient"),
    number(
      "epsilon", \.epsilon, .positive, isOptimizers: true,
      "Adam's epsilon; PyTorch's is 2/p of it for p outputs under MSELoss"),
    number(
      "lr", \.learningRate, .positive, unit: "time a step", column: "lr", "learning rate"),
    number(
      "l2", \.l2, .nonNegative, column: "l2",
      "b of (b/2)|theta - center|^2; PyTorch's weight_decay is 2b/p for p outputs under MSELoss"),
    vector("l2_center", \.l2Center, column: "l2_center", "centre of the L2 term, a snapshot"),
    flag("l2_biases", \.l2Biases, "whether the L2 term acts on biases too"),
    batch("batch", \.batch, column: "batch", "samples a step; \"full\" has no batch noise"),
    choice(
      "replacement", \.sampling, column: "sampling", aliases: Sampling.aliases,
      "false: a fresh permutation each epoch; true: independent draws; \"subset\": an "
        + "independent subset each step"),
    number(
      "temperature", \.temperature, .nonNegative, unit: "energy", role: .noise,
      column: "temperature", "T of additive Langevin noise sqrt(2 lr T) xi"),
    number(
      "gradient_noise", \.gradientNoise, .nonNegative, role: .noise, column: "gradient_noise",
      "sigma of per-sample isotropic gradient noise, variance sigma^2/B a step: "
        + "T = lr sigma^2 / 2B"),
    number(
      "label_noise", \.labelNoise, .nonNegative, role: .noise, column: "label_noise",
      "standard deviation of fresh noise on every target, each step"),
    choice(
      "precision", \.precision, role: .bookkeeping, column: "precision",
      "numbers in which measure_escape computes its ensembles; single for small linear and "
        + "tanh networks whose steps are not lost in rounding; training and theory are double"),
  ]
}
