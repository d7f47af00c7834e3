import Glibc
import Testing

@testable import Kramers

@Suite struct AlignedPassageTests {
  @Test(
    "additive noise: phi is barrier/T, the time that of the potential E/D at T/D",
    arguments: [3, 4])
  func additive(depth: Int) throws {
    let mode = SingleMode(singular: 0.8, variance: 1.3, depth: depth)
    let l2 = 0.9 * (try #require(mode.spinodal))
    let barrier = try #require(mode.barrierFromLearned(l2: l2))
    let temperature = barrier / 4
    let passage = try AlignedPassage(
      mode, l2: l2, way: .collapse, noise: nil, rate: 0.1, temperature: temperature)
    #expect(abs(passage.phi - 4) < 1e-9)
    #expect(abs(passage.frozenPhi - 4) < 1e-9)
    let threshold = 0.4 * (try #require(mode.saddleStrength(l2: l2)))
    let end = pow(threshold, 1 / Double(depth))
    let exact = try #require(
      try meanFirstPassageTime(
        temperature: temperature / Double(depth), from: -passage.learned, to: -end,
        potential: { mode.energy(weight: -$0, l2: l2) / Double(depth) }))
    let found = try #require(passage.logCollapseTime(to: threshold))
    #expect(abs(found - log(exact)) < 1e-6)
    let up = try AlignedPassage(
      mode, l2: l2, way: .appearance, noise: nil, rate: 0.1, temperature: temperature)
    #expect(abs(up.phi - (try #require(mode.barrierFromZero(l2: l2))) / temperature) < 1e-9)
  }

  /// Products x^2 and x y of white Gaussian data with correlation .8: their second moments, on four
  /// points.
  private func gaussian(_ s: Double, batch: Int) -> AlignedNoise {
    var settings = Settings()
    settings.batch = .size(batch)
    settings.sampling = .replacement
    let signs = [(1.0, 1.0), (1, -1), (-1, 1), (-1, -1)]
    return AlignedNoise(
      squares: signs.map { 1 + 2.0.squareRoot() * $0.0 },
      products: signs.map { s + 2.0.squareRoot() * s * $0.0 + (1 - s * s).squareRoot() * $0.1 },
      settings: settings)
  }

  @Test(
    "noise frozen in the learned state gives .750, .661, .565 of phi at .97, .93, .85 of the spinodal"
  )
  func frozen() throws {
    // NumPy: trapezoid over 20001 points of f / (a^4 (2 (w - s)^2 + 1 - s^2)).
    let mode = SingleMode(singular: 0.8, depth: 3)
    let spinodal = try #require(mode.spinodal)
    for (share, ratio) in [(0.97, 0.75030165), (0.93, 0.66073321), (0.85, 0.56474627)] {
      let passage = try AlignedPassage(
        mode, l2: share * spinodal, way: .collapse, noise: gaussian(0.8, batch: 8), rate: 0.1,
        temperature: 0)
      #expect(abs(passage.frozenPhi / passage.gaussianPhi - ratio) < 1e-6)
    }
  }

  @Test("without T, phi is proportional to B/lr, and the time depends on B/lr alone")
  func scaling() throws {
    let mode = SingleMode(singular: 0.8, depth: 3)
    let l2 = 0.93 * (try #require(mode.spinodal))
    func passage(_ rate: Double, _ batch: Int) throws -> AlignedPassage {
      try AlignedPassage(
        mode, l2: l2, way: .collapse, noise: gaussian(0.8, batch: batch), rate: rate,
        temperature: 0)
    }
    let (one, same, double) = (try passage(0.1, 8), try passage(0.2, 16), try passage(0.1, 16))
    #expect(abs(same.phi / one.phi - 1) < 1e-12 && abs(double.phi / one.phi - 2) < 1e-12)
    let threshold = 0.03
    #expect(
      abs(
        try #require(one.logCollapseTime(to: threshold))
          - (try #require(same.logCollapseTime(to: threshold)))) < 1e-9)
  }

  @Test("no noise at zero, no appearance; no saddle, no escape: errors that say so")
  func refusals() throws {
    let mode = SingleMode(singular: 0.8, depth: 3)
    #expect(throws: InputError.self) {
      try AlignedPassage(
        mode, l2: 0.3, way: .appearance, noise: gaussian(0.8, batch: 8), rate: 0.1, temperature: 0)
    }
    #expect(throws: InputError.self) {
      try AlignedPassage(
        mode, l2: 1, way: .collapse, noise: gaussian(0.8, batch: 8), rate: 0.1, temperature: 0)
    }
  }

  @Test("Gaussian noise on the path alone: the integral equals a simulation of the same equation")
  func simulation() throws {
    // Euler steps of .1 in lr * steps where relaxation takes 10; 400 replicas, z = 4.
    let mode = SingleMode(singular: 0.8, depth: 3)
    let l2 = 0.95 * (try #require(mode.spinodal))
    let passage = try AlignedPassage(
      mode, l2: l2, way: .collapse, noise: gaussian(0.8, batch: 8), rate: 0.2, temperature: 0)
    let threshold = 0.5 * passage.saddle * passage.saddle * passage.saddle
    let end = pow(threshold, 1.0 / 3)
    let exact = exp(try #require(passage.logCollapseTime(to: threshold, .gaussianPathAlone)))
    var total = 0.0
    let step = 0.1
    for replica in 0..<400 {
      let random = RandomStream(seed: 8, replica: UInt32(replica), purpose: .statistics)
      var a = passage.learned
      var count = 0
      while a > end {
        for kick in random.normals(64, scale: 1, step: UInt64(count / 64)) where a > end {
          a += step * passage.drift(a) + (step * passage.variance(a)).squareRoot() * kick
          count += 1
        }
        // Whole blocks, so that no number is used twice.
        if a > end { count = (count + 63) / 64 * 64 }
      }
      total += Double(count) * step
    }
    let mean = total / 400
    #expect(abs(mean / exact - 1) < 4.0 / 20, "\(mean), not \(exact)")
  }
}
