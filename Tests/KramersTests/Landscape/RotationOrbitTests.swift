import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

@Suite struct RotationOrbitTests {
  @Test("tangents are null vectors of the Hessian at a stationary state")
  func nullVectors() throws {
    let moments = randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 2)
    let network = try Network(widths: [4, 5, 3, 3])
    let state = try learnedState(moments, network: network, rank: 2, l2: 0.02)
    let batch = Batch(moments: moments)
    let workspace = HessianWorkspace(network, capacity: batch.count)
    for tangent in RotationOrbit(network, state.parameters, rank: 2).tangents {
      let image = workspace.product(state.parameters, tangent, batch, l2: 0.02)
      #expect(norm(image) < 1e-13 * norm(tangent))
    }
  }

  @Test("rank 1 in one hidden layer: a sphere of radius sqrt 2 a", arguments: 1...5)
  func sphere(width: Int) throws {
    // (W_1, W_2) = (e v', u e') a with e on the unit sphere: distances grow by sqrt(2) a.
    let network = try Network(widths: [2, width, 2])
    let state = try learnedState(
      whiteMoments([0.9, 0.5], inputs: 2, outputs: 2), network: network, rank: 1, l2: 0.1)
    let area = [2, 2 * Double.pi, 4 * Double.pi, 2 * pow(Double.pi, 2), 8 * pow(Double.pi, 2) / 3]
    let radius = (2 * 0.8).squareRoot()
    let volume = exp(RotationOrbit(network, state.parameters, rank: 1).logVolume!)
    #expect(isClose(volume, area[width - 1] * pow(radius, Double(width - 1)), 1e-12))
  }

  @Test("the volume is the same everywhere on the orbit")
  func invariance() throws {
    let moments = randomMoments(inputs: 4, outputs: 3, samples: 30, seed: 2)
    let network = try Network(widths: [4, 5, 3, 3])
    let state = try learnedState(moments, network: network, rank: 2, l2: 0.02)
    let p = Matrix.haarOrthogonal(5, RandomStream(seed: 1, purpose: .data))
    let q = Matrix.haarOrthogonal(3, RandomStream(seed: 2, purpose: .data))
    let w = (0..<3).map { network.weights($0, of: state.parameters) }
    let turned = network.parameters(from: [
      p * w[0], q * w[1] * p.transposed, w[2] * q.transposed,
    ])
    let a = RotationOrbit(network, state.parameters, rank: 2).logVolume!
    let b = RotationOrbit(network, turned, rank: 2).logVolume!
    #expect(abs(a - b) < 1e-11)
  }

  @Test("rank 0 is a point; a state with fewer modes than asked for has no volume")
  func ends() throws {
    let network = try Network(widths: [2, 3, 3, 2])
    let zero = [Double](repeating: 0, count: network.parameterCount)
    #expect(RotationOrbit(network, zero, rank: 0).logVolume == 0)
    #expect(RotationOrbit(network, zero, rank: 1).logVolume == nil)
  }
}
