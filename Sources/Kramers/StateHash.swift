/// A hash that is the same in every process and on every machine (FNV-1a over 64-bit words, with a
/// shift that brings high bits down): it tells whether a run goes on from where it was. Not for
/// input that somebody might have made to collide.
public struct StateHash: Sendable {
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  public init() {}

  public mutating func add(_ word: UInt64) {
    value = (value ^ word) &* 0x0000_0100_0000_01B3
    value ^= value >> 32
  }

  public mutating func add(_ words: String) {
    for byte in words.utf8 { add(UInt64(byte)) }
    add(UInt64(words.utf8.count))
  }

  public mutating func add(_ values: [Double]) {
    for x in values { add(x.bitPattern) }
    add(UInt64(values.count))
  }
}

extension Experiment {
  /// Adds all that decides how the experiment goes on. Of the data its name and size alone: data
  /// sets do not change.
  public func add(to hash: inout StateHash) {
    hash.add(data.name)
    hash.add(UInt64(data.sampleCount ?? 0))
    hash.add("\(network.widths) \(network.activation) \(network.bias) \(network.loss)")
    hash.add(settings.optimizer.rawValue)
    hash.add("\(settings.batch) \(settings.sampling)")
    hash.add([
      settings.momentum, settings.learningRate, settings.l2, settings.temperature,
      settings.gradientNoise, settings.labelNoise,
    ])
    hash.add(settings.l2Center ?? [])
    hash.add(seed)
    hash.add(state.parameters)
    hash.add(state.firstMoment)
    hash.add(state.secondMoment)
    for count in [state.step, state.epoch, UInt64(state.cursor), UInt64(state.momentSteps)] {
      hash.add(count)
    }
  }
}
