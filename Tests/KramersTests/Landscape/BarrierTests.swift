import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

private let isLong = getenv("KRAMERS_LONG") != nil

/// y = 1.5 tanh(1.2 tanh(1.2 x)) on N = 16 quantiles of a normal distribution.
func tanhChain(hidden: Int, l2: Double, learningRate: Double = 0.2) throws -> Experiment {
  // Midpoint quantiles of the normal distribution, so that nothing is drawn.
  let x = (0..<16).map { n -> Double in
    let q = (Double(n) + 0.5) / 16
    var z = 0.0
    for _ in 0..<60 {
      let f = 0.5 * erfc(-z / 2.0.squareRoot()) - q
      z -= f / (exp(-z * z / 2) / (2 * Double.pi).squareRoot())
    }
    return z
  }
  let y = x.map { 1.5 * tanh(1.2 * tanh(1.2 * $0)) }
  let samples = Samples(count: 16, inputs: 1, outputs: 1, x: x, y: y)
  var settings = Settings()
  settings.learningRate = learningRate
  settings.l2 = l2
  return try Experiment(
    data: Dataset(name: "from", train: samples),
    network: Network(widths: [1, hidden, hidden, 1], activation: .tanh), settings: settings,
    initialization: .zero)
}

@Suite struct BarrierTests {
  private func linear(
    _ singular: [Double], widths: [Int], l2: Double, seed: UInt64 = 1
  ) throws -> Experiment {
    var settings = Settings()
    settings.l2 = l2
    settings.learningRate = 0.2
    return try Experiment(
      data: Dataset.population(
        singular: singular, inputs: widths[0], outputs: widths[widths.count - 1]),
      network: Network(widths: widths), settings: settings, initialization: .zero, seed: seed)
  }

