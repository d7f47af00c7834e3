/// Philox4x32-10, a counter-based random function: four 32-bit words from a 128-bit counter and a
/// 64-bit key, with no state. Replicas, shards and resumed runs read the same numbers because
/// they ask for the same counters.
///
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11. The
/// known-answer vectors of its Random123 distribution are in the tests.
public enum Philox {
  public typealias Block = SIMD4<UInt32>

  /// The block of four words at `counter` under `key`.
  @inlinable @inline(__always)
  public static func block(_ counter: Block, key: SIMD2<UInt32>) -> Block {
    var c0 = counter[0]
    var c1 = counter[1]
    var c2 = counter[2]
    var c3 = counter[3]
    var k0 = key[0]
    var k1 = key[1]
    for _ in 0..<10 {
      let p0 = UInt64(c0) &* 0xD251_1F53
      let p1 = UInt64(c2) &* 0xCD9E_8D57
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: p1 &>> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 &>> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0)
      )
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
    return Block(c0, c1, c2, c3)
  }
}
