import Testing

@testable import Kramers

@Suite("whitening and singular values")
struct WhiteningTests {
  /// The number of ones if `m` is a projector to 1e-10, else nil.
  private func projectorRank(_ m: Matrix) -> Int? {
    guard distance(m * m, m) < 1e-10, distance(m, m.transposed) < 1e-10 else { return nil }
    return Int(m.trace.rounded())
  }

  /// Correlated inputs of unequal size: x = C z.
  private func correlated(_ count: Int, test: Int = 0, width: Int = 4) throws -> Dataset {
    let mix = Matrix(
      width, width, RandomStream(seed: 8, purpose: .data).normals(width * width, step: 77))
    func rows(_ samples: Samples) -> [[Double]] {
      (0..<samples.count).map { mix * Array(samples.x[$0 * width..<($0 + 1) * width]) }
    }
    func targets(_ samples: Samples) -> [[Double]] {
      (0..<samples.count).map { [samples.y[$0 * 2], samples.y[$0 * 2 + 1]] }
    }
    let data = try Dataset.gaussian(
      singular: [0.9, 0.8], inputs: width, samples: count, test: test, seed: 1)
    let train = try #require(data.train)
    return try Dataset.from(
      x: rows(train), y: targets(train), testX: data.test.map(rows), testY: data.test.map(targets))
  }

  @Test("Sigma_xx becomes the identity at full rank")
  func fullRank() throws {
    let data = try correlated(200).whitened()
    #expect(distance(data.moments.xx, .identity(4)) < 1e-10)
    #expect(data.train?.y == (try correlated(200)).train?.y)
  }

  @Test("with fewer samples than inputs it becomes a projector of that rank")
  func fewSamples() throws {
    let data = try correlated(5, width: 8).whitened()
    #expect(projectorRank(data.moments.xx) == 5)
  }

  @Test("zero and constant inputs are allowed: zero stays zero")
  func constantInputs() throws {
    let draws = RandomStream(seed: 2, purpose: .data).normals(60)
    let x = (0..<30).map { [draws[2 * $0], 0, 3, draws[2 * $0 + 1]] }
    let data = try Dataset.from(x: x, y: x).whitened()
    #expect(projectorRank(data.moments.xx) == 3)
    let train = try #require(data.train)
    #expect((0..<30).allSatisfy { train.x[4 * $0 + 1] == 0 })
    let nothing = try Dataset.from(x: [[0, 0]], y: [[1]]).whitened()
    #expect(nothing.moments.xx == Matrix(2, 2))
  }

  @Test("the digits, with their three dead pixels, become white on the rest")
  func digits() throws {
    let data = try Dataset.digits(train: 1)
    let white = data.whitened()
    #expect(projectorRank(white.moments.xx) == 61)
    #expect(white.isClassification)
  }

  @Test("the test set goes through the map of the training set")
  func testSet() throws {
    let data = try correlated(50, test: 20)
    let white = data.whitened()
    // The map is fixed by the training rows: recover it from them by least squares,
    // M = <x' x>^-1 <x' white>, which for full rank is M itself.
    let (train, test) = (try #require(data.train), try #require(data.test))
    let (whiteTrain, whiteTest) = (try #require(white.train), try #require(white.test))
    let eigen = eigenDecomposition(data.moments.xx)
    let root = whiteningMap(values: eigen.values, vectors: eigen.vectors)
    let cross =
      (1 / 50.0) * (Matrix(50, 4, train.x).transposed * Matrix(50, 4, whiteTrain.x))
    let map = root * root * cross
    let expected = Matrix(20, 4, test.x) * map
    #expect(distance(expected, Matrix(20, 4, whiteTest.x)) < 1e-9)
    #expect(whiteTest.y == test.y)
  }

  @Test("population moments are transformed by the same rule")
  func population() throws {
    let data = try Dataset.population(singular: [0.6, 0.2, 0], inputSpectrum: [4, 0.25, 0])
    let white = data.whitened()
    #expect(white.train == nil)
    #expect(distance(white.moments.xx, Matrix(3, 3, diagonal: [1, 1, 0])) < 1e-14)
    #expect(distance(white.moments.yx, Matrix(3, 3, diagonal: [0.3, 0.4, 0])) < 1e-14)
    #expect(white.moments.traceYY == data.moments.traceYY)
    // The best map of the white problem is Sigma_yx itself, with the same loss: 0.
    #expect(abs(white.moments.loss(of: white.moments.yx)) < 1e-14)
  }

  @Test("the whitening map of a known matrix is the known one")
  func map() {
    // Eigenvalues 9 and 1 along (1, 1) and (1, -1): M = [[2, -1], [-1, 2]] / 3.
    let eigen = eigenDecomposition(Matrix(2, 2, [5, 4, 4, 5]))
    let map = whiteningMap(values: eigen.values, vectors: eigen.vectors)
    #expect(distance(map, (1 / 3.0) * Matrix(2, 2, [2, -1, -1, 2])) < 1e-14)
  }

  @Test("singular values of Sigma_yx are those it was built with, small ones too")
  func singularValues() throws {
    let wanted = [2, 1, 1e-9]
    for (outputs, inputs) in [(3, 5), (5, 3)] {
      let u = Matrix.haarOrthogonal(outputs, RandomStream(seed: 1, purpose: .data))
      let v = Matrix.haarOrthogonal(inputs, RandomStream(seed: 2, purpose: .data))
      let yx = u * Matrix(outputs, inputs, diagonal: wanted) * v.transposed
      let data = Dataset(
        name: "test", population: SecondMoments(xx: .identity(inputs), yx: yx, traceYY: 5))
      // Absolute accuracy of a backward-stable method: a few ulp of the largest.
      let found = data.singularValues()
      #expect(found.elementsEqual(wanted) { abs($0 - $1) < 4e-15 }, "\(found)")
    }
  }
}
