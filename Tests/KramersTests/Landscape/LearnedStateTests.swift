import Testing

@testable import Kramers

@Suite struct LearnedStateTests {
  @Test("states of coupled moments are stationary, balanced and of their rank", arguments: 2...5)
  func coupled(depth: Int) throws {
    let moments = randomMoments(inputs: 5, outputs: 3, samples: 30, seed: 6)
    let network = try Network(widths: [5] + Array(repeating: 4, count: depth - 1) + [3])
    let theory = PhaseTheory(
      moments: moments, depth: depth, hiddenWidths: Array(network.hiddenWidths))
    for rank in 1...3 {
      let spinodal = try #require(theory.modes[rank - 1].spinodal)
      for fraction in [0.01, 0.3, 0.84, 0.97] {
        let state = try learnedState(
          moments, network: network, rank: rank, l2: fraction * spinodal)
        #expect(state.gradientNorm < 2e-14, "depth \(depth), rank \(rank), \(fraction)")
        let values = singularValues(of: network.endToEndMap(of: state.parameters))
        #expect(values[rank - 1] > 1e-3)
        if rank < 3 { #expect(values[rank] < 1e-14) }
        for l in 0..<depth - 1 {
          let above = network.weights(l + 1, of: state.parameters)
          let below = network.weights(l, of: state.parameters)
          #expect(distance(above.transposed * above, below * below.transposed) < 1e-13)
        }
      }
    }
  }

  @Test("gradient descent from a little noise returns to the state")
  func stable() throws {
    let moments = randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 2)
    let network = try Network(widths: [4, 4, 4, 3])
    let theory = PhaseTheory(moments: moments, depth: 3, hiddenWidths: [4, 4])
    let l2 = 0.9 * theory.modes[1].spinodal!
    let state = try learnedState(moments, network: network, rank: 2, l2: l2)
    let noise = RandomStream(seed: 3, purpose: .data).normals(state.parameters.count, scale: 1e-3)
    let back = minimum(network, moments, l2: l2, from: zip(state.parameters, noise).map { $0 + $1 })
    #expect(abs(back.value - state.objective) < 1e-13)
    let a = network.endToEndMap(of: back.x)
    #expect(distance(a, network.endToEndMap(of: state.parameters)) < 1e-9)
  }

  @Test("a state that does not exist is refused with the mode and its spinodal")
  func refused() throws {
    let moments = whiteMoments([1, 0.5], inputs: 2, outputs: 2)
    let network = try Network(widths: [2, 3, 3, 2])
    #expect(
      throws: InputError.sentence(
        "l2 = 0.4: no state with 2 learned modes exists there, because mode 2 collapses at "
          + "\(SingleMode(singular: 0.5, depth: 3).spinodal!), its spinodal")
    ) { try learnedState(moments, network: network, rank: 2, l2: 0.4) }
    #expect(throws: InputError.self) {
      try learnedState(moments, network: network, rank: 3, l2: 0.1)
    }
    let coupled = randomMoments(inputs: 2, outputs: 2, samples: 30, seed: 2)
    do {
      _ = try learnedState(coupled, network: network, rank: 1, l2: 10)
      Issue.record("a state above the spinodal")
    } catch {
      #expect("\(error)".contains("mode 1 collapses at"))
    }
    let tanh = try Network(widths: [2, 3, 3, 2], activation: .tanh)
    #expect(throws: InputError.self) {
      try learnedState(moments, network: tanh, rank: 1, l2: 0.1)
    }
  }

  @Test("with unequal variances the modes come in the order of their spinodals")
  func order() throws {
    // s: .05 before .06 by singular value, but mode (.06, .9) disappears first.
    let pairs = [(0.06, 0.9), (0.05, 0.05)]
    let moments = SecondMoments(
      xx: Matrix(2, 2, diagonal: pairs.map(\.1)), yx: Matrix(2, 2, diagonal: pairs.map(\.0)),
      traceYY: 1)
    let network = try Network(widths: [2, 2, 2, 2])
    let spinodals = pairs.map { SingleMode(singular: $0.0, variance: $0.1, depth: 3).spinodal! }
    #expect(spinodals[1] > spinodals[0])
    let l2 = 0.5 * (spinodals[0] + spinodals[1])
    let map = network.endToEndMap(
      of: try learnedState(moments, network: network, rank: 1, l2: l2).parameters)
    #expect(map[0, 0] == 0 && map[1, 1] > 0.1)
  }
}
