import Testing

@testable import Kramers

@Suite struct EscapeTallyTests {
  /// Replica r escapes at steps that look random; every fourth is given up before, every seventh is
  /// still under way.
  private func ensemble(_ count: Int, longest: Double) throws -> (EscapeTally, KaplanMeier) {
    let draws = RandomStream(seed: 3, stream: 0, purpose: .initialization)
      .normals(count, scale: 1, step: 0)
    var tally = EscapeTally(requested: count)
    var (times, escaped): ([Double], [Bool]) = ([], [])
    for (replica, draw) in draws.enumerated() {
      let steps = Int(abs(draw) / 5 * longest) + 1
      let isUnderWay = replica % 7 == 0
      let isLost = replica % 4 == 0
      tally.see(replica, at: steps / 2)
      if isUnderWay {
        tally.see(replica, at: steps)
      } else {
        tally.end(replica, ReplicaOutcome(steps: steps, end: isLost ? .censored : .escaped))
      }
      times.append(Double(steps))
      escaped.append(!isUnderWay && !isLost)
    }
    return (tally, KaplanMeier(try CensoredSample(times: times, escaped: escaped)))
  }

  @Test("the survival so far is the Kaplan-Meier estimate, to the bit where bins are single steps")
  func survival() throws {
    let (tally, exact) = try ensemble(300, longest: 127)
    let rows = tally.survival
    #expect(rows.first?.steps == 0 && rows.first?.share == 1)
    let falls = rows.dropFirst().prefix(exact.rows.count)
    #expect(falls.map(\.steps) == exact.rows.map(\.step))
    for (row, own) in zip(exact.rows, falls) { #expect(abs(row.survival - own.share) < 1e-12) }
    #expect(tally.escaped == exact.rows.reduce(0) { $0 + $1.escapes })
  }

  @Test("longer times are known to a 64th of themselves, in memory that does not grow")
  func bins() throws {
    for longest in [1e4, 1e9, 1e15] {
      let (tally, exact) = try ensemble(2000, longest: longest)
      #expect(tally.survival.count < 1500)
      for (steps, share) in tally.survival.dropFirst() {
        // All that escaped in a bin have at its end, and nobody else.
        #expect(share <= exact.survival(at: steps / (1 + 1.0 / 64) - 1) + 0.002)
        #expect(share >= exact.survival(at: steps) - 0.002)
      }
    }
  }

  @Test("diverged replicas are counted, interrupted ones have not ended")
  func ends() {
    var tally = EscapeTally(requested: 3)
    tally.end(0, ReplicaOutcome(steps: 7, end: .diverged))
    tally.end(1, ReplicaOutcome(steps: 9, end: .interrupted))
    tally.end(2, ReplicaOutcome(steps: 8, end: .escaped))
    #expect(tally.diverged == 1 && tally.escaped == 1 && tally.ended == 2)
    #expect(tally.survival.map(\.share) == [1, 0])
  }

  /// The tally of a measurement against the record that it returns.
  private func compare(_ tally: EscapeTally, _ record: FirstPassageRecord) throws {
    #expect(tally.requested == record.times.count && tally.ended == record.times.count)
    #expect(tally.escaped == record.escaped.count { $0 })
    #expect(tally.escaped > 0)
    let exact = KaplanMeier(
      try CensoredSample(times: record.times.map { Double($0) }, escaped: record.escaped))
    let last = try #require(tally.survival.last)
    #expect(abs(last.share - (exact.rows.last?.survival ?? 1)) < 0.02)
  }

  @Test("a measurement tells its monitor how its replicas end: in lanes, alone, under frozen noise")
  func monitored() throws {
    var options = FirstPassageOptions(observable: .mode(1), threshold: 0.3, seed: 71)
    options.replicas = 100
    options.maxSteps = 2000
    for isAlone in [false, true] {
      var settings = Settings()
      settings.learningRate = 0.2
      settings.l2 = 0.3
      settings.temperature = 0.01389806 / 3
      options.stopsAtRest = isAlone
      let monitor = RunMonitor()
      let record = try measureFirstPassage(
        data: .population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
        settings: settings, from: TrainingState(parameters: [0, 0, 0]), options: options,
        threads: 2, monitor: monitor)
      try compare(monitor.escapes, record)
    }
    let data = try Dataset.gaussian(singular: [0.9, 0.8], samples: 40, seed: 1)
    let x = try deepLinear(data, width: 3, l2: 0.1)
    var settings = Settings()
    settings.learningRate = 0.1
    settings.l2 = 0.1
    settings.batch = .size(5)
    settings.sampling = .replacement
    options = FirstPassageOptions(
      observable: .norm, threshold: 1.001 * norm(x.state.parameters), seed: 9)
    options.maxSteps = 100
    options.every = 1
    let monitor = RunMonitor()
    let record = try measureFrozenNoise(
      data: data, network: x.network, settings: settings, from: x.state, options: options,
      threads: 2, monitor: monitor)
    try compare(monitor.escapes, record)
  }

  @Test("asked on the way, replicas under way are in it")
  func underWay() throws {
    var options = FirstPassageOptions(observable: .mode(1), threshold: 0.3, seed: 71)
    options.replicas = 8
    options.maxSteps = 1_000_000
    var settings = Settings()
    settings.learningRate = 0.2
    settings.l2 = 0.3
    settings.temperature = 1e-5
    // Stops itself once it was seen to answer.
    let box = MonitorBox()
    let monitor = RunMonitor { box.hasAnswered }
    box.monitor = monitor
    monitor.askForLook()
    let record = try measureFirstPassage(
      data: .population(singular: [1]), network: Network(widths: [1, 1, 1, 1]),
      settings: settings, from: TrainingState(parameters: [0, 0, 0]), options: options,
      threads: 1, monitor: monitor)
    #expect(record.interrupted)
    let rows = monitor.escapes.survival
    #expect(rows.count == 2 && rows[1].share == 1 && rows[1].steps > 0)
    #expect(monitor.shown.map { $0.observable == .mode(1) } ?? true)
  }
}

private final class MonitorBox: @unchecked Sendable {
  // Unchecked: the monitor is set before the measurement begins.
  weak var monitor: RunMonitor?
  var hasAnswered: Bool { (monitor?.escapes.survival.count ?? 0) > 1 }
}
