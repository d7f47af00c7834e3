import Foundation
import Testing

@testable import Kramers

/// Learned modes that minibatch noise drives over their saddle.
@Suite struct CollapseTests {
  static let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

  /// The state with all modes learned, at `share` of the last one's spinodal.
  static func learned(
    _ data: Dataset, depth: Int = 3, width: Int, share: Double,
    _ change: (inout Settings) -> Void = { _ in }
  ) throws -> Experiment {
    let widths =
      [data.inputs] + [Int](repeating: width, count: depth - 1) + [data.outputs]
    var settings = Settings()
    settings.learningRate = 0.1
    settings.batch = .size(8)
    settings.sampling = .replacement
    change(&settings)
    var x = try Experiment(data: data, network: Network(widths: widths), settings: settings)
    let modes = try x.phases(l2: 0.1).rows
    let spinodal = try #require(modes.compactMap(\.theory.spinodal).last)
    try x.update { $0.l2 = share * spinodal }
    try x.setParameters(
      learnedState(
        data.moments, network: x.network, rank: min(width, modes.count), l2: x.settings.l2
      ).parameters)
    return x
  }

  static func chain(seed: UInt64) throws -> Dataset {
    try .gaussian(singular: [0.8], samples: 512, seed: seed)
  }

  static func two(seed: UInt64) throws -> Dataset {
    try Dataset.gaussian(singular: [0.88, 0.64], samples: 512, seed: seed).whitened()
  }

  static func escape(
    _ x: Experiment, replicas: Int, mode: Int, seed: UInt64 = 7, every: Int = 2
  ) throws -> EscapeResult {
    var request = EscapeRequest(settings: x.settings, seed: seed)
    request.replicas = replicas
    request.every = every
    request.maxSteps = 10_000_000
    request.mode = mode
    return try x.measureEscape(request, threads: 2)
  }

  /// ln(measured/theory), its standard error, and what the prediction states as its own.
  static func compare(
    _ x: Experiment, replicas: Int, mode: Int, every: Int = 2
  ) throws -> (gap: Double, error: Double, stated: Double, result: EscapeResult) {
    let result = try escape(x, replicas: replicas, mode: mode, every: every)
    let theory = result.theory
    let tau = try #require(theory.tau, "\(theory.reason ?? "")")
    #expect(theory.method == .oneDimension && result.observable.direction == .down)
    let stated = (theory.relativeError ?? 0) + (theory.stepError ?? 0)
    let gap = log(result.rate.tau / tau)
    if isLong {
      print(
        "measured \(result.rate.tau), theory \(tau): ratio \(exp(gap)) +- "
          + "\(1 / Double(result.rate.escapes).squareRoot()); stated \(stated); phi "
          + "\(theory.phi ?? 0), frozen \(theory.frozenPhi ?? 0), others "
          + "\(theory.otherDirections ?? 1)")
    }
    return (gap, 1 / Double(result.rate.escapes).squareRoot(), stated, result)
  }

  static let settings: [(share: Double, lr: Double, batch: Int)] = [
    (0.97, 0.1, 8), (0.93, 0.2, 8), (0.97, 0.1, 16), (0.97, 0.05, 8), (0.93, 0.1, 4),
  ]

  @Test(
    "the chain collapses under SGD in the time that theory predicts without a fitted parameter",
    arguments: isLong ? settings : Array(settings[..<2]), [11, 12] as [UInt64])
  func chain(setting: (share: Double, lr: Double, batch: Int), seed: UInt64) throws {
    let x = try Self.learned(Self.chain(seed: seed), width: 1, share: setting.share) {
      $0.learningRate = setting.lr
      $0.batch = .size(setting.batch)
    }
    let (gap, error, stated, result) = try Self.compare(x, replicas: 1000, mode: 1)
    // z = 4 and the stated error, which is below 8 %.
    #expect(abs(gap) < 4 * error + stated && stated < 0.08, "\(exp(gap)), stated \(stated)")
    #expect(result.theory.otherDirections == nil)
  }

