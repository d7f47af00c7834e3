import Kramers

/// How long the work of a shard takes, from a few seconds of it.
///
/// Every ensemble gets a slice of the seconds, is kept like that of a shard that was stopped, and is
/// pending from then on, so that the script goes on to the next: up to its end, or to where it looks
/// at a result.
struct ShardProbe {
  /// A piece of time, from now on.
  struct Slice {
    let start = ContinuousClock.now
    let end: ContinuousClock.Instant
    var isOver: Bool { ContinuousClock.now >= end }
  }

  private let start = ContinuousClock.now
  /// Seconds for the ensembles that are still to come.
  private var left: Double
  /// Seconds in ensembles so far, and those that they would take.
  private var measured = 0.0
  private var expected = 0.0
  private var isBound = false
  private var isDone = true
  /// The first ensemble of which nothing is known.
  private var unknown: String?

  private let shard: Int

  init(seconds: Double, shard: Int) {
    left = seconds
    self.shard = shard
  }

  /// Half of what is left: nobody knows how many ensembles there are.
  func slice() -> Slice { Slice(end: .now + .seconds(max(left / 2, 0.1))) }

  /// - Parameters:
  ///   - done: steps or units in this slice.
  ///   - total: those of the whole share.
  mutating func end(
    _ slice: Slice, of ensemble: SharedEnsemble, done: Double, of total: Double, isBound: Bool,
    isWhole: Bool
  ) {
    let seconds = (ContinuousClock.now - slice.start) / .seconds(1)
    left -= seconds
    measured += seconds
    isDone = isDone && isWhole
    if done > 0 {
      expected += seconds * max(total / done, 1)
      self.isBound = self.isBound || isBound
    } else if isWhole {
      expected += seconds
    } else if unknown == nil {
      unknown = "\(ensemble.words) took no step in its \((seconds * 10).rounded() / 10) s"
    }
  }

  /// With what the script does beside its ensembles.
  var estimate: ShardEstimate {
    let all = (ContinuousClock.now - start) / .seconds(1)
    return ShardEstimate(
      shard: shard, measured: all, expected: unknown == nil ? all - measured + expected : nil,
      isBound: isBound, isDone: isDone, unknown: unknown)
  }
}

/// What a probe tells whoever started it, through a file.
public struct ShardEstimate: Sendable, Equatable {
  public var shard: Int
  /// Seconds that it took itself.
  public var measured: Double
  /// Seconds that the shard takes, up to the end of the script or of its stage; nil: not known.
  public var expected: Double?
  /// Whether that is the most that it can take, as too few replicas have ended.
  public var isBound: Bool
  /// Whether nothing is left to do for the shard.
  public var isDone: Bool
  /// Why it is not known.
  public var unknown: String?
  /// Bytes at its peak, by whoever started it.
  public var memory: Int?

  public init(
    shard: Int, measured: Double = 0, expected: Double? = nil, isBound: Bool = false,
    isDone: Bool = false, unknown: String? = nil
  ) {
    self.shard = shard
    self.measured = measured
    self.expected = expected
    self.isBound = isBound
    self.isDone = isDone
    self.unknown = unknown
  }

  public var line: String {
    let record: Record = [
      "kind": "estimate", "shard": shard, "measured": measured, "expected": expected,
      "is_bound": isBound, "is_done": isDone, "unknown": unknown, "memory": memory,
    ]
    return String(decoding: jsonLineBytes(record), as: UTF8.self) + "\n"
  }

  /// nil for bytes that are no estimate.
  public init?(_ bytes: [UInt8]) {
    guard let record = try? bytes.withUnsafeBytes({ try Kramers.record(fromJSON: $0) }),
      case .integer(let shard)? = record["shard"], case .boolean(let isBound)? = record["is_bound"],
      case .boolean(let isDone)? = record["is_done"],
      let measured = Self.number(record["measured"])
    else { return nil }
    self.init(
      shard: shard, measured: measured, expected: Self.number(record["expected"]),
      isBound: isBound, isDone: isDone)
    if case .text(let words)? = record["unknown"] { unknown = words }
    if case .integer(let bytes)? = record["memory"], (1...1 << 60).contains(bytes) {
      memory = bytes
    }
  }

  private static func number(_ record: Record?) -> Double? {
    switch record {
    case .number(let x)?: x >= 0 ? x : nil
    case .integer(let i)?: i >= 0 ? Double(i) : nil
    default: nil
    }
  }
}
