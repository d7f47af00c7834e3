/// The elementary functions that random numbers and kernels are made of, written out so that a
/// result has the same bits on every machine: libm's differ between versions and processors.
/// `KramersLanes` evaluates the same operations in vectors.
///
/// Polynomials: FreeBSD msun `e_log.c`, `e_exp.c` (Sun Microsystems, 1993), or minimax fits of the
/// relative error as said, evaluated with fused multiply-adds.

@inlinable @inline(__always)
func horner(_ x: Double, _ a: Double, _ b: Double) -> Double { b.addingProduct(a, x) }

/// ln x for a finite normal x > 0, to 1 ulp.
@inlinable @inline(__always)
public func logarithm(_ x: Double) -> Double {
  // x = 2^k m with m in [sqrt(1/2), sqrt(2)); s = (m-1)/(m+1); ln m = 2 atanh s.
  let bits = x.bitPattern &+ (0x3FF0_0000_0000_0000 &- 0x3FE6_A09E_667F_3BCD)
  let k = Double(Int64(bitPattern: bits >> 52) &- 1023)
  let m = Double(bitPattern: (bits & 0x000F_FFFF_FFFF_FFFF) &+ 0x3FE6_A09E_667F_3BCD)
  let f = m - 1
  let s = f / (2 + f)
  let z = s * s
  let w = z * z
  let t1 =
    w
    * horner(
      w, horner(w, 1.531383769920937332e-01, 2.222219843214978396e-01),
      3.999999999940941908e-01)
  let t2 =
    z
    * horner(
      w,
      horner(
        w, horner(w, 1.479819860511658591e-01, 1.818357216161805012e-01),
        2.857142874366239149e-01), 6.666666666666735130e-01)
  let half = 0.5 * f * f
  let low = k * 1.90821492927058770002e-10
  return k * 6.93147180369123816490e-01 - ((half - (s * (half + (t1 + t2)) + low)) - f)
}

/// (sin, cos) of the turn (n + 1/2) / 2^53, n the upper 53 bits of `word`, to 2 ulp: minimax polynomials
/// (Remez) in the distance to the nearest quarter turn. `RandomStream.unit` would round the turn.
@inlinable @inline(__always)
public func sineCosineOfTurn(_ word: UInt64) -> (sine: Double, cosine: Double) {
  // Counted from an eighth of a turn before: two bits for the quarter, 52 for the place in it, which is
  // exact. The last one is the half.
  let angle = word &+ 1 << 61
  let place = (angle >> 10) & 0x000F_FFFF_FFFF_FFFF | 0x3FF0_0000_0000_0001
  let x = Double(bitPattern: place) - 1.5
  // In quarter turns: coefficients of turns times powers of 1/4.
  let z = x * x
  var p = horner(z, 3.780726143012033 * 0x1p-26, -15.093797503902177 * 0x1p-22)
  p = horner(z, p, 42.05868490203169 * 0x1p-18)
  p = horner(z, p, -76.70585970331497 * 0x1p-14)
  p = horner(z, p, 81.60524927594452 * 0x1p-10)
  p = horner(z, p, -41.341702240399634 * 0x1p-6)
  let s = x * horner(z, p, 6.283185307179586 * 0x1p-2)
  var q = horner(z, 7.81029944559055 * 0x1p-24, -26.42425743128664 * 0x1p-20)
  q = horner(z, q, 60.24462009287771 * 0x1p-16)
  q = horner(z, q, -85.45681709039724 * 0x1p-12)
  q = horner(z, q, 64.93939402236558 * 0x1p-8)
  q = horner(z, q, -19.73920880217842 * 0x1p-4)
  let c = horner(z, q, 1)
  switch angle >> 62 {
  case 0: return (s, c)
  case 1: return (c, -s)
  case 2: return (-s, -c)
  default: return (-c, s)
  }
}

