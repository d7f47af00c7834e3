internal import CProcessor

// The elementary functions of ElementaryFunctions.swift in lanes: the same operations in the same
// order, so the same bits.

@inline(__always)
func bits(_ x: Doubles) -> Words { unsafeBitCast(x, to: Words.self) }
@inline(__always)
func doubles(_ x: Words) -> Doubles { unsafeBitCast(x, to: Doubles.self) }

@inline(__always)
func horner(_ x: Doubles, _ a: Doubles, _ b: Double) -> Doubles {
  Doubles(repeating: b).addingProduct(a, x)
}
@inline(__always)
func horner(_ x: Doubles, _ a: Double, _ b: Double) -> Doubles {
  Doubles(repeating: b).addingProduct(Doubles(repeating: a), x)
}

@inline(__always)
func roots(_ x: Doubles) -> Doubles {
  #if AVX512
    kp_roots_double8(x)
  #else
    kp_roots_double4(x)
  #endif
}

/// The exponent of each positive normal number.
@inline(__always)
func exponents(_ x: Doubles) -> Doubles {
  #if AVX512
    kp_exponents_double8(x)
  #else
    doubles((bits(x) &>> Words(repeating: 52)) | Words(repeating: 0x4330_0000_0000_0000))
      - Doubles(repeating: 0x1p52 + 1023)
  #endif
}

/// Each integer below 2^53 as a double.
@inline(__always)
func exact(_ integer: Words) -> Doubles {
  #if AVX512
    kp_doubles8(integer)
  #else
    kp_doubles4(integer)
  #endif
}

/// -2 ln u, u = `RandomStream.unit` of a wide word.
@inline(__always)
func minusTwoLogarithms(_ word: Words) -> Doubles {
  minusTwoLogarithms(exact(word &>> Words(repeating: 11)) + Doubles(repeating: 0.5), bits: 53)
}

/// -2 ln (number / 2^bits): `logarithmOfUniform` with the factors in its constants and in k.
@inline(__always)
func minusTwoLogarithms(_ number: Doubles, bits places: UInt64) -> Doubles {
  let root = Words(repeating: 0x3FE6_A09E_667F_3BCD)
  let shifted =
    bits(number) &+ Words(repeating: (0x3FF &- places) &<< 52 &- 0x3FE6_A09E_667F_3BCD)
  let k = exponents(doubles(shifted))
  let m = doubles((shifted & Words(repeating: 0x000F_FFFF_FFFF_FFFF)) &+ root)
  let s = (m - Doubles(repeating: 1)) / (m + Doubles(repeating: 1))
  let z = s * s
  var p = horner(z, -2 * 0.14795945993960427, -2 * 0.15314050912100913)
  p = horner(z, p, -2 * 0.18183564312531783)
  p = horner(z, p, -2 * 0.22222198573435314)
  p = horner(z, p, -2 * 0.28571428742385296)
  p = horner(z, p, -2 * 0.39999999999414687)
  p = horner(z, p, -2 * 0.6666666666666734)
  return (Doubles(repeating: -4) * s).addingProduct(s * z, p)
    .addingProduct(k, Doubles(repeating: -2 * 0.6931471805599453))
}

/// `boxMuller` of the unit of one wide word and the angle of another, times `scale`.
@inline(__always)
func boxMuller(_ u: Words, _ v: Words, _ scale: Doubles) -> (Doubles, Doubles) {
  // `sineCosineOfTurn` but for signs. The bits of the quadrant fall on bits of the exponent that are
  // set anyway.
  let angle = v &+ Words(repeating: 1 &<< 61)
  let place = (angle &>> Words(repeating: 10)) | Words(repeating: 0x3FF0_0000_0000_0001)
  let x = doubles(place) - Doubles(repeating: 1.5)
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
  // Quadrants 1 and 3 turn the two by a quarter, 2 and 3 by a half: the radius takes that sign.
  let sign = Words(repeating: 1 &<< 63)
  let isOdd = (angle & Words(repeating: 1 &<< 62)) .!= Words.zero
  let sine = s.replacing(with: c, where: isOdd)
  let cosine = c.replacing(with: doubles(bits(s) ^ sign), where: isOdd)
  let size = scale * roots(minusTwoLogarithms(u))
  let radius = doubles(bits(size) ^ (angle & sign))
  return (radius * cosine, radius * sine)
}

/// `hyperbolicTangent` with m = -r/2, and powers of -2 in the constants: the same bits by fewer
/// multiplications and no comparison but a minimum, which would all wait for the units that multiply and add.
@inline(__always)
func hyperbolicTangent(_ x: Doubles) -> Doubles {
  let sign = Words(repeating: 0x8000_0000_0000_0000)
  let magnitude = doubles(bits(x) & ~sign)
  let limit = Doubles(repeating: 20)
  let size = magnitude.replacing(with: limit, where: limit .< magnitude)
  let magic = Doubles(repeating: 0x1.8p52)
  let rounded = magic.addingProduct(size, Doubles(repeating: -2 * 1.44269504088896338700))
  let k = rounded - magic
  let m = size.addingProduct(k, Doubles(repeating: 6.93147180369123816490e-01 / 2))
    .addingProduct(k, Doubles(repeating: 1.90821492927058770002e-10 / 2))
  var p = horner(m, -2048 * 2.092440355126832e-09, 1024 * 2.5109022803004165e-08)
  p = horner(m, p, -512 * 2.7557242896817114e-07)
  p = horner(m, p, 256 * 2.7557244249942987e-06)
  p = horner(m, p, -128 * 2.4801587360382664e-05)
  p = horner(m, p, 64 * 0.0001984126988608507)
  p = horner(m, p, -32 * 0.0013888888888866936)
  p = horner(m, p, 16 * 0.008333333333321648)
  p = horner(m, p, -8 * 0.0416666666666667)
  p = horner(m, p, 4 * 0.16666666666666677)
  p = horner(m, p, -2 * 0.5)
  p = m.addingProduct(m * m, p)
  let power = (bits(rounded) &+ Words(repeating: 1023)) &<< Words(repeating: 52)
  // -2 times the power: another exponent and another sign.
  let factor = doubles(power &+ Words(repeating: 0x8010_0000_0000_0000))
  let e = (doubles(power) - Doubles(repeating: 1)).addingProduct(factor, p)
  let t = (Doubles.zero - e) / (e + Doubles(repeating: 2))
  return doubles(bits(t) | (bits(x) & sign))
}
