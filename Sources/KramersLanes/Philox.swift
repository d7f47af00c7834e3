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

  /// The last round, its four words in two of 64 bits: a below b, c below d.
  @inline(__always)
  func lastRound(_ keys: UnsafePointer<UInt64>) -> (Words, Words) {
    let keys = keys + 2 &* (Self.rounds &- 1)
    let lower = Words(repeating: 0xFFFF_FFFF)
    let p0 = lowProduct(a, Words(repeating: Self.first))
    let p1 = lowProduct(c, Words(repeating: Self.second))
    return (
      exchanged(p1) ^ ((b ^ Words(repeating: keys[0])) & lower),
      exchanged(p0) ^ ((d ^ Words(repeating: keys[1])) & lower)
    )
  }

  /// The upper and the lower half of each word, exchanged.
  @inline(__always)
  private func exchanged(_ word: Words) -> Words {
    let half = Words(repeating: 32)
    return (word &<< half) | (word &>> half)
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

/// All rounds but the first two and the last of several blocks at once: of one block alone each
/// instruction waits for the one before.
@inline(__always)
func middleRounds(
  _ x: inout PhiloxState, _ y: inout PhiloxState, _ keys: UnsafePointer<UInt64>
) {
  for r in 2..<PhiloxState.rounds &- 1 {
    x.round(keys + 2 &* r)
    y.round(keys + 2 &* r)
  }
}

@inline(__always)
func middleRounds(
  _ x: inout PhiloxState, _ y: inout PhiloxState, _ z: inout PhiloxState,
  _ t: inout PhiloxState, _ keys: UnsafePointer<UInt64>
) {
  for r in 2..<PhiloxState.rounds &- 1 {
    x.round(keys + 2 &* r)
    y.round(keys + 2 &* r)
    z.round(keys + 2 &* r)
    t.round(keys + 2 &* r)
  }
}

/// The numbers drawn in one step of as many replicas as there are words: `RandomStream.words` with
/// the same counters. Blocks differ in the first word of their counters only, so the first round and
/// half of the second are common to them and done once.
struct StepCounter {
  private let high: Words
  /// Of the second round: the product, what it gives to c, and b with its key.
  private let product: Words
  private let c: Words
  private let b: Words
  private let keys: UnsafePointer<UInt64>

  /// - Parameters:
  ///   - purpose: the raw value of a `RandomPurpose`.
  ///   - keys: the two words of each round, in 64-bit places.
  @inline(__always)
  init(steps: Words, replicas: Words, purpose: UInt64, keys: UnsafePointer<UInt64>) {
    let shift = Words(repeating: 32)
    let p1 = lowProduct(replicas, Words(repeating: PhiloxState.second))
    let a = (p1 &>> shift) ^ steps ^ Words(repeating: keys[0])
    high = (steps &>> shift) ^ Words(repeating: (purpose &<< 24) ^ keys[1])
    product = lowProduct(a, Words(repeating: PhiloxState.first))
    c = (product &>> shift) ^ Words(repeating: keys[3])
    b = p1 ^ Words(repeating: keys[2])
    self.keys = keys
  }

  @inline(__always)
  func words(_ index: Int) -> PhiloxState {
    var block = afterTwoRounds(index)
    for r in 2..<PhiloxState.rounds { block.round(keys + 2 &* r) }
    return block
  }

  /// Block `index` before its third round.
  @inline(__always)
  func afterTwoRounds(_ index: Int) -> PhiloxState {
    let first = UInt64(truncatingIfNeeded: index) &* PhiloxState.first
    let p1 = lowProduct(
      Words(repeating: first &>> 32) ^ high, Words(repeating: PhiloxState.second))
    return PhiloxState(
      a: (p1 &>> Words(repeating: 32)) ^ b, b: p1, c: c ^ Words(repeating: first), d: product)
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
