import Testing

@testable import Kramers

@Suite struct DeflationTests {
  /// X1 at l2 = .1 has a learned state, a saddle and zero, by the independent computation.
  @Test("each state that is known gives another one, and nothing is left after all three")
  func chain() throws {
    var start = try ContinuationFigures.chain(l2: 0.1)
    var known: [Experiment] = []
    // The last one lies nearer to zero than to anything else.
    for theta in [[0.9, 0.8, 0.7], [0.8, 0.8, 0.8], [0.01, 0.01, 0.01]] {
      try start.setParameters(theta)
      let found = try start.deflated(known: known)
      guard let state = found.states.first else { continue }
      #expect(state.gradientNorm < 1e-12)
      #expect(known.isEmpty ? found.distance == nil : found.distance ?? 0 > 1e-2)
      known.append(state.experiment)
      if state.index == 1 {
        // It falls to zero on one side and to the learned state on the other.
        #expect(found.states.count == 3 && found.states.dropFirst().allSatisfy { $0.index == 0 })
        let norms = found.states.dropFirst().map(\.norm).sorted()
        #expect(norms[0] < 1e-10 && norms[1] > 1)
      }
    }
    let states = try known.map { try $0.objective().kind(of: $0.state.parameters) }
      .sorted { norm($0.parameters) < norm($1.parameters) }
    #expect(states.map(\.index) == [0, 1, 0])
    let saddle = try #require(ContinuationFigures.chainSaddles.first { $0.l2 == 0.1 })
    #expect(abs(states[1].objective - saddle.objective) < 1e-11)
    #expect(abs(norm(states[1].parameters) - saddle.norm) < 1e-9)
    for seed in 1...3 as ClosedRange<UInt64> {
      start.reset(seed: seed)
      #expect(try start.deflated(known: known, steps: 30).states.isEmpty)
    }
    // From one place: nothing with all three known, and the learned state where it is not.
    try start.setParameters([0.9, 0.8, 0.7])
    #expect(try start.deflated(known: known, steps: 30).states.isEmpty)
    let others = try known.filter { try $0.objective().kind(of: $0.state.parameters).index == 1 }
    #expect(try !start.deflated(known: others, steps: 30).states.isEmpty)
  }

  @Test("without anything known it is Newton's method; kinks and other networks are refused")
  func plain() throws {
    let learned = try #require(try ContinuationFigures.chain().settled().state?.experiment)
    let found = try learned.deflated(known: [])
    #expect(abs((found.states.first?.objective ?? 0) - 0.04850102168074) < 1e-11)
    #expect(found.distance == nil && found.states.first?.index == 0)
    let wide = try ContinuationFigures.square(hidden: 2)
    #expect(throws: InputError.sentence("known[1] is a state of another network")) {
      try learned.deflated(known: [wide])
    }
    var settings = Settings()
    settings.l2 = 0.1
    let kinked = try Experiment(
      data: .from(x: [[1], [2]], y: [[1], [2]]),
      network: Network(widths: [1, 2, 1], activation: .relu), settings: settings)
    #expect(throws: InputError.self) { try kinked.deflated(known: []) }
  }
}
