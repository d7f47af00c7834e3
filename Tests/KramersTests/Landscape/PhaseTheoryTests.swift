import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

/// Moments of N Gaussian samples: x white plus a shared direction, so that nothing commutes.
func randomMoments(inputs: Int, outputs: Int, samples: Int, seed: UInt64) -> SecondMoments {
  let random = RandomStream(seed: seed, purpose: .data)
  let x = random.normals(samples * inputs, step: 0)
  let noise = random.normals(samples * outputs, step: 1)
  var y = noise.map { 0.5 * $0 }
  var scaled = x
  for n in 0..<samples {
    for j in 0..<inputs { scaled[n * inputs + j] *= 1 + 0.4 * Double(j) / Double(inputs) }
    for i in 0..<min(inputs, outputs) {
      y[n * outputs + i] += (1 - 0.2 * Double(i)) * x[n * inputs + (i + n % 2) % inputs]
    }
  }
  return SecondMoments(
    Samples(count: samples, inputs: inputs, outputs: outputs, x: scaled, y: y))
}

/// The objective of a deep linear network without biases, minimised from `start`.
func minimum(
  _ network: Network, _ moments: SecondMoments, l2: Double, from start: [Double]
) -> Minimum {
  let batch = Batch(moments: moments)
  let workspace = GradientWorkspace(network, capacity: batch.count)
  return minimize(
    from: start, relativeTolerance: 0, absoluteTolerance: 1e-11, maximumIterations: 200_000
  ) { theta, gradient in
    let loss = workspace.lossAndGradient(theta, batch, into: &gradient)
    for k in theta.indices { gradient[k] += l2 * theta[k] }
    return loss + 0.5 * l2 * dot(theta, theta)
  }
}

@Suite struct PhaseTheoryTests {
  @Test("commuting moments have the closed form for every mode", arguments: 2...5)
  func closedForm(depth: Int) throws {
    let moments = SecondMoments(
      xx: Matrix(3, 3, diagonal: [1, 0.5, 2]), yx: Matrix(2, 3, diagonal: [0.6, 0.8]), traceYY: 5)
    let theory = PhaseTheory(moments: moments, depth: depth, hiddenWidths: [4, 4])
    #expect(theory.commutes)
    #expect(theory.modes.map(\.singular) == [0.8, 0.6])
    #expect(theory.modes.map(\.method) == [.closedForm, .closedForm])
    for (row, mode) in zip(
      theory.modes,
      [
        SingleMode(singular: 0.8, variance: 0.5, depth: depth),
        SingleMode(singular: 0.6, variance: 1, depth: depth),
      ])
    {
      #expect(isClose(row.spinodal, mode.spinodal!, 1e-13))
      #expect(isClose(row.coexistence, mode.coexistence!, 1e-13))
      #expect(row.order == (depth == 2 ? 2 : 1))
    }
  }

  @Test("metastable states of three white modes are counted as published")
  func count() {
    let theory = PhaseTheory(
      moments: whiteMoments([1, 0.8, 0.6], inputs: 3, outputs: 3), depth: 3, hiddenWidths: [3, 3])
    let counts = [0.1, 0.2, 0.28, 0.3, 0.4, 0.5].map { b in
      1 + theory.modes.count { $0.spinodal! > b }
    }
    #expect(counts == [4, 4, 3, 3, 2, 1])
  }

  @Test("unequal variances: two different single modes can both be metastable")
  func moreStates() throws {
    let pairs = [(0.3, 1.0), (0.1, 0.05)]
    let moments = SecondMoments(
      xx: Matrix(2, 2, diagonal: pairs.map(\.1)), yx: Matrix(2, 2, diagonal: pairs.map(\.0)),
      traceYY: 1)
    let network = try Network(widths: [2, 2, 2, 2])
    let l2 = 0.05
    for j in 0...1 {
      let (s, variance) = pairs[j]
      let a = SingleMode(singular: s, variance: variance, depth: 3).learnedWeight(l2: l2)!
      var theta = [Double](repeating: 0, count: 12)
      for l in 0..<3 { theta[4 * l + (l == 0 ? j : l == 2 ? 2 * j : 0)] = a }
      let certificate = TrapCertificate(
        network, theta, Batch(moments: moments), l2: L2Term(l2), rank: 1)
      #expect(certificate.certified, "\(certificate.reason ?? "")")
      // The swap block of the Hessian: [s_j + (lambda_i - lambda_j) w, -s_i; -s_i, s_j] times a.
      let (other, otherVariance) = pairs[1 - j]
      let corner = s + (otherVariance - variance) * a * a * a
      let mean = 0.5 * (corner + s)
      let half = 0.5 * (corner - s)
      let swap = a * (mean - (half * half + other * other).squareRoot())
      #expect(swap > 0 && (certificate.hessianMin ?? 0) <= swap * (1 + 1e-12))
      let values = HessianSpectrum(
        try denseHessian(network, theta, Batch(moments: moments), l2: L2Term(l2))
      ).values
      #expect(values.contains { abs($0 - swap) < 1e-13 })
    }
  }

