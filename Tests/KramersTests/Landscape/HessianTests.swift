import Testing

@testable import Kramers

@Suite struct HessianTests {
  @Test("the dense Hessian holds the Hessian-vector products")
  func dense() throws {
    let problem = try randomProblem([3, 4, 2], .tanh, .mse, bias: true, samples: 6)
    let hessian = try denseHessian(problem.network, problem.parameters, problem.batch, l2: 0.2)
    let v = RandomStream(seed: 8, purpose: .data).normals(problem.parameters.count)
    let product = HessianWorkspace(problem.network, capacity: 6)
      .product(problem.parameters, v, problem.batch, l2: 0.2)
    for (a, b) in zip(hessian * v, product) { #expect(abs(a - b) < 1e-13) }
  }

  @Test("large networks are refused with the memory they would take")
  func limit() throws {
    let problem = try randomProblem([40, 60, 2], .linear, .mse, bias: false, samples: 2)
    #expect(
      throws: InputError.sentence(
        "the dense Hessian of 2520 parameters would take 0.05 GiB; the limit is 2000 parameters")
    ) { try denseHessian(problem.network, problem.parameters, problem.batch, l2: 0) }
  }

  @Test("learned states have as many zero modes as rotations, and index 0", arguments: 0...3)
  func zeroModes(rank: Int) throws {
    for (widths, moments) in [
      ([4, 5, 3, 3], randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 2)),
      ([3, 4, 3, 6, 4], whiteMoments([1, 0.8, 0.5], inputs: 3, outputs: 4)),
    ] {
      let network = try Network(widths: widths)
      let state = try learnedState(moments, network: network, rank: rank, l2: 0.01)
      #expect(state.gradientNorm < 1e-14)
      let batch = Batch(moments: moments)
      let spectrum = HessianSpectrum(
        try denseHessian(network, state.parameters, batch, l2: 0.01))
      #expect(spectrum.zeroModes == network.predictedZeroModes(rank: rank))
      #expect(spectrum.index == 0)
      // Beside the rotations the smallest eigenvalue is the first beyond the zero modes.
      let orbit = RotationOrbit(network, state.parameters, rank: rank)
      #expect(orbit.tangents.count == network.predictedZeroModes(rank: rank))
      let smallest = try #require(
        smallestHessianEigenvalue(
          network, state.parameters, batch, l2: 0.01, besides: orbit.tangents))
      #expect(abs(smallest.value - spectrum.values[spectrum.zeroModes]) < 1e-12)
    }
  }

  @Test("beyond 600 parameters Lanczos finds the smallest eigenvalue beside the rotations")
  func lanczosBranch() throws {
    let moments = whiteMoments([0.9, 0.8], inputs: 2, outputs: 2)
    let network = try Network(widths: [2, 24, 24, 2])
    let state = try learnedState(moments, network: network, rank: 1, l2: 0.1)
    let orbit = RotationOrbit(network, state.parameters, rank: 1)
    let smallest = try #require(
      smallestHessianEigenvalue(
        network, state.parameters, Batch(moments: moments), l2: 0.1, besides: orbit.tangents))
    // The narrow network has the same spectrum up to multiplicities.
    let narrow = try Network(widths: [2, 2, 2, 2])
    let exact = HessianSpectrum(
      try denseHessian(
        narrow, try learnedState(moments, network: narrow, rank: 1, l2: 0.1).parameters,
        Batch(moments: moments), l2: 0.1))
    #expect(abs(smallest.value - exact.values[exact.zeroModes]) < 1e-9)
  }
}
