import Synchronization
import Testing

@testable import Kramers

#if canImport(Glibc)
  import Glibc
#endif

private let isLong = getenv("KRAMERS_LONG") != nil

@Suite struct SweepTests {
  private func learned(
    _ singular: [Double], depth: Int, l2: Double, lr: Double = 0.05
  ) throws -> Experiment {
    var settings = Settings()
    settings.learningRate = lr
    settings.l2 = l2
    let widths = [Int](repeating: singular.count, count: depth + 1)
    var x = try Experiment(
      data: Dataset.population(singular: singular), network: Network(widths: widths),
      settings: settings, seed: 1)
    var options = TrapOptions()
    // Every mode that exists there.
    options.rank = singular.count {
      l2 < SingleMode(singular: $0, depth: depth).spinodal ?? 0
    }
    options.exact = true
    _ = try x.trap(options)
    return x
  }

  private func ramp(_ from: Double, _ to: Double, _ step: Double) -> [Double] {
    let count = Int((abs(to - from) / step).rounded())
    return (0...count).map { from + (to - from) * Double($0) / Double(count) }
  }

  @Test(
    "modes of a full network collapse within one step of their spinodals",
    arguments: [
      (3, [2.0443, 1.1906, 0.4725]), (4, [2.0, 1.0887, 0.3849]),
    ])
  func collapse(depth: Int, spinodals: [Double]) throws {
    // The part of the ramp around each spinodal; the whole of it with KRAMERS_LONG.
    for (k, spinodal) in spinodals.enumerated() {
      let step = 0.01
      let start = ((isLong ? 0.2 : spinodal - 0.05) / step).rounded() * step
      var x = try learned([3, 2, 1], depth: depth, l2: start)
      let end = (spinodal / step).rounded() * step + 3 * step
      let sweep = try x.sweep(SweepOptions(l2: ramp(start, end, step)))
      let jump = try #require(sweep.jumps.first { $0.mode == k + 1 })
      #expect(jump.isCollapse && abs(jump.uncertainty - step) < 1e-12)
      #expect(abs(jump.l2 - spinodal) < step)
      #expect(abs(try #require(jump.theory) - spinodal) < 6e-5)
      #expect(sweep.points.allSatisfy { $0.converged == true })
      #expect(x.settings.l2 == end)
    }
  }

