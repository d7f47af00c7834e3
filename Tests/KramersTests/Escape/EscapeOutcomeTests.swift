import Synchronization
import Testing

@testable import Kramers

/// What a measurement of escapes comes to where its condition fails, and what it then says.
@Suite struct EscapeOutcomeTests {
  private func chain(l2: Double = 0.3) throws -> Experiment {
    try deepLinear(Dataset.population(singular: [1]), width: 1, l2: l2, initialization: .zero)
  }

  private func ask(
    _ x: Experiment, temperature: Double, replicas: Int = 64, every: Int = 10
  ) -> EscapeRequest {
    var settings = x.settings
    settings.temperature = temperature
    var request = EscapeRequest(settings: settings, seed: 3)
    request.replicas = replicas
    request.every = every
    return request
  }

  @Test(
    "looks every 10 to 1000 steps tell one tau, 490 ... 510, within their intervals",
    arguments: [10, 100, 300, 1000])
  func coarseLooks(every: Int) throws {
    let x = try chain()
    let result = try x.measureEscape(
      ask(x, temperature: 0.00695, replicas: 512, every: every), threads: 2)
    #expect(result.rate.low < 510 && 490 < result.rate.high, "\(result.rate)")
    // What counting whole looks as survived gives.
    let mean = Double(result.times.reduce(0, +)) / 512
    #expect(every < 300 || mean > result.rate.high, "\(mean)")
    #expect(!result.warnings.contains { $0.contains("can miss") }, "\(result.warnings)")
  }

  @Test("stays shorter than a look are warned of with their length; fine looks are not")
  func shortStays() throws {
    // Above coexistence, where the target is the shallow state.
    let x = try chain(l2: 0.45)
    let barrier = try EyringKramers(
      moments: x.data.moments, network: x.network, rank: 0, l2: 0.45
    ).rate.barrier
    let coarse = try x.measureEscape(
      ask(x, temperature: barrier / 4, every: 1000), threads: 2)
    let words = try #require(coarse.warnings.first { $0.contains("can miss") })
    let stays = try #require(coarse.residence)
    #expect(words.contains("every 1000 steps") && words.contains("\(stays.returned) of"))
    #expect(stays.mean > 10 && stays.mean < 1000, "\(stays)")
    let fine = try x.measureEscape(ask(x, temperature: barrier / 4, every: 1), threads: 2)
    #expect(!fine.warnings.contains { $0.contains("can miss") })
    // Followed on their own path: the same stays on any number of threads.
    #expect(
      try x.measureEscape(ask(x, temperature: barrier / 4, every: 1000), threads: 1).residence
        == stays)
  }

  @Test("replicas that diverge are an outcome: no time, not counted as censored")
  func diverged() throws {
    let x = try chain()
    var request = ask(x, temperature: 0.007)
    request.settings.learningRate = 4
    request.maxSteps = 100_000
    let result = try x.measureEscape(request, threads: 2)
    #expect(result.diverged > 0)
    #expect(result.statistics.censored + result.rate.escapes + result.diverged == 64)
    #expect(try #require(result.withheld).contains("replicas diverged"))
    #expect(result.theory.tau == nil)
    request.allowsDivergence = true
    let allowed = try x.measureEscape(request, threads: 2)
    #expect(allowed.withheld == nil)
    #expect(allowed.warnings.contains { $0.contains("competing end") })
    // Diverged replicas survived the look before.
    #expect(allowed.times.allSatisfy { $0 % 10 == 0 })
  }

  @Test("without noise one replica runs, and ends where the state is stationary")
  func nothingRandom() throws {
    let x = try chain()
    var request = ask(x, temperature: 0)
    request.maxSteps = 1_000_000_000
    let elapsed = try ContinuousClock().measure {
      let result = try x.measureEscape(request, threads: 2)
      #expect(result.isDeterministic && result.isAtRest && result.times == [1_000_000_000])
      #expect(result.withheld != nil && result.warnings[0].contains("stationary"))
    }
    #expect(elapsed < .seconds(2), "\(elapsed)")
    // From beyond the saddle it leaves, once.
    var y = x
    try y.setParameters([0.66, 0.66, 0.66])
    request.settings = y.settings
    request.settings.temperature = 0
    request.threshold = 0.5
    request.mode = 1
    let left = try y.measureEscape(request, threads: 2)
    #expect(left.escaped == [true] && left.isDeterministic && !left.isAtRest)
  }

  @Test("a residual of 1e-150 beside a saddle is not at rest: it grows by a fifth each step")
  func tinyResidual() throws {
    var x = try deepLinear(
      Dataset.population(singular: [1]), width: 1, depth: 2, l2: 0.1, initialization: .zero)
    try x.setParameters([1e-150, 1e-150])
    var request = ask(x, temperature: 0)
    request.threshold = 0.5
    request.mode = 1
    let result = try x.measureEscape(request, threads: 1)
    #expect(result.escaped == [true] && !result.isAtRest)
    // 1e-150 (1 + lr (s - l2))^n = .5^(1/2)
    let steps = (150 * logarithm(10) + 0.5 * logarithm(0.5)) / logarithm(1.18)
    #expect(abs(Double(result.times[0]) - steps) < 40, "\(result.times), \(steps)")
  }

  @Test("few escapes and a threshold beside the thermal floor are said, with the number")
  func warnings() throws {
    let x = try chain()
    let few = try x.measureEscape(ask(x, temperature: 0.006, replicas: 4), threads: 2)
    #expect(few.warnings.contains { $0.contains("rest on 4 escapes") }, "\(few.warnings)")
    var beside = ask(x, temperature: 0.02)
    beside.threshold = 0.03
    let result = try x.measureEscape(beside, threads: 2)
    #expect(result.thermalFloor > 0.015 && result.thermalFloor < 0.03)
    #expect(result.warnings.contains { $0.contains("thermal floor") }, "\(result.warnings)")
  }

  @Test("interrupted while stays are followed, it goes on to the same result")
  func resuming() throws {
    let x = try chain()
    var request = ask(x, temperature: 0.00695, replicas: 24, every: 50)
    request.dwell = 60
    request.maxSteps = 3000
    let whole = try x.measureEscape(request, threads: 1)
    #expect(whole.residence != nil)
    var result: EscapeResult?
    var progress: EnsembleProgress?
    var (cuts, followed) = (0, 0)
    while result?.isInterrupted ?? true, cuts < 3000 {
      let left = Atomic<Int>(4)
      let monitor = RunMonitor(
        shouldStop: { left.subtract(1, ordering: .relaxed).oldValue <= 1 })
      result = try x.measureEscape(request, threads: 1, monitor: monitor, resuming: progress)
      if let reached = result?.progress {
        var writer = ByteWriter()
        writer.write(reached)
        var reader = ByteReader(writer.bytes)
        progress = try EnsembleProgress(from: &reader)
        if reached.followed != nil { followed += 1 }
      }
      cuts += 1
    }
    #expect(cuts > 5 && followed > 1, "\(cuts), \(followed)")
    #expect(result?.times == whole.times && result?.escaped == whole.escaped)
    #expect(result?.residence == whole.residence)
    #expect(result?.returns == whole.returns && whole.returns != nil)
    #expect(result?.statistics == whole.statistics)
  }
}
