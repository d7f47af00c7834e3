internal import Synchronization

/// The two-way line between a long computation and whoever waits for it: asked to stop, it
/// finishes its step and returns what it has; its progress can be read from another thread.
public final class RunMonitor: Sendable {
  /// What `train` shows when it is asked to look; nil: the strongest mode, at the rows of a trace.
  public let watched: WatchedQuantity?
  private let stopRequest: @Sendable () -> Bool
  private let done = Atomic<Int>(0)
  private let expected = Atomic<Int>(0)
  private let taken = Atomic<Int>(0)
  private let ramp = Mutex(Ramp())
  private let isAsked = Atomic<Bool>(false)
  private let showsWatched = Atomic<Bool>(false)
  private let shown = Atomic<UInt64>(Double.nan.bitPattern)

  /// - Parameter shouldStop: polled every few hundred steps, from any thread; must be cheap.
  public init(
    watched: WatchedQuantity? = nil, shouldStop: @escaping @Sendable () -> Bool = { false }
  ) {
    self.watched = watched
    stopRequest = shouldStop
  }

  public var shouldStop: Bool { stopRequest() }

  /// Starts a task of `total` steps.
  public func begin(total: Int) {
    done.store(0, ordering: .relaxed)
    expected.store(total, ordering: .relaxed)
  }

  public func advance(by steps: Int) {
    done.add(steps, ordering: .relaxed)
    taken.add(steps, ordering: .relaxed)
  }

  /// Steps of all tasks that were begun.
  public var stepsTaken: Int { taken.load(ordering: .relaxed) }

  /// Steps taken and steps expected at the most.
  public var progress: (done: Int, total: Int) {
    (done.load(ordering: .relaxed), expected.load(ordering: .relaxed))
  }

  /// Starts a task of several points, each of which `begin`s its own steps.
  ///
  /// - Parameter done: steps of the points that an earlier run did.
  public func begin(points: Int, done: [Int] = []) {
    ramp.withLock { $0 = Ramp(total: points, steps: done) }
  }

  /// A point is done.
  public func endPoint(steps: Int) { ramp.withLock { $0.steps.append(steps) } }

  /// How far a task of several points is; its total is 0 for other tasks.
  public var points: Ramp { ramp.withLock { $0 } }

  /// Shows what the computation watches (an order parameter, a loss) to whoever looks on.
  ///
  /// - Parameter isWatched: whether it is the quantity `watched`.
  public func show(_ value: Double, isWatched: Bool = false) {
    shown.store(value.bitPattern, ordering: .relaxed)
    showsWatched.store(isWatched, ordering: .relaxed)
  }

  /// What `value` is: the quantity watched, or nil for the computation's own order parameter.
  public var shownQuantity: WatchedQuantity? {
    showsWatched.load(ordering: .relaxed) ? watched : nil
  }

  /// The value shown last; nil before the first.
  public var value: Double? {
    let value = Double(bitPattern: shown.load(ordering: .relaxed))
    return value.isNaN ? nil : value
  }

  /// Asks the computation to measure what is watched, once; from any thread.
  public func askForLook() { isAsked.store(true, ordering: .relaxed) }

  /// What to measure and show now, if anything was asked for.
  func takeRequest() -> WatchedQuantity? {
    guard let watched, isAsked.exchange(false, ordering: .relaxed) else { return nil }
    return watched
  }
}

/// Points done, and what is left of them.
public struct Ramp: Sendable, Equatable {
  public var total = 0
  /// Steps that each point took.
  public var steps: [Int] = []

  public init(total: Int = 0, steps: [Int] = []) {
    self.total = total
    self.steps = steps
  }

  /// Steps that the points left will take, the one under way included: the trend of ln(steps) over
  /// the last eight points goes on, but not beyond the shortest and longest point so far. Nil
  /// before the first point is done, and after the last.
  ///
  /// - Parameter current: steps that the point under way has taken.
  public func stepsLeft(current: Int) -> Double? {
    guard !steps.isEmpty, steps.count < total else { return nil }
    let last = steps.suffix(8).map { logarithm(Double(max($0, 1))) }
    let middle = Double(last.count - 1) / 2
    let mean = last.reduce(0, +) / Double(last.count)
    var (spread, product) = (0.0, 0.0)
    for (i, y) in last.enumerated() {
      spread += (Double(i) - middle) * (Double(i) - middle)
      product += (Double(i) - middle) * (y - mean)
    }
    let slope = spread > 0 ? product / spread : 0
    let (low, high) = (Double(steps.min() ?? 0), Double(steps.max() ?? 0))
    var left = 0.0
    for i in 0..<(total - steps.count) {
      let expected = exponential(mean + slope * (Double(last.count + i) - middle))
      let point = min(max(expected, low), high)
      left += i == 0 ? max(point - Double(current), 0) : point
    }
    return left
  }
}

/// What a live view can show of a run, by its name in Lua.
public enum WatchedQuantity: String, Sendable, CaseIterable {
  case loss, objective, accuracy, norm
  case testLoss = "test_loss"
  case testAccuracy = "test_accuracy"
  case gradientNorm = "gradient_norm"
  /// The strongest mode.
  case mode
}

extension Measurement {
  /// nil where the data has no such thing, a test loss without a test set.
  func value(of quantity: WatchedQuantity) -> Double? {
    switch quantity {
    case .loss: loss
    case .objective: objective
    case .accuracy: accuracy
    case .norm: norm
    case .testLoss: testLoss
    case .testAccuracy: testAccuracy
    case .gradientNorm: gradientNorm
    case .mode: modes.first
    }
  }
}
