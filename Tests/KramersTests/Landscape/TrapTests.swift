import Testing

@testable import Kramers

func deepLinear(
  _ data: Dataset, width: Int, depth: Int = 3, seed: UInt64 = 42, l2: Double = 0,
  initialization: Initialization = .gaussian
) throws -> Experiment {
  var settings = Settings()
  settings.learningRate = 0.2
  settings.l2 = l2
  let widths = [data.inputs] + [Int](repeating: width, count: depth - 1) + [data.outputs]
  return try Experiment(
    data: data, network: Network(widths: widths), settings: settings,
    initialization: initialization, seed: seed)
}

@Suite struct TrapTests {
  @Test("a trap by L2 is certified, and stationary at the release value")
  func byL2() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    for (width, rank) in [(2, 0), (2, 1), (4, 1), (4, 2)] {
      var x = try deepLinear(data, width: width)
      var options = TrapOptions()
      options.rank = rank
      options.release = 0.1
      let trap = try x.trap(options)
      #expect(trap.certified, "width \(width), rank \(rank): \(trap.reason ?? "")")
      #expect(try #require(trap.certificate.residual) < 1e-9)
      #expect(x.settings.l2 == 0.1)
      let modes = try x.measure().modes
      for (k, s) in [0.9, 0.8].enumerated() {
        let learned = try #require(SingleMode(singular: s, depth: 3).learnedStrength(l2: 0.1))
        #expect(abs(modes[k] - (k < rank ? learned : 0)) < 1e-7)
      }
      #expect(trap.zeroModes == x.network.predictedZeroModes(rank: rank))
      // hessian_min is the softest direction beside the rotations, by an independent construction.
      let state = try learnedState(data.moments, network: x.network, rank: rank, l2: 0.1)
      let spectrum = HessianSpectrum(
        try denseHessian(
          x.network, state.parameters, Batch(moments: data.moments), l2: 0.1))
      let softest = try #require(spectrum.values.filter { abs($0) > spectrum.tolerance }.min())
      #expect(abs(try #require(trap.certificate.hessianMin) - softest) < 1e-6)
    }
  }

  @Test("an exact trap is the same state without training, and leaves the L2 strength")
  func exact() throws {
    for data in [
      try Dataset.population(singular: [0.9, 0.8]),
      try Dataset.gaussian(singular: [0.9, 0.8], samples: 512, seed: 1),
    ] {
      var trained = try deepLinear(data, width: 3, l2: 0.1)
      var options = TrapOptions()
      options.rank = 1
      options.release = 0.1
      options.tolerance = 1e-11
      _ = try trained.trap(options)
      var built = try deepLinear(data, width: 3, l2: 0.1)
      options.release = nil
      options.exact = true
      let trap = try built.trap(options)
      #expect(trap.certified && trap.steps == 0 && built.settings.l2 == 0.1)
      #expect(trap.certificate.gradientNorm < 1e-12)
      let a = try trained.measure()
      let b = try built.measure()
      #expect(abs(a.objective - b.objective) < 1e-12)
      #expect(abs(a.modes[0] - b.modes[0]) < 1e-8)
    }
  }

  @Test("the trap's strength lies between the spinodals, and a wrong one is refused")
  func strength() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    var x = try deepLinear(data, width: 2)
    var options = TrapOptions()
    options.rank = 1
    let trap = try x.trap(options)
    let chosen = try #require(trap.l2Trap)
    let kept = try #require(SingleMode(singular: 0.9, depth: 3).spinodal)
    let dropped = try #require(SingleMode(singular: 0.8, depth: 3).spinodal)
    #expect(dropped < chosen && chosen < kept)
    for (l2, words) in [(0.3, "traps nothing"), (0.5, "drops too much")] {
      options.l2 = l2
      let before = x.state
      let error = #expect(throws: InputError.self) { try x.trap(options) }
      #expect(error?.description.contains(words) == true)
      #expect(x.state == before)
    }
  }

  @Test("equal variances: a weaker mode alone is refused with the closed form of its eigenvalue")
  func subsets() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    var x = try deepLinear(data, width: 2)
    var options = TrapOptions()
    options.modes = [2]
    options.release = 0.1
    let error = #expect(throws: InputError.self) { try x.trap(options) }
    let words = error?.description ?? ""
    #expect(words.contains("{2} is a saddle at l2 = 0.1") && words.contains("appears first is {1}"))
    // "2 on, 1 off" has the eigenvalue a_2 (s_2 - s_1).
    let mode = SingleMode(singular: 0.8, depth: 3)
    let eigenvalue = try #require(mode.learnedWeight(l2: 0.1)) * (0.8 - 0.9)
    #expect(words.contains("the eigenvalue \(rounded(eigenvalue))"), "\(words)")
    options.modes = nil
    options.rank = 3
    #expect(throws: InputError.self) { try x.trap(options) }
  }

  @Test("with unequal input variances the modes are kept in the order in which they appear")
  func unequalVariances() throws {
    // Spinodals .4105 for s = .9, variance 1 and .6 for s = .8, variance .2.
    let data = try Dataset.population(singular: [0.9, 0.8], inputSpectrum: [1, 0.2])
    var x = try deepLinear(data, width: 2)
    var options = TrapOptions()
    options.rank = 1
    options.release = 0.05
    let trap = try x.trap(options)
    #expect(trap.certified, "\(trap.reason ?? "")")
    #expect(trap.modes == [2])
    let map = x.network.endToEndMap(of: x.state.parameters)
    let learned = try #require(
      SingleMode(singular: 0.8, variance: 0.2, depth: 3).learnedStrength(l2: 0.05))
    #expect(abs(map[1, 1] - learned) < 1e-6 && abs(map[0, 0]) < 1e-9)
  }

  @Test("unequal variances: both minima of rank 1 can be entered, and theory knows its own alone")
  func twoMinimaOfRankOne() throws {
    let data = try Dataset.population(singular: [1.5, 1], inputSpectrum: [4, 1])
    let first = try deepLinear(data, width: 2, l2: 0.4).modesByAppearance(RunMonitor())[0].mode
    for mode in [1, 2] {
      var x = try deepLinear(data, width: 2, l2: 0.4)
      var options = TrapOptions()
      options.modes = [mode]
      options.release = 0.4
      options.exact = true
      let trap = try x.trap(options)
      #expect(trap.certified && trap.modes == [mode], "\(trap.reason ?? "")")
      #expect(try #require(trap.certificate.hessianMin) > 0)
      // By an independent count: no eigenvalue of the dense Hessian lies below zero.
      var request = HessianRequest()
      request.isDense = true
      #expect(try x.hessian(request).index == 0)
      let strength = try #require(
        SingleMode(
          singular: [1.5, 1][mode - 1], variance: [4, 1][mode - 1], depth: 3
        ).learnedStrength(l2: 0.4))
      #expect(abs(try x.measure().modes[0] - strength) < 1e-9)
      if case .unknown(let reason) = x.presentEscapePath(rank: 1, l2: 0.4) {
        #expect(mode != first && reason.contains("not out of that of modes {\(mode)}"))
        #expect(trap.saddle == nil)
      } else {
        #expect(mode == first)
      }
      // A perturbed state comes back.
      let noise = RandomStream(seed: 1, purpose: .statistics)
        .normals(x.network.parameterCount, scale: 1e-3, step: 0)
      try x.setParameters(zip(x.state.parameters, noise).map { $0 + $1 })
      var training = TrainingOptions(steps: 100_000)
      training.untilConverged = 1e-9
      #expect(try x.train(training).outcome == .converged)
      #expect(abs(try x.measure().modes[0] - strength) < 1e-6)
    }
  }

  @Test("what a set of its own does not use is refused, and so are names that do not exist")
  func wrongSets() throws {
    let data = try Dataset.population(singular: [1.5, 1], inputSpectrum: [4, 1])
    let x = try deepLinear(data, width: 2, l2: 0.4)
    let other = 3 - (try x.modesByAppearance(RunMonitor())[0].mode)
    for (change, words) in [
      (
        {
          $0.modes = [other]; $0.noise = true
        }, "noise: {\(other)} is not the set of 1"
      ),
      (
        {
          $0.modes = [other]; $0.steps = 5
        }, "steps: {\(other)} is not the set of 1"
      ),
      ({ $0.modes = [3] }, "modes[1] must be in 1...2, got 3"),
      ({ $0.modes = [1, 1] }, "modes names mode 1 twice"),
      ({ $0.modes = [1, 2, 3] }, "modes must be at most 2 modes, got 3"),
    ] as [((inout TrapOptions) -> Void, String)] {
      var options = TrapOptions()
      change(&options)
      var y = x
      let error = #expect(throws: InputError.self) { try y.trap(options) }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
      #expect(y.state == x.state)
    }
  }

  @Test("a trap that drops nothing says so")
  func nothingDropped() throws {
    var x = try deepLinear(Dataset.population(singular: [0.9, 0.8]), width: 2)
    var options = TrapOptions()
    options.rank = 2
    options.release = 0.1
    let all = try x.trap(options)
    #expect(all.certified && all.dropped == 0)
    #expect(all.warning?.contains("nothing was dropped") == true)
    options.rank = 1
    #expect(try x.trap(options).warning == nil)
  }

  @Test("a trap tells collapsed, not at rest and diverged apart")
  func failures() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    var x = try deepLinear(data, width: 2)
    var options = TrapOptions()
    options.rank = 1
    options.release = 0.1
    _ = try x.trap(options)
    options.rank = 2
    let collapsed = try x.trap(options)
    #expect(collapsed.reason?.hasPrefix("mode 2 collapsed") == true, "\(collapsed.reason ?? "")")
    #expect(collapsed.reason?.contains("training cannot bring it back") == true)

    var slow = try deepLinear(data, width: 2, initialization: .balanced)
    try slow.update { $0.learningRate = 1e-3 }
    options.rank = 1
    for (steps, words) in [
      (5_000, "the kept modes are learned, but not stationary after 5000 steps (gradient norm 8."),
      (20_000, "the trap was not complete after 20000 steps at l2 = 0.37"),
    ] {
      var copy = slow
      options.maxSteps = steps
      let unfinished = try copy.trap(options)
      #expect(unfinished.reason?.hasPrefix(words) == true, "\(unfinished.reason ?? "")")
    }

    var fast = try deepLinear(data, width: 2)
    try fast.update { $0.learningRate = 50 }
    let before = fast
    let diverged = try fast.trap(options)
    #expect(diverged.outcome == .diverged && !diverged.certified)
    #expect(diverged.reason?.contains("training diverged at step") == true)
    #expect(fast.state == before.state && fast.settings == before.settings)
    #expect(try #require(diverged.divergence?.stableRate) < 50)
  }

  @Test("an incomplete trap is not certified, and says why")
  func incomplete() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    var x = try deepLinear(data, width: 2)
    var options = TrapOptions()
    options.rank = 1
    options.steps = 40
    options.release = 0.1
    let trap = try x.trap(options)
    #expect(!trap.certified)
    #expect(trap.reason?.hasPrefix("incomplete") == true)
  }

  @Test("a seed in the layers is found although the map is small")
  func looksAtLayers() throws {
    let data = try Dataset.population(singular: [0.9, 0.8])
    let x = try deepLinear(data, width: 2, l2: 0.1)
    let state = try learnedState(data.moments, network: x.network, rank: 1, l2: 0.1)
    var parameters = state.parameters
    // One weight of the first layer that feeds the unused hidden unit: the map does not see it.
    parameters[x.network.layers[0].weights.lowerBound + 3] = 1e-3
    let certificate = TrapCertificate(
      x.network, parameters, Batch(moments: data.moments), l2: 0.1, rank: 1, tolerance: 1e-9)
    #expect(try #require(certificate.residual) < 1e-15)
    #expect(abs(try #require(certificate.supportResidual) - 1e-3) < 1e-12)
    #expect(certificate.reason?.hasPrefix("incomplete") == true)
  }
}
