import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

/// The L2 strength at which a mode is lost as fast as it is won.
@Suite struct EscapeBalanceTests {
  private func chain(_ change: (inout Settings) -> Void) throws -> Experiment {
    var settings = Settings()
    settings.learningRate = 0.1
    settings.l2 = 0.2
    settings.batch = .size(8)
    settings.sampling = .replacement
    change(&settings)
    return try Experiment(
      data: CollapseTests.chain(seed: 11), network: Network(widths: [1, 1, 1, 1]),
      settings: settings, initialization: .zero)
  }

  @Test("both times are equal there, the learned phase lasts longer below and shorter above")
  func equalTimes() throws {
    for size in [Batch.full, .eight] {
      let x = try chain {
        $0.temperature = 2.5e-3
        if size == .full { $0.batch = .full }
      }
      let balance = try x.escapeBalance(mode: 1, x.settings)
      let l2 = try #require(balance.l2, "\(balance.reason ?? "")")
      let (down, up) = (try #require(balance.collapse.tau), try #require(balance.appearance.tau))
      #expect(abs(down / up - 1) < 1e-6)
      #expect(try #require(balance.error) > 0)
      for (factor, sign) in [(0.97, 1.0), (1.03, -1)] {
        var settings = x.settings
        settings.l2 = factor * l2
        let down = try #require(try x.predictedEscape(mode: 1, .collapse, settings).tau)
        let up = try #require(try x.predictedEscape(mode: 1, .appearance, settings).tau)
        #expect(sign * (down - up) > 0)
      }
      // Minibatch noise shakes the learned phase only.
      let coexistence = try #require(try x.phaseTheory().modes[0].coexistence)
      if size == .eight { #expect(l2 < 0.97 * coexistence, "\(l2), \(coexistence)") }
    }
  }

  private enum Batch { case full, eight }

  @Test("measured both ways at the balance, the two times are equal and those of theory, z = 4")
  func measured() throws {
    let x = try chain { $0.temperature = 2.5e-3 }
    let balance = try x.escapeBalance(mode: 1, x.settings)
    let l2 = try #require(balance.l2)
    var logs: [Double] = []
    for (rank, theory) in [(0, balance.appearance), (1, balance.collapse)] {
      var y = x
      try y.update { $0.l2 = l2 }
      try y.setParameters(
        learnedState(y.data.moments, network: y.network, rank: rank, l2: l2).parameters)
      var request = EscapeRequest(settings: y.settings, seed: 3)
      request.replicas = CollapseTests.isLong ? 2000 : 200
      request.every = 2
      request.mode = 1
      let result = try y.measureEscape(request, threads: 2)
      #expect(result.observable.direction == (rank == 0 ? .up : .down))
      let error = 4 / Double(result.rate.escapes).squareRoot()
      let stated = (theory.relativeError ?? 0) + (theory.stepError ?? 0)
      let gap = log(result.rate.tau / (try #require(theory.tau)))
      if CollapseTests.isLong {
        print("rank \(rank): \(result.rate.tau), theory \(theory.tau!), stated \(stated)")
      }
      // An appearance takes longer by about the stated error, which is one-sided.
      #expect(gap < error + (rank == 0 ? 2 : 1) * stated, "\(rank): \(gap), \(stated)")
      #expect(gap > -error - stated, "\(rank): \(gap), \(stated)")
      #expect(result.theory.tau == theory.tau)
      logs.append(log(result.rate.tau))
    }
    // Within the errors of both, in l2: slope times l2_error is their sum.
    let stated = [balance.collapse, balance.appearance].reduce(0) {
      $0 + ($1.relativeError ?? 0) + ($1.stepError ?? 0)
    }
    let error = 4 * (2 / Double(CollapseTests.isLong ? 2000 : 200)).squareRoot()
    #expect(abs(logs[0] - logs[1]) < error + stated)
  }

  @Test("pure SGD has no balance, because zero is absorbing; neither has no noise, nor depth 2")
  func reasons() throws {
    let pure = try chain { _ in }
    let none = try pure.escapeBalance(mode: 1, pure.settings)
    #expect(none.l2 == nil && none.reason?.contains("absorbing") == true)
    #expect(none.collapse.tau != nil && none.appearance.tau == nil)
    let still = try chain { $0.batch = .full }
    #expect(
      try still.escapeBalance(mode: 1, still.settings).reason?.contains("without noise") == true)
    let adam = try chain { $0.optimizer = .adam }
    let reason = try adam.escapeBalance(mode: 1, adam.settings).reason
    #expect(reason?.contains("adam") == true, "\(reason ?? "")")
    #expect(throws: InputError.self) { try pure.escapeBalance(mode: 2, pure.settings) }
    let shallow = try Experiment(
      data: pure.data, network: Network(widths: [1, 1, 1]), settings: pure.settings)
    #expect(throws: InputError.self) { try shallow.escapeBalance(mode: 1, shallow.settings) }
    // So warm that theory states no time.
    let hot = try chain { $0.temperature = 0.1 }
    #expect(try hot.escapeBalance(mode: 1, hot.settings).reason?.contains("nowhere") == true)
  }
}
