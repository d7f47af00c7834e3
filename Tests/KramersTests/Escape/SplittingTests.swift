import Foundation
import Testing

@testable import Kramers

private let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

@Suite struct SplittingTests {
  private func chain(_ barrierOverT: Double) -> Settings {
    var settings = Settings()
    settings.learningRate = 0.2
    settings.l2 = 0.3
    settings.temperature = 0.01389806 / barrierOverT
    return settings
  }

  private func split(
    _ settings: Settings, runs: Int, replicas: Int = 200, seed: UInt64 = 5, threads: Int = 2
  ) throws -> SplittingRecord {
    var options = SplittingOptions(observable: .mode(1), threshold: 0.3, seed: seed)
    options.every = 1
    options.runs = runs
    options.replicas = replicas
    return try measureBySplitting(
      data: .population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
      settings: settings, from: TrainingState(parameters: [0, 0, 0]), options: options,
      threads: threads)
  }

  /// Mean number of steps of w <- (1 - lr) w + sqrt(2 lr T) xi from 0 until |w| >= c: the integral
  /// equation m(x) = 1 + int_(-c)^c m(y) p(y|x) dy by Gauss–Legendre nodes and elimination.
  private func exactPassage(lr: Double, temperature: Double, threshold c: Double) -> Double {
    let rule = GaussLegendre(160)
    let nodes = rule.nodes.map { c * (2 * $0 - 1) }
    let sigma = (2 * lr * temperature).squareRoot()
    func density(_ y: Double, _ x: Double) -> Double {
      let z = (y - (1 - lr) * x) / sigma
      return exp(-0.5 * z * z) / (sigma * (2 * Double.pi).squareRoot())
    }
    let n = nodes.count
    var rows = (0..<n).map { i in
      (0..<n).map { j in
        (i == j ? 1.0 : 0) - 2 * c * rule.weights[j] * density(nodes[j], nodes[i])
      } + [1]
    }
    for k in 0..<n {
      let pivot = (k..<n).max { abs(rows[$0][k]) < abs(rows[$1][k]) } ?? k
      rows.swapAt(k, pivot)
      for i in 0..<n where i != k {
        let factor = rows[i][k] / rows[k][k]
        for j in k...n { rows[i][j] -= factor * rows[k][j] }
      }
    }
    var mean = 1.0
    for k in 0..<n {
      let passage = rows[k][n] / rows[k][k]
      mean += 2 * c * rule.weights[k] * density(nodes[k], 0) * passage
    }
    return mean
  }

  private func parabola(_ lr: Double, _ threshold: Double) throws -> SplittingRecord {
    var settings = Settings()
    settings.learningRate = lr
    settings.temperature = 0.05
    var options = SplittingOptions(observable: .norm, threshold: threshold, seed: 17)
    options.every = 1
    options.runs = isLong ? 60 : 20
    options.replicas = 200
    return try measureBySplitting(
      data: .population(singular: [0]), network: Network(widths: [1, 1]), settings: settings,
      from: TrainingState(parameters: [0]), options: options, threads: 2)
  }

  @Test(
    "one weight in a parabola: the exact mean passage time of the discrete steps, within 4 errors",
    arguments: [(0.707, 4368.7252068), (1.0, 484_269.57), (1.2247, 61_588_037)])
  func parabolas(threshold: Double, tau: Double) throws {
    let record = try parabola(0.02, threshold)
    let exact = exactPassage(lr: 0.02, temperature: 0.05, threshold: threshold)
    // The same equation solved by NumPy with 240 nodes.
    #expect(abs(exact / tau - 1) < 1e-4)
    let error = try #require(record.relativeError)
    #expect(error < 0.12)
    let deviation = log(record.tau / exact) / error
    #expect(abs(deviation) < 4, "tau \(record.tau) +- \(error), exact \(exact)")
    #expect(try #require(record.scatter(trajectories: 200)) < 2)
    if isLong { print("parabola: \(record.tau) +- \(100 * error) %, exact \(exact)") }
  }

  @Test("steps that jump over the way make the runs scatter, and the scatter tells")
  func jumps() throws {
    // At lr = .2 the last step before 1.6 is a jump of four standard deviations: 20 runs of 200
    // trajectories miss the exact 9.0e10 steps by more than their own error bar.
    let record = try parabola(0.2, 1.6)
    #expect(record.tau > 2 * 9.0e10)
    #expect(try #require(record.scatter(trajectories: 200)) > 3)
  }

  /// Mean first-passage times of an independent simulation (physics notes, section 4).
  private static let listed: [(x: Double, tau: Double, error: Double)] = [
    (4, 3377, 34), (6, 24144, 241), (7.5, 108_200, 2200),
  ]

