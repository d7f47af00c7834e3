/// Time and memory that an array asks for, where the user names neither.
package struct SlurmResources: Equatable {
  /// Options of `sbatch`, without their dashes.
  package var directives: [String] = []
  /// Where they come from, or why there are none: a comment of the batch script.
  package var words: String?

  /// Seconds that a probe computes ensembles, and after which it is given up.
  package static let probeSeconds = 5
  package static let mostProbeSeconds = 30
  /// Asked for is so much of what was measured: nodes are not alike, and a shard that is stopped
  /// keeps what it has but waits in the queue again. The probe has not held all that a whole shard does.
  package static let timeFactor = 3.0
  package static let memoryFactor = 2
  /// Below, the signal 60 s before the end would come at the start.
  private static let leastMinutes = 5
  private static let leastMemory = 256 << 20

  /// - Parameters:
  ///   - names: what the user has named: `time`, `mem`.
  ///   - limits: of the partition.
  ///   - attempt: from 1; what came to nothing gets twice as much.
  package init(_ probe: ShardEstimate, names: Set<String>, limits: SlurmLimits, attempt: Int = 1) {
    let growth = 1 << (attempt - 1)
    var text: String
    var comments: [String] = []
    if let expected = probe.expected {
      let measured = Self.duration(probe.measured)
      text =
        probe.isDone
        ? "shard \(probe.shard) was done within \(measured)"
        : "estimated \(probe.isBound ? "at most " : "")\(Self.duration(expected)) from "
          + "\(measured) of shard \(probe.shard)"
      if !names.contains("time") {
        let wanted = Self.minutes(expected) * growth
        let minutes = min(wanted, limits.minutes ?? .max)
        directives.append("time=" + Self.time(minutes))
        if minutes < wanted {
          comments.append(
            "the partition allows no more: shards keep what they have and are submitted again, and "
              + "of more shards each takes less")
        }
      }
    } else {
      text = "no estimate of the time: \(probe.unknown ?? "nothing was measured")"
      if !names.contains("time") { comments.append("--time is left to Slurm") }
    }
    if !names.contains("mem") {
      if let peak = probe.memory, limits.knowsMemory {
        directives.append("mem=" + Self.memory(peak, growth: growth))
      } else if probe.memory == nil {
        comments.append("--mem is left to Slurm")
      } else {
        comments.append("no --mem: this Slurm does not know the memory of its nodes")
      }
    }
    if !directives.isEmpty { text += ": " + directives.map { "--" + $0 }.joined(separator: " ") }
    if attempt > 1, !directives.isEmpty { comments.append("\(growth) times the first, in vain") }
    words = ([text] + comments).joined(separator: "; ")
  }

  /// Nothing to ask for.
  package init() {}

  private static func minutes(_ seconds: Double) -> Int {
    // A thousand years are as good as more.
    max(Int((min(seconds * timeFactor, 3e10) / 60).rounded(.up)), leastMinutes)
  }

  private static func memory(_ peak: Int, growth: Int) -> String {
    let step = 64 << 20
    let bytes = max(peak * memoryFactor, leastMemory) * growth
    return "\((bytes + step - 1) / step * step >> 20)M"
  }

  /// 0:10:00, 2-03:00:00.
  static func time(_ minutes: Int) -> String {
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60)
    return days > 0 ? "\(days)-\(two(hours)):\(two(rest)):00" : "\(hours):\(two(rest)):00"
  }

  /// 4.2 s, 3 min 20, 5 h 10 min, 3 days 4 h.
  static func duration(_ seconds: Double) -> String {
    if seconds < 60 { return "\((seconds * 10).rounded() / 10) s" }
    guard seconds < 3e10 else { return "1000 years" }
    let whole = Int(seconds.rounded())
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    if whole < 3600 { return "\(whole / 60) min \(two(whole % 60))" }
    if whole < 86400 { return "\(whole / 3600) h \(two(whole / 60 % 60)) min" }
    return "\(whole / 86400) days \(whole / 3600 % 24) h"
  }
}

/// What a partition allows, as `sinfo` tells it; nothing is known where it does not answer.
package struct SlurmLimits: Equatable {
  /// The longest time of a job; nil: none is known, or there is no limit.
  package var minutes: Int?
  /// A node whose memory nobody configured has 1 MB for Slurm, and no job with a size fits on it.
  package var knowsMemory = true

  package init() {}

  /// - Parameters:
  ///   - rows: `main*|1-00:00:00|64000+`: partition, time limit, memory in MB.
  ///   - partitions: those that the job names; nil: the default.
  package init(rows: String, partitions: [String]?) {
    let rows = rows.split(separator: "\n").map { $0.split(separator: "|").map(String.init) }
    let own = rows.filter { row in
      guard row.count == 3 else { return false }
      return partitions.map { $0.contains(row[0].replacing("*", with: "")) }
        ?? row[0].hasSuffix("*")
    }
    guard !own.isEmpty else { return }
    let limits = own.map { Self.minutes($0[1]) }
    minutes = limits.contains(nil) ? nil : limits.compactMap(\.self).max()
    knowsMemory = own.contains { row in (Int(row[2].replacing("+", with: "")) ?? 2) > 1 }
  }

  /// `2-03:00:00`, `10:00`; nil for `infinite`.
  private static func minutes(_ words: String) -> Int? {
    let parts = words.split(separator: "-")
    let clock = (parts.last ?? "").split(separator: ":").map { Int($0) }
    guard (1...2).contains(parts.count), (2...3).contains(clock.count) else { return nil }
    let numbers = clock.compactMap(\.self)
    guard numbers.count == clock.count, let days = parts.count == 2 ? Int(parts[0]) : 0 else {
      return nil
    }
    let seconds = numbers.reduce(0) { $0 * 60 + $1 }
    return max(days * 1440 + seconds / 60, 1)
  }
}
