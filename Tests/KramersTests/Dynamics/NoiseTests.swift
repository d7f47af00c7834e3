import Glibc
import Testing

@testable import Kramers

private let isLong = getenv("KRAMERS_LONG") != nil

@Suite struct NoiseTests {
  /// A one-weight network on population data: objective (1 + l2)/2 theta^2 - s theta, h = 1 + l2.
  private func quadratic(_ settings: Settings, seed: UInt64) throws -> Trainer {
    try Trainer(
      data: Dataset.population(singular: [0.5]), network: Network(widths: [1, 1]),
      settings: settings, key: RandomKey(seed: seed), state: TrainingState(parameters: [0.4]))
  }

  /// Mean and variance of theta with standard errors from blocks, far longer than 1/(lr h).
  private func stationary(
    _ trainer: Trainer, mean: Double, blocks: Int
  ) -> (mean: Double, meanError: Double, variance: Double, error: Double) {
    trainer.run(steps: 10_000)
    var means: [Double] = []
    var squares: [Double] = []
    for _ in 0..<blocks {
      var (sum, square) = (0.0, 0.0)
      for _ in 0..<4000 {
        trainer.run(steps: 1)
        let d = trainer.parameterPointer[0] - mean
        sum += d
        square += d * d
      }
      means.append(mean + sum / 4000)
      squares.append(square / 4000)
    }
    func summary(_ x: [Double]) -> (Double, Double) {
      let average = x.reduce(0, +) / Double(x.count)
      let spread = x.reduce(0) { $0 + ($1 - average) * ($1 - average) }
      return (average, (spread / Double(x.count * (x.count - 1))).squareRoot())
    }
    let (m, me) = summary(means)
    let (v, ve) = summary(squares)
    return (m, me, v, ve)
  }

  /// AR(1): theta' = (1 - lr h) theta + sqrt(2 lr T) xi has variance T/(h (1 - lr h/2)). At
  /// lr h = 1 this is twice T/h: the discrete bias is visible, not only the limit. z = 5.
  @Test("Langevin SGD in a quadratic has variance T/(h(1 - lr h/2))", arguments: [0.05, 0.3, 0.8])
  func langevin(learningRate: Double) throws {
    var settings = Settings()
    settings.learningRate = learningRate
    settings.l2 = 0.25
    settings.temperature = 0.02
    let result = stationary(
      try quadratic(settings, seed: 41), mean: 0.4, blocks: isLong ? 5000 : 250)
    let h = 1.25
    let expected = 0.02 / (h * (1 - learningRate * h / 2))
    #expect(abs(result.variance - expected) < 5 * result.error)
    #expect(abs(result.mean - 0.4) < 5 * result.meanError)
    #expect(result.error < 0.03 * expected)
  }

  /// theta'' = (1 + mu - lr h) theta' - mu theta - sqrt(2 lr T (1-mu)) xi is AR(2); its variance
  /// sigma^2 (1-p2)/((1+p2)((1-p2)^2-p1^2)) with p1 = 1 + mu - lr h, p2 = -mu is
  /// T/(h (1 - lr h/(2 (1+mu)))), which tends to T/h. z = 5.
  @Test(
    "heavy-ball Langevin has variance T/(h(1 - lr h/(2(1+mu))))",
    arguments: [(0.3, 0.5), (0.8, 0.5), (0.8, 0.9), (0.05, 0.9), (0.8, 0)])
  func heavyBall(learningRate: Double, momentum: Double) throws {
    var settings = Settings()
    settings.optimizer = .momentum
    settings.momentum = momentum
    settings.learningRate = learningRate
    settings.l2 = 0.25
    settings.temperature = 0.02
    let result = stationary(
      try quadratic(settings, seed: 42), mean: 0.4, blocks: isLong ? 5000 : 250)
    let h = 1.25
    let expected = 0.02 / (h * (1 - learningRate * h / (2 * (1 + momentum))))
    #expect(abs(result.variance - expected) < 5 * result.error)
    #expect(abs(result.mean - 0.4) < 5 * result.meanError)
    #expect(result.error < 0.05 * expected)
  }

  /// One step of 2,000 parameters, 20 replicas: theta_noisy - theta_quiet = -lr sigma/sqrt(B) xi.
  /// Standard errors of mean and variance of n normals: s/sqrt(n) and s^2 sqrt(2/n). z = 5.
  @Test(
    "gradient noise moves a step by lr sigma/sqrt(B)",
    arguments: [BatchSize.full, .size(1), .size(4)])
  func gradientNoise(batch: BatchSize) throws {
    let random = RandomStream(seed: 43, purpose: .data)
    let samples = Samples(
      count: 9, inputs: 50, outputs: 40, x: random.normals(450, step: 0),
      y: random.normals(360, step: 1))
    let data = Dataset(name: "from", train: samples)
    let network = try Network(widths: [50, 40])
    var settings = Settings()
    settings.batch = batch
    settings.learningRate = 0.1
    var (n, sum, square) = (0.0, 0.0, 0.0)
    for replica in 0..<20 as Range<UInt32> {
      func step(_ noise: Double) throws -> [Double] {
        settings.gradientNoise = noise
        let trainer = try Trainer(
          data: data, network: network, settings: settings,
          key: RandomKey(seed: 44, replica: replica),
          state: TrainingState(parameters: random.normals(2000, step: 2)))
        trainer.run(steps: 1)
        return trainer.parameters
      }
      for (a, b) in zip(try step(0.7), try step(0)) {
        n += 1
        sum += a - b
        square += (a - b) * (a - b)
      }
    }
    let variance = 0.1 * 0.1 * 0.7 * 0.7 / Double(settings.batchCount(of: 9))
    #expect(abs(sum / n) < 5 * (variance / n).squareRoot())
    #expect(abs(square / n - variance) < 5 * variance * (2 / n).squareRoot())
  }

