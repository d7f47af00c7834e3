import Testing

@testable import Kramers

@Suite("data.gaussian")
struct GaussianTaskTests {
  /// The joint covariance for S = diag(.9, .4), 3 inputs, 4 outputs.
  private var joint: Matrix {
    var result = Matrix.identity(7)
    for (i, s) in [0.9, 0.4].enumerated() {
      result[i, 3 + i] = s
      result[3 + i, i] = s
    }
    return result
  }

  @Test("the samples have the moments of the equation")
  func moments() throws {
    let data = try Dataset.gaussian(
      singular: [0.4, 0.9], inputs: 3, outputs: 4, samples: 40_000, test: 20_000, seed: 1)
    expectMoments(try #require(data.train), equal: joint)
    expectMoments(try #require(data.test), equal: joint)
    #expect(data.summary == "gaussian: 40000 samples (20000 test), 3 inputs, 4 outputs")
  }

  @Test("rotation turns inputs and targets of the same draws by orthogonal matrices")
  func rotation() throws {
    func make(_ rotate: Bool, _ samples: Int?, seed: UInt64 = 3) throws -> Dataset {
      try Dataset.gaussian(
        singular: [0.9, 0.4], inputs: 3, outputs: 4, samples: samples, rotate: rotate, seed: seed)
    }
    let plain = try make(false, 500)
    let turned = try make(true, 500)
    for (a, b) in zip(plain.singularValues(), turned.singularValues()) {
      #expect(abs(a - b) < 1e-13)
    }
    #expect(distance(plain.moments.yx, turned.moments.yx) > 0.1)
    let (x, y) = (try #require(plain.train), try #require(turned.train))
    for n in 0..<500 {
      #expect(
        abs(norm(Array(x.x[3 * n..<3 * n + 3])) - norm(Array(y.x[3 * n..<3 * n + 3]))) < 1e-12)
      #expect(
        abs(norm(Array(x.y[4 * n..<4 * n + 4])) - norm(Array(y.y[4 * n..<4 * n + 4]))) < 1e-12)
    }
    // The rotated samples belong to the rotated exact moments of the same seed.
    let exact = try make(true, nil)
    #expect(exact.singularValues().elementsEqual([0.9, 0.4, 0]) { abs($0 - $1) < 1e-14 })
    var covariance = Matrix.identity(7)
    for i in 0..<4 {
      for j in 0..<3 {
        covariance[3 + i, j] = exact.moments.yx[i, j]
        covariance[j, 3 + i] = exact.moments.yx[i, j]
      }
    }
    expectMoments(try #require(try make(true, 40_000).train), equal: covariance)
    #expect(distance(exact.moments.yx, try make(true, nil, seed: 4).moments.yx) > 0.01)
  }

  @Test("without samples the moments are exact and the targets white")
  func population() throws {
    let data = try Dataset.gaussian(singular: [0.8, 0.9], outputs: 3, samples: nil)
    #expect(data.train == nil && data.test == nil && data.sampleCount == nil)
    #expect(data.moments.xx == .identity(2))
    #expect(data.moments.yx == Matrix(3, 2, diagonal: [0.9, 0.8]))
    #expect(data.moments.traceYY == 3)
    #expect(data.summary == "gaussian: exact moments, 2 inputs, 3 outputs")
  }

  @Test("equal seeds give equal bits, and fewer samples are the first of more")
  func seeds() throws {
    func make(_ samples: Int, _ test: Int, seed: UInt64) throws -> (Samples, Samples) {
      let data = try Dataset.gaussian(
        singular: [0.9, 0.8], samples: samples, test: test, seed: seed)
      return (try #require(data.train), try #require(data.test))
    }
    let (train, test) = try make(64, 32, seed: 5)
    let again = try make(64, 32, seed: 5)
    #expect(train == again.0 && test == again.1)
    let fewer = try make(10, 7, seed: 5)
    #expect(fewer.0 == train.rows(0..<10) && fewer.1 == test.rows(0..<7))
    let other = try make(64, 32, seed: 6)
    #expect(Set(other.0.x).isDisjoint(with: train.x) && Set(test.x).isDisjoint(with: train.x))
  }

  @Test("training and test rows are uncorrelated")
  func independence() throws {
    let count = 40_000
    let data = try Dataset.gaussian(singular: [0.9], samples: count, test: count, seed: 2)
    let (train, test) = (try #require(data.train), try #require(data.test))
    // Products of independent unit normals have variance 1: z = 5 standard errors 1/sqrt(N).
    for (a, b) in [(train.x, test.x), (train.y, test.y), (train.x, test.y)] {
      #expect(abs(dot(a, b)) / Double(count) < 5 / Double(count).squareRoot())
    }
  }

  @Test("singular value 1 leaves no noise: y = x")
  func noNoise() throws {
    let train = try #require(try Dataset.gaussian(singular: [1, 1], samples: 20).train)
    #expect(train.x == train.y)
  }

  @Test("a test set of 0 rows is none")
  func noTest() throws {
    let data = try Dataset.gaussian(singular: [0.5], samples: 1, test: 0)
    #expect(data.test == nil)
    #expect(data.summary == "gaussian: 1 sample, 1 input, 1 output")
  }

  @Test("wrong options are refused with name, value and rule")
  func refusals() {
    func message(
      _ singular: [Double], inputs: Int? = nil, outputs: Int? = nil, samples: Int? = 8,
      test: Int? = nil, rotate: Bool = false
    ) -> String {
      do throws(InputError) {
        let data = try Dataset.gaussian(
          singular: singular, inputs: inputs, outputs: outputs, samples: samples, test: test,
          rotate: rotate)
        return "accepted: \(data)"
      } catch { return "\(error)" }
    }
    #expect(message([]) == "singular must hold at least one singular value, got none")
    #expect(message([0.5, 1.5]) == "singular[2] must be at most 1.0, got 1.5")
    #expect(message([-0.1]) == "singular[1] must be zero or positive, got -0.1")
    #expect(message([.nan]) == "singular[1] must be a finite number, got nan")
    #expect(message([.infinity]) == "singular[1] must be a finite number, got inf")
    let tooMany = "singular must hold at most min(inputs, outputs) = 1 values, got 2"
    #expect(message([0.5, 0.4], inputs: 1, outputs: 3) == tooMany)
    #expect(message([0.5, 0.4], outputs: 1) == tooMany)
    #expect(message([0.5], inputs: 0) == "inputs must be positive, got 0")
    #expect(message([0.5], outputs: -3) == "outputs must be positive, got -3")
    #expect(message([0.5], samples: 0) == "samples must be positive, got 0")
    #expect(message([0.5], samples: -1) == "samples must be positive, got -1")
    #expect(message([0.5], samples: .max).hasPrefix("samples must be at most 2147483647, got 9"))
    #expect(message([0.5], test: -1) == "test must be zero or positive, got -1")
    #expect(message([0.5], test: .max).hasPrefix("test must be at most 2147483647"))
    #expect(
      message([0.5], samples: nil, test: 8)
        == "test needs samples: without them the data is its exact moments alone")
    let huge = message([0.5], inputs: 2_000_000_000, outputs: 1, samples: 2_000_000_000)
    #expect(
      huge.hasPrefix(
        "2000000000 samples of 2000000000 inputs and 1 outputs would take 59604644805.2 GiB of "
          + "memory, and the limit here is "), "\(huge)")
    #expect(message([0.5], inputs: 200_000, samples: nil).contains("would take 298.0 GiB"))
    #expect(message([0.5], outputs: 200_000, samples: 1, rotate: true).contains(" GiB"))
  }
}
