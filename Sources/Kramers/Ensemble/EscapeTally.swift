/// What is known of an ensemble's escapes while it is under way: whoever looks on draws it. The
/// answer of a measurement is computed from the times themselves, not from this.
///
/// Times stand in bins that are exact below 128 steps and a 64th of the time wide above, so that
/// memory does not grow with the replicas.
public struct EscapeTally: Sendable, Equatable {
  /// Replicas asked for; 0: no ensemble was begun.
  public private(set) var requested = 0
  public private(set) var escaped = 0
  public private(set) var diverged = 0
  /// Replicas that have ended, however.
  public private(set) var ended = 0
  private var escapes = [Int](repeating: 0, count: bins)
  private var losses = [Int](repeating: 0, count: bins)
  /// Steps of the replicas under way, as they were seen last.
  private var underWay: [Int: Int] = [:]

  public init() {}

  init(requested: Int) { self.requested = requested }

  mutating func see(_ replica: Int, at steps: Int) { underWay[replica] = steps }

  mutating func end(_ replica: Int, _ outcome: ReplicaOutcome) {
    guard outcome.end != .interrupted else { return }
    underWay[replica] = nil
    ended += 1
    if outcome.end == .escaped { escaped += 1 }
    if outcome.end == .diverged { diverged += 1 }
    let bin = Self.bin(outcome.steps)
    if outcome.end == .escaped { escapes[bin] += 1 } else { losses[bin] += 1 }
  }

  /// The Kaplan-Meier estimate so far: the steps at which the share that has not escaped falls, and
  /// what is left of it there, from (0, 1) on to the last replica. Those under way count as
  /// censored where they were seen last.
  public var survival: [(steps: Double, share: Double)] {
    var lost = losses
    for steps in underWay.values { lost[Self.bin(steps)] += 1 }
    var atRisk = ended + underWay.count
    var rows: [(steps: Double, share: Double)] = [(0, 1)]
    var share = 1.0
    for bin in 0..<Self.bins where escapes[bin] + lost[bin] > 0 {
      if escapes[bin] > 0 {
        share *= 1 - Double(escapes[bin]) / Double(atRisk)
        rows.append((Self.last(bin), share))
      }
      atRisk -= escapes[bin] + lost[bin]
      if atRisk == 0, escapes[bin] == 0 { rows.append((Self.last(bin), share)) }
    }
    return rows
  }

  // MARK: Bins

  /// Up to 2^62 steps.
  private static let bins = 128 + 56 * 64

  private static func bin(_ steps: Int) -> Int {
    guard steps >= 128 else { return max(steps, 0) }
    let shift = Int.bitWidth - 1 - steps.leadingZeroBitCount - 6
    return min(128 + (shift - 1) * 64 + (steps >> shift) - 64, bins - 1)
  }

  /// The last step of a bin.
  private static func last(_ bin: Int) -> Double {
    guard bin >= 128 else { return Double(bin) }
    let shift = (bin - 128) / 64 + 1
    return Double(((bin - 128) % 64 + 65) << shift) - 1
  }
}
