internal import CProcessor

/// One entry (a weight, an activation, a normal) of four replicas.
typealias Lane = SIMD4<Double>
/// A 64-bit word of four replicas; where only 32 bits count, the upper half is to be ignored.
typealias LaneWords = SIMD4<UInt64>

/// Random numbers of four replicas at once, with the bits of `RandomStream`: the same counters, the
/// same polynomials, the same order of operations.
struct LaneRandom {
  let key: SIMD2<UInt32>
  let replicas: LaneWords
  let purpose: UInt64

  /// - Parameter stream: of any replica; only its key and its purpose are used.
  init(_ stream: RandomStream, replicas: LaneWords) {
    key = stream.key
    self.replicas = replicas
    purpose = UInt64(stream.purpose) << 24
  }

  /// The four words of block `index` of each lane's own step.
  @inline(__always)
  func words(steps: LaneWords, _ index: UInt64) -> (LaneWords, LaneWords, LaneWords, LaneWords) {
    let high = (steps &>> LaneWords(repeating: 32)) | LaneWords(repeating: purpose)
    return laneBlock(LaneWords(repeating: index), steps, replicas, high, key: key)
  }

  /// Two uniforms in (0, 1] for each lane: `RandomStream.uniforms`.
  @inline(__always)
  func uniforms(steps: LaneWords, _ index: UInt64) -> (Lane, Lane) {
    let w = words(steps: steps, index)
    return (laneUnit(w.0, w.1), laneUnit(w.2, w.3))
  }

  /// An integer in 0..<bound (below 2^32) from two words: `RandomStream.below`.
  @inline(__always)
  static func below(_ bound: LaneWords, _ low: LaneWords, _ high: LaneWords) -> LaneWords {
    let shift = LaneWords(repeating: 32)
    return (lowProduct(high, bound) &+ (lowProduct(low, bound) &>> shift)) &>> shift
  }
}

/// The 64-bit product of the lower halves: one instruction.
@inline(__always)
private func lowProduct(_ a: LaneWords, _ b: LaneWords) -> LaneWords {
  let mask = LaneWords(repeating: 0xFFFF_FFFF)
  return (a & mask) &* (b & mask)
}

/// `boxMuller` in four lanes.
@inline(__always)
func laneBoxMuller(_ u: Lane, _ v: Lane) -> (Lane, Lane) {
  let radius = kp_square_roots(Lane(repeating: -2) * laneLogarithm(u))
  let (sine, cosine) = laneSineCosineOfTurn(v)
  return (radius * cosine, radius * sine)
}

/// `Philox.block` in four lanes. The upper halves of the result are not zero.
@inline(__always)
func laneBlock(
  _ c0: LaneWords, _ c1: LaneWords, _ c2: LaneWords, _ c3: LaneWords, key: SIMD2<UInt32>
) -> (LaneWords, LaneWords, LaneWords, LaneWords) {
  let shift = LaneWords(repeating: 32)
  var (a, b, c, d) = (c0, c1, c2, c3)
  var k0 = key[0]
  var k1 = key[1]
  for _ in 0..<10 {
    let p0 = lowProduct(a, LaneWords(repeating: 0xD251_1F53))
    let p1 = lowProduct(c, LaneWords(repeating: 0xCD9E_8D57))
    a = (p1 &>> shift) ^ b ^ LaneWords(repeating: UInt64(k0))
    b = p1
    c = (p0 &>> shift) ^ d ^ LaneWords(repeating: UInt64(k1))
    d = p0
    k0 &+= 0x9E37_79B9
    k1 &+= 0xBB67_AE85
  }
  return (a, b, c, d)
}

@inline(__always)
private func bits(_ x: Lane) -> LaneWords { unsafeBitCast(x, to: LaneWords.self) }
@inline(__always)
private func lanes(_ x: LaneWords) -> Lane { unsafeBitCast(x, to: Lane.self) }

