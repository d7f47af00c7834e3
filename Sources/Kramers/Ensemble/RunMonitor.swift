internal import Synchronization

/// The two-way line between a long computation and whoever waits for it: asked to stop, it
/// finishes its step and returns what it has; its progress can be read from another thread.
public final class RunMonitor: Sendable {
  private let stopRequest: @Sendable () -> Bool
  private let done = Atomic<Int>(0)
  private let expected = Atomic<Int>(0)
  private let shown = Atomic<UInt64>(Double.nan.bitPattern)

  /// - Parameter shouldStop: polled every few hundred steps, from any thread; must be cheap.
  public init(shouldStop: @escaping @Sendable () -> Bool = { false }) { stopRequest = shouldStop }

  public var shouldStop: Bool { stopRequest() }

  /// Starts a task of `total` steps.
  public func begin(total: Int) {
    done.store(0, ordering: .relaxed)
    expected.store(total, ordering: .relaxed)
  }

  public func advance(by steps: Int) { done.add(steps, ordering: .relaxed) }

  /// Steps taken and steps expected at the most.
  public var progress: (done: Int, total: Int) {
    (done.load(ordering: .relaxed), expected.load(ordering: .relaxed))
  }

  /// Shows what the computation watches (an order parameter, a loss) to whoever looks on.
  public func show(_ value: Double) { shown.store(value.bitPattern, ordering: .relaxed) }

  /// The value shown last; nil before the first.
  public var value: Double? {
    let value = Double(bitPattern: shown.load(ordering: .relaxed))
    return value.isNaN ? nil : value
  }
}