  @Test("a learned mode that is named goes down, past half its saddle's strength by default")
  func defaults() throws {
    let x = try Self.learned(Self.two(seed: 3), width: 2, share: 0.9)
    var request = EscapeRequest(settings: x.settings, seed: 1)
    request.mode = 2
    let target = try x.escapeTarget(request, monitor: RunMonitor())
    let saddle = try #require(
      try x.phaseTheory().saddleStrength(mode: 2, l2: x.settings.l2))
    #expect(target.observable.direction == .down && target.way == .collapse)
    #expect(abs(target.threshold - 0.5 * saddle) < 1e-9)
    // The same without a name, where the direction is given.
    request.mode = nil
    request.direction = .down
    let unnamed = try x.escapeTarget(request, monitor: RunMonitor())
    #expect(unnamed.observable == target.observable && unnamed.threshold == target.threshold)
    // sigma_1 falls only when both are gone.
    request.mode = 1
    #expect(throws: InputError.self) { try x.escapeTarget(request, monitor: RunMonitor()) }
    request.threshold = 0.1
    let first = try x.escapeTarget(request, monitor: RunMonitor())
    let reason = x.escapeTheory(first, x.settings, dwell: 0, diverged: 0).reason
    #expect(reason?.contains("weakest learned mode") == true, "\(reason ?? "")")
  }

  @Test("where theory does not know a collapse it says why, and never speaks of ranks")
  func reasons() throws {
    func reason(
      _ data: Dataset, dwell: Int = 0, _ change: (inout Settings) -> Void
    ) throws -> String {
      let x = try Self.learned(data, width: data.inputs, share: 0.9, change)
      var request = EscapeRequest(settings: x.settings, seed: 1)
      request.mode = data.inputs
      request.threshold = 0.02
      let target = try x.escapeTarget(request, monitor: RunMonitor())
      let theory = x.escapeTheory(target, x.settings, dwell: dwell, diverged: 0)
      #expect(theory.tau == nil)
      return try #require(theory.reason)
    }
    let one = try Self.chain(seed: 1)
    #expect(try reason(one) { $0.sampling = .permutation }.contains("cancel within an epoch"))
    #expect(try reason(one) { $0.optimizer = .adam }.contains("adam"))
    #expect(try reason(one) { $0.optimizer = .nesterov }.contains("nesterov"))
    #expect(try reason(one, dwell: 5) { _ in }.contains("dwell"))
    #expect(try reason(one) { $0.batch = .full }.contains("never left"))
    let coupled = try Dataset.gaussian(singular: [0.9, 0.8], samples: 64, seed: 2)
    #expect(try reason(coupled) { _ in }.contains("coupled"))
  }

  @Test("additive noise: the collapse follows Eyring-Kramers over the same saddle")
  func additive() throws {
    var x = try Self.learned(Self.chain(seed: 4), width: 1, share: 0.85) { $0.batch = .full }
    let barrier = try EyringKramers(
      moments: x.data.moments, network: x.network, rank: 1, l2: x.settings.l2, way: .collapse
    ).rate.barrier
    try x.update { $0.temperature = barrier / 4 }
    let result = try Self.escape(x, replicas: Self.isLong ? 2000 : 250, mode: 1)
    let tau = try #require(result.theory.tau, "\(result.theory.reason ?? "")")
    #expect(result.theory.method == .eyringKramers)
    // Longer by up to the stated error; z = 4.
    let ratio = result.rate.tau / tau
    let error = 4 / Double(result.rate.escapes).squareRoot()
    if Self.isLong { print("additive: measured/theory \(ratio)") }
    #expect(ratio > 1 - error - (result.theory.stepError ?? 0))
    #expect(ratio < 1 + error + 2 * (result.theory.relativeError ?? 0), "\(ratio)")
  }

  static let wide: [(name: String, share: Double, change: @Sendable (inout Settings) -> Void)] = [
    ("B = 8", 0.95, { _ in }),
    ("subset", 0.95, { $0.sampling = .subset }),
    ("label noise", 0.95, { $0.labelNoise = 0.4 }),
    ("momentum", 0.97, { ($0.optimizer, $0.momentum, $0.learningRate) = (.momentum, 0.8, 0.02) }),
    ("temperature", 0.95, { $0.temperature = 1e-4 }),
    ("B = 16", 0.95, { $0.batch = .size(16) }),
    ("B = 32", 0.97, { $0.batch = .size(32) }),
  ]

  @Test(
    "two modes at width 2: the fluctuations of the other one shorten the time as predicted",
    arguments: isLong ? 0..<wide.count : 0..<1)
  func twoModes(index: Int) throws {
    let (name, share, change) = Self.wide[index]
    let x = try Self.learned(Self.two(seed: 3), width: 2, share: share, change)
    if Self.isLong { print(name, terminator: ": ") }
    let (gap, error, stated, result) = try Self.compare(
      x, replicas: Self.isLong ? 1000 : 400, mode: 2, every: 5)
    #expect(abs(gap) < 4 * error + stated, "\(name): \(exp(gap)), stated \(stated)")
    // Far from what the path alone gives.
    let factor = try #require(result.theory.otherDirections)
    #expect(factor < 0.85 && abs(gap + log(factor)) > abs(gap))
  }

  @Test(
    "three modes at width 3, depth 4, and dropped directions", .enabled(if: isLong),
    arguments: [3, 4])
  func larger(depth: Int) throws {
    let data = try Dataset.gaussian(
      singular: [0.9, 0.8, 0.6], inputs: 4, outputs: 3, samples: 512, seed: 9
    ).whitened()
    for width in [3, 4] {
      let x = try Self.learned(data, depth: depth, width: width, share: 0.95)
      print("depth \(depth), width \(width)", terminator: ": ")
      let (gap, error, stated, _) = try Self.compare(x, replicas: 500, mode: 3, every: 5)
      #expect(abs(gap) < 4 * error + stated, "\(exp(gap)), stated \(stated)")
    }
  }

  @Test("ln tau rises with B/lr by phi, not by an effective temperature", .enabled(if: isLong))
  func slope() throws {
    var points: [(x: Double, measured: Double, theory: Double, phi: Double, frozen: Double)] = []
    for batch in [4, 8, 16, 32] {
      let x = try Self.learned(Self.chain(seed: 11), width: 1, share: 0.93) {
        $0.batch = .size(batch)
      }
      let result = try Self.escape(x, replicas: 1000, mode: 1)
      let theory = result.theory
      points.append(
        (
          Double(batch), log(result.rate.tau), log(try #require(theory.tau)),
          try #require(theory.phi), try #require(theory.frozenPhi)
        ))
    }
    func slope(_ y: (Int) -> Double) -> Double {
      let n = Double(points.count)
      let center = points.reduce(0) { $0 + $1.x } / n
      let spread = points.reduce(0) { $0 + ($1.x - center) * ($1.x - center) }
      return points.indices.reduce(0) { $0 + (points[$1].x - center) * y($1) } / spread
    }
    let measured = slope { points[$0].measured }
    let expected = slope { points[$0].theory }
    let phi = slope { points[$0].phi }
    let frozen = slope { points[$0].frozen }
    print("slope of ln tau over B: \(measured), theory \(expected), phi \(phi), frozen \(frozen)")
    #expect(abs(measured / expected - 1) < 0.05)
    #expect(frozen / measured < 0.75)
  }

  @Test("splitting runs its levels downwards: it equals brute force and theory at tau = 2e3, z = 4")
  func splitting() throws {
    let x = try Self.learned(Self.chain(seed: 11), width: 1, share: 0.93)
    var request = EscapeRequest(settings: x.settings, seed: 5)
    request.mode = 1
    request.replicas = 100
    request.every = 5
    let split = try x.measureSplitting(request, runs: 8, level: nil, threads: 2)
    guard case .compared(let both) = split.overlap else {
      Issue.record("no brute force beside it")
      return
    }
    #expect(both.agrees == true, "z = \(both.z)")
    let tau = try #require(split.theory.tau)
    let error = try #require(split.record.relativeError)
    let stated = (split.theory.relativeError ?? 0) + (split.theory.stepError ?? 0)
    #expect(abs(log(split.record.tau / tau)) < 4 * error + stated, "\(split.record.tau), \(tau)")
  }

  @Test("the tails of a batch mean of four lengthen the time, z = 4, which Gaussian noise misses")
  func tails() throws {
    let x = try Self.learned(Self.chain(seed: 11), width: 1, share: 0.85) {
      $0.batch = .size(4)
    }
    let (gap, error, stated, result) = try Self.compare(x, replicas: 300, mode: 1)
    #expect(abs(gap) < 4 * error + stated, "\(exp(gap)), stated \(stated)")
    let path = try #require(CommutingModes(x.data.moments, depth: 3)?.modes.first)
    let passage = try AlignedPassage(
      path.single, l2: x.settings.l2, way: .collapse,
      noise: AlignedNoise(
        #require(x.data.train), left: path.left, right: path.right, settings: x.settings),
      rate: x.settings.learningRate, temperature: 0)
    let gaussian = try #require(
      passage.logCollapseTime(to: result.threshold, .gaussianPathAlone))
    let measured = log(result.rate.tau * x.settings.learningRate)
    #expect(measured - gaussian > 0.3, "\(measured - gaussian)")
  }

  @Test(
    "a collapse of tau above 1e8 steps under SGD by splitting, within the stated error of theory")
  func rare() throws {
    let x = try Self.learned(Self.chain(seed: 11), width: 1, share: 0.88) {
      $0.batch = .size(Self.isLong ? 20 : 16)
    }
    var request = EscapeRequest(settings: x.settings, seed: 5)
    request.mode = 1
    request.replicas = 100
    request.every = 5
    let split = try x.measureSplitting(
      request, runs: Self.isLong ? 20 : 4, level: nil, threads: 2)
    let tau = try #require(split.theory.tau)
    let stated = (split.theory.relativeError ?? 0) + (split.theory.stepError ?? 0)
    let error = try #require(split.record.relativeError)
    if Self.isLong { print("splitting: \(split.record.tau) +- \(error), theory \(tau)") }
    #expect(tau > (Self.isLong ? 1e8 : 1e6))
    // The quantile of Student's law for 4 and for 20 runs that a normal z passes at 3: 9.2 and 3.4.
    #expect(abs(log(split.record.tau / tau)) < (Self.isLong ? 3.4 : 6) * error + stated)
  }

  @Test(
    "the zero phase under SGD and additive noise: the saddle's height under both, three temperatures",
    .enabled(if: isLong), arguments: [4.0, 5, 6])
  func appearance(depth: Double) throws {
    var settings = Settings()
    settings.learningRate = 0.1
    settings.l2 = 0.2
    settings.batch = .size(4)
    settings.sampling = .replacement
    var x = try Experiment(
      data: Self.chain(seed: 11), network: Network(widths: [1, 1, 1, 1]), settings: settings)
    try x.setParameters([0, 0, 0])
    let barrier = try EyringKramers(
      moments: x.data.moments, network: x.network, rank: 0, l2: 0.2
    ).rate.barrier
    try x.update { $0.temperature = barrier / depth }
    var request = EscapeRequest(settings: x.settings, seed: 5)
    request.replicas = 400
    request.every = 5
    let result = try x.measureEscape(request, threads: 2)
    let tau = try #require(result.theory.tau)
    let phi = try #require(result.theory.phi)
    let ratio = result.rate.tau / tau
    let stated = (result.theory.relativeError ?? 0) + (result.theory.stepError ?? 0)
    print("zero phase, dE/T = \(depth): phi \(phi), measured/theory \(ratio), stated \(stated)")
    // Longer by about the stated error; z = 4.
    #expect(phi < depth && abs(ratio - 1 - stated) < stated + 4.0 / 20)
  }
}
