/// A function of the user's as observable. It runs on the thread that began the measurement, one
/// replica after the other. The first error ends the measurement.
public final class CustomObservable: @unchecked Sendable {
  // Unchecked: `Observable.threads` keeps all looks on the caller's thread.
  let body: (TrainingState, Settings) throws -> Double
  /// Where the function stands, for records.
  public let source: String
  /// What the function threw; from then on nothing is known.
  private(set) var failure: (any Error)?
  /// What it gave last.
  private(set) var last = Double.nan
  private var monitor: RunMonitor?

  init(_ source: String, _ body: @escaping (TrainingState, Settings) throws -> Double) {
    self.source = source
    self.body = body
  }

  /// NaN once the function has failed.
  func value(at theta: UnsafePointer<Double>, _ context: ObservableContext) -> Double {
    guard failure == nil else { return .nan }
    do {
      let weights = UnsafeBufferPointer(start: theta, count: context.network.parameterCount)
      last = try body(TrainingState(parameters: Array(weights)), context.settings)
      return last
    } catch {
      failure = error
      monitor?.stop()
      return .nan
    }
  }

  fileprivate func whileWatched<Result>(
    by monitor: RunMonitor, _ work: () throws -> Result
  ) throws -> Result {
    failure = nil
    self.monitor = monitor
    defer { self.monitor = nil }
    let result = Swift.Result { try work() }
    // An interrupt inside of the function is an interrupt of the measurement.
    if let failure, !monitor.wasAskedToStop { throw failure }
    return try result.get()
  }
}

extension Observable {
  /// - Parameters:
  ///   - direction: which side of the threshold is the far one.
  ///   - source: where the function stands, for records.
  ///   - body: a function of the state alone; the settings are those it is in.
  public static func custom(
    _ direction: Direction, source: String,
    _ body: @escaping (TrainingState, Settings) throws -> Double
  ) -> Observable {
    Observable(
      "function", direction, "a function of the user's",
      custom: CustomObservable(source, body))
  }

  /// Runs a measurement; what a function of the user's throws ends it and is thrown.
  func whileWatched<Result>(
    by monitor: RunMonitor, _ work: () throws -> Result
  ) throws -> Result {
    try custom?.whileWatched(by: monitor, work) ?? work()
  }
}
