import Testing

@testable import Kramers

@Suite("data.completion")
struct CompletionTaskTests {
  @Test("equal singular values, entries of rms 1, every entry in one of the sets")
  func matrix() throws {
    for (size, rank) in [(20, 1), (12, 3), (5, 5)] {
      let data = try Dataset.completion(size: size, rank: rank, fraction: 0.4, seed: 2)
      let (train, test) = (try #require(data.train), try #require(data.test))
      let (c, k) = (try #require(train.targetWeights), try #require(test.targetWeights))
      let observed = Int((0.4 * Double(size * size)).rounded())
      #expect(c.filter { $0 > 0 }.count == observed)
      for n in c.indices { #expect((c[n] > 0) != (k[n] > 0)) }
      let d = Double(size)
      #expect(abs(c.reduce(0, +) - d * d) < 1e-9 && abs(k.reduce(0, +) - d * d) < 1e-9)
      let whole = Matrix(size, size, zip(train.y, test.y).map { $0 + $1 })
      let values = singularValues(of: whole)
      for (j, s) in values.enumerated() {
        #expect(abs(s - (j < rank ? d / Double(rank).squareRoot() : 0)) < 1e-12 * d)
      }
      #expect(abs(whole.frobeniusNorm - d) < 1e-12 * d)
    }
  }

  @Test("the loss is sum over observed r^2 / (2 p d)")
  func loss() throws {
    let data = try Dataset.completion(size: 6, rank: 2, fraction: 0.5, seed: 5)
    let network = try Network(widths: [6, 6, 6])
    let theta = network.initialParameters(.gaussian, scale: 1, key: RandomKey(seed: 1))
    let map = network.endToEndMap(of: theta)
    let measurement = try Experiment(data: data, network: network, seed: 1).measure()
    func expected(_ samples: Samples) -> Double {
      var sum = 0.0
      for j in 0..<6 {
        for i in 0..<6 where samples.targetWeights?[6 * j + i] != 0 {
          let r = map[i, j] - samples.y[6 * j + i]
          sum += r * r
        }
      }
      return sum / (2 * 0.5 * 6)
    }
    #expect(abs(measurement.loss - expected(try #require(data.train))) < 1e-13)
    #expect(
      abs(try #require(measurement.testLoss) - expected(try #require(data.test))) < 1e-13)
  }

  /// Physics.md, section 7: train below 5 % by step ~40, test below 5 % between 2,700 and 8,700
  /// over five seeds, without any noise. Errors are squared ones, relative to the zero map. The step
  /// of the test scatters with the draw of matrix and entries: 2,400 to 5,000 over these five seeds,
  /// 3,000 to 9,200 over eight draws of an independent NumPy program; hence the wider limits.
  @Test("generalisation follows the fit after thousands of steps, without noise")
  func delay() throws {
    for seed in UInt64(1)...5 {
      let data = try Dataset.completion(size: 20, rank: 1, fraction: 0.4, seed: seed)
      var settings = Settings()
      settings.l2 = 3e-3
      var x = try Experiment(
        data: data, network: Network(widths: [20, 20, 20, 20]), settings: settings,
        initialization: .balanced)
      let zero = 0.5 * data.moments.traceYY
      let test = try #require(data.test)
      let testZero = 0.5 * SecondMoments(test).traceYY
      var options = TrainingOptions(steps: 200)
      options.every = 10
      let early = try x.train(options).trace
      options = TrainingOptions(steps: 12_000)
      options.every = 100
      let trace = try early + x.train(options).trace
      let fitted = try #require(trace.first { $0.measurement.loss < 0.05 * zero }?.measurement.step)
      let generalised = try #require(
        trace.first { $0.measurement.testLoss ?? 1 < 0.05 * testZero }?.measurement.step)
      #expect(fitted <= 50)
      #expect((2_000...10_000).contains(generalised))
    }
  }

  @Test("wrong options are refused")
  func refusals() {
    func message(_ size: Int, _ rank: Int = 1, _ fraction: Double = 0.5) -> String {
      refusal { () throws(InputError) in
        try Dataset.completion(size: size, rank: rank, fraction: fraction)
      }
    }
    #expect(message(0) == "size must be positive, got 0")
    #expect(message(100_000_000).contains("GiB of memory"))
    #expect(message(3, 4) == "rank must be from 1 to the size 3, got 4")
    #expect(message(3, 0) == "rank must be from 1 to the size 3, got 0")
    #expect(message(3, 1, 1.5) == "fraction must be in (0, 1], got 1.5")
    #expect(message(3, 1, 0.01) == "fraction = 0.01 of 9 elements leaves the training set empty")
    #expect(!message(3, 1, 1).hasPrefix("fraction"))
  }
}
