import Testing

@testable import Kramers

/// Rows 0, 1, ..., count - 1 with x = y = the row's number.
private func numbered(_ count: Int, test: Int = 0) throws -> Dataset {
  func rows(_ range: Range<Int>) -> [[Double]] { range.map { [Double($0)] } }
  let (train, other) = (rows(0..<count), rows(count..<count + test))
  return try Dataset.from(
    x: train, y: train, testX: test > 0 ? other : nil, testY: test > 0 ? other : nil)
}

@Suite("subsample and split")
struct SubsampleTests {
  @Test("the rest becomes the test set, and no row is lost or doubled")
  func rest() throws {
    let data = try numbered(100).subsample(n: 30, seed: 1)
    let (train, test) = (try #require(data.train), try #require(data.test))
    #expect(train.count == 30 && test.count == 70)
    #expect(train.x == train.y && test.x == test.y)
    #expect((train.x + test.x).sorted() == (0..<100).map { Double($0) })
    // Moments are those of the smaller set.
    #expect(data.moments == SecondMoments(train))
    #expect(data.summary == "from: 30 samples (70 test), 1 input, 1 output")
  }

  @Test("a test set that is there stays")
  func keepsTest() throws {
    let data = try numbered(10, test: 5)
    #expect(try data.subsample(n: 3).test == data.test)
    #expect(try numbered(10).subsample(n: 10).test == nil)
  }

  @Test("one seed gives nested subsamples, another seed others")
  func nested() throws {
    let data = try numbered(100)
    let small = try #require(try data.subsample(n: 20, seed: 4).train)
    let large = try #require(try data.subsample(n: 50, seed: 4).train)
    #expect(large.rows(0..<20) == small)
    #expect(try data.subsample(n: 20, seed: 5).train != small)
  }

  @Test("every row is drawn equally often, also in the second of two draws under one seed")
  func uniform() throws {
    let data = try numbered(10)
    let seeds = 4000
    var once = [Double](repeating: 0, count: 10)
    var twice = [Double](repeating: 0, count: 10)
    for seed in 0..<UInt64(seeds) {
      let first = try data.subsample(n: 6, seed: seed)
      for x in try #require(first.train).x { once[Int(x)] += 1 }
      for x in try #require(first.subsample(n: 2, seed: seed).train).x { twice[Int(x)] += 1 }
    }
    // Binomial counts: z = 5 standard errors.
    for (counts, p) in [(once, 0.6), (twice, 0.2)] {
      let error = (Double(seeds) * p * (1 - p)).squareRoot()
      for c in counts { #expect(abs(c - Double(seeds) * p) < 5 * error) }
    }
  }

  @Test("two draws under one seed are independent: no pair of choices is preferred")
  func independentDraws() throws {
    // Cell (a, b): row a is last among those left over by a draw of 6 of 10, and place b is left
    // over by the draw of 5 of those 6. 60 cells of probability 1/60; z = 5 standard errors.
    let data = try numbered(10)
    let seeds = 6000
    var cells = [Double](repeating: 0, count: 60)
    for seed in 0..<UInt64(seeds) {
      let first = try data.subsample(n: 6, seed: seed)
      let kept = try #require(first.train).x
      let second = try #require(first.subsample(n: 5, seed: seed).train).x
      let place = try #require(kept.firstIndex { !second.contains($0) })
      cells[Int(try #require(first.test?.x.last)) * 6 + place] += 1
    }
    let p = 1 / 60.0
    let error = (Double(seeds) * p * (1 - p)).squareRoot()
    for c in cells { #expect(abs(c - Double(seeds) * p) < 5 * error) }
  }

  @Test("split rounds to the nearest row")
  func split() throws {
    let data = try numbered(100).split(train: 0.29, seed: 2)
    let (train, test) = (try #require(data.train), try #require(data.test))
    #expect(train.count == 29 && test.count == 71)
    #expect((train.x + test.x).sorted() == (0..<100).map { Double($0) })
    #expect(try numbered(100).split(train: 0.29, seed: 2).train == train)
    #expect(try numbered(100).split().sampleCount == 80)
  }

  @Test("wrong options and data without samples are refused")
  func refusals() throws {
    let data = try numbered(10)
    let exact = try Dataset.population(singular: [1])
    func message(_ make: () throws(InputError) -> Dataset) -> String {
      do throws(InputError) { return "accepted: \(try make())" } catch { return "\(error)" }
    }
    #expect(
      message { () throws(InputError) in try data.subsample(n: 0) } == "n must be positive, got 0")
    #expect(
      message { () throws(InputError) in try data.subsample(n: -1) } == "n must be positive, got -1"
    )
    #expect(
      message { () throws(InputError) in try data.subsample(n: 11) }
        == "n must be at most the 10 training samples, got 11")
    #expect(
      message { () throws(InputError) in try exact.subsample(n: 1) }
        == "subsample needs samples, and this data is its exact moments alone")
    #expect(
      message { () throws(InputError) in try exact.split() }
        == "split needs samples, and this data is its exact moments alone")
    #expect(
      message { () throws(InputError) in try data.split(train: 1) }
        == "train must be between 0 and 1, got 1")
    #expect(
      message { () throws(InputError) in try data.split(train: -0.5) }
        == "train must be in (0, 1], got -0.5")
    #expect(
      message { () throws(InputError) in try data.split(train: .nan) }
        == "train must be between 0 and 1, got nan")
    #expect(
      message { () throws(InputError) in try data.split(train: 0.01) }
        == "train = 0.01 of 10 samples leaves the training set empty")
    let withTest = try numbered(10, test: 5)
    #expect(
      message { () throws(InputError) in try withTest.split() }
        == "split needs data without a test set, and this one has 5 test samples; subsample keeps "
        + "them")
  }
}