  @Test("modes whose branches theory cannot follow are seen to collapse all the same")
  func unfollowed() throws {
    var settings = Settings()
    settings.learningRate = 0.05
    var x = try Experiment(
      data: Dataset.gaussian(singular: [0.9, 0.8], samples: 512, seed: 264),
      network: Network(widths: [2, 2, 2, 2]), settings: settings, seed: 1)
    let theory = try x.phaseTheory()
    try #require(theory.modes.allSatisfy { $0.spinodal == nil }, "theory follows it now")
    _ = try x.train(TrainingOptions(steps: 3000))
    let sweep = try x.sweep(SweepOptions(l2: ramp(0.2, 0.5, 0.02)))
    #expect(sweep.points.first?.rank == 2 && sweep.points.last?.rank == 0)
    #expect(sweep.jumps.map(\.mode).sorted() == [1, 2])
    #expect(
      sweep.jumps.allSatisfy {
        $0.isCollapse && $0.theory == nil && abs($0.l2 - 0.39) < 0.01 + 1e-9
      })
  }

  @Test("without a floor a collapsed state of depth 3 and 4 never revives", arguments: [3, 4])
  func noRevival(depth: Int) throws {
    var x = try learned([3, 2, 1], depth: depth, l2: 1.9)
    var up = SweepOptions(l2: ramp(1.9, 2.2, 0.1))
    up.floor = 0
    #expect(try x.sweep(up).points.last?.rank == 0)
    var down = SweepOptions(l2: ramp(2.2, 0.05, 0.05))
    down.floor = 0
    let sweep = try x.sweep(down)
    #expect(sweep.jumps.isEmpty && sweep.points.last?.rank == 0)
    #expect(sweep.floor == 0)
  }

  /// b/(s floor^(D-2)) at which mode 1 comes back on a way down in steps of 6 %.
  private func revival(depth: Int, floor: Double, seed: UInt64) throws -> Double {
    var settings = Settings()
    settings.learningRate = 0.05
    var x = try Experiment(
      data: Dataset.population(singular: [3, 2, 1]),
      network: Network(widths: [Int](repeating: 3, count: depth + 1)), settings: settings,
      initialization: .zero, seed: seed)
    let scale = 3 * integerPower(floor, depth - 2)
    var options = SweepOptions(l2: (0..<55).map { 8 * scale * pow(0.94, Double($0)) })
    options.floor = floor
    let sweep = try x.sweep(options)
    let jump = try #require(sweep.jumps.first { $0.mode == 1 })
    #expect(!jump.isCollapse && jump.theory == scale && sweep.floor == floor)
    return jump.l2 / scale
  }

  @Test(
    "with a floor the revival scales as s floor^(D-2), within a factor of two",
    arguments: [(3, [0.003, 0.03], 1.8), (4, [0.04, 0.16], 3.1)])
  func floorRevival(depth: Int, floors: [Double], typical: Double) throws {
    // `typical` is what many draws in width 3 give: their number decides, not the model.
    var logs: [[Double]] = []
    let seeds = isLong ? UInt64(20) : 6
    for floor in floors {
      let ratios = try (1...seeds).map { try revival(depth: depth, floor: floor, seed: $0) }
      for ratio in ratios { #expect(ratio > typical / 2 && ratio < typical * 2, "\(ratio)") }
      logs.append(ratios.map(log))
    }
    // The exponent, from floors a factor apart: four standard errors.
    let count = Double(seeds)
    let means = logs.map { $0.reduce(0, +) / count }
    let variance = zip(logs, means).reduce(0.0) { sum, pair in
      pair.0.reduce(sum) { $0 + ($1 - pair.1) * ($1 - pair.1) / (count - 1) }
    }
    let error = (variance / count).squareRoot() / log(floors[1] / floors[0])
    let exponent = Double(depth - 2) + (means[1] - means[0]) / log(floors[1] / floors[0])
    #expect(abs(exponent - Double(depth - 2)) < 4 * error)
    #expect(error < 0.2)
    if isLong { print("depth \(depth): revival exponent \(exponent) +- \(error)") }
  }

  @Test("depth 2 shows no false hysteresis, whatever the floor", arguments: [0, 1e-6])
  func depthTwo(floor: Double) throws {
    var x = try learned([1, 0.6], depth: 2, l2: 0.45, lr: 0.1)
    let grid = ramp(0.4525, 1.0525, 0.05)
    var options = SweepOptions(l2: grid)
    options.floor = floor
    let up = try x.sweep(options)
    options.l2 = grid.reversed()
    let down = try x.sweep(options)
    for (a, b) in zip(up.points, down.points.reversed()) {
      for (v, w) in zip(a.measurement.modes, b.measurement.modes) { #expect(abs(v - w) < 1e-5) }
    }
    for sweep in [up, down] {
      #expect(sweep.jumps.isEmpty && sweep.transitions.count == 2)
      for row in sweep.transitions {
        #expect(row.kind == .continuous && abs(row.l2 - [1, 0.6][row.mode - 1]) <= 0.05)
      }
    }
  }

  @Test("a point is re-entered as it was, and trains on from there")
  func states() throws {
    var x = try learned([1, 0.8], depth: 3, l2: 0.1, lr: 0.2)
    let sweep = try x.sweep(SweepOptions(l2: [0.1, 0.2, 0.3]))
    for (state, point) in zip(sweep.states, sweep.points) {
      #expect(state.settings.l2 == point.l2)
      #expect(try state.measure() == point.measurement)
    }
    var again = sweep.states[1]
    let rest = try again.sweep(SweepOptions(l2: [0.3]))
    // The floor's draws belong to the point's number, so the states differ by what it leaves.
    #expect(
      abs(rest.points[0].measurement.objective - sweep.points[2].measurement.objective) < 1e-12)
  }

  @Test("hold takes exactly its steps, and noise needs it")
  func hold() throws {
    var x = try learned([1], depth: 3, l2: 0.1)
    var options = SweepOptions(l2: [0.1, 0.2])
    options.hold = 7
    let sweep = try x.sweep(options)
    #expect(sweep.points.map(\.steps) == [7, 7] && sweep.points[0].converged == nil)
    try x.update { $0.temperature = 1e-4 }
    options.hold = nil
    let before = x.state
    let error = #expect(throws: InputError.self) { try x.sweep(options) }
    #expect(error?.description.contains("hold is required") == true && x.state == before)
  }

  @Test("an empty or unsorted grid is a sentence")
  func grids() throws {
    var x = try learned([1], depth: 3, l2: 0.1)
    for (grid, words) in [
      ([], "l2 must not be empty"), ([0.1, 0.1], "l2[2] = 0.1 follows l2[1] = 0.1"),
      ([0.1, 0.3, 0.2], "l2 must rise or fall throughout, but l2[3] = 0.2 follows l2[2] = 0.3"),
      ([0.1, -0.1], "l2[2] must be 0 or positive, got -0.1"),
    ] as [([Double], String)] {
      let error = #expect(throws: InputError.self) { try x.sweep(SweepOptions(l2: grid)) }
      #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }
  }

  @Test("an interrupted sweep keeps the points that it has")
  func interrupted() throws {
    var x = try learned([1], depth: 3, l2: 0.1)
    let polls = Atomic<Int>(25)
    let monitor = RunMonitor { polls.subtract(1, ordering: .relaxed).newValue < 0 }
    var options = SweepOptions(l2: ramp(0.1, 0.4, 0.01))
    options.hold = 1000
    let sweep = try x.sweep(options, monitor: monitor)
    #expect(sweep.outcome == .interrupted)
    #expect(!sweep.points.isEmpty && sweep.points.count < 30)
    #expect(sweep.states.count == sweep.points.count)
  }
}
