/// The trajectories behind `measureBySplitting`.
///
/// Inside, the observable is a score that rises towards B: losses change their sign.
struct SplittingWalk: Sendable {
  private let data: Dataset
  private let network: Network
  private let settings: Settings
  private let start: TrainingState
  private let options: SplittingOptions
  private let full: Batch?
  private let monitor: RunMonitor
  /// Steps between two looks at the levels, a divisor of `every`: at most a twentieth of the
  /// relaxation time 1/(lr l2). Where a trajectory jumps over many levels at once, copies begin too
  /// late, and the runs scatter far more than splitting should.
  private let stride: Int

  /// Crossings of the edge before a trajectory's next one starts a path: by then it has forgotten
  /// the state it came from.
  private static let warmUp = 10

  init(
    data: Dataset, network: Network, settings: Settings, from state: TrainingState,
    options: SplittingOptions, monitor: RunMonitor
  ) throws {
    self.data = data
    self.network = network
    self.settings = settings
    self.options = options
    self.monitor = monitor
    start = TrainingState(parameters: state.parameters)
    let isExact = settings.batch == .full && settings.labelNoise == 0
    full = isExact ? try data.fullBatch(for: network) : nil
    _ = try OrderParameterProbe(
      options.observable, data: data, network: network, settings: settings)
    let longest = 0.05 / max(settings.learningRate * settings.l2, 1e-9)
    let every = options.every
    let isSmooth = settings.l2 > 0
    stride =
      isSmooth
      ? (1...min(every, 1000)).last { every % $0 == 0 && Double($0) <= longest } ?? 1 : 1
  }

  func score(_ value: Double) -> Double {
    options.observable.direction == .up ? value : -value
  }

  func startScore() throws -> Double {
    let probe = try OrderParameterProbe(
      options.observable, data: data, network: network, settings: settings)
    return score(start.parameters.withUnsafeBufferPointer { probe.value($0.baseAddress!) })
  }

  private enum Phase: UInt64 { case pilot, gather, split }

  /// A runner at `state` under the random stream of (seed, run, phase, round, index).
  private func runner(
    _ state: TrainingState, run: Int, _ phase: Phase, round: Int, index: Int
  ) -> Trainer {
    // Runs need seeds of their own, because a key has room for two indices.
    let branch = UInt64(run) << 34 | UInt64(options.stream) << 2 | phase.rawValue
    let seed = scrambled(options.seed, branch)
    let key = RandomKey(
      seed: seed, stream: measurementStream | UInt32(round & 0x7FFF_FFFF), replica: UInt32(index))
    do {
      return try Trainer(
        data: data, network: network, settings: settings, key: key, state: state, full: full)
    } catch {
      preconditionFailure("settings were validated before: \(error)")
    }
  }

  private func makeProbe() -> OrderParameterProbe {
    do {
      return try OrderParameterProbe(
        options.observable, data: data, network: network, settings: settings)
    } catch {
      preconditionFailure("the observable was checked before: \(error)")
    }
  }

  /// The 90 % quantile of the observable inside the metastable state, over 32 trajectories of
  /// twenty relaxation times 1/(lr l2) or 1000 looks each, the first quarter left out.
  func pilot() -> (level: Double, steps: Int) {
    let relaxation = 20 / max(settings.learningRate * settings.l2, 1e-12)
    let looks = Int(min(max(relaxation / Double(stride), 1000), 20_000))
    let probe = makeProbe()
    let top = score(options.threshold)
    var scores: [Double] = []
    var steps = 0
    for index in 0..<32 where !monitor.shouldStop {
      let trainer = runner(start, run: 0, .pilot, round: 0, index: index)
      for look in 0..<looks {
        guard trainer.run(steps: stride) else { break }
        steps += stride
        let value = score(probe.value(trainer.parameterPointer))
        // Beyond the threshold it is another state's distribution.
        if value >= top { break }
        if 4 * look >= looks { scores.append(value) }
      }
    }
    scores.sort()
    guard !scores.isEmpty else { return (options.threshold, steps) }
    return (score(scores[scores.count * 9 / 10]), steps)
  }

  /// One independent run: gather states that have just left A, then split.
  func run(_ run: Int, level: Double) -> SplittingRun {
    var result = SplittingRun()
    let probe = makeProbe()
    var paths: [Path] = []
    var firsts = 0
    var loops = (sum: 0, count: 0)
    for index in 0..<options.replicas {
      let entry = gather(run, index, level, probe, &result)
      guard let entry else { return result }
      firsts += entry.first
      loops.sum += entry.loopSum
      loops.count += entry.loopCount
      var path = Path(entry.score, entry.state)
      let runner = runner(entry.state, run: run, .split, round: 0, index: index)
      guard advance(&path, runner, level, probe, &result) else { return result }
      paths.append(path)
    }
    result.firstCrossing = Double(firsts) / Double(options.replicas)
    result.loop = Double(loops.sum) / Double(loops.count)
    split(run, &paths, level, probe, &result)
    if result.end == .completed, result.probability > 0 {
      result.passage = Double(paths.reduce(0) { $0 + $1.duration }) / Double(paths.count)
    }
    return result
  }

