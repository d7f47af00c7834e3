import Synchronization
import Testing

@testable import Kramers

/// A chain of three scalar weights in its zero phase, noisy enough to leave it in ~1,300 steps.
private struct Chain {
  let data: Dataset
  let network: Network
  var settings = Settings()
  var state = TrainingState(parameters: [0, 0, 0])
  var options = FirstPassageOptions(observable: .mode(1), threshold: 0.3, seed: 61)

  init() throws {
    data = try Dataset.population(singular: [1])
    network = try Network(widths: [1, 1, 1, 1])
    settings.learningRate = 0.2
    settings.l2 = 0.3
    settings.temperature = 0.01389806 / 3
    options.replicas = 40
    options.maxSteps = 2000
  }

  func measure(threads: Int = 1, monitor: RunMonitor = RunMonitor()) throws -> FirstPassageRecord {
    try measureFirstPassage(
      data: data, network: network, settings: settings, from: state, options: options,
      threads: threads, monitor: monitor)
  }

  /// |w| of replica r after each of `steps` steps, one step at a time.
  func path(_ replica: UInt32, steps: Int) throws -> [Double] {
    let trainer = try Trainer(
      data: data, network: network, settings: settings,
      key: RandomKey(seed: options.seed, stream: 1 << 31 | options.stream, replica: replica),
      state: state)
    return (0..<steps).map { _ in
      trainer.run(steps: 1)
      return abs(trainer.parameters.reduce(1, *))
    }
  }
}

@Suite struct FirstPassageTests {
  @Test("the record does not depend on the number of threads")
  func threads() throws {
    let chain = try Chain()
    let one = try chain.measure()
    #expect(one.times.count == 40)
    #expect(one.escaped.contains(true) && one.escaped.contains(false))
    #expect(try chain.measure(threads: 2) == one)
    #expect(try chain.measure(threads: 3) == one)
  }

  @Test("the first 10 of 40 replicas are those of an ensemble of 10")
  func prefix() throws {
    var chain = try Chain()
    let forty = try chain.measure()
    chain.options.replicas = 10
    let ten = try chain.measure()
    #expect(ten.times == Array(forty.times[..<10]))
    #expect(ten.escaped == Array(forty.escaped[..<10]))
    chain.options.stream = 1
    #expect(try chain.measure().times != ten.times)
    chain.options.stream = 0
    chain.options.seed = 62
    #expect(try chain.measure().times != ten.times)
  }

  /// 2000 is no multiple of 7 or 1501: the last look is at the last step.
  @Test(
    "a time is the first look past the threshold, looks being every `every` steps and at the end",
    arguments: [1, 7, 10, 1000, 1501, 2000])
  func looks(every: Int) throws {
    var chain = try Chain()
    chain.options.every = every
    let record = try chain.measure()
    #expect(record.diverged == 0 && !record.interrupted)
    #expect(record.totalSteps == record.times.reduce(0, +))
    for r in 0..<40 {
      let path = try chain.path(UInt32(r), steps: 2000)
      let looks = Array(stride(from: every, to: 2000, by: every)) + [2000]
      let first = looks.first { path[$0 - 1] >= 0.3 }
      #expect(record.escaped[r] == (first != nil))
      #expect(record.times[r] == first ?? 2000)
    }
  }

  @Test("R = 1, 7, 8, 9 replicas are the first of more", arguments: [1, 7, 8, 9])
  func sizes(replicas: Int) throws {
    var chain = try Chain()
    let forty = try chain.measure()
    chain.options.replicas = replicas
    for threads in 1...3 {
      let few = try chain.measure(threads: threads)
      #expect(few.times == Array(forty.times[..<replicas]))
      #expect(few.escaped == Array(forty.escaped[..<replicas]))
    }
  }

  /// The bound that saves decompositions must not move a time: every look is repeated by hand.
  @Test("the second singular value of 3 x 4 maps escapes at the first look past the threshold")
  func secondMode() throws {
    let random = RandomStream(seed: 64, purpose: .data)
    let data = Dataset(
      name: "from",
      train: Samples(
        count: 30, inputs: 4, outputs: 3, x: random.normals(120), y: random.normals(90, step: 1)))
    let network = try Network(widths: [4, 5, 3])
    let start = TrainingState(parameters: random.normals(35, scale: 0.2, step: 2))
    var settings = Settings()
    settings.batch = .size(4)
    settings.temperature = 1e-2
    var options = FirstPassageOptions(observable: .mode(2), threshold: 0.35, seed: 65)
    options.replicas = 11
    options.maxSteps = 400
    options.every = 3
    let record = try measureFirstPassage(
      data: data, network: network, settings: settings, from: start, options: options, threads: 2)
    #expect(record.escaped.contains(true))
    for r in 0..<11 {
      let trainer = try Trainer(
        data: data, network: network, settings: settings,
        key: RandomKey(seed: 65, stream: 1 << 31, replica: UInt32(r)), state: start)
      var time = 0
      var escaped = false
      while time < 400, !escaped {
        let next = min(time + 3, 400)
        trainer.run(steps: next - time)
        time = next
        let map = network.endToEndMap(of: trainer.parameters)
        escaped = SingularValueDecomposition(map).values[1] >= 0.35
      }
      #expect(record.times[r] == time && record.escaped[r] == escaped)
    }
  }

  @Test("replicas that never escape are censored at the last step")
  func censoring() throws {
    var chain = try Chain()
    chain.settings.temperature = 0
    chain.options.maxSteps = 123
    let record = try chain.measure()
    #expect(record.times == [Int](repeating: 123, count: 40))
    #expect(record.escaped == [Bool](repeating: false, count: 40))
    #expect(!record.interrupted)
  }

