import Testing

@testable import Kramers

/// The rows that a step drew, read from what it did to the parameters: input n is the unit vector
/// e_n, so that on a one-layer network with target 0, learning rate q and batch size B,
///
///     w_n <- w_n (1 - q c_n / B)
///
/// where c_n is how often row n was drawn.
private struct DrawnRows {
  let samples: Int
  let batch: Int
  private let trainer: Trainer

  init(samples: Int, batch: Int, sampling: Sampling, seed: UInt64) throws {
    self.samples = samples
    self.batch = batch
    var x = [Double](repeating: 0, count: samples * samples)
    for n in 0..<samples { x[n * samples + n] = 1 }
    let data = Dataset(
      name: "from",
      train: Samples(
        count: samples, inputs: samples, outputs: 1, x: x,
        y: [Double](repeating: 0, count: samples)))
    var settings = Settings()
    settings.learningRate = 1e-4 * Double(batch)
    settings.batch = .size(batch)
    settings.sampling = sampling
    trainer = try Trainer(
      data: data, network: Network(widths: [samples, 1]), settings: settings,
      key: RandomKey(seed: seed),
      state: TrainingState(parameters: [Double](repeating: 1, count: samples)))
  }

  var state: TrainingState { trainer.state }

  /// c_n of the next step.
  func next() -> [Int] {
    let before = trainer.parameters
    trainer.run(steps: 1)
    return zip(before, trainer.parameters).map { Int(((1 - $1 / $0) * 1e4).rounded()) }
  }
}

@Suite struct BatchDrawingTests {
  @Test("an epoch of permutations is floor(N/B) batches without a repeat, and no two are alike")
  func permutation() throws {
    for (samples, batch) in [(13, 5), (12, 4), (7, 7), (9, 1), (5, 3)] {
      let rows = try DrawnRows(samples: samples, batch: batch, sampling: .permutation, seed: 1)
      var epochs: [[[Int]]] = []
      for epoch in 0..<20 {
        var total = [Int](repeating: 0, count: samples)
        var batches: [[Int]] = []
        for _ in 0..<samples / batch {
          let counts = rows.next()
          #expect(counts.reduce(0, +) == batch)
          for n in 0..<samples { total[n] += counts[n] }
          batches.append(counts)
          #expect(rows.state.epoch == UInt64(epoch))
        }
        #expect(total.allSatisfy { $0 <= 1 })
        #expect(total.reduce(0, +) == samples / batch * batch)
        epochs.append(batches)
      }
      // Smaller sets repeat a cut by chance.
      if samples >= 9 { #expect(zip(epochs, epochs.dropFirst()).allSatisfy { $0 != $1 }) }
    }
  }

  /// Over many epochs each sample is left out with probability (N mod B)/N; z = 5.
  @Test("the remainder that a permutation leaves out is uniform")
  func remainder() throws {
    let rows = try DrawnRows(samples: 13, batch: 5, sampling: .permutation, seed: 2)
    var counts = [Int](repeating: 0, count: 13)
    let epochs = 4000
    for _ in 0..<2 * epochs { for (n, c) in rows.next().enumerated() { counts[n] += c } }
    let p = 10.0 / 13
    let error = (Double(epochs) * p * (1 - p)).squareRoot()
    #expect(counts.allSatisfy { abs(Double($0) - Double(epochs) * p) < 5 * error })
  }

  /// c_n of B draws with replacement is binomial(B, 1/N): mean B/N, P(c = 0) = (1-1/N)^B, and
  /// Cov(c_n, c_m) = -B/N^2. z = 5 each.
  @Test("replacement draws B independent uniform rows each step")
  func replacement() throws {
    for (samples, batch) in [(7, 5), (4, 9)] {
      let rows = try DrawnRows(samples: samples, batch: batch, sampling: .replacement, seed: 3)
      let steps = 20_000
      var counts = [Int](repeating: 0, count: samples)
      var absent = 0
      var product = 0.0
      for _ in 0..<steps {
        let drawn = rows.next()
        #expect(drawn.reduce(0, +) == batch)
        for n in 0..<samples { counts[n] += drawn[n] }
        if drawn[0] == 0 { absent += 1 }
        product += Double(drawn[0] * drawn[1])
      }
      let (total, b, n) = (Double(steps), Double(batch), Double(samples))
      let error = (total * b * (1 / n) * (1 - 1 / n)).squareRoot()
      #expect(counts.allSatisfy { abs(Double($0) - total * b / n) < 5 * error })
      var q = 1.0
      for _ in 0..<batch { q *= 1 - 1 / n }
      #expect(abs(Double(absent) - total * q) < 5 * (total * q * (1 - q)).squareRoot())
      // E c_0 c_1 = B (B-1)/N^2; c_0 c_1 <= B^2/4 bounds its standard deviation by B^2/8.
      #expect(abs(product / total - b * (b - 1) / (n * n)) < 5 * b * b / 8 / total.squareRoot())
    }
  }

  /// A B-subset holds a row with probability B/N and a pair with B(B-1)/N(N-1). z = 5 each.
  @Test("subset draws a uniform B-subset without repeats, afresh each step")
  func subset() throws {
    for (samples, batch) in [(7, 3), (5, 5), (6, 1)] {
      let rows = try DrawnRows(samples: samples, batch: batch, sampling: .subset, seed: 4)
      let steps = 20_000
      var counts = [Int](repeating: 0, count: samples)
      var pairs = [Int](repeating: 0, count: samples * samples)
      var repeats = 0
      var previous: [Int] = []
      for _ in 0..<steps {
        let drawn = rows.next()
        #expect(drawn.allSatisfy { $0 <= 1 })
        #expect(drawn.reduce(0, +) == batch)
        for n in 0..<samples where drawn[n] == 1 {
          counts[n] += 1
          for m in 0..<n where drawn[m] == 1 { pairs[n * samples + m] += 1 }
        }
        if drawn == previous { repeats += 1 }
        previous = drawn
      }
      let (total, b, n) = (Double(steps), Double(batch), Double(samples))
      func isNear(_ count: Int, _ p: Double) -> Bool {
        abs(Double(count) - total * p) <= 5 * (total * p * (1 - p)).squareRoot()
      }
      #expect(counts.allSatisfy { isNear($0, b / n) })
      for i in 0..<samples {
        for j in 0..<i { #expect(isNear(pairs[i * samples + j], b * (b - 1) / (n * (n - 1)))) }
      }
      // Two steps in a row draw the same subset once in binomial(N, B).
      var subsets = 1.0
      for k in 0..<batch { subsets *= Double(samples - k) / Double(k + 1) }
      if batch < samples { #expect(isNear(repeats, 1 / subsets)) }
    }
  }

  @Test("seeds draw differently, and each the same again")
  func seeds() throws {
    for sampling in [Sampling.permutation, .replacement, .subset] {
      func draws(_ seed: UInt64) throws -> [[Int]] {
        let rows = try DrawnRows(samples: 13, batch: 5, sampling: sampling, seed: seed)
        return (0..<20).map { _ in rows.next() }
      }
      #expect(try draws(1) == draws(1))
      #expect(try draws(1) != draws(2))
    }
  }
}
