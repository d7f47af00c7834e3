/// What is watched of a network: a name, the way it escapes, and how it is computed. The table of
/// them, `Observable.all`, serves measurements, traces, live views, sweeps and escapes.
public struct Observable: Sendable {
  /// The far side of a threshold.
  public enum Direction: String, Sendable, CaseIterable { case up, down }

  /// A number of the parameters, computed often, on one thread.
  typealias Evaluation = (UnsafePointer<Double>) -> Double

  /// As scripts write it.
  public let name: String
  public let summary: String
  /// The rank k that is watched, k = 1, 2, ...; nil for anything but a mode.
  public let rank: Int?
  /// The way it escapes.
  public var direction: Direction
  /// Where a measurement has it in a field of its own.
  private let field: (@Sendable (Measurement) -> Double?)?
  /// nil for modes, which `OrderParameterProbe` computes.
  private let make: (@Sendable (ObservableContext) throws -> Evaluation)?
  /// A function of the user's, which decides by itself.
  public let custom: CustomObservable?

  /// - Parameters:
  ///   - field: its value in a measurement; without, a measurement takes it from `make`.
  ///   - make: throws `InputError` where it is not defined.
  init(
    _ name: String, _ direction: Direction, _ summary: String, rank: Int? = nil,
    field: (@Sendable (Measurement) -> Double?)? = nil, custom: CustomObservable? = nil,
    make: (@Sendable (ObservableContext) throws -> Evaluation)? = nil
  ) {
    self.name = name
    self.direction = direction
    self.summary = summary
    self.rank = rank
    self.field = field
    self.make = make
    self.custom = custom
  }

  /// Whether `value` lies on the far side of `threshold`.
  func hasEscaped(_ value: Double, _ threshold: Double) -> Bool {
    direction == .up ? value >= threshold : value <= threshold
  }

  /// Its value in a measurement; nil where it has none (no test set, no classes).
  public func read(_ measurement: Measurement) -> Double? {
    field.map { $0(measurement) } ?? measurement.further[name]
  }

  /// The same of a state that was measured.
  ///
  /// - Throws: what a function of the user's throws.
  func value(
    _ measurement: Measurement, of state: TrainingState, _ settings: Settings
  ) throws -> Double? {
    try custom.map { try $0.body(state, settings) } ?? read(measurement)
  }

  /// - Throws: `InputError` where it is not defined for such data or such a network.
  func check(_ context: ObservableContext) throws {
    if let rank { try context.network.checkMode(rank) } else { _ = try evaluation(context) }
  }

  func evaluation(_ context: ObservableContext) throws -> Evaluation {
    if let custom { return { custom.value(at: $0, context) } }
    guard let make else { preconditionFailure("'\(name)' is computed by a probe") }
    return try make(context)
  }

  /// What a measurement has no field for, where it is defined.
  static func further(_ context: ObservableContext) -> [(name: String, evaluation: Evaluation)] {
    all.compactMap { one in
      one.field == nil ? (try? one.evaluation(context)).map { (one.name, $0) } : nil
    }
  }

  /// Its name, of a mode with its rank.
  public var label: String { rank.map { "\(name) \($0)" } ?? name }

  /// The direction where the name does not say it.
  public var ownDirection: Direction? {
    Self.named(name)?.direction == direction ? nil : direction
  }

  /// Threads that may look at once.
  func threads(_ threads: Int) -> Int { custom == nil ? threads : 1 }
}

extension Observable: Equatable {
  public static func == (a: Observable, b: Observable) -> Bool {
    a.name == b.name && a.rank == b.rank && a.direction == b.direction && a.custom === b.custom
  }
}

/// What an observable is computed from.
struct ObservableContext {
  let data: Dataset
  let network: Network
  let settings: Settings
  /// Of an evaluator, which lends its own.
  var batch: Batch?
  var shared: GradientWorkspace?

  init(data: Dataset, network: Network, settings: Settings) {
    self.data = data
    self.network = network
    self.settings = settings
  }

  func fullBatch() throws -> Batch { try batch ?? data.fullBatch(for: network) }

  /// Of one thread; what it holds is gone at the next evaluation.
  func workspace(_ batch: Batch) -> GradientWorkspace {
    if let shared, shared.capacity >= batch.count { return shared }
    return GradientWorkspace(network, capacity: batch.count)
  }
}
