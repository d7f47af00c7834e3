/// What a random number is for. Each purpose reads its own part of the counter space, so that
/// adding a noise leaves the draws of the others as they were.
public enum RandomPurpose: UInt32, Sendable {
  case data = 1
  case initialization, permutation, batch, langevin, gradientNoise, labelNoise, floor, statistics
}

/// A stream of random numbers keyed by (seed, stream, replica, purpose) and indexed by (step,
/// block): a value without state. Two calls with equal arguments give equal numbers, on any
/// thread, in any order, after any resume.
public struct RandomStream: Sendable, Equatable {
  @usableFromInline let key: SIMD2<UInt32>
  @usableFromInline let replica: UInt32
  @usableFromInline let purpose: UInt32

  /// - Parameters:
  ///   - seed: the user's seed.
  ///   - stream: an independent family under the same seed (point i of a protocol uses i).
  ///   - replica: index of the replica within its ensemble.
  public init(seed: UInt64, stream: UInt32 = 0, replica: UInt32 = 0, purpose: RandomPurpose) {
    let low = UInt32(truncatingIfNeeded: seed)
    let high = UInt32(truncatingIfNeeded: seed >> 32)
    // One Philox block spreads (seed, stream) over the key, so that neighbouring seeds and
    // streams share nothing visible.
    let mixed = Philox.block([stream, 0x6B72_616D, 0, 0], key: [low, high])
    key = [mixed[0], mixed[1]]
    self.replica = replica
    self.purpose = purpose.rawValue
  }

  /// Four uniform words: block `index` of `step` (step < 2^56).
  @inlinable @inline(__always)
  public func words(step: UInt64, _ index: UInt32) -> SIMD4<UInt32> {
    Philox.block(
      [
        index, UInt32(truncatingIfNeeded: step), replica,
        purpose << 24 | UInt32(truncatingIfNeeded: step >> 32),
      ], key: key)
  }

  /// Two uniforms in (0, 1] with 53 random bits each: the top word rounds to 1, with probability
  /// 2^-53, so their logarithm is finite and never positive.
  @inlinable @inline(__always)
  public func uniforms(step: UInt64, _ index: UInt32) -> (Double, Double) {
    let w = words(step: step, index)
    return (Self.unit(w[0], w[1]), Self.unit(w[2], w[3]))
  }

  /// Two independent standard normals by Box–Muller on 53-bit uniforms (|z| up to 8.6).
  @inlinable @inline(__always)
  public func normals(step: UInt64, _ index: UInt32) -> (Double, Double) {
    let w = words(step: step, index)
    return boxMuller(Self.unit(w[0], w[1]), angle: Self.wide(w[2], w[3]))
  }

  /// Fills `target` with standard normals of variance `scale`^2, block i giving entries 2i, 2i+1.
  public func fillNormals(
    _ target: UnsafeMutableBufferPointer<Double>, scale: Double = 1, step: UInt64
  ) {
    guard let start = target.baseAddress else { return }
    withCounter(step: step) {
      DenseKernels.fillNormals(
        start, count: target.count, scale: scale, counter: $0, roundKeys: $1)
    }
  }

  /// Fills `target` with exponential numbers of mean 1, block first + i giving entries 4i ... 4i + 3 from a
  /// word each: odd multiples of 2^-33 under the logarithm, 22.9 at most.
  ///
  /// - Parameter target: a multiple of four.
  func fillExponentials(
    _ target: UnsafeMutableBufferPointer<Double>, step: UInt64, first: UInt32 = 0
  ) {
    precondition(target.count.isMultiple(of: 4), "a block gives four numbers")
    guard let start = target.baseAddress else { return }
    withCounter(step: step) {
      DenseKernels.fillExponentials(
        start, count: target.count, first: first, counter: $0, roundKeys: $1)
    }
  }

  private func withCounter(
    step: UInt64,
    _ body: ((low: UInt32, replica: UInt32, high: UInt32), UnsafePointer<UInt64>) -> Void
  ) {
    withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 20) { keys in
      guard let keys = keys.baseAddress else { return }
      writeRoundKeys(keys)
      body(
        (
          UInt32(truncatingIfNeeded: step), replica,
          purpose << 24 | UInt32(truncatingIfNeeded: step >> 32)
        ), UnsafePointer(keys))
    }
  }

  /// `count` standard normals.
  public func normals(_ count: Int, scale: Double = 1, step: UInt64 = 0) -> [Double] {
    var result = [Double](repeating: 0, count: count)
    result.withUnsafeMutableBufferPointer { fillNormals($0, scale: scale, step: step) }
    return result
  }

  /// A uniform permutation of 0..<count (Fisher–Yates, draws of `indices`).
  public func permutation(_ count: Int, step: UInt64 = 0) -> [Int32] {
    var order = (0..<Int32(count)).map { $0 }
    order.withUnsafeMutableBufferPointer { shuffle($0, step: step) }
    return order
  }

  /// Shuffles `order` in place; see `permutation`.
  func shuffle(_ order: UnsafeMutableBufferPointer<Int32>, step: UInt64) {
    let last = order.count - 1
    forEachIndex(last, of: order.count, step: step, bound: { last - $0 + 1 }) { draw, j in
      order.swapAt(last - draw, j)
    }
  }

  /// Draws `count` integers, number b below `bound(b)`, of a set of `samples`.
  ///
  /// By multiply and shift: from one word each for sets of at most 4096, else from two. The bias of
  /// a probability is below 4096 / 2^32 = 1e-6 of itself, or N / 2^64.
  @inline(__always)
  func forEachIndex(
    _ count: Int, of samples: Int, step: UInt64, bound: (Int) -> Int, _ use: (Int, Int) -> Void
  ) {
    let isShort = samples <= Self.largestShortSet
    var b = 0
    var index: UInt32 = 0
    while b < count {
      let w = words(step: step, index)
      if isShort {
        for k in 0..<4 where b &+ k < count { use(b &+ k, Self.below(bound(b &+ k), w[k])) }
        b &+= 4
      } else {
        use(b, Self.below(bound(b), w[0], w[1]))
        if b &+ 1 < count { use(b &+ 1, Self.below(bound(b &+ 1), w[2], w[3])) }
        b &+= 2
      }
      index &+= 1
    }
  }

  /// The largest set whose indices are drawn from one word each.
  static let largestShortSet = 4096

  /// An integer in 0..<bound from one word.
  @inlinable @inline(__always)
  public static func below(_ bound: Int, _ word: UInt32) -> Int {
    Int((UInt64(word) &* UInt64(bound)) >> 32)
  }

  /// An integer in 0..<bound from two words.
  @inlinable @inline(__always)
  public static func below(_ bound: Int, _ low: UInt32, _ high: UInt32) -> Int {
    Int(wide(low, high).multipliedFullWidth(by: UInt64(bound)).high)
  }

  /// The key of each of Philox's ten rounds, as `KramersLanes` reads it.
  func writeRoundKeys(_ target: UnsafeMutablePointer<UInt64>) {
    var (k0, k1) = (key[0], key[1])
    for round in 0..<10 {
      target[2 * round] = UInt64(k0)
      target[2 * round + 1] = UInt64(k1)
      k0 &+= 0x9E37_79B9
      k1 &+= 0xBB67_AE85
    }
  }

  @inlinable @inline(__always)
  static func wide(_ low: UInt32, _ high: UInt32) -> UInt64 { UInt64(high) << 32 | UInt64(low) }

  @inlinable @inline(__always)
  static func unit(_ low: UInt32, _ high: UInt32) -> Double {
    (Double(wide(low, high) >> 11) + 0.5) * 0x1p-53
  }
}