/// Two independent standard normals from a uniform in (0, 1] and the word of an angle (Box and Muller,
/// 1958).
@inlinable @inline(__always)
public func boxMuller(_ u: Double, angle word: UInt64) -> (Double, Double) {
  let radius = (-2 * logarithmOfUniform(u)).squareRoot()
  let (sine, cosine) = sineCosineOfTurn(word)
  return (radius * cosine, radius * sine)
}

/// ln u for a normal u in (0, 1], to 2 ulp: with u = 2^k m, s = (m-1)/(m+1), 2 atanh s + k ln 2. Fewer
/// operations than `logarithm`.
@inlinable @inline(__always)
func logarithmOfUniform(_ u: Double) -> Double {
  let bits = u.bitPattern &+ (0x3FF0_0000_0000_0000 &- 0x3FE6_A09E_667F_3BCD)
  let k = Double(Int64(bitPattern: bits >> 52) &- 1023)
  let m = Double(bitPattern: (bits & 0x000F_FFFF_FFFF_FFFF) &+ 0x3FE6_A09E_667F_3BCD)
  let s = (m - 1) / (m + 1)
  let z = s * s
  var p = horner(z, 0.14795945993960427, 0.15314050912100913)
  p = horner(z, p, 0.18183564312531783)
  p = horner(z, p, 0.22222198573435314)
  p = horner(z, p, 0.28571428742385296)
  p = horner(z, p, 0.39999999999414687)
  p = horner(z, p, 0.6666666666666734)
  return (s + s).addingProduct(s * z, p).addingProduct(k, 0.6931471805599453)
}

/// tanh x to 3 ulp: -E/(E+2) with E = e^(-2|x|) - 1, so that small arguments keep their digits.
@inlinable @inline(__always)
public func hyperbolicTangent(_ x: Double) -> Double {
  let size = abs(x)
  // Beyond 20 the result is 1; NaN passes both comparisons.
  let y = -2 * (size > 20 ? 20 : size)
  let rounded = (0x1.8p52).addingProduct(y, 1.44269504088896338700)
  let k = rounded - 0x1.8p52
  let r = y.addingProduct(k, -6.93147180369123816490e-01)
    .addingProduct(k, -1.90821492927058770002e-10)
  var p = horner(r, 2.092440355126832e-09, 2.5109022803004165e-08)
  p = horner(r, p, 2.7557242896817114e-07)
  p = horner(r, p, 2.7557244249942987e-06)
  p = horner(r, p, 2.4801587360382664e-05)
  p = horner(r, p, 0.0001984126988608507)
  p = horner(r, p, 0.0013888888888866936)
  p = horner(r, p, 0.008333333333321648)
  p = horner(r, p, 0.0416666666666667)
  p = horner(r, p, 0.16666666666666677)
  p = horner(r, p, 0.5)
  p = r.addingProduct(r * r, p)
  let power = Double(bitPattern: (rounded.bitPattern &+ 1023) &<< 52)
  let e = (power - 1).addingProduct(power, p)
  let t = (0 - e) / (e + 2)
  return Double(bitPattern: t.bitPattern | (x.bitPattern & 0x8000_0000_0000_0000))
}

/// e^x for |x| < 700, to 1 ulp: x = k ln 2 + r and msun's rational kernel in r.
@inlinable @inline(__always)
public func exponential(_ x: Double) -> Double {
  let k = (x * 1.44269504088896338700).rounded(.toNearestOrEven)
  let high = x.addingProduct(-k, 6.93147180369123816490e-01)
  let low = k * 1.90821492927058770002e-10
  let r = high - low
  let z = r * r
  let c =
    r
    - z
    * horner(
      z,
      horner(
        z,
        horner(
          z, horner(z, 4.13813679705723846039e-08, -1.65339022054652515390e-06),
          6.61375632143793436117e-05), -2.77777777770155933842e-03), 1.66666666666666019037e-01)
  let y = 1 - ((low - (r * c) / (2 - c)) - high)
  return y * Double(sign: .plus, exponent: Int(k), significand: 1)
}
