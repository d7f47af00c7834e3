import Testing

@testable import Kramers

/// Networks of more than 300 parameters, where factors are kept and only the lowest eigenvalues are
/// computed.
@Suite struct StationarySurfaceTests {
  private func experiment() throws -> Experiment {
    var settings = Settings()
    settings.l2 = 0.05
    settings.learningRate = 0.2
    return try Experiment(
      data: .gaussian(singular: [1, 0.8, 0.5], samples: 64, seed: 2),
      network: Network(widths: [3, 16, 16, 3], activation: .tanh), settings: settings, seed: 3)
  }

  private func surface(_ experiment: Experiment, denseLimit: Int = 2000, threads: Int = 1) throws
    -> StationarySurface
  {
    StationarySurface(
      experiment.network, try experiment.data.fullBatch(for: experiment.network),
      l2: experiment.settings.l2Term, denseLimit: denseLimit, threads: threads)
  }

  @Test("the lowest eigenvalues are those of the whole decomposition, at any state")
  func spectrum() throws {
    let experiment = try experiment()
    let surface = try surface(experiment, threads: 2)
    #expect(surface.count > 300)
    // A start with many negative eigenvalues, and zero, where every one is degenerate.
    for theta in [
      experiment.state.parameters, [Double](repeating: 0, count: surface.count),
      experiment.state.parameters.map { 0.3 * $0 },
    ] {
      let place = BranchPlace(theta: theta, l2: 0.05)
      let found = try #require(surface.spectrum(place))
      let exact = SymmetricEigen(try #require(surface.hessian(place))).values
      #expect(found.index == exact.count { $0 < 0 })
      #expect((found.values.last ?? 0) > 0 && found.values.count >= 4)
      for (a, b) in zip(found.values, exact) { #expect(abs(a - b) < 1e-11, "\(a), not \(b)") }
    }
  }

  @Test("noise-free training ends in one state by implicit steps and by descent")
  func slides() throws {
    let experiment = try ContinuationFigures.square(hidden: 3, l2: 0.05)
    let start = BranchPlace(theta: experiment.state.parameters.map { 0.3 * $0 }, l2: 0.05)
    let implicit = try #require(try surface(experiment).slide(from: start) { false })
    let explicit = try #require(
      try surface(experiment, denseLimit: 0).slide(from: start) { false })
    let distance = StateDistance(network: experiment.network)(implicit.theta, explicit.theta)
    #expect(distance < 1e-6 * norm(explicit.theta), "\(distance)")
    #expect(norm(try surface(experiment).gradient(implicit)) < 1e-12)
  }

  @Test("folds and transitions do not depend on the number of threads")
  func threads() throws {
    var options = ContinuationOptions()
    options.branches = 2
    options.maxPoints = 25
    let one = try experiment().continuation(options, threads: 1)
    let two = try experiment().continuation(options, threads: 2)
    #expect(one.points.map(\.objective) == two.points.map(\.objective))
    #expect(one.points.count > 10)
    #expect(one.folds.map(\.l2) == two.folds.map(\.l2) && !one.folds.isEmpty)
    #expect(one.transitions.map(\.spinodal) == two.transitions.map(\.spinodal))
    #expect(!one.transitions.isEmpty)
    #expect(one.points.allSatisfy { $0.residual < 1e-11 })
  }
}
