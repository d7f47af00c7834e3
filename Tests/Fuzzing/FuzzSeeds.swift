#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The seeds of a reader's mutants, from 0 on: a few in the normal suite, more when KRAMERS_LONG is
/// set, and when KRAMERS_FUZZ_MINUTES is set as many as the reader's share of these minutes allows.
/// At their end it prints how many there were.
public struct FuzzSeeds: Sequence, IteratorProtocol {
  /// Seeds so far.
  public private(set) var count: UInt64 = 0
  private let reader: String
  private let least: UInt64
  private let mutants: UInt64
  private let start = ContinuousClock.now
  private let end: ContinuousClock.Instant?
  private var isOver = false

  /// - Parameters:
  ///   - normal: mutants that are always tried, and `long` those of KRAMERS_LONG.
  ///   - share: of the minutes; those of all readers add up to 1.
  ///   - mutants: for each seed.
  public init(_ reader: String, normal: Int, long: Int, share: Double, mutants: Int = 1) {
    self.reader = reader
    let minutes = getenv("KRAMERS_FUZZ_MINUTES").flatMap { Double(String(cString: $0)) }
    let now = start
    end = minutes.map { now + .seconds(60 * $0 * share) }
    let isLong = getenv("KRAMERS_LONG") != nil && end == nil
    least = UInt64((isLong ? long : normal) / mutants)
    self.mutants = UInt64(mutants)
  }

  public mutating func next() -> UInt64? {
    if count < least || end.map({ .now < $0 }) ?? false {
      defer { count += 1 }
      return count
    }
    if !isOver {
      isOver = true
      let seconds = Int((ContinuousClock.now - start) / .seconds(1))
      print("fuzz: \(reader): \(count * mutants) mutants in \(seconds) s")
    }
    return nil
  }
}
