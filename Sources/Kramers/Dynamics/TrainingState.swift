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
}
