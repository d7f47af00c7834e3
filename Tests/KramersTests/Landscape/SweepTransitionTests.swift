import Testing

@testable import Kramers

@Suite struct SweepTransitionTests {
  /// A network with every mode learned that exists at `l2`.
  private func learned(
    _ singular: [Double], spectrum: [Double]? = nil, depth: Int, l2: Double, lr: Double = 0.1,
    seed: UInt64 = 1
  ) throws -> Experiment {
    var settings = Settings()
    settings.learningRate = lr
    settings.l2 = l2
    var x = try Experiment(
      data: Dataset.population(singular: singular, inputSpectrum: spectrum),
      network: Network(widths: [Int](repeating: singular.count, count: depth + 1)),
      settings: settings, seed: seed)
    var options = TrapOptions()
    options.rank = try x.phaseTheory().modes.count { l2 < $0.spinodal ?? 0 }
    options.exact = true
    _ = try x.trap(options)
    return x
  }

  private func ramp(_ from: Double, _ to: Double, _ count: Int) -> [Double] {
    (0..<count).map { from + (to - from) * Double($0) / Double(count - 1) }
  }

  @Test(
    "depth 2 vanishes continuously, depth 3 and 4 jump: every grid, spectrum and variance",
    arguments: [
      ([1, 0.6], nil), ([1, 0.93], nil), ([2, 0.5], nil), ([1.5, 1], [4, 1]),
      ([0.9, 0.8], [1, 0.2]),
    ] as [([Double], [Double]?)])
  func orders(singular: [Double], spectrum: [Double]?) throws {
    for depth in 2...4 {
      let probe = try learned(singular, spectrum: spectrum, depth: depth, l2: 0.02)
      let theory = try probe.phaseTheory().modes.compactMap(\.spinodal)
      let top = try #require(theory.max())
      for count in [4, 9, 30] {
        var x = try learned(singular, spectrum: spectrum, depth: depth, l2: 0.1 * top)
        let alive = theory.count { 0.1 * top < $0 }
        let sweep = try x.sweep(SweepOptions(l2: ramp(0.1 * top, 1.2137 * top, count)))
        #expect(sweep.transitions.count == alive, "depth \(depth), \(count) points")
        for row in sweep.transitions {
          #expect(
            row.kind == (depth == 2 ? .continuous : .jump),
            "depth \(depth), \(count) points, mode \(row.mode): \(row.kind) \(row.reason ?? "")")
          #expect(row.isCollapse)
          // Depth 2 counts a mode as learned from 1e-3 of its strength without L2.
          let slack = row.uncertainty / 2 + (depth == 2 ? 4e-3 : 1e-9)
          if abs(row.l2 - (try #require(row.theory))) <= slack { continue }
          // Modes of unequal variance can turn into each other before the spinodal: then the state
          // is a saddle at the point beyond.
          let i = try #require(sweep.points.firstIndex { $0.l2 > row.l2 })
          #expect(spectrum != nil && depth > 2)
          var state = sweep.states[i - 1]
          try state.update { $0.l2 = sweep.points[i].l2 }
          try state.enterSubset(
            sweep.points[i - 1].learned.indices.filter { sweep.points[i - 1].learned[$0] }
              .map { $0 + 1 })
          var request = HessianRequest()
          request.isDense = true
          #expect(try #require(try state.hessian(request).index) > 0)
        }
      }
    }
  }

  @Test("the way down: depth 2 appears continuously, a revival by the floor is a jump")
  func appearances() throws {
    var flat = try learned([1, 0.6], depth: 2, l2: 1.1)
    let down = try flat.sweep(SweepOptions(l2: ramp(1.1, 0.203, 8)))
    #expect(down.transitions.map(\.mode) == [1, 2])
    #expect(down.transitions.allSatisfy { $0.kind == .continuous && !$0.isCollapse })
    var deep = try learned([1], depth: 3, l2: 0.6)
    var options = SweepOptions(l2: (0..<30).map { 0.3 * integerPower(0.8, $0) })
    options.floor = 0.03
    let revival = try deep.sweep(options)
    #expect(revival.transitions.count == 1 && revival.jumps.first?.isCollapse == false)
  }

  @Test("a hold that is long enough gives a jump its significance; one that is not, none")
  func holds() throws {
    for (hold, kind) in [(3000, SweepTransition.Kind.jump), (60, .unresolved)] {
      var x = try learned([1], depth: 3, l2: 0.4)
      var options = SweepOptions(l2: ramp(0.4, 0.52, 13))
      options.hold = hold
      let sweep = try x.sweep(options)
      let row = try #require(sweep.transitions.first)
      #expect(row.kind == kind, "hold \(hold): \(row.reason ?? "")")
      #expect((row.reason == nil) == (kind == .jump))
      #expect((sweep.warning == nil) == (kind == .jump), "\(sweep.warning ?? "")")
      if kind == .jump { #expect(try #require(row.significance) > 4) }
    }
    // Depth 2 held: continuous, and never a jump.
    var flat = try learned([1], depth: 2, l2: 0.5)
    var options = SweepOptions(l2: ramp(0.55, 1.15, 7))
    options.hold = 3000
    let rows = try flat.sweep(options).transitions
    #expect(rows.count == 1 && rows[0].kind != .jump, "\(rows)")
  }

  @Test("noise at depth 2 makes no jump in sixteen seeds; at depth 3 it leaves the jump one")
  func noise() throws {
    var jumps = 0
    var rows = 0
    for seed in 1...16 as ClosedRange<UInt64> {
      var x = try learned([1], depth: 2, l2: 0.5, seed: seed)
      try x.update { $0.temperature = 3e-4 }
      var options = SweepOptions(l2: ramp(0.6, 1.1, 11))
      options.hold = 1000
      let sweep = try x.sweep(options)
      jumps += sweep.jumps.count
      rows += sweep.transitions.count
    }
    #expect(jumps == 0 && rows >= 16)
    var found = 0
    for seed in 1...8 as ClosedRange<UInt64> {
      var x = try learned([1], depth: 3, l2: 0.3, seed: seed)
      try x.update { $0.temperature = 1e-4 }
      var options = SweepOptions(l2: ramp(0.3, 0.6, 7))
      options.hold = 3000
      found += try x.sweep(options).jumps.count { $0.isCollapse }
    }
    #expect(found >= 7)
  }

  @Test("points that did not converge are counted, and so is a start that lr would leave")
  func warnings() throws {
    var x = try learned([1], depth: 3, l2: 0.1)
    var options = SweepOptions(l2: ramp(0.1, 0.4, 4))
    options.maxSteps = 5
    let sweep = try x.sweep(options)
    #expect(sweep.unconverged == 4)
    #expect(sweep.warning?.contains("4 of 4 points had not converged") == true)
    var fast = try learned([1], depth: 3, l2: 0.1, lr: 0.9)
    options.maxSteps = 2000
    let limit = try #require(try fast.stableLearningRate())
    let left = try fast.sweep(options)
    #expect(limit < 0.9)
    #expect(abs(try #require(left.startLimit) - limit) < 1e-9)
    #expect(left.warning?.contains("may have left by the step alone") == true)
  }

  @Test("a point that diverges ends the sweep: step, strength and stable lr; the rest stays")
  func diverged() throws {
    var x = try learned([1], depth: 3, l2: 0.1)
    var options = SweepOptions(l2: [0.1, 0.2, 400])
    options.hold = 500
    let sweep = try x.sweep(options)
    let divergence = try #require(sweep.divergence)
    #expect(sweep.outcome == .diverged && sweep.points.count == 2 && divergence.l2 == 400)
    // The decay alone: lr l2 = 40.
    #expect(try #require(divergence.stableRate) < 2 / 399.0)
    #expect(x.settings.l2 == 0.2 && x.state == sweep.states[1].state)
    #expect(sweep.warning?.hasPrefix("ended after 2 points: training diverged") == true)
  }

  @Test("time left follows points and their trend, within the points seen")
  func forecast() {
    #expect(Ramp(total: 10).stepsLeft(current: 50) == nil)
    #expect(Ramp(total: 10, steps: [100, 100]).stepsLeft(current: 0) == 800)
    #expect(Ramp(total: 3, steps: [100, 100]).stepsLeft(current: 40) == 60)
    #expect(Ramp(total: 2, steps: [100, 100]).stepsLeft(current: 0) == nil)
    // Falling by half each: below the shortest it does not go.
    let falling = Ramp(total: 5, steps: [800, 400, 200]).stepsLeft(current: 0) ?? 0
    #expect(abs(falling - 400) < 1e-9)
    let rising = Ramp(total: 4, steps: [100, 200]).stepsLeft(current: 0) ?? 0
    #expect(abs(rising - 400) < 1e-9)
  }

  @Test("the monitor counts points while the sweep runs")
  func progress() throws {
    var x = try learned([1], depth: 3, l2: 0.1)
    let monitor = RunMonitor()
    let sweep = try x.sweep(SweepOptions(l2: ramp(0.1, 0.4, 4)), monitor: monitor)
    #expect(monitor.points.steps == sweep.points.map(\.steps) && monitor.points.total == 4)
    #expect(monitor.stepsTaken >= sweep.points.reduce(0) { $0 + $1.steps })
  }
}
