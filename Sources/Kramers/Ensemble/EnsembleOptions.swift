/// What every measurement over independent replicas is asked: how many, for how long, how often they
/// are looked at, and by which random numbers.
public struct EnsembleOptions: Sendable, Equatable {
  public var replicas = 64
  /// Steps after which a replica that has not escaped is given up.
  public var maxSteps = 1_000_000
  /// Steps between two looks at the observable: the times of escapes are multiples of it, but for
  /// a last look after `maxSteps`.
  public var every = 10
  public var seed: UInt64
  /// Family of random streams under the same seed, so that points of a protocol are independent;
  /// below 2^31.
  public var stream: UInt32 = 0

  public init(seed: UInt64) { self.seed = seed }

  /// - Parameters:
  ///   - least: the smallest number of replicas that makes sense.
  ///   - exponent: of 2, for the largest.
  func validate(atLeast least: Int, atMost exponent: Int) throws {
    guard replicas >= least else {
      throw InputError.rule("replicas", "at least \(least)", replicas)
    }
    guard replicas <= 1 << exponent else {
      throw InputError.rule("replicas", "at most 2^\(exponent)", replicas)
    }
    guard maxSteps >= 1 else { throw InputError.rule("max_steps", "at least 1", maxSteps) }
    let (total, overflow) = replicas.multipliedReportingOverflow(by: maxSteps)
    guard !overflow, total <= 1_000_000_000_000_000_000 else {
      throw InputError.sentence(
        "max_steps: replicas * max_steps must be at most 1e18, got \(replicas) * \(maxSteps)")
    }
    guard every >= 1 else { throw InputError.rule("every", "at least 1", every) }
    guard every <= maxSteps else {
      throw InputError.rule("every", "at most max_steps (\(maxSteps))", every)
    }
    guard stream < 1 << 31 else { throw InputError.rule("stream", "below 2^31", stream) }
  }
}

/// Options that hold an ensemble's among others: `options.replicas` is `options.ensemble.replicas`.
@dynamicMemberLookup
public protocol AsksEnsemble {
  var ensemble: EnsembleOptions { get set }
}

extension AsksEnsemble {
  public subscript<Value>(
    dynamicMember path: WritableKeyPath<EnsembleOptions, Value>
  ) -> Value {
    get { ensemble[keyPath: path] }
    set { ensemble[keyPath: path] = newValue }
  }
}