/// `RandomStream.unit`. An integer below 2^53 becomes a double by placing its halves in the
/// mantissas of 2^84 and 2^52; every operation up to the sum is exact.
@inline(__always)
private func laneUnit(_ low: LaneWords, _ high: LaneWords) -> Lane {
  let mask = LaneWords(repeating: 0xFFFF_FFFF)
  let shift = LaneWords(repeating: 32)
  let word = ((high &<< shift) | (low & mask)) &>> LaneWords(repeating: 11)
  let upper = lanes((word &>> shift) | LaneWords(repeating: 0x4530_0000_0000_0000))
  let lower = lanes((word & mask) | LaneWords(repeating: 0x4330_0000_0000_0000))
  let integer = (upper - Lane(repeating: 0x1p84 + 0x1p52)) + lower
  return (integer + Lane(repeating: 0.5)) * Lane(repeating: 0x1p-53)
}

@inline(__always)
private func horner(_ x: Lane, _ a: Lane, _ b: Double) -> Lane {
  Lane(repeating: b).addingProduct(a, x)
}
@inline(__always)
private func horner(_ x: Lane, _ a: Double, _ b: Double) -> Lane {
  Lane(repeating: b).addingProduct(Lane(repeating: a), x)
}

/// `logarithm` in four lanes.
@inline(__always)
private func laneLogarithm(_ x: Lane) -> Lane {
  let root = LaneWords(repeating: 0x3FE6_A09E_667F_3BCD)
  let shifted = bits(x) &+ LaneWords(repeating: 0x3FF0_0000_0000_0000 &- 0x3FE6_A09E_667F_3BCD)
  let exponent =
    (shifted &>> LaneWords(repeating: 52)) | LaneWords(repeating: 0x4330_0000_0000_0000)
  let k = lanes(exponent) - Lane(repeating: 0x1p52 + 1023)
  let m = lanes((shifted & LaneWords(repeating: 0x000F_FFFF_FFFF_FFFF)) &+ root)
  let f = m - Lane(repeating: 1)
  let s = f / (Lane(repeating: 2) + f)
  let z = s * s
  let w = z * z
  let t1 =
    w
    * horner(
      w, horner(w, 1.531383769920937332e-01, 2.222219843214978396e-01),
      3.999999999940941908e-01)
  let a = horner(w, 1.479819860511658591e-01, 1.818357216161805012e-01)
  let b = horner(w, horner(w, a, 2.857142874366239149e-01), 6.666666666666735130e-01)
  let t2 = z * b
  let half = Lane(repeating: 0.5) * f * f
  let low = k * Lane(repeating: 1.90821492927058770002e-10)
  let inner = s * (half + (t1 + t2))
  return k * Lane(repeating: 6.93147180369123816490e-01) - ((half - (inner + low)) - f)
}

/// `sineCosineOfTurn` in four lanes, for 0 <= v <= 1.
@inline(__always)
private func laneSineCosineOfTurn(_ v: Lane) -> (sine: Lane, cosine: Lane) {
  // Adding 1.5 * 2^52 rounds to the nearest integer, ties to even, and leaves it in the low bits.
  let magic = Lane(repeating: 0x1.8p52)
  let rounded = Lane(repeating: 4) * v + magic
  let quarter = rounded - magic
  let theta = Lane(repeating: 6.283185307179586477) * (v - Lane(repeating: 0.25) * quarter)
  let z = theta * theta
  var p = horner(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08)
  p = horner(z, p, 2.75573137070700676789e-06)
  p = horner(z, p, -1.98412698298579493134e-04)
  p = horner(z, p, 8.33333333332248946124e-03)
  p = horner(z, p, -1.66666666666666324348e-01)
  let s = theta + theta * z * p
  var q = horner(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09)
  q = horner(z, q, -2.75573143513906633035e-07)
  q = horner(z, q, 2.48015872894767294178e-05)
  q = horner(z, q, -1.38888888888741095749e-03)
  q = horner(z, q, 4.16666666666666019037e-02)
  let c = Lane(repeating: 1) - Lane(repeating: 0.5) * z + z * z * q
  // Quadrants 1 and 3 exchange the two; the sine is negative in 2 and 3, the cosine in 1 and 2.
  let one = LaneWords(repeating: 1)
  let quadrant = bits(rounded)
  let exchange = (bits(s) ^ bits(c)) & (LaneWords.zero &- (quadrant & one))
  let signBit = LaneWords(repeating: 2)
  let up = LaneWords(repeating: 62)
  let sineSign = (quadrant & signBit) &<< up
  let cosineSign = ((quadrant &+ one) & signBit) &<< up
  return (lanes((bits(s) ^ exchange) ^ sineSign), lanes((bits(c) ^ exchange) ^ cosineSign))
}