  @Test("equal singular values with unequal variances still commute")
  func degenerate() {
    let moments = SecondMoments(
      xx: Matrix(2, 2, diagonal: [1, 3]), yx: Matrix.identity(2), traceYY: 5)
    let theory = PhaseTheory(moments: moments, depth: 3, hiddenWidths: [2, 2])
    #expect(theory.commutes)
    let expected = [3.0, 1].map { SingleMode(singular: 1, variance: $0, depth: 3).spinodal! }
    for (row, value) in zip(theory.modes, expected) { #expect(isClose(row.spinodal, value, 1e-12)) }
  }

  @Test("depth 1 and narrow layers leave rows without values and say why")
  func reasons() {
    let moments = SecondMoments(
      xx: Matrix.identity(2), yx: Matrix(2, 2, diagonal: [0.9, 0.8]), traceYY: 2)
    let ridge = PhaseTheory(moments: moments, depth: 1, hiddenWidths: [])
    #expect(ridge.modes.allSatisfy { $0.spinodal == nil && $0.order == nil && $0.reason != nil })
    let narrow = PhaseTheory(moments: moments, depth: 3, hiddenWidths: [4, 1])
    #expect(narrow.modes[0].spinodal != nil)
    #expect(narrow.modes[1].spinodal == nil)
    #expect(narrow.modes[1].reason == "the narrowest hidden layer has 1 units")
    let nothing = SecondMoments(xx: Matrix.identity(2), yx: Matrix(1, 2), traceYY: 1)
    #expect(PhaseTheory(moments: nothing, depth: 3, hiddenWidths: [2, 2]).modes.isEmpty)
  }

  @Test("continuation reproduces the closed form on commuting moments", arguments: 3...6)
  func continuation(depth: Int) throws {
    let pairs = [(0.9, 1.3), (0.7, 0.8), (0.3, 1.0), (0.05, 0.05)]
    let moments = SecondMoments(
      xx: Matrix(4, 4, diagonal: pairs.map(\.1)), yx: Matrix(5, 4, diagonal: pairs.map(\.0)),
      traceYY: 5)
    let scaled = try #require(ScaledMoments(moments, depth: depth))
    let expected = pairs.map { SingleMode(singular: $0.0, variance: $0.1, depth: depth).spinodal! }
      .sorted(by: >)
    var below: ModeBranch?
    for value in expected {
      let branch = try #require(ModeBranch(scaled, above: below.map { BranchStates($0, scaled) }))
      #expect(isClose(branch.spinodal * scaled.l2Scale, value, 1e-9))
      below = branch
    }
  }

  @Test("the first spinodal of coupled modes is the variational one", arguments: 3...6)
  func variational(depth: Int) throws {
    for seed in 1...4 {
      let moments = randomMoments(inputs: 4, outputs: 3, samples: 30, seed: UInt64(seed))
      let theory = PhaseTheory(moments: moments, depth: depth, hiddenWidths: [4, 4])
      #expect(!theory.commutes)
      #expect(theory.modes[0].method == .variational)
      // Independent: b(w) at v(w) = argmax |Syx v| - w v'Sxx v/2, by the fixed point of its
      // stationarity; maximum over w on a fine grid and by golden section.
      let d = Double(depth)
      func b(_ w: Double) -> Double {
        var v = SingularValueDecomposition(moments.yx).v.column(0)
        var s = 0.0
        var variance = 0.0
        for _ in 0..<3000 {
          let image = moments.yx * v
          s = norm(image)
          let xv = moments.xx * v
          variance = dot(v, xv)
          let pull = moments.yx.transposed * image.map { $0 / s }
          // Shifted so that the quadratic part is convex: ascent at every step.
          let top = w * moments.xx.trace
          let next = v.indices.map { pull[$0] + top * v[$0] - w * xv[$0] }
          let length = norm(next)
          v = next.map { $0 / length }
        }
        return pow(w, 1 - 2 / d) * (s - variance * w)
      }
      var (low, high) = (0.02, 1.5)
      for _ in 0..<60 {
        let (p, q) = (high - 0.618034 * (high - low), low + 0.618034 * (high - low))
        if b(p) > b(q) { high = q } else { low = p }
      }
      #expect(isClose(theory.modes[0].spinodal, b(0.5 * (low + high)), 1e-8))
      // Coexistence: random directions never do better, and come close.
      let coexistence = try #require(theory.modes[0].coexistence)
      let random = RandomStream(seed: 99, purpose: .data)
      for trial in 0..<2000 {
        let v = random.normals(4, step: UInt64(trial))
        let length = norm(v)
        let s = norm(moments.yx * v) / length
        let variance = dot(v, moments.xx * v) / (length * length)
        let value = SingleMode(singular: s, variance: variance, depth: depth).coexistence!
        #expect(value <= coexistence * (1 + 1e-12))
      }
    }
  }

  @Test("below each spinodal the deep network keeps k modes, above it loses one")
  func deepNetwork() throws {
    let moments = randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 2)
    let theory = PhaseTheory(moments: moments, depth: 3, hiddenWidths: [5, 5])
    #expect(theory.modes.map(\.method) == [.variational, .continuation, .continuation])
    for row in theory.modes {
      let spinodal = try #require(row.spinodal)
      let network = try Network(widths: [4, row.mode, row.mode, 3])
      // Rising in small steps from a learned state, as a quasi-static sweep would.
      var theta = try learnedState(
        moments, network: network, rank: row.mode, l2: 0.9 * spinodal
      ).parameters
      for factor in [0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999] {
        theta = minimum(network, moments, l2: factor * spinodal, from: theta).x
      }
      let kept = singularValues(of: network.endToEndMap(of: theta))[row.mode - 1]
      let lost = minimum(network, moments, l2: 1.001 * spinodal, from: theta).x
      #expect(kept > 0.02)
      #expect(singularValues(of: network.endToEndMap(of: lost))[row.mode - 1] < 1e-6)
    }
  }

