import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

/// Quasi-potentials by paths of least action.
@Suite struct MinimumActionTests {
  /// b = -M grad U and A = 2 T M, M depending on the place: phi is the height of U over T.
  private struct Detailed: MinimumAction.Field {
    let temperature = 0.1

    func drift(_ z: [Double]) -> [Double] {
      let (x, y) = (z[0], z[1])
      let bend = y - 0.5 * x * x
      let slope = [x * (x * x - 1) - 2 * bend * x, 2 * bend]
      return (mobility(z) * slope).map { -$0 }
    }

    func mobility(_ z: [Double]) -> Matrix {
      Matrix(2, 2, [1 + 0.8 * z[0] * z[0], 0.3, 0.3, 0.5 + 0.5 * z[1] * z[1]])
    }

    private func slope(_ f: ([Double]) -> Double, _ z: [Double]) -> [Double] {
      z.indices.map { k in
        var (up, down) = (z, z)
        up[k] += 1e-5
        down[k] -= 1e-5
        return (f(up) - f(down)) / 2e-5
      }
    }

    func state(_ z: [Double]) -> (drift: [Double], noise: Cholesky)? {
      Cholesky(2 * temperature * mobility(z)).map { (drift(z), $0) }
    }

    func curvature(_ z: [Double], _ p: [Double]) -> [Double] {
      slope({ -dot(drift($0), p) }, z)
    }

    func bending(_ z: [Double], _ p: [Double]) -> [Double] {
      slope({ temperature * dot(p, mobility($0) * p) }, z)
    }
  }

  @Test("where mobility and noise go together, phi is the height over T, from a wrong first path")
  func detailedBalance() throws {
    let field = Detailed()
    let start = (0...16).map { k -> [Double] in
      let s = Double(k) / 16
      return [-1 + s, 0.5 * (1 - s) + 0.3 * s * (1 - s)]
    }
    let found = try MinimumAction(field, from: start)
    // The error is what one refinement changed: of the size of what is left, no bound.
    #expect(abs(found.phi - 2.5) < 0.01 && abs(found.phi - 2.5) < 5 * found.error + 1e-4)
    #expect(try #require(MinimumAction.action(field, start)).value > 2.6)
    // Relaxation reversed under this mobility, not the straight line.
    let middle = found.path[found.path.count / 2]
    #expect(middle[1] < 0.9 * 0.5 * -middle[0], "\(middle)")
  }

  private func noisy(
    _ data: Dataset, _ network: Network, l2: Double, _ change: (inout Settings) -> Void
  ) throws -> Experiment {
    var settings = Settings()
    settings.learningRate = 0.1
    settings.l2 = l2
    settings.batch = .size(8)
    settings.sampling = .replacement
    change(&settings)
    return try Experiment(
      data: data, network: network, settings: settings, initialization: .zero)
  }

