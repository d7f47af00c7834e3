/// Which random numbers a run reads.
public struct RandomKey: Sendable, Equatable {
  public var seed: UInt64
  /// 0 for an experiment's own training; measurements use other streams.
  public var stream: UInt32
  public var replica: UInt32

  public init(seed: UInt64, stream: UInt32 = 0, replica: UInt32 = 0) {
    self.seed = seed
    self.stream = stream
    self.replica = replica
  }

  public func random(_ purpose: RandomPurpose) -> RandomStream {
    RandomStream(seed: seed, stream: stream, replica: replica, purpose: purpose)
  }
}

/// All that changes as a network trains. Random streams are functions of (key, step), so this
/// value and the key determine the future exactly.
public struct TrainingState: Sendable, Equatable {
  public var parameters: [Double]
  /// Momentum buffer, or Adam's first moment; empty until used.
  public var firstMoment: [Double] = []
  /// Adam's second moment; empty until used.
  public var secondMoment: [Double] = []
  /// Steps since Adam's moments were zero.
  public var momentSteps = 0
  /// Optimiser steps taken.
  public var step: UInt64 = 0
  /// Index of the current permutation and samples of it already used.
  public var epoch: UInt64 = 0
  public var cursor = 0
  /// Samples seen / N: the clock in epochs.
  public var epochs = 0.0

  public init(parameters: [Double]) { self.parameters = parameters }

  /// Whether it can be a state of this network on this data.
  func fits(_ network: Network, _ data: Dataset) -> Bool {
    let sizes: Set = [0, network.parameterCount]
    return parameters.count == network.parameterCount && sizes.contains(firstMoment.count)
      && sizes.contains(secondMoment.count) && momentSteps >= 0
      && (0...(data.sampleCount ?? 0)).contains(cursor) && step < 1 << 62 && epochs.isFinite
  }

  /// The counters alone, with empty arrays.
  var clockOnly: TrainingState {
    var clock = TrainingState(parameters: [])
    clock.momentSteps = momentSteps
    clock.step = step
    clock.epoch = epoch
    clock.cursor = cursor
    clock.epochs = epochs
    return clock
  }

  /// Refuses a state that no run of the experiment can have come to.
  func check(data: Dataset, network: Network, settings: Settings) throws(InputError) {
    let count = network.parameterCount
    for (name, values) in [
      ("parameters", parameters), ("first_moment", firstMoment), ("second_moment", secondMoment),
    ] {
      guard values.count == count || values.isEmpty && name != "parameters" else {
        throw .sentence("\(name): the network has \(count) parameters, got \(values.count)")
      }
    }
    // What a run adds to its clock must not overflow.
    let limit = 1 << 62
    guard step <= limit else { throw .rule("step", "at most 2^62", step) }
    guard epoch <= limit else { throw .rule("epoch", "at most 2^62", epoch) }
    guard (0...limit).contains(momentSteps) else {
      throw .rule("moment_steps", "between 0 and 2^62", momentSteps)
    }
    let samples = data.sampleCount ?? 0
    guard (0...samples).contains(cursor) else {
      throw .rule("cursor", "between 0 and the number of samples (\(samples))", cursor)
    }
    guard epochs.isFinite, epochs >= 0 else { throw .rule("epochs", "0 or positive", epochs) }
    if case .size(let size) = settings.batch {
      try checkSize("batch", size)
      // Samples, and the activations of every layer twice.
      let numbers = 2 * network.widths.reduce(0) { $0 + Double($1) }
      try checkMemory(count: Double(size) * numbers, what: "batches of \(size) samples")
    }
  }
}
