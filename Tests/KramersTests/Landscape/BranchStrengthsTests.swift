import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct BranchStrengthsTests {
  @Test("the loop area is the integral of the learned branch, by its antiderivative in w")
  func area() throws {
    for depth in [3, 4, 6] {
      let theory = PhaseTheory(
        moments: whiteMoments([1.3, 0.4], inputs: 2, outputs: 2), depth: depth,
        hiddenWidths: [Int](repeating: 2, count: depth - 1))
      for (k, s) in [1.3, 0.4].enumerated() {
        let mode = SingleMode(singular: s, depth: depth)
        let spinodal = try #require(mode.spinodal)
        let low = 0.2 * spinodal
        // w db = d(w b) - b dw,  b = w^(1-2/D) (s - w).
        let (w, p) = (try #require(mode.learnedStrength(l2: low)), mode.spinodalStrength)
        let e = 2 - 2 / Double(depth)
        func primitive(_ w: Double) -> Double { s * pow(w, e) / e - pow(w, e + 1) / (e + 1) }
        let exact = p * spinodal - w * low + primitive(w) - primitive(p)
        let area = try #require(theory.loopArea(mode: k + 1, from: low, to: 2 * spinodal))
        #expect(isClose(area, exact, 1e-9))
        #expect(theory.loopArea(mode: k + 1, from: low, to: 0.9 * spinodal) == 0)
      }
    }
  }

  @Test("strengths of coupled moments are those of their exact states")
  func coupled() throws {
    let moments = randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 2)
    let network = try Network(widths: [4, 4, 4, 3])
    let theory = PhaseTheory(moments: moments, depth: 3, hiddenWidths: [4, 4])
    let builder = try StateBuilder(moments, network)
    for k in 1...2 {
      let l2 = 0.6 * theory.modes[k - 1].spinodal!
      let state = try builder.learned(rank: k, l2: l2)
      let map = network.endToEndMap(of: state.parameters)
      #expect(
        isClose(
          theory.learnedStrength(mode: k, l2: l2) ?? 0, singularValues(of: map)[k - 1], 1e-9))
      #expect((theory.saddleStrength(mode: k, l2: l2) ?? 1) < singularValues(of: map)[k - 1])
      #expect(theory.learnedStrength(mode: k, l2: 0) == nil)
      #expect(theory.learnedStrength(mode: k, l2: 1.01 * theory.modes[k - 1].spinodal!) == nil)
    }
  }

  @Test("a saddle far below the spinodal has the strength of a small chain")
  func smallSaddles() throws {
    let moments = randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 2)
    let network = try Network(widths: [4, 4, 4, 3])
    let theory = PhaseTheory(moments: moments, depth: 3, hiddenWidths: [4, 4])
    let builder = try StateBuilder(moments, network)
    for k in 1...3 {
      for fraction in [0.003, 0.01, 0.03, 0.1, 0.3] {
        let l2 = fraction * theory.modes[k - 1].spinodal!
        let saddle = try #require(theory.saddleStrength(mode: k, l2: l2), "\(k), \(fraction)")
        // w = (b/s)^3 with s the largest correlation that the modes below leave over; at a finite
        // weight the mode's own variance counts too.
        let lower = try builder.learned(rank: k - 1, l2: l2)
        let map = network.endToEndMap(of: lower.parameters)
        let split = SingularValueDecomposition(map)
        var rest = moments.yx - map * moments.xx
        for j in 0..<k - 1 {
          let (u, v) = (split.u.column(j), split.v.column(j))
          let ru = rest.transposed * u
          for i in 0..<3 { for m in 0..<4 { rest[i, m] -= u[i] * ru[m] } }
          let rv = rest * v
          for i in 0..<3 { for m in 0..<4 { rest[i, m] -= rv[i] * v[m] } }
        }
        let chain = pow(l2 / singularValues(of: rest)[0], 3)
        if fraction <= 0.03 { #expect(abs(saddle / chain - 1) < 0.1, "\(k), \(fraction)") }
        // The state itself: stationary, one falling direction, two hidden layers of width 4.
        let state = try builder.saddle(rank: k, l2: l2)
        #expect(state.gradientNorm < 1e-13)
        let spectrum = HessianSpectrum(
          try denseHessian(network, state.parameters, Batch(moments: moments), l2: L2Term(l2)))
        if fraction >= 0.1 { #expect(spectrum.index == 1, "\(k), \(fraction)") }
      }
    }
  }
}