  /// Removes the lowest trajectories and replaces them, until all have reached B or none is left.
  private func split(
    _ run: Int, _ paths: inout [Path], _ level: Double, _ probe: OrderParameterProbe,
    _ result: inout SplittingRun
  ) {
    let choice = RandomStream(
      seed: scrambled(options.seed, UInt64(run)), stream: options.stream, purpose: .statistics)
    while true {
      let lowest = paths.reduce(Double.infinity) { min($0, $1.peak) }
      if lowest == .infinity { return }
      result.iterations += 1
      let removed = paths.indices.filter { paths[$0].peak <= lowest }
      let survivors = paths.indices.filter { paths[$0].peak > lowest }
      result.ties += removed.count - 1
      result.probability *= Double(survivors.count) / Double(paths.count)
      if survivors.isEmpty { return }
      for index in removed {
        let words = choice.words(step: UInt64(result.iterations), UInt32(index))
        let parent = survivors[RandomStream.below(survivors.count, words[0], words[1])]
        var path = paths[parent].branch(above: lowest)
        if path.peak < .infinity {
          let runner = runner(
            path.last, run: run, .split, round: result.iterations, index: index)
          guard advance(&path, runner, level, probe, &result) else { return }
        }
        paths[index] = path
      }
    }
  }

  private struct Entry {
    var first: Int
    var loopSum = 0
    var loopCount = 0
    var score: Double
    var state: TrainingState
  }

  /// Follows a trajectory from the start until it leaves A for the eleventh time. One that reaches
  /// B on the way begins anew: only loops that return enter the mean.
  private func gather(
    _ run: Int, _ index: Int, _ level: Double, _ probe: OrderParameterProbe,
    _ result: inout SplittingRun
  ) -> Entry? {
    let top = score(options.threshold)
    for attempt in 0..<20 {
      let trainer = runner(start, run: run, .gather, round: attempt, index: index)
      var isInside = score(probe.value(trainer.parameterPointer)) < level
      var entry = Entry(first: 0, score: 0, state: start)
      var now = 0
      var crossings = 0
      var last = 0
      while true {
        guard step(trainer, since: now - last, &result) else { return nil }
        now += stride
        let value = score(probe.value(trainer.parameterPointer))
        if isDue(trainer), value >= top { break }
        if value < level {
          isInside = true
        } else if isInside {
          isInside = false
          crossings += 1
          if crossings == 1 { entry.first = now } else { entry.loopSum += now - last }
          last = now
          if crossings > Self.warmUp {
            entry.loopCount = crossings - 1
            entry.score = value
            entry.state = trainer.state
            return entry
          }
        }
      }
    }
    // It leaves for good before it has settled: no metastable state.
    result.end = .unresolved
    return nil
  }

  /// Follows a trajectory that has left A until it returns (true) or reaches B (true, peak
  /// infinite); false when the run must end.
  private func advance(
    _ path: inout Path, _ trainer: Trainer, _ level: Double, _ probe: OrderParameterProbe,
    _ result: inout SplittingRun
  ) -> Bool {
    let top = score(options.threshold)
    var spent = 0
    while true {
      guard step(trainer, since: spent, &result) else { return false }
      spent += stride
      let value = score(probe.value(trainer.parameterPointer))
      if isDue(trainer), value >= top {
        path.climb(.infinity, after: spent, trainer.state)
        return true
      }
      if value < level { return true }
      if value > path.peak {
        path.climb(value, after: spent, trainer.state)
        spent = 0
      }
    }
  }

  /// Whether B is looked for at this step: every `every` steps, as in `measureFirstPassage`.
  private func isDue(_ trainer: Trainer) -> Bool { Int(trainer.step) % options.every == 0 }

  /// Goes on to the next look at the levels. False, with the reason in `result`, when the run must end.
  private func step(_ trainer: Trainer, since spent: Int, _ result: inout SplittingRun) -> Bool {
    let isFinite = trainer.run(steps: stride)
    result.steps += stride
    if !isFinite {
      result.end = .diverged
    } else if spent > options.maxSteps {
      result.end = .unresolved
    } else if result.steps & 0x3FF < stride, monitor.shouldStop {
      result.end = .interrupted
    }
    return result.end == .completed
  }
}

/// A trajectory outside A, kept where it rose to a new highest point: that is where copies begin.
private struct Path {
  private struct Rise {
    var score: Double
    /// Steps since the edge of A.
    var time: Int
    var state: TrainingState
  }

  private var rises: [Rise]

  init(_ score: Double, _ state: TrainingState) {
    rises = [Rise(score: score, time: 0, state: state)]
  }

  /// Infinite once B is reached.
  var peak: Double { rises[rises.count - 1].score }
  var last: TrainingState { rises[rises.count - 1].state }
  /// Steps from the edge of A to the last rise.
  var duration: Int { rises[rises.count - 1].time }

  mutating func climb(_ score: Double, after steps: Int, _ state: TrainingState) {
    rises.append(Rise(score: score, time: duration + steps, state: state))
  }

  /// The path up to its first state beyond `score`.
  func branch(above score: Double) -> Path {
    var copy = self
    if let first = rises.firstIndex(where: { $0.score > score }) {
      copy.rises.removeSubrange((first + 1)...)
    }
    return copy
  }
}

/// A seed of its own for each `index` (SplitMix64's finaliser; Steele, Lea and Flood, 2014).
private func scrambled(_ seed: UInt64, _ index: UInt64) -> UInt64 {
  var z = seed &+ 0x9E37_79B9_7F4A_7C15 &* (index &+ 1)
  z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
  return z ^ z >> 31
}