  @Test("at coexistence the objectives of rank k and rank k - 1 are equal")
  func coexistence() throws {
    let moments = randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 3)
    let network = try Network(widths: [4, 3, 3, 3])
    let theory = PhaseTheory(moments: moments, depth: 3, hiddenWidths: [3, 3])
    for row in theory.modes {
      let b = try #require(row.coexistence)
      #expect(b < row.spinodal!)
      let values = try [row.mode - 1, row.mode].map { rank in
        try learnedState(moments, network: network, rank: rank, l2: b).objective
      }
      #expect(abs(values[0] - values[1]) < 1e-10)
    }
  }

  @Test("depth 2: mode k of coupled moments appears at its l2")
  func secondOrder() throws {
    let moments = randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 5)
    let theory = PhaseTheory(moments: moments, depth: 2, hiddenWidths: [5])
    let network = try Network(widths: [4, 5, 3])
    #expect(isClose(theory.modes[0].spinodal, singularValues(of: moments.yx)[0], 1e-12))
    let start = RandomStream(seed: 1, purpose: .data).normals(network.parameterCount, scale: 0.3)
    for row in theory.modes {
      let b = try #require(row.spinodal)
      #expect(row.order == 2 && row.coexistence == b)
      for (factor, isThere) in [(0.99, true), (1.01, false)] {
        // Convex in the map: any start finds the one minimum.
        let theta = minimum(network, moments, l2: factor * b, from: start).x
        let strength = singularValues(of: network.endToEndMap(of: theta))[row.mode - 1]
        #expect((strength > 1e-4) == isThere, "mode \(row.mode) at \(factor): \(strength)")
      }
    }
  }

  @Test("N = 512 Gaussian data take milliseconds, all ten modes of the digits seconds")
  func cost() throws {
    let gaussian = try Dataset.gaussian(singular: [0.9, 0.8], samples: 512, seed: 1)
    let clock = ContinuousClock()
    var rows: [PhaseTheory.Mode] = []
    let short = clock.measure {
      rows = PhaseTheory(moments: gaussian.moments, depth: 3, hiddenWidths: [10, 10]).modes
    }
    #expect(rows.count == 2 && rows.allSatisfy { $0.spinodal != nil && $0.coexistence != nil })
    // Alone 2 ms; other tests run beside it.
    #expect(short < .milliseconds(400))
    let digits = try Dataset.digits()
    let long = clock.measure {
      rows = PhaseTheory(moments: digits.moments, depth: 3, hiddenWidths: [16, 16]).modes
    }
    #expect(rows.count == 10 && rows.allSatisfy { $0.spinodal != nil })
    let spinodals = rows.compactMap(\.spinodal)
    #expect(spinodals == spinodals.sorted(by: >))
    #expect(rows.allSatisfy { ($0.coexistence ?? 1) < ($0.spinodal ?? 0) })
    // Alone 2 to 3 s; other tests run beside it.
    #expect(long < .seconds(30))
  }
}
