import Testing

@testable import Kramers

@Suite struct HessianTests {
  @Test(
    "the dense Hessian holds the Hessian-vector products, on any number of threads",
    arguments: [Activation.linear, .tanh, .sigmoid, .gelu, .quadratic, .softplus],
    [(Loss.mse, false), (.mse, true), (.crossEntropy, true)])
  func dense(activation: Activation, kind: (loss: Loss, bias: Bool)) throws {
    for widths in [[3, 4, 5, 2], [2, 3], [1, 20, 1]] {
      let problem = try randomProblem(widths, activation, kind.loss, bias: kind.bias, samples: 11)
      let hessian = try denseHessian(
        problem.network, problem.parameters, problem.batch, l2: L2Term(0.2, biases: false))
      let threaded = try denseHessian(
        problem.network, problem.parameters, problem.batch, l2: L2Term(0.2, biases: false),
        threads: 2)
      #expect(hessian == threaded)
      #expect(hessian == hessian.transposed)
      let v = RandomStream(seed: 8, purpose: .data).normals(problem.parameters.count)
      let product = HessianWorkspace(problem.network, capacity: 11)
        .product(problem.parameters, v, problem.batch, l2: L2Term(0.2, biases: false))
      let scale = 1 + hessian.frobeniusNorm
      for (a, b) in zip(hessian * v, product) { #expect(abs(a - b) < 1e-13 * scale) }
    }
  }

  @Test("with weights of single targets too")
  func weighted() throws {
    let data = try Dataset.completion(size: 4, rank: 2, fraction: 0.6, seed: 1)
    let network = try Network(widths: [4, 3, 4], activation: .tanh)
    let batch = try data.fullBatch(for: network)
    #expect(batch.targetWeights != nil)
    let theta = RandomStream(seed: 9, purpose: .data).normals(network.parameterCount)
    let v = RandomStream(seed: 10, purpose: .data).normals(network.parameterCount)
    let hessian = try denseHessian(network, theta, batch, l2: 0)
    let product = HessianWorkspace(network, capacity: batch.count).product(theta, v, batch)
    for (a, b) in zip(hessian * v, product) { #expect(abs(a - b) < 1e-12) }
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
