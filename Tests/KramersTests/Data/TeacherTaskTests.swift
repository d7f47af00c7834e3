import Testing

@testable import Kramers

@Suite("data.teacher and data.population")
struct TeacherTaskTests {
  /// The joint covariance of y = diag(a) x + noise * xi with x ~ N(0, diag(spectrum)).
  private func joint(_ a: [Double], _ spectrum: [Double], outputs: Int, noise: Double) -> Matrix {
    let n = spectrum.count
    var result = Matrix(n + outputs, n + outputs)
    for i in 0..<n { result[i, i] = spectrum[i] }
    for i in 0..<outputs { result[n + i, n + i] = noise * noise }
    for (i, s) in a.enumerated() {
      result[n + i, n + i] += s * s * spectrum[i]
      result[i, n + i] = s * spectrum[i]
      result[n + i, i] = s * spectrum[i]
    }
    return result
  }

  @Test("white inputs: the samples have the moments of the equation, singular values descend")
  func white() throws {
    let data = try Dataset.teacher(
      singular: [0.5, 2], inputs: 3, outputs: 2, samples: 40_000, test: 20_000, noise: 0.3, seed: 1)
    let exact = joint([2, 0.5], [1, 1, 1], outputs: 2, noise: 0.3)
    expectMoments(try #require(data.train), equal: exact)
    expectMoments(try #require(data.test), equal: exact)
  }

  @Test("a spectrum is paired with the singular values and shared by the test set")
  func spectrum() throws {
    let data = try Dataset.teacher(
      singular: [0.5, 2], inputs: 3, samples: 40_000, test: 20_000, noise: 0.3,
      inputSpectrum: [0.05, 4, 1], seed: 2)
    let exact = joint([0.5, 2], [0.05, 4, 1], outputs: 2, noise: 0.3)
    expectMoments(try #require(data.train), equal: exact)
    expectMoments(try #require(data.test), equal: exact)
  }

  @Test("test_spectrum is for the test set alone, and a zero variance gives zeros")
  func testSpectrum() throws {
    let data = try Dataset.teacher(
      singular: [1, 1], samples: 40_000, test: 20_000, inputSpectrum: [1, 0.05],
      testSpectrum: [1, 1], seed: 3)
    let (train, test) = (try #require(data.train), try #require(data.test))
    expectMoments(train, equal: joint([1, 1], [1, 0.05], outputs: 2, noise: 0))
    expectMoments(test, equal: joint([1, 1], [1, 1], outputs: 2, noise: 0))
    let flat = try Dataset.teacher(singular: [1, 1], samples: 50, inputSpectrum: [1, 0])
    #expect(flat.moments.xx[1, 1] == 0 && flat.moments.xx[0, 0] > 0)
  }

  @Test("without noise y is A x to the bit")
  func noiseless() throws {
    let train = try #require(
      try Dataset.teacher(singular: [3], inputs: 2, outputs: 2, samples: 30, seed: 4).train)
    for n in 0..<30 { #expect(train.y[2 * n] == 3 * train.x[2 * n] && train.y[2 * n + 1] == 0) }
  }

  @Test("noise leaves the inputs as they were")
  func noiseIsApart() throws {
    let quiet = try Dataset.teacher(singular: [1], samples: 30, test: 9, seed: 5)
    let noisy = try Dataset.teacher(singular: [1], samples: 30, test: 9, noise: 0.5, seed: 5)
    #expect(quiet.train?.x == noisy.train?.x && quiet.test?.x == noisy.test?.x)
    #expect(quiet.train?.y != noisy.train?.y)
    #expect(
      noisy.train == (try Dataset.teacher(singular: [1], samples: 30, noise: 0.5, seed: 5)).train)
  }

  @Test("without samples the teacher has its exact moments, and its map loses only the noise")
  func exact() throws {
    let data = try Dataset.teacher(
      singular: [2, 3], outputs: 3, samples: nil, noise: 0.5, inputSpectrum: [1, 0.25])
    #expect(data.train == nil)
    #expect(data.moments.xx == Matrix(2, 2, diagonal: [1, 0.25]))
    #expect(data.moments.yx == Matrix(3, 2, diagonal: [2, 0.75]))
    // <|y|^2> = 4 * 1 + 9 * 0.25 + 3 * 0.25; the loss of A itself is 3 * 0.25 / 2.
    #expect(data.moments.traceYY == 7)
    #expect(abs(data.moments.loss(of: Matrix(3, 2, diagonal: [2, 3])) - 0.375) < 1e-14)
  }

  @Test("population: the best linear map has loss 0, and any other has more")
  func population() throws {
    let data = try Dataset.population(
      singular: [0.3, 0.05], outputs: 3, inputSpectrum: [1, 0.05])
    #expect(data.moments.yx == Matrix(3, 2, diagonal: [0.3, 0.05]))
    #expect(abs(data.moments.loss(of: Matrix(3, 2, diagonal: [0.3, 1]))) < 1e-15)
    // Moving the second entry by d costs variance * d^2 / 2.
    let off = data.moments.loss(of: Matrix(3, 2, diagonal: [0.3, 1.2]))
    #expect(abs(off - 0.05 * 0.04 / 2) < 1e-15)
    #expect(data.summary == "population: exact moments, 2 inputs, 3 outputs")
    let white = try Dataset.population(singular: [1, 3, 2], inputs: 4)
    #expect(white.moments.yx == Matrix(3, 4, diagonal: [3, 2, 1]) && white.moments.traceYY == 14)
    #expect(white.singularValues() == [3, 2, 1])
  }

  @Test("a zero variance is allowed only beside a zero singular value")
  func constantInput() throws {
    let data = try Dataset.population(singular: [1, 0], inputSpectrum: [1, 0])
    #expect(data.moments.traceYY == 1)
    #expect(
      throws: InputError.sentence(
        "input_spectrum[2] must be positive where singular[2] is (0.5): an input without variance "
          + "correlates with nothing")
    ) { try Dataset.population(singular: [1, 0.5], inputSpectrum: [1, 0]) }
  }

  @Test("wrong options are refused with name, value and rule")
  func refusals() {
    func message(_ make: () throws(InputError) -> Dataset) -> String {
      do throws(InputError) { return "accepted: \(try make())" } catch { return "\(error)" }
    }
    func teacher(
      _ singular: [Double] = [1], test: Int? = 4, noise: Double = 0, spectrum: [Double]? = nil,
      testSpectrum: [Double]? = nil
    ) -> String {
      message { () throws(InputError) in
        try Dataset.teacher(
          singular: singular, samples: 8, test: test, noise: noise, inputSpectrum: spectrum,
          testSpectrum: testSpectrum)
      }
    }
    #expect(teacher(noise: -1) == "noise must be zero or positive, got -1")
    #expect(teacher(noise: .nan) == "noise must be a finite number, got nan")
    #expect(teacher(noise: .infinity) == "noise must be a finite number, got inf")
    #expect(teacher([1, -2]) == "singular[2] must be zero or positive, got -2")
    #expect(teacher([1e200]) == "singular[1] must be at most 1e+100 in magnitude, got 1e+200")
    let length = "must hold one eigenvalue for each of the 1 inputs, got"
    #expect(teacher(spectrum: [1, 2]) == "input_spectrum \(length) 2")
    #expect(teacher(spectrum: []) == "input_spectrum \(length) 0")
    #expect(teacher(testSpectrum: [1, 2]) == "test_spectrum \(length) 2")
    #expect(
      teacher(spectrum: [-1]) == "input_spectrum[1] must be zero or at least 1e-100, got -1")
    #expect(teacher(spectrum: [.nan]) == "input_spectrum[1] must be a finite number, got nan")
    #expect(
      teacher(testSpectrum: [-.infinity]) == "test_spectrum[1] must be a finite number, got -inf")
    #expect(
      teacher(test: nil, testSpectrum: [1])
        == "test_spectrum needs test: there are no test samples to draw")
    #expect(
      message { () throws(InputError) in try .population(singular: [1], inputSpectrum: [1, 1]) }
        == "input_spectrum \(length) 2")
    #expect(
      message { () throws(InputError) in try .population(singular: [1], inputs: 1_000_000) }
        .contains("would take 7450.6 GiB"))
    #expect(
      message { () throws(InputError) in try .population(singular: [.nan]) }
        == "singular[1] must be a finite number, got nan")
  }
}