  @Test("the action's gradient in the weight space equals central differences")
  func gradient() throws {
    let chain = try tanhChain(hidden: 2, l2: 0.15)
    let x = try noisy(chain.data, chain.network, l2: 0.15) { $0.temperature = 1e-3 }
    let random = RandomStream(seed: 2, purpose: .statistics)
    let size = x.network.parameterCount
    let path = (0...5).map { k in
      random.normals(size, scale: 0.1, step: UInt64(k)).map { $0 + 0.15 * Double(k) }
    }
    let field = try WeightSpaceNoise(
      x.objective(), x.data.train, rate: 0.1 / 8, temperature: 1e-3, along: path)
    let places = path.map { field.coordinates($0) }
    for (theta, z) in zip(path, places) {
      for (a, b) in zip(field.weights(z), theta) { #expect(abs(a - b) < 1e-12) }
    }
    let found = try #require(MinimumAction.action(field, places))
    for (i, k) in [(1, 0), (2, 3), (3, size - 1), (4, 5)] {
      let values = [1e-5, -1e-5].map { h -> Double in
        var moved = places
        moved[i][k] += h * norm(places[i])
        return MinimumAction.action(field, moved)!.value
      }
      let slope = (values[0] - values[1]) / (2e-5 * norm(places[i]))
      #expect(abs(slope - found.gradient[i][k]) < 1e-5 * norm(found.gradient[i]), "\(i), \(k)")
    }
  }

  /// One mode, so that everything moves along one aligned path.
  @Test(
    "it equals the integral in one dimension where that is exact, for three networks under SGD",
    arguments: [[1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 2, 2, 1]])
  func oneDimension(widths: [Int]) throws {
    let data = try CollapseTests.chain(seed: 11)
    let depth = widths.count - 1
    let mode = try #require(CommutingModes(data.moments, depth: depth)?.modes.first)
    let l2 = 0.9 * (try #require(mode.single.spinodal))
    let x = try noisy(data, Network(widths: widths), l2: l2) { _ in }
    var request = BarrierRequest(seed: 1)
    request.method = .action
    let actions = try #require(try x.barrier(request).actions)
    let passage = try AlignedPassage(
      mode.single, l2: l2, way: .collapse,
      noise: AlignedNoise(
        #require(data.train), left: mode.left, right: mode.right, settings: x.settings),
      rate: 0.1, temperature: 0)
    let phi = try #require(actions.reached.phi, "\(actions.reached.reason ?? "")")
    #expect(abs(phi / passage.gaussianPhi - 1) < 0.01, "\(phi), \(passage.gaussianPhi)")
    // The error is what one refinement changed: of the size of what is left, no bound.
    let error = try #require(actions.reached.error)
    #expect(error < 0.01 * phi && abs(phi - passage.gaussianPhi) < 10 * error + 1e-5)
    // Nothing drives it out of zero.
    #expect(actions.left.phi == nil && actions.left.reason?.contains("vanishes") == true)
  }

  @Test("with additive noise beside SGD it is the same, both ways and with room to leave the path")
  func bothWays() throws {
    let data = try CollapseTests.chain(seed: 11)
    let mode = try #require(CommutingModes(data.moments, depth: 3)?.modes.first)
    let x = try noisy(data, Network(widths: [1, 1, 1, 1]), l2: 0.2) { $0.temperature = 2.5e-3 }
    var request = BarrierRequest(seed: 1)
    request.method = .action
    let actions = try #require(try x.barrier(request).actions)
    for (way, action) in [
      (AlignedPassage.Way.appearance, actions.left), (.collapse, actions.reached),
    ] {
      let passage = try AlignedPassage(
        mode.single, l2: 0.2, way: way,
        noise: AlignedNoise(
          #require(data.train), left: mode.left, right: mode.right, settings: x.settings),
        rate: 0.1, temperature: 2.5e-3)
      let phi = try #require(action.phi, "\(action.reason ?? "")")
      #expect(abs(phi / passage.gaussianPhi - 1) < 0.01, "\(way): \(phi), \(passage.gaussianPhi)")
    }
  }

  @Test("under Langevin noise it is the barrier over T: tanh, and two modes at width 2")
  func constantNoise() throws {
    let chain = try tanhChain(hidden: 1, l2: 0.193384)
    var tanh = try noisy(chain.data, chain.network, l2: 0.193384) {
      $0.batch = .full
      $0.temperature = 1e-3
    }
    try tanh.setParameters([1.2, 1.2, 1.5])
    var relax = TrainingOptions(steps: 1_000_000)
    relax.untilConverged = 1e-10
    var quiet = tanh
    try quiet.update { $0.temperature = 0 }
    _ = try quiet.train(relax)
    try tanh.setParameters(quiet.state.parameters)
    let two = try noisy(
      CollapseTests.two(seed: 3), Network(widths: [2, 2, 2, 2]), l2: 0.2
    ) {
      $0.batch = .full
      $0.temperature = 1e-3
    }
    for x in [tanh, two] {
      var request = BarrierRequest(seed: 1)
      request.method = .action
      let barrier = try x.barrier(request)
      let actions = try #require(barrier.actions)
      let back = barrier.objectives.saddle - barrier.objectives.learned
      for (action, height) in [(actions.left, barrier.height), (actions.reached, back)] {
        let phi = try #require(action.phi, "\(action.reason ?? "")")
        #expect(abs(phi * 1e-3 / height - 1) < 0.01, "\(phi * 1e-3), \(height)")
      }
    }
  }

  @Test("where no action is defined there is a reason instead of a number")
  func reasons() throws {
    func reason(
      _ data: Dataset, width: Int, _ change: (inout Settings) -> Void
    ) throws -> String {
      let widths = [data.inputs, width, width, data.outputs]
      let x = try noisy(data, Network(widths: widths), l2: 0.2, change)
      var request = BarrierRequest(seed: 1)
      request.method = .action
      request.mode = data.inputs
      let action = try #require(try x.barrier(request).actions).reached
      #expect(action.phi == nil)
      return try #require(action.reason)
    }
    let one = try CollapseTests.chain(seed: 1)
    let two = try CollapseTests.two(seed: 3)
    #expect(try reason(two, width: 2) { _ in }.contains("singular"))
    #expect(try reason(one, width: 1) { $0.labelNoise = 0.1 }.contains("label noise"))
    #expect(try reason(one, width: 1) { $0.sampling = .permutation }.contains("within an epoch"))
    #expect(try reason(one, width: 1) { $0.optimizer = .adam }.contains("adam"))
    #expect(try reason(one, width: 1) { $0.batch = .full }.contains("never left"))
  }
}
