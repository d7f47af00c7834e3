import Testing

@testable import Kramers

@Suite struct TrapCertificateTests {
  @Test("exact states are certified at every rank", arguments: 0...2)
  func exact(rank: Int) throws {
    for moments in [
      whiteMoments([0.9, 0.8], inputs: 2, outputs: 2),
      randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 2),
    ] {
      let network = try Network(widths: [moments.inputs, 5, 4, moments.outputs])
      let l2 = 0.05
      let state = try learnedState(moments, network: network, rank: rank, l2: l2)
      let certificate = TrapCertificate(
        network, state.parameters, Batch(moments: moments), l2: L2Term(l2), rank: rank)
      #expect(certificate.certified, "\(certificate.reason ?? "")")
      #expect((certificate.residual ?? 1) < 1e-14 && (certificate.supportResidual ?? 1) < 1e-14)
      #expect(certificate.gradientNorm < 1e-14)
      #expect(certificate.countedZeroModes == network.predictedZeroModes(rank: rank))
      #expect((certificate.hessianMin ?? 0) > 1e-3)
      // The same state is no trap of another rank.
      let other = TrapCertificate(
        network, state.parameters, Batch(moments: moments), l2: L2Term(l2),
        rank: rank == 0 ? 1 : rank - 1)
      #expect(!other.certified)
    }
  }

  @Test("a residual hidden in one layer is found where the map shows none")
  func hidden() throws {
    let moments = whiteMoments([0.9, 0.8], inputs: 2, outputs: 2)
    let network = try Network(widths: [2, 3, 3, 2])
    var theta = try learnedState(moments, network: network, rank: 1, l2: 0.1).parameters
    theta[network.layers[0].weights.lowerBound + 2 * 2 + 1] = 0.01
    let certificate = TrapCertificate(
      network, theta, Batch(moments: moments), l2: 0.1, rank: 1)
    #expect((certificate.residual ?? 1) < 1e-14)
    #expect(isClose(certificate.supportResidual, 0.01, 1e-12))
    #expect(!certificate.certified && certificate.reason?.contains("outside") == true)
  }

  @Test("rank 0: the support residual is the largest norm of a layer")
  func zero() throws {
    let network = try Network(widths: [2, 3, 2])
    var theta = [Double](repeating: 0, count: network.parameterCount)
    theta[network.layers[1].weights.lowerBound] = 3e-7
    let batch = Batch(moments: whiteMoments([0.9, 0.8], inputs: 2, outputs: 2))
    #expect(TrapCertificate(network, theta, batch, l2: 1, rank: 0).supportResidual == 3e-7)
  }

  @Test("a trap that is not the top modes is a saddle")
  func notTop() throws {
    let moments = whiteMoments([0.9, 0.8], inputs: 2, outputs: 2)
    let swapped = SecondMoments(
      xx: moments.xx, yx: Matrix(2, 2, diagonal: [0.8, 0.9]), traceYY: 2)
    let network = try Network(widths: [2, 3, 3, 2])
    let theta = try learnedState(swapped, network: network, rank: 1, l2: 0.1).parameters
    // Input and output 1 keep s = .9 in `swapped`; under `moments` that unit has s = .8.
    let certificate = TrapCertificate(
      network, theta, Batch(moments: moments), l2: 0.1, rank: 1)
    #expect(!certificate.certified)
    let single = SingleMode(singular: 0.8, depth: 3)
    var exact = [Double](repeating: 0, count: network.parameterCount)
    let a = single.learnedWeight(l2: 0.1)!
    exact[network.layers[0].weights.lowerBound + 1] = a
    exact[network.layers[1].weights.lowerBound] = a
    exact[network.layers[2].weights.lowerBound + 3] = a
    let saddle = TrapCertificate(network, exact, Batch(moments: moments), l2: 0.1, rank: 1)
    // Theory: a^(D-2) (s_j - s_i).
    #expect(isClose(saddle.hessianMin, a * (0.8 - 0.9), 1e-10))
    #expect(!saddle.certified && saddle.reason?.contains("saddle") == true)
  }

  @Test("nonlinear networks are certified by gradient and Hessian, and it says so")
  func nonlinear() throws {
    let problem = try randomProblem([2, 3, 2], .tanh, .mse, bias: false, samples: 20)
    let zero = [Double](repeating: 0, count: problem.parameters.count)
    let certificate = TrapCertificate(problem.network, zero, problem.batch, l2: 5, rank: 0)
    #expect(certificate.certified && certificate.residual == nil)
    #expect(certificate.reason?.contains("not linear") == true)
    let moving = TrapCertificate(
      problem.network, problem.parameters, problem.batch, l2: 0.1, rank: 0)
    #expect(!moving.certified && moving.reason?.contains("gradient") == true)
  }

  @Test("beyond 600 parameters it certifies by Lanczos")
  func large() throws {
    let moments = whiteMoments([0.9, 0.8], inputs: 2, outputs: 2)
    let network = try Network(widths: [2, 30, 30, 2])
    let state = try learnedState(moments, network: network, rank: 1, l2: 0.1)
    let certificate = TrapCertificate(
      network, state.parameters, Batch(moments: moments), l2: 0.1, rank: 1)
    #expect(certificate.certified && certificate.countedZeroModes == nil)
  }
}