  @Test(
    "the scalar chain equals brute force within combined error, z = 3",
    arguments: isLong ? listed : Array(listed[..<2]))
  func overlap(x: Double, tau: Double, error: Double) throws {
    let record = try split(chain(x), runs: isLong ? 200 : 40)
    let relative = try #require(record.relativeError)
    let combined = (relative * relative + error * error / (tau * tau)).squareRoot()
    #expect(abs(log(record.tau / tau)) < 3 * combined, "\(record.tau) +- \(relative)")
    if isLong { print("chain x = \(x): \(record.tau) +- \(100 * relative) %, listed \(tau)") }
  }

  @Test(
    "rare escapes of the scalar chain: 3 % error, within 20 % of Eyring-Kramers",
    arguments: [10.0, 14, 17])
  func rare(x: Double) throws {
    let theory = try EyringKramers(
      moments: Dataset.population(singular: [1]).moments, network: Network(widths: [1, 1, 1, 1]),
      rank: 0, l2: 0.3)
    let tau = try #require(
      theory.rate.escapeTime(temperature: 0.01389806 / x, learningRate: 0.2))
    // In CI fewer runs, so that three standard errors are added to the 20 %.
    let record = try split(chain(x), runs: isLong ? 120 : 20, replicas: 400)
    let error = try #require(record.relativeError)
    #expect(record.runs.count >= 20 && error < (isLong ? 0.03 : 0.12))
    #expect(abs(log(record.tau / tau)) < log(1.2) + (isLong ? 0 : 3 * error), "\(record.tau / tau)")
    if isLong { print("chain x = \(x): tau/EK = \(record.tau / tau) +- \(100 * error) %") }
  }

  @Test("the level of A does not matter, and the number of trajectories neither")
  func levels() throws {
    func record(_ level: Double?, _ replicas: Int) throws -> SplittingRecord {
      var options = SplittingOptions(observable: .mode(1), threshold: 0.3, seed: 8)
      options.every = 1
      options.runs = 40
      options.replicas = replicas
      options.level = level
      return try measureBySplitting(
        data: .population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
        settings: chain(6), from: TrainingState(parameters: [0, 0, 0]), options: options,
        threads: 2)
    }
    let reference = try record(nil, 200)
    for other in [try record(0.003, 100), try record(0.0003, 100), try record(0.01, 50)] {
      let (a, b) = (try #require(reference.relativeError), try #require(other.relativeError))
      let z = log(other.tau / reference.tau) / (a * a + b * b).squareRoot()
      #expect(abs(z) < 3.5, "level \(other.level): \(other.tau), not \(reference.tau)")
    }
  }

  @Test("same seed, same bits on any threads; another seed, other numbers")
  func threads() throws {
    let one = try split(chain(5), runs: 4, replicas: 30, threads: 1)
    #expect(try split(chain(5), runs: 4, replicas: 30, threads: 3).runs == one.runs)
    #expect(try split(chain(5), runs: 4, replicas: 30, seed: 6).runs != one.runs)
  }

  @Test("momentum and minibatches with replacement agree with brute force, z = 4")
  func otherDynamics() throws {
    var heavy = chain(5)
    heavy.optimizer = .momentum
    heavy.momentum = 0.8
    heavy.learningRate = 0.04
    let data = try Dataset.gaussian(singular: [0.9], samples: 64, seed: 3)
    var batches = chain(4)
    batches.l2 = 0.25
    batches.batch = .size(8)
    batches.sampling = .replacement
    for (settings, data) in [(heavy, try Dataset.population(singular: [1])), (batches, data)] {
      let network = try Network(widths: [1, 1, 1, 1])
      let start = TrainingState(parameters: [0, 0, 0])
      var options = SplittingOptions(observable: .mode(1), threshold: 0.3, seed: 4)
      options.runs = 30
      options.replicas = 100
      let record = try measureBySplitting(
        data: data, network: network, settings: settings, from: start, options: options,
        threads: 2)
      var direct = FirstPassageOptions(observable: .mode(1), threshold: 0.3, seed: 4)
      direct.replicas = 400
      let passage = try measureFirstPassage(
        data: data, network: network, settings: settings, from: start, options: direct,
        threads: 2)
      #expect(passage.escaped.allSatisfy { $0 })
      let mean = Double(passage.totalSteps) / 400
      let error = try #require(record.relativeError)
      let z = log(record.tau / mean) / (error * error + 1.0 / 400).squareRoot()
      #expect(abs(z) < 4, "\(record.tau) +- \(error), brute force \(mean)")
    }
  }

  @Test("dynamics without noise and batches of an epoch are refused with a sentence")
  func refusals() throws {
    let data = try Dataset.gaussian(singular: [0.9], samples: 64, seed: 3)
    func message(_ change: (inout Settings, inout SplittingOptions) -> Void) -> String {
      var settings = chain(5)
      var options = SplittingOptions(observable: .mode(1), threshold: 0.3, seed: 0)
      change(&settings, &options)
      do {
        _ = try measureBySplitting(
          data: data, network: Network(widths: [1, 1, 1, 1]), settings: settings,
          from: TrainingState(parameters: [0, 0, 0]), options: options, threads: 1)
        return ""
      } catch { return "\(error)" }
    }
    #expect(message { settings, _ in settings.temperature = 0 }.contains("are deterministic"))
    #expect(message { settings, _ in settings.batch = .size(8) }.contains("middle of an epoch"))
    #expect(message { _, options in options.replicas = 1 } == "replicas must be at least 2, got 1")
    #expect(message { _, options in options.runs = 1 } == "runs must be at least 2, got 1")
    #expect(message { _, options in options.level = 0.4 }.contains("near side"))
    #expect(message { _, options in options.threshold = -1 }.contains("past it already"))
  }

  @Test("a stop is obeyed within a run, and what is complete is kept")
  func interrupted() throws {
    let stop = RunMonitor { true }
    var options = SplittingOptions(observable: .mode(1), threshold: 0.3, seed: 5)
    options.level = 0.002
    let record = try measureBySplitting(
      data: .population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
      settings: chain(10), from: TrainingState(parameters: [0, 0, 0]), options: options,
      threads: 2, monitor: stop)
    #expect(record.isInterrupted && record.runs.isEmpty)
  }

  @Test("runs that die out stay in the mean; all of them: tau is infinite, with a lower end")
  func extinction() throws {
    // Two trajectories tie only by dying: with 2 a run often loses both at one level.
    var settings = chain(6)
    settings.temperature = 0.01389806 / 6
    let record = try split(settings, runs: 400, replicas: 2)
    let error = try #require(record.relativeError)
    #expect(abs(log(record.tau / 24144)) < 4 * error, "\(record.tau) +- \(error)")
    let none = SplittingRecord(
      level: 0.1,
      runs: (0..<3).map { _ in
        var run = SplittingRun()
        run.probability = 0
        run.loop = 50
        return run
      }, unfinished: [], steps: 0)
    #expect(none.tau == .infinity && none.extinct == 3 && none.relativeError == nil)
    let interval = none.interval(trajectories: 10)
    #expect(interval.high == .infinity && abs(interval.low - 30 * 50 / 3.689) < 1e-9)
  }
}

