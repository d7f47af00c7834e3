internal import CProcessor

/// `Philox.block` for as many counters as there are words. The upper halves of arguments and results
/// are to be ignored.
///
/// - Parameter keys: the two words of each round, in 64-bit places.
@inline(__always)
func philox(
  _ c0: Words, _ c1: Words, _ c2: Words, _ c3: Words, _ keys: UnsafePointer<UInt64>
) -> (Words, Words, Words, Words) {
  let shift = Words(repeating: 32)
  var (a, b, c, d) = (c0, c1, c2, c3)
  for round in 0..<10 {
    let p0 = lowProduct(a, Words(repeating: 0xD251_1F53))
    let p1 = lowProduct(c, Words(repeating: 0xCD9E_8D57))
    a = (p1 &>> shift) ^ b ^ Words(repeating: keys[2 &* round])
    b = p1
    c = (p0 &>> shift) ^ d ^ Words(repeating: keys[2 &* round &+ 1])
    d = p0
  }
  return (a, b, c, d)
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
/// the same counters.
struct StepCounter {
  let steps: Words
  let replicas: Words
  let high: Words
  let keys: UnsafePointer<UInt64>

  /// - Parameter purpose: the raw value of a `RandomPurpose`.
  @inline(__always)
  init(steps: Words, replicas: Words, purpose: UInt64, keys: UnsafePointer<UInt64>) {
    self.steps = steps
    self.replicas = replicas
    self.keys = keys
    high = (steps &>> Words(repeating: 32)) | Words(repeating: purpose &<< 24)
  }

  @inline(__always)
  func words(_ index: Int) -> (Words, Words, Words, Words) {
    philox(Words(repeating: UInt64(truncatingIfNeeded: index)), steps, replicas, high, keys)
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
