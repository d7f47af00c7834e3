internal import CProcessor

/// As many Philox counters as there are words, between two rounds. The upper halves are to be ignored.
struct PhiloxState {
  var a: Words
  var b: Words
  var c: Words
  var d: Words

  /// - Parameter keys: the two words of the round, in 64-bit places.
  @inline(__always)
  mutating func round(_ keys: UnsafePointer<UInt64>) {
    let shift = Words(repeating: 32)
    let p0 = lowProduct(a, Words(repeating: Self.first))
    let p1 = lowProduct(c, Words(repeating: Self.second))
    a = (p1 &>> shift) ^ b ^ Words(repeating: keys[0])
    b = p1
    c = (p0 &>> shift) ^ d ^ Words(repeating: keys[1])
    d = p0
  }

  static let rounds = 10
  static let first: UInt64 = 0xD251_1F53
  static let second: UInt64 = 0xCD9E_8D57
}

/// `Philox.block`.
///
/// - Parameter keys: the two words of each round, in 64-bit places.
@inline(__always)
func philox(
  _ c0: Words, _ c1: Words, _ c2: Words, _ c3: Words, _ keys: UnsafePointer<UInt64>
) -> PhiloxState {
  var state = PhiloxState(a: c0, b: c1, c: c2, d: c3)
  for r in 0..<PhiloxState.rounds { state.round(keys + 2 &* r) }
  return state
}

/// The 64-bit product of the lower halves.
@inline(__always)
func lowProduct(_ a: Words, _ b: Words) -> Words {
  #if AVX512
    kp_lower_product8(a, b)
  #else
    kp_lower_product4(a, b)
  #endif
}

/// The numbers drawn in one step of as many replicas as there are words: `RandomStream.words` with
/// the same counters. Blocks differ in the first word of their counters only, so most of the first
/// round is common to them and done once.
struct StepCounter {
  private let a: Words
  private let b: Words
  private let high: Words
  private let keys: UnsafePointer<UInt64>

  /// - Parameters:
  ///   - purpose: the raw value of a `RandomPurpose`.
  ///   - keys: the two words of each round, in 64-bit places.
  @inline(__always)
  init(steps: Words, replicas: Words, purpose: UInt64, keys: UnsafePointer<UInt64>) {
    let shift = Words(repeating: 32)
    b = lowProduct(replicas, Words(repeating: PhiloxState.second))
    a = (b &>> shift) ^ steps ^ Words(repeating: keys[0])
    high = (steps &>> shift) ^ Words(repeating: (purpose &<< 24) ^ keys[1])
    self.keys = keys
  }

  @inline(__always)
  func words(_ index: Int) -> PhiloxState {
    var block = afterFirstRound(index)
    for r in 1..<PhiloxState.rounds { block.round(keys + 2 &* r) }
    return block
  }

  /// Block `index` of this counter and block `otherIndex` of `other`, round by round: of one block
  /// alone each instruction waits for the one before.
  @inline(__always)
  func words(
    _ index: Int, and other: StepCounter, _ otherIndex: Int
  ) -> (PhiloxState, PhiloxState) {
    var x = afterFirstRound(index)
    var y = other.afterFirstRound(otherIndex)
    for r in 1..<PhiloxState.rounds {
      x.round(keys + 2 &* r)
      y.round(keys + 2 &* r)
    }
    return (x, y)
  }

  @inline(__always)
  private func afterFirstRound(_ index: Int) -> PhiloxState {
    let product = UInt64(truncatingIfNeeded: index) &* PhiloxState.first
    return PhiloxState(
      a: a, b: b, c: Words(repeating: product &>> 32) ^ high, d: Words(repeating: product))
  }
}

/// An integer below `bound` (below 2^32) from two words: `RandomStream.below`.
@inline(__always)
func wordsBelow(_ bound: Words, _ low: Words, _ high: Words) -> Words {
  let shift = Words(repeating: 32)
  return (lowProduct(high, bound) &+ (lowProduct(low, bound) &>> shift)) &>> shift
}

/// An integer below `bound` from one word.
@inline(__always)
func wordsBelow(_ bound: Words, _ word: Words) -> Words {
  lowProduct(word, bound) &>> Words(repeating: 32)
}