@Suite struct SplittingMeasurementTests {
  @Test("on a 3x3x3 network it equals brute force at tau near 1e4, z = 3, and says so itself")
  func matrix() throws {
    let x = try deepLinear(
      Dataset.population(singular: [0.9, 0.6, 0.3]), width: 3, l2: 0.25, initialization: .zero)
    var settings = x.settings
    settings.temperature = 9e-4
    var request = EscapeRequest(settings: settings, seed: 2)
    request.replicas = 100
    let result = try x.measureSplitting(request, runs: isLong ? 200 : 40, level: nil, threads: 2)
    request.replicas = isLong ? 2000 : 400
    let direct = try x.measureEscape(request, threads: 2)
    let error = try #require(result.record.relativeError)
    let combined = (error * error + 1 / Double(direct.rate.escapes)).squareRoot()
    let z = log(result.record.tau / direct.rate.tau) / combined
    #expect(abs(z) < 3, "\(result.record.tau) +- \(error), brute force \(direct.rate.tau)")
    #expect((3e3...3e4).contains(direct.rate.tau), "\(direct.rate.tau)")
    guard case .compared(let both) = result.overlap else {
      Issue.record("no overlap")
      return
    }
    #expect(both.agrees == true && both.settings.temperature == settings.temperature)
    if isLong { print("3x3x3: \(result.record.tau) +- \(100 * error) %, z = \(z)") }
  }

  @Test("the overlap is measured at a raised temperature when the escape is rare")
  func raised() throws {
    let x = try deepLinear(
      Dataset.population(singular: [1]), width: 1, l2: 0.3, initialization: .zero)
    var settings = x.settings
    settings.temperature = 0.01389806 / 12
    var request = EscapeRequest(settings: settings, seed: 2)
    request.replicas = 100
    request.threshold = 0.3
    let result = try x.measureSplitting(request, runs: 10, level: nil, threads: 2)
    guard case .compared(let both) = result.overlap else {
      Issue.record("no overlap")
      return
    }
    #expect(both.settings.temperature > 1.5 * settings.temperature)
    #expect(both.agrees == true && both.direct.escapes == 256)
    #expect(both.direct.tau < 60_000)
  }
}
