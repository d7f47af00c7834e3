import Glibc
import Testing

@testable import Kramers

@Suite struct AlignedNoiseTests {
  private func settings(_ batch: Int, _ sampling: Sampling, labels: Double = 0) -> Settings {
    var settings = Settings()
    settings.learningRate = 0.1
    settings.l2 = 0.2
    settings.batch = .size(batch)
    settings.sampling = sampling
    settings.labelNoise = labels
    return settings
  }

  @Test(
    "its variance is that of the gradient along the way of the learned mode, in full weight space",
    arguments: [Sampling.replacement, .subset])
  func variance(sampling: Sampling) throws {
    let data = try Dataset.gaussian(singular: [0.9, 0.8], samples: 64, seed: 3).whitened()
    var x = try deepLinear(data, width: 3, l2: 0.2)
    try x.enterSubset([1, 2])
    let settings = settings(8, sampling)
    try x.update { $0 = settings }
    let mode = try #require(CommutingModes(data.moments, depth: 3)?.modes[1])
    let noise = AlignedNoise(
      try #require(data.train), left: mode.left, right: mode.right, settings: settings)
    var request = NoiseRequest()
    request.mode = 2
    let projection = try #require(try x.gradientNoise(request).projection)
    let a = try #require(mode.single.learnedWeight(l2: 0.2))
    let own = 3 * a * a * a * a * noise.variance(a * a * a)
    #expect(abs(own / projection - 1) < 1e-9, "\(own), not \(projection)")
  }

  /// rho = +- 1 in equal shares.
  private func coin(_ count: Int, batch: Int, _ sampling: Sampling) -> AlignedNoise {
    AlignedNoise(
      squares: [Double](repeating: 1, count: count),
      products: (0..<count).map { $0 % 2 == 0 ? 1 : -1 }, settings: settings(batch, sampling))
  }

  @Test(
    "coin tosses: the cost of a path solves ln cosh(q)/q = drift, its speed and spread likewise")
  func coins() throws {
    let noise = coin(64, batch: 8, .replacement)
    for drift in [0.1, -0.3, 0.6] {
      let lean = try #require(noise.lean(0, against: drift, gaussian: 0))
      let q = 2 * drift * lean.cost
      #expect(abs(log(cosh(q)) / q - drift) < 1e-10)
      #expect(abs(lean.speed - (tanh(q) - drift) / drift) < 1e-8)
      #expect(abs(lean.spread - 1 / (cosh(q) * cosh(q))) < 1e-6)
    }
    // No batch pulls harder than 1.
    #expect(noise.lean(0, against: 1.1, gaussian: 0) == nil)
  }

  @Test("subsets: the cumulants of the hypergeometric law, to the 2 % that 25 of 200 allow")
  func subsets() throws {
    // ln E e^(q S), S the sum over 50 of 200 coins, half of them +1, exactly.
    let (half, size) = (100, 50)
    func logChoose(_ n: Int, _ k: Int) -> Double {
      lgamma(Double(n + 1)) - lgamma(Double(k + 1)) - lgamma(Double(n - k + 1))
    }
    func generating(_ q: Double) -> Double {
      log(
        (0...size).reduce(0) { sum, k in
          sum
            + exp(
              logChoose(half, k) + logChoose(half, size - k) - logChoose(2 * half, size)
                + q * Double(2 * k - size))
        }) / Double(size)
    }
    let noise = coin(2 * half, batch: size, .subset)
    for drift in [0.05, 0.2] {
      let lean = try #require(noise.lean(0, against: drift, gaussian: 0))
      let q = 2 * drift * lean.cost / 0.75
      #expect(abs(generating(q) / q / drift - 1) < 0.02)
    }
  }

  @Test("label noise: Gaussian when all samples are seen, mixed with the samples' own otherwise")
  func labels() throws {
    var full = settings(8, .replacement, labels: 0.5)
    full.batch = .full
    let squares = [0.5, 1.5, 1, 1]
    let quiet = AlignedNoise(squares: squares, products: [0, 1, 0, 1], settings: full)
    #expect(quiet.variance(0.3) == 0.25 * 1 / 4)
    #expect(quiet.lean(0.3, against: 0.2, gaussian: 0)?.cost == 1)
    // ln <exp(q rho + q^2 sigma^2 x^2 / 2)> = drift q at the root.
    let products = [0.0, 1, 0, 1]
    let mixed = AlignedNoise(
      squares: squares, products: products, settings: settings(2, .replacement, labels: 0.5))
    let (w, drift) = (0.4, 0.1)
    let rho = zip(squares, products).map { w * ($0 - 1) - ($1 - 0.5) }
    let variance = rho.reduce(0) { $0 + $1 * $1 } / 4 + 0.25
    #expect(abs(mixed.variance(w) - variance / 2) < 1e-14)
    let lean = try #require(mixed.lean(w, against: drift, gaussian: 0))
    let q = 2 * drift * lean.cost / variance
    let sum = zip(rho, squares).reduce(0) { $0 + exp(q * $1.0 + 0.125 * q * q * $1.1) }
    #expect(abs(log(sum / 4) / q - drift) < 1e-10)
    // The third cumulant: the cost's first order.
    let small = try #require(mixed.lean(w, against: 1e-3, gaussian: 0))
    #expect(abs(mixed.smallLean(w, against: 1e-3, gaussian: 0) - small.cost) < 1e-4)
  }
}
