import Testing

@testable import Kramers

/// Stays past the threshold: those that count, and how long they last.
@Suite struct DwellTests {
  /// Three scalar weights, noisy enough to recross the threshold often.
  private func options(every: Int, dwell: Int) -> FirstPassageOptions {
    var options = FirstPassageOptions(observable: .norm, threshold: 0.5, seed: 71)
    options.replicas = 20
    options.maxSteps = 600
    options.every = every
    options.dwell = dwell
    return options
  }

  private func settings() -> Settings {
    var settings = Settings()
    settings.learningRate = 0.2
    settings.l2 = 0.3
    settings.temperature = 0.02
    return settings
  }

  /// Linear networks run in lanes, others one by one. 600 is no multiple of 7.
  @Test(
    "an escape is the first look of a stay that lasts at every look, by hand from the paths",
    arguments: [Activation.linear, .relu], [[1, 0], [1, 13], [7, 30], [10, 10], [7, 600]])
  func byHand(activation: Activation, looks: [Int]) throws {
    let (every, dwell) = (looks[0], looks[1])
    let random = RandomStream(seed: 64, purpose: .data)
    let data = Dataset(
      name: "from",
      train: Samples(count: 9, inputs: 1, outputs: 1, x: random.normals(9), y: random.normals(9)))
    let network = try Network(widths: [1, 1, 1, 1], activation: activation)
    let options = options(every: every, dwell: dwell)
    let start = TrainingState(parameters: [0, 0, 0])
    #expect(
      LanePlan.fits(data: data, network: network, settings: settings()) == (activation == .linear))
    let record = try measureFirstPassage(
      data: data, network: network, settings: settings(), from: start, options: options,
      threads: 2)
    var recrossed = 0
    var seen = 0
    for r in 0..<20 {
      let trainer = try Trainer(
        data: data, network: network, settings: settings(),
        key: RandomKey(seed: 71, stream: 1 << 31, replica: UInt32(r)), state: start)
      var path: [Bool] = [false]
      for _ in 0..<1300 {
        trainer.run(steps: 1)
        path.append(norm(trainer.parameters) >= 0.5)
      }
      let grid = Array(stride(from: every, to: 600, by: every)) + [600]
      let beyond = Array(stride(from: every, through: 1290, by: every))
      let all = grid + beyond.filter { $0 > 600 }
      let firstTouch = grid.first { path[$0] }
      let expected = grid.first { look in
        // Past at every look up to the first one that is `dwell` later.
        let until = all.first { $0 >= look + dwell }!
        let previous = all.last { $0 < look }
        let begins = previous.map { !path[$0] } ?? true
        return begins && all.filter { $0 >= look && $0 <= until }.allSatisfy { path[$0] }
      }
      #expect(record.times[r] == expected ?? 600, "replica \(r)")
      #expect(record.escaped[r] == (expected != nil))
      // Back at the look after one that was past, until the escape or the look that ends it.
      let last = expected ?? all.first { $0 >= 600 && !path[$0] }!
      let looked = all.filter { $0 <= last }
      let returns = zip(looked, looked.dropFirst()).count { path[$0] && !path[$1] }
      #expect(record.returns[r] == returns, "replica \(r)")
      seen += returns
      if expected != firstTouch { recrossed += 1 }
    }
    if dwell >= 13 { #expect(recrossed > 3 && seen > 6, "\(recrossed), \(seen)") }
  }

  @Test("dwell out of range is refused")
  func refused() throws {
    for dwell in [-1, 601] {
      #expect(throws: InputError.self) { try options(every: 1, dwell: dwell).validate() }
    }
  }

  @Test("older progress, which knows no stays and nothing followed, still reads")
  func olderBytes() throws {
    let replicas: [ReplicaProgress] = [
      .notBegun, .underWay(TrainingState(parameters: [1, 2]), Stay()),
      .ended(ReplicaOutcome(steps: 30, end: .diverged)),
    ]
    var old = ByteWriter()
    old.write(UInt64(3))
    old.write(byte: 0)
    old.write(byte: 1)
    old.write(TrainingState(parameters: [1, 2]))
    old.write(byte: 4)
    old.write(30)
    var reader = ByteReader(old.bytes)
    let read = try EnsembleProgress(from: &reader)
    try reader.end()
    #expect(read == EnsembleProgress(replicas: replicas))
    var new = ByteWriter()
    new.write(read)
    #expect(new.bytes == old.bytes)
  }
}
