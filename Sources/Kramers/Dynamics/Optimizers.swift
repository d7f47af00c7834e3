// The optimisers, with the conventions of PyTorch (dampening 0). A new one is an enumeration and its
// place in `allCases`.

extension Optimizer {
  public static let sgd = Optimizer(GradientDescent.self)
  public static let momentum = Optimizer(HeavyBall.self)
  public static let nesterov = Optimizer(Nesterov.self)
  public static let adam = Optimizer(Adam.self)
  public static let adamw = Optimizer(AdamW.self)

  public static let allCases: [Optimizer] = [sgd, momentum, nesterov, adam, adamw]
}

/// theta <- theta - lr g.
private enum GradientDescent: OptimizerRule {
  static let name = "sgd"
  static let noObjective: String? = nil
  static func friction(_ settings: Settings) -> Double? { 1 }
  static let keeps = KeptSets.subspaces
  static let form: UpdateForm? = .descent

  static func move(_ m: OptimizerMove) -> Bool {
    DenseKernels.descend(m.theta, m.gradient, rate: m.settings.learningRate, count: m.count)
  }
}

/// m <- mu m + g, theta <- theta - lr m (Polyak, 1964).
private enum HeavyBall: OptimizerRule {
  static let name = "momentum"
  static let reads: Set = ["momentum"]
  static let moments = 1
  static let noObjective: String? = nil
  static func friction(_ settings: Settings) -> Double? { 1 - settings.momentum }
  static let keeps = KeptSets.subspaces
  static let form: UpdateForm? = .heavyBall

  static func move(_ m: OptimizerMove) -> Bool {
    let mu = m.settings.momentum
    for k in 0..<m.count { m.first[k] = m.gradient[k].addingProduct(mu, m.first[k]) }
    return DenseKernels.descend(m.theta, m.first, rate: m.settings.learningRate, count: m.count)
  }
}

/// m <- mu m + g, theta <- theta - lr (g + mu m): theta is the point that looks ahead (Nesterov, 1983), as
/// in PyTorch. What noise it would take to sample exp(-objective / T) is not known here.
private enum Nesterov: OptimizerRule {
  static let name = "nesterov"
  static let reads: Set = ["momentum"]
  static let moments = 1
  static let noObjective: String? = nil
  static let keeps = KeptSets.subspaces

  static func move(_ m: OptimizerMove) -> Bool {
    let mu = m.settings.momentum
    for k in 0..<m.count {
      m.first[k] = m.gradient[k].addingProduct(mu, m.first[k])
      m.gradient[k] = m.gradient[k].addingProduct(mu, m.first[k])
    }
    return DenseKernels.descend(m.theta, m.gradient, rate: m.settings.learningRate, count: m.count)
  }
}

/// m <- b1 m + (1-b1) g,  v <- b2 v + (1-b2) g^2,
/// theta <- theta - lr (m/(1-b1^t)) / (sqrt(v/(1-b2^t)) + eps) (Kingma and Ba, arXiv 1412.6980).
private enum Adam: OptimizerRule {
  static let name = "adam"
  static let reads: Set = ["momentum", "beta2", "epsilon"]
  static let moments = 2
  static let noObjective: String? = nil
  static let keeps = KeptSets.coordinates

  static func move(_ m: OptimizerMove) -> Bool {
    let beta1 = m.settings.momentum
    let beta2 = m.settings.beta2
    let (lr, epsilon) = (m.settings.learningRate, m.settings.epsilon)
    let correction1 = 1 - power(beta1, m.step)
    let correction2 = (1 - power(beta2, m.step)).squareRoot()
    var check = 0.0
    for k in 0..<m.count {
      let g = m.gradient[k]
      m.first[k] = beta1 * m.first[k] + (1 - beta1) * g
      m.second[k] = beta2 * m.second[k] + (1 - beta2) * g * g
      let denominator = m.second[k].squareRoot() / correction2 + epsilon
      m.theta[k] -= lr / correction1 * m.first[k] / denominator
      check += 0 * m.theta[k]
    }
    return check == 0
  }
}

/// theta <- (1 - lr l2) theta, then Adam without L2 in g (Loshchilov and Hutter, arXiv 1711.05101): not
/// the gradient of loss + L2.
private enum AdamW: OptimizerRule {
  static let name = "adamw"
  static let reads = Adam.reads
  static let moments = 2
  static let noObjective: String? = "adamw decays decoupled from the loss"
  static let keeps = KeptSets.coordinates

  static func move(_ m: OptimizerMove) -> Bool {
    let decay = 1 - m.settings.learningRate * m.settings.l2
    for k in m.l2Ranges.joined() {
      let origin = m.center?[k] ?? 0
      m.theta[k] = origin + decay * (m.theta[k] - origin)
    }
    return Adam.move(m)
  }
}

/// x^n by repeated squaring: the same bits on every machine.
private func power(_ x: Double, _ n: Int) -> Double {
  var result = 1.0
  var base = x
  var n = n
  while n > 0 {
    if n & 1 == 1 { result *= base }
    base *= base
    n >>= 1
  }
  return result
}
