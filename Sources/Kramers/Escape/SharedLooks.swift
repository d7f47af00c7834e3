/// Two samples as they are known at the looks that both had.
///
/// Looks of different length share those at the multiples of both. Observation of both ends before
/// the first look that only a part of a sample saw to its end, as where a budget cuts the last one
/// short: the replicas that escaped there would stand beside none that stayed. A last look that all
/// replicas of both have in common is one like any other.
struct SharedLooks: Sendable, Equatable {
  let samples: [CensoredSample]
  /// Escapes that count as censored, because they came after that end.
  let dropped: Int

  /// - Throws: `InputError` if the looks have no common multiple below 2^53.
  init(_ first: CensoredSample, _ second: CensoredSample) throws(InputError) {
    let given = [first, second]
    guard let every = CensoredSample.commonLook(first.looks + second.looks) else {
      throw .sentence("looks of such different lengths have no multiple in common")
    }
    if every == 0 || Self.haveOneEnd(given, every) {
      samples = given
      dropped = 0
      return
    }
    let end = given.map { Self.partialLook($0, every) }.min() ?? .infinity
    var samples: [CensoredSample] = []
    var dropped = 0
    for sample in given {
      var times: [Double] = []
      var escaped: [Bool] = []
      for (time, hasLeft) in zip(sample.times, sample.escaped) {
        let look = (time / every).rounded(hasLeft ? .up : .down) * every
        times.append(min(look, end))
        escaped.append(hasLeft && look <= end)
        dropped += hasLeft && look > end ? 1 : 0
      }
      samples.append(try CensoredSample(times: times, escaped: escaped, every: every))
    }
    self.samples = samples
    self.dropped = dropped
  }

  /// The last time of both, steps.
  var end: Double { samples.flatMap(\.times).max() ?? 0 }

  /// The last time until `step` at which both curves are known: within a look that goes on behind it
  /// none is.
  func lastLook(until step: Double) -> Double {
    guard let every = samples.first?.looks.first, every > 0, step < end else { return step }
    return (step / every).rounded(.down) * every
  }

  /// Whether looks are equal and none is cut short, or the same last one in all that get there.
  private static func haveOneEnd(_ samples: [CensoredSample], _ every: Double) -> Bool {
    let all = samples.flatMap { s in s.times.indices.map { (s.times[$0], s.escaped[$0]) } }
    guard samples.allSatisfy({ $0.looks.allSatisfy { $0 == every } }) else { return false }
    let cut = Set(
      all.filter { $0.1 && $0.0.truncatingRemainder(dividingBy: every) != 0 }.map(\.0))
    guard let end = cut.first else { return true }
    return cut.count == 1 && all.allSatisfy { $0.0 <= lookBefore(end, every) || $0.0 == end }
  }

  /// The beginning of the first look with escapes in which replicas of the same sample were lost.
  private static func partialLook(_ sample: CensoredSample, _ every: Double) -> Double {
    let lost = zip(sample.times, sample.escaped).filter { !$0.1 }.map(\.0)
      .filter { $0.truncatingRemainder(dividingBy: every) != 0 }
    let looks = Set(lost.map { lookBefore($0, every) })
    return zip(sample.times, sample.escaped).filter(\.1)
      .map { lookBefore($0.0, every) }.filter(looks.contains).min() ?? .infinity
  }
}
