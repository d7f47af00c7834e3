internal import Synchronization

/// The two-way line between a long computation and whoever waits for it: asked to stop, it
/// finishes its step and returns what it has; its progress can be read from another thread.
public final class RunMonitor: Sendable {
  /// What `train` shows when it is asked to; nil: the strongest mode, at the rows of a trace.
  public let watched: Observable?
  private let stopRequest: @Sendable () -> Bool
  private let pauseRequest: @Sendable () -> Bool
  private let done = Atomic<Int>(0)
  private let expected = Atomic<Int>(0)
  private let taken = Atomic<Int>(0)
  private let ramp = Mutex(Ramp())
  private let isStopped = Atomic<Bool>(false)
  private let asks = Atomic<Int>(0)
  private let shownLast = Mutex<Shown?>(nil)
  private let tally = Mutex(EscapeTally())

  /// - Parameters:
  ///   - shouldPause: whether whoever waits would like what there is, for a moment.
  ///   - shouldStop: polled every few hundred steps, from any thread; must be cheap, as the other.
  public init(
    watched: Observable? = nil, shouldPause: @escaping @Sendable () -> Bool = { false },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) {
    self.watched = watched
    pauseRequest = shouldPause
    stopRequest = shouldStop
  }

  /// To stop or to pause, after the step under way.
  public var shouldStop: Bool { mustStop || pauseRequest() }

  /// To stop, where a step is long even in the middle of it: what it would have given is done again.
  /// A pause never asks for that, or a step longer than from one pause to the next would never end.
  public var mustStop: Bool { isStopped.load(ordering: .relaxed) || stopRequest() }

  /// Whether that was asked for by whoever waits.
  var wasAskedToStop: Bool { stopRequest() || pauseRequest() }

  /// Ends the computation: what it watches has failed.
  func stop() { isStopped.store(true, ordering: .relaxed) }

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

  /// A point is done, in so many steps: the strongest mode there.
  func endPoint(steps: Int, l2: Double, mode: Double) {
    ramp.withLock { ramp in
      ramp.steps.append(steps)
      ramp.l2.append(l2)
      ramp.modes.append(mode)
    }
  }

  /// How far a task of several points is; its total is 0 for other tasks.
  public var points: Ramp { ramp.withLock { $0 } }

  // MARK: What is shown

  /// A value that the computation shows to whoever looks on.
  public struct Shown: Sendable {
    public let value: Double
    public let observable: Observable
    /// Step of the experiment, or of a replica.
    public let step: Int
  }

  public func show(_ value: Double, of observable: Observable, at step: Int) {
    guard !value.isNaN else { return }
    shownLast.withLock { $0 = Shown(value: value, observable: observable, step: step) }
  }

  /// What was shown last; nil before the first.
  public var shown: Shown? { shownLast.withLock { $0 } }

  /// Asks the computation to show what is watched and how far its replicas are, once; from any
  /// thread.
  public func askForLook() { asks.add(1, ordering: .relaxed) }

  /// Whether anybody asked since this thread answered last.
  ///
  /// - Parameter answered: what this thread keeps, 0 at first.
  func isAsked(_ answered: inout Int) -> Bool {
    let now = asks.load(ordering: .relaxed)
    defer { answered = now }
    return now != answered
  }

  // MARK: Escapes

  /// An ensemble begins, some replicas of which an earlier run did.
  func begin(_ replicas: [ReplicaProgress]) {
    tally.withLock { tally in
      tally = EscapeTally(requested: replicas.count)
      for (replica, progress) in replicas.enumerated() {
        if case .ended(let outcome) = progress { tally.end(replica, outcome) }
      }
    }
  }

  /// Where replicas stand that are under way.
  func see(_ replicas: [(replica: Int, steps: Int)]) {
    tally.withLock { tally in
      for (replica, steps) in replicas { tally.see(replica, at: steps) }
    }
  }

  func end(_ replica: Int, _ outcome: ReplicaOutcome) {
    tally.withLock { $0.end(replica, outcome) }
  }

  /// The escapes so far, and their number alone; that is nil where no ensemble was begun.
  public var escapes: EscapeTally { tally.withLock { $0 } }
  public var escapeCount: (escaped: Int, requested: Int)? {
    tally.withLock { $0.requested > 0 ? ($0.escaped, $0.requested) : nil }
  }
}

/// Points done, and what is left of them.
public struct Ramp: Sendable, Equatable {
  public var total = 0
  /// Steps that each point took.
  public var steps: [Int] = []
  /// Of the points that this run did: strength and strongest mode.
  public internal(set) var l2: [Double] = []
  public internal(set) var modes: [Double] = []

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