  @Test("interrupted, replicas under way are censored where they stand and the rest left out")
  func interruption() throws {
    let chain = try Chain()
    let whole = try chain.measure()
    let lanes = LaneKernels.best(.double).lanes
    for polls in [0, 1, 2, 4, 8] {
      let left = Atomic<Int>(polls)
      let record = try chain.measure(
        monitor: RunMonitor(shouldStop: { left.subtract(1, ordering: .relaxed).oldValue <= 0 }))
      #expect(record.interrupted)
      #expect(record.times.count == record.escaped.count)
      #expect(record.times.count < 40)
      #expect(polls < 2 || !record.times.isEmpty)
      // On one thread only the replicas in its lanes can be cut short.
      var cut = 0
      for r in record.times.indices {
        if record.times[r] == whole.times[r], record.escaped[r] == whole.escaped[r] { continue }
        #expect(record.times[r] < whole.times[r] && !record.escaped[r])
        cut += 1
      }
      #expect(cut <= lanes)
    }
  }

  @Test(
    "an interruption comes within about a thousand steps of each replica, however rare the looks")
  func promptness() throws {
    var chain = try Chain()
    chain.settings.temperature = 0
    chain.options.maxSteps = 1_000_000
    chain.options.every = 500_000
    let left = Atomic<Int>(3)
    let record = try chain.measure(
      monitor: RunMonitor(shouldStop: { left.subtract(1, ordering: .relaxed).oldValue <= 0 }))
    #expect(record.interrupted)
    #expect(!record.escaped.contains(true))
    #expect(record.times.allSatisfy { $0 <= 4000 })
  }

  @Test("on several threads an interruption cuts every replica at or before its own end")
  func interruptedThreads() throws {
    let chain = try Chain()
    let left = Atomic<Int>(20)
    let record = try chain.measure(
      threads: 3,
      monitor: RunMonitor(shouldStop: { left.subtract(1, ordering: .relaxed).oldValue <= 0 }))
    #expect(record.interrupted)
    #expect(record.times.count < 40 && !record.times.isEmpty)
    #expect(record.times.allSatisfy { $0 > 0 && $0 <= 2000 })
  }

  @Test("progress ends at the total, and counts the steps of an interrupted run")
  func progress() throws {
    let chain = try Chain()
    let monitor = RunMonitor()
    _ = try chain.measure(monitor: monitor)
    #expect(monitor.progress == (80_000, 80_000))
  }

  /// theta <- -1024 theta from about 1e-3: overflow at the 103rd or 104th step, seen at the next
  /// look.
  @Test("diverged replicas are counted and stay in the record as not escaped")
  func divergence() throws {
    var chain = try Chain()
    let network = try Network(widths: [1, 1])
    chain.settings.learningRate = 1025
    chain.settings.l2 = 0
    chain.settings.temperature = 1e-9
    chain.options.observable = .norm
    chain.options.every = 120
    let record = try measureFirstPassage(
      data: .population(singular: [0]), network: network, settings: chain.settings,
      from: TrainingState(parameters: [0]), options: chain.options, threads: 2)
    #expect(record.diverged == 40)
    #expect(record.escaped == [Bool](repeating: false, count: 40))
    #expect(record.times == [Int](repeating: 120, count: 40))
    #expect(!record.interrupted)
  }

  @Test("a state past the threshold and options out of range are refused")
  func refused() throws {
    var past = try Chain()
    past.state = TrainingState(parameters: [0.7, 0.7, 0.7])
    #expect(throws: InputError.self) { try past.measure() }
    let changes: [@Sendable (inout FirstPassageOptions) -> Void] = [
      { $0.replicas = 0 }, { $0.replicas = 1 << 25 }, { $0.maxSteps = 0 }, { $0.every = 0 },
      { $0.maxSteps = .max }, { $0.maxSteps = .max / 40 },
      { $0.every = 2001 }, { $0.threshold = .nan }, { $0.threshold = .infinity },
      { $0.observable = .mode(2) }, { $0.observable = .testLoss },
    ]
    for change in changes {
      var chain = try Chain()
      change(&chain.options)
      #expect(throws: InputError.self) { try chain.measure() }
    }
  }

  @Test("losses escape downwards: gradient descent without noise at the step of its own curve")
  func loss() throws {
    let data = DynamicsCase.data
    let network = try Network(widths: [3, 4, 2], activation: .tanh)
    let start = RandomStream(seed: 63, purpose: .data).normals(20, scale: 0.3)
    for observable in [Observable.loss, .testLoss] {
      let samples = observable == .loss ? data.train! : data.test!
      let trainer = try Trainer(
        data: data, network: network, settings: Settings(), key: RandomKey(seed: 0),
        state: TrainingState(parameters: start))
      func value() -> Double {
        SlowNetwork(network: network, theta: trainer.parameters)
          .lossAndGradient(samples, rows: Array(0..<samples.count)).loss
      }
      let first = value()
      trainer.run(steps: 25)
      let threshold = value()
      #expect(threshold < first)
      var options = FirstPassageOptions(
        observable: observable, threshold: threshold * (1 + 1e-12), seed: 0)
      options.replicas = 2
      options.every = 1
      let record = try measureFirstPassage(
        data: data, network: network, settings: Settings(),
        from: TrainingState(parameters: start), options: options, threads: 1)
      #expect(record.escaped == [true, true])
      #expect(record.times == [25, 25])
    }
  }
}