  @Test("strings for three matrices 3x3 from random misaligned paths find the closed form")
  func threeByThree() throws {
    for (singular, l2) in [([1, 0.7, 0.4], 0.2), ([1, 0.7, 0.4], 0.35), ([0.8, 0.5, 0.1], 0.1)] {
      let x = try linear(singular, widths: [3, 3, 3, 3], l2: l2)
      var request = BarrierRequest(seed: 5)
      request.method = .string
      request.paths = isLong ? 8 : 2
      let barrier = try x.barrier(request)
      let exact = try #require(SingleMode(singular: singular[0], depth: 3).barrierFromZero(l2: l2))
      #expect(barrier.heights.count == request.paths)
      for height in barrier.heights { #expect(abs(try #require(height) - exact) < 1e-9 * exact) }
      #expect(barrier.saddleIndex == 1 && barrier.zeroModes == 4)
      #expect(barrier.gradientNorm < 1e-12)
      #expect(abs(try #require(barrier.theory) - exact) < 1e-9 * exact)
      // The path leaves the zero phase and is nowhere much higher than the saddle that lies on it.
      #expect(barrier.path.first?.strength ?? 1 < 1e-9)
      let top = barrier.path.map(\.objective).max() ?? 0
      let height = top - barrier.objectives.minimum
      #expect(height > (1 - 1e-9) * exact && height < 1.02 * exact)
    }
  }

  @Test("beyond 300 parameters, where no Hessian is decomposed on the way, it is the same saddle")
  func wide() throws {
    let x = try linear([0.9, 0.5], widths: [2, 16, 16, 2], l2: 0.15)
    var request = BarrierRequest(seed: 3)
    request.method = .string
    request.paths = 1
    request.images = 16
    let barrier = try x.barrier(request)
    let exact = try #require(SingleMode(singular: 0.9, depth: 3).barrierFromZero(l2: 0.15))
    #expect(abs(barrier.height - exact) < 1e-9 * exact)
    #expect(barrier.saddleIndex == 1 && barrier.zeroModes == 30)
  }

  @Test("the string leaves a trap with active modes over the same saddle as theory")
  func fromTrap() throws {
    let x = try linear([0.9, 0.6], widths: [2, 3, 3, 2], l2: 0.1)
    var request = BarrierRequest(seed: 2)
    request.mode = 2
    let exact = try x.barrier(request)
    request.method = .string
    let string = try x.barrier(request)
    #expect(exact.method == .theory && string.method == .string)
    #expect(abs(string.height - exact.height) < 1e-9 * exact.height)
    #expect(string.saddleIndex == 1 && exact.saddleIndex == 1)
    // m_2 of two hidden layers of width 3.
    #expect(string.zeroModes == 6 && exact.zeroModes == 6)
    #expect(abs(string.strengths.saddle - exact.strengths.saddle) < 1e-9)
  }

  @Test("theory: height, strengths and rate are those of the mode", arguments: [3, 4, 5])
  func theory(depth: Int) throws {
    let mode = SingleMode(singular: 0.9, depth: depth)
    let l2 = 0.5 * (mode.spinodal ?? 0)
    let x = try linear([0.9, 0.3], widths: [Int](repeating: 2, count: depth + 1), l2: l2)
    let barrier = try x.barrier(BarrierRequest(seed: 0))
    #expect(isClose(barrier.height, mode.barrierFromZero(l2: l2) ?? 0, 1e-10))
    #expect(isClose(barrier.strengths.saddle, mode.saddleStrength(l2: l2) ?? 0, 1e-10))
    #expect(isClose(barrier.strengths.learned, mode.learnedStrength(l2: l2) ?? 0, 1e-10))
    #expect(barrier.strengths.minimum == 0)
    #expect(barrier.saddleIndex == 1 && barrier.zeroModes == depth - 1)
    #expect(barrier.rate.temperaturePower == 0.5 * Double(depth - 1))
    // The straight path is highest at the saddle.
    let top = try #require(barrier.path.max { $0.objective < $1.objective })
    #expect(abs(top.objective - barrier.objectives.saddle) < 1e-12)
  }

  @Test("a tanh chain of one unit has a saddle of index 1, and its rate counts four copies of it")
  func tanhChainOfOne() throws {
    var x = try tanhChain(hidden: 1, l2: 0.193384)
    try x.setParameters([1.2, 1.2, 1.2])
    var training = TrainingOptions(steps: 100_000)
    training.untilConverged = 1e-11
    _ = try x.train(training)
    let barrier = try x.barrier(BarrierRequest(seed: 1))
    #expect(barrier.saddleIndex == 1 && barrier.zeroModes == 0 && barrier.aligned == nil)
    #expect(barrier.theory == nil && barrier.theoryReason?.contains("tanh") == true)
    #expect(SymmetryCopies.count(x.network, barrier.states[1]) == 4)
    // Against determinants of finite differences of the gradient.
    func logDeterminant(_ theta: [Double]) throws -> Double {
      let surface = try x.objective()
      var matrix = Matrix(3, 3)
      for k in 0..<3 {
        var (up, down) = (theta, theta)
        up[k] += 1e-5
        down[k] -= 1e-5
        for (i, pair) in zip(surface.gradient(up), surface.gradient(down)).enumerated() {
          matrix[i, k] = (pair.0 - pair.1) / 2e-5
        }
      }
      return SymmetricEigen(matrix).values.reduce(0) { $0 + log(abs($1)) }
    }
    let expected =
      log(-barrier.rate.negativeEigenvalue / (2 * Double.pi)) + log(4.0)
      + 0.5 * (try logDeterminant(barrier.states[0]) - logDeterminant(barrier.states[1]))
    #expect(abs(try #require(barrier.rate.logPrefactor) - expected) < 1e-6)
  }

  @Test("the aligned saddle of a tanh net of three units has a higher index; the true one is lower")
  func tanhChainOfThree() throws {
    var x = try tanhChain(hidden: 3, l2: 0.15)
    let start = RandomStream(seed: 4, purpose: .data).normals(x.network.parameterCount)
    try x.setParameters(start)
    try x.update { $0.l2 = 0.02 }
    var training = TrainingOptions(steps: 200_000)
    training.untilConverged = 1e-10
    _ = try x.train(training)
    try x.update { $0.l2 = 0.15 }
    _ = try x.train(training)
    #expect(norm(x.state.parameters) > 0.5)
    var request = BarrierRequest(seed: 1)
    request.paths = 4
    let barrier = try x.barrier(request)
    let aligned = try #require(barrier.aligned)
    #expect(aligned.index == 5)
    #expect(barrier.saddleIndex == 1)
    #expect(barrier.height < aligned.height)
    #expect(barrier.gradientNorm < 1e-10)
  }

  @Test("what has no barrier says why")
  func refusals() throws {
    func words(_ x: Experiment, _ change: (inout BarrierRequest) -> Void) -> String {
      var request = BarrierRequest(seed: 1)
      change(&request)
      let error = #expect(throws: InputError.self) { try x.barrier(request) }
      return error?.description ?? ""
    }
    let x = try linear([0.9, 0.8], widths: [2, 2, 2, 2], l2: 0.5)
    let spinodal = try #require(SingleMode(singular: 0.9, depth: 3).spinodal)
    #expect(words(x) { _ in }.contains("mode 1 collapses at \(spinodal), its spinodal"))
    #expect(words(x) { $0.method = .string }.contains("its spinodal"))
    #expect(words(x) { $0.mode = 3 }.contains("mode must be in 1...2"))
    let flat = try linear([0.9], widths: [1, 1, 1], l2: 0.1)
    #expect(words(flat) { _ in }.contains("depth 2 has no saddle"))
    var y = try linear([0.9, 0.8], widths: [2, 2, 2, 2], l2: 0.1)
    let slope = [Double](repeating: 0.3, count: y.network.parameterCount)
    #expect(
      words(y) {
        $0.from = slope
        $0.method = .string
      }.contains("from is not a minimum: the gradient norm there is "))
    try y.setParameters([Double](repeating: 0, count: 12))
    #expect(
      words(y) {
        $0.to = y.state.parameters
        $0.method = .string
      }.contains("the same minimum"))
    // Without theory the ends are zero weights and the present state.
    var off = y
    let center = RandomStream(seed: 1, purpose: .data).normals(12, scale: 0.1)
    try off.update { $0.l2Center = center }
    #expect(words(off) { $0.method = .string }.contains("the zero phase is not a minimum"))
    #expect(words(off) { _ in }.contains("l2_center"))
    let tanh = try tanhChain(hidden: 2, l2: 0.1)
    #expect(words(tanh) { _ in }.contains("the same minimum"))
    #expect(words(tanh) { $0.method = .theory }.contains("tanh"))
  }
}