  /// The gradient of either loss is affine in the targets, so the noisy step differs by
  /// -lr s sum_bi (dg_k/dy_bi) eps_bi exactly: normal with a variance that unit moves of each
  /// target give. 20,000 replicas; z = 5 for mean, variance and the covariance of a pair.
  @Test(
    "label noise moves a step by the exact gradient contribution of perturbed targets",
    arguments: Loss.allCases, [BatchSize.full, .size(2)])
  func labelNoise(loss: Loss, batch: BatchSize) throws {
    let network = try Network(widths: [2, 3, 2], activation: .tanh, loss: loss)
    let random = RandomStream(seed: 45, purpose: .data)
    let theta = random.normals(network.parameterCount, step: 2)
    let samples = Samples(
      count: 5, inputs: 2, outputs: 2, x: random.normals(10, step: 0),
      y: [1, 0, 0, 1, 1, 0, 0, 1, 1, 0])
    let data = Dataset(name: "from", train: samples)
    let slow = SlowNetwork(network: network, theta: theta)
    let all = Array(0..<5)
    let size = batch == .full ? 5 : 2
    // dg_k/dy_bi for a batch that holds sample b once.
    let sensitivity = (0..<10).map { target in
      var moved = samples.y
      moved[target] += 1
      let shifted = Samples(count: 5, inputs: 2, outputs: 2, x: samples.x, y: moved)
      let row = [target / 2]
      return zip(
        slow.lossAndGradient(shifted, rows: row).gradient,
        slow.lossAndGradient(samples, rows: row).gradient
      ).map { ($0 - $1) / Double(size) }
    }
    var settings = Settings()
    settings.batch = batch
    settings.sampling = .subset
    settings.learningRate = 0.1
    let replicas = 20_000
    let count = network.parameterCount
    var sums = [Double](repeating: 0, count: count)
    var squares = sums
    var product = 0.0
    func step(_ noise: Double, _ replica: Int) throws -> [Double] {
      settings.labelNoise = noise
      let trainer = try Trainer(
        data: data, network: network, settings: settings,
        key: RandomKey(seed: 46, replica: UInt32(replica)),
        state: TrainingState(parameters: theta))
      trainer.run(steps: 1)
      return trainer.parameters
    }
    for replica in 0..<replicas {
      // The draws of the batch do not depend on whether there is label noise.
      let noisy = try step(0.3, replica)
      let quiet = try step(0, replica)
      let difference = zip(noisy, quiet).map { $0 - $1 }
      for k in 0..<count {
        sums[k] += difference[k]
        squares[k] += difference[k] * difference[k]
      }
      product += difference[0] * difference[count - 1]
    }
    // A row is in the batch with probability size/5.
    let share = Double(size) / Double(all.count)
    func covariance(_ j: Int, _ k: Int) -> Double {
      var sum = 0.0
      for gradient in sensitivity { sum += gradient[j] * gradient[k] }
      return 0.1 * 0.1 * 0.3 * 0.3 * share * sum
    }
    let n = Double(replicas)
    // A mixture over batches has a larger fourth moment than a normal: at most 1/share times.
    for k in 0..<count {
      let variance = covariance(k, k)
      #expect(abs(sums[k] / n) < 5 * (variance / n).squareRoot())
      let error = variance * ((3 / share - 1) / n).squareRoot()
      #expect(abs(squares[k] / n - variance) < 5 * error)
    }
    let last = count - 1
    let spread = (3 / share / n * covariance(0, 0) * covariance(last, last)).squareRoot()
    #expect(abs(product / n - covariance(0, last)) < 5 * spread)
  }

  @Test("label noise is drawn anew each step and for each target")
  func freshLabels() throws {
    // Zero weights, x = 1: the step is lr times the noisy target.
    let data = Dataset(
      name: "from", train: Samples(count: 1, inputs: 1, outputs: 2, x: [1], y: [0, 0]))
    var settings = Settings()
    settings.labelNoise = 1
    settings.learningRate = 1
    let trainer = try Trainer(
      data: data, network: Network(widths: [1, 2]), settings: settings, key: RandomKey(seed: 0),
      state: TrainingState(parameters: [0, 0]))
    // With lr = 1 the weights become the noisy targets themselves.
    var seen: Set<Double> = []
    for _ in 0..<100 {
      trainer.run(steps: 1)
      seen.formUnion(trainer.parameters)
    }
    #expect(seen.count == 200)
  }
}
