import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

private let isLong = getenv("KRAMERS_LONG") != nil

@Suite struct ContinuedBarrierTests {
  private func request(_ method: BarrierRequest.Method) -> BarrierRequest {
    var request = BarrierRequest(seed: 1)
    request.method = method
    return request
  }

  private func settled(_ experiment: Experiment, l2: Double) throws -> Experiment {
    var options = ContinuationOptions()
    options.to = l2
    options.branches = 2
    return try #require(
      zip(
        try experiment.continuation(options).points,
        try experiment.continuation(options).states
      ).first { $0.0.branch == 1 && $0.0.l2 == l2 }?.1)
  }

  @Test("X1: from the learned state over the saddle of the independent computation")
  func chain() throws {
    let experiment = try settled(ContinuationFigures.chain(), l2: 0.3)
    let found = try experiment.barrier(request(.continuation))
    let saddle = try #require(ContinuationFigures.chainSaddles.first { $0.l2 == 0.3 })
    #expect(abs(found.objectives.saddle - saddle.objective) < 1e-10)
    #expect(found.saddleIndex == 1 && found.zeroModes == 0)
    #expect(abs(found.height - (saddle.objective - found.objectives.minimum)) < 1e-12)
    #expect(found.rate.logPrefactor != nil && found.strengths.learned < 1e-6)
    // The same saddle as a string between the two finds.
    var string = request(.string)
    string.from = experiment.state.parameters
    string.to = [0, 0, 0]
    string.paths = 1
    let other = try experiment.barrier(string)
    #expect(abs(other.height - found.height) < 1e-9, "\(other.height), not \(found.height)")
    let (mine, theirs) = (found.rate.logPrefactor ?? .nan, other.rate.logPrefactor ?? .nan)
    #expect(abs(mine - theirs) < 1e-6, "\(mine), not \(theirs)")
  }

  @Test("X2 below its branch point: the saddles of the pitchfork, two to a state")
  func square() throws {
    let experiment = try settled(ContinuationFigures.square(hidden: 2), l2: 0.16)
    let found = try experiment.barrier(request(.continuation))
    #expect(found.saddleIndex == 1 && found.mode == 2)
    #expect(found.height > 0 && found.height < 1e-2)
    var options = ContinuationOptions()
    options.branches = 8
    let near = try experiment.continuation(options).transitions.first
    let above = try #require(near?.barriers.filter { $0.l2 > 0.16 }.map(\.height).max())
    #expect(found.height > above)
    // The pitchfork breaks a reflection of the data, which no hidden unit makes.
    let network = experiment.network
    let data = try #require(
      DataSymmetry.all(network, try experiment.data.fullBatch(for: network)))
    #expect(data.count == 4)
    func copies(_ state: Int, _ data: [DataSymmetry]?) throws -> Int {
      try #require(SymmetryCopies.count(network, found.states[state], data: data))
    }
    #expect(try copies(1, data) == 2 * copies(0, data))
    #expect(try copies(1, nil) == copies(0, nil))
  }

  @Test("no barrier from a saddle, nor where stability is not lost, nor with a mode")
  func refusals() throws {
    var zero = try ContinuationFigures.chain(l2: 0.1)
    try zero.setParameters([0, 0, 0])
    let words = #expect(throws: InputError.self) {
      try zero.barrier(request(.continuation))
    }?.description
    #expect(words?.contains("does not lose its stability") == true, "\(words ?? "")")
    var chosen = request(.continuation)
    chosen.mode = 1
    #expect(throws: InputError.self) { try zero.barrier(chosen) }
  }

  @Test("trap by branch enters the state after a transition, at the release value")
  func trap() throws {
    var experiment = try ContinuationFigures.square(hidden: 2)
    var options = TrapOptions()
    options.branch = 1
    options.release = 0.1
    let trapped = try experiment.trap(options)
    #expect(experiment.settings.l2 == 0.1 && trapped.l2Trap ?? 0 > 0.17)
    let measured = try experiment.measure()
    #expect(measured.gradientNorm < 1e-11 && trapped.rank == 1 && trapped.certificate.certified)
    #expect(measured.modes[0] > 0.5 && measured.modes[1] < 1e-12)
    options.branch = 3
    let words = #expect(throws: InputError.self) { try experiment.trap(options) }?.description
    #expect(words?.hasPrefix("branch must be in 1...1") == true, "\(words ?? "")")
  }
}
