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

/// `RandomStream.unit`: 53 bits of two words as a uniform in (0, 1].
@inline(__always)
func unit(_ low: Words, _ high: Words) -> Doubles {
  let word = (high &<< Words(repeating: 32)) | (low & Words(repeating: 0xFFFF_FFFF))
  let integer = word &>> Words(repeating: 11)
  #if AVX512
    let number = kp_doubles8(integer)
  #else
    let number = kp_doubles4(integer)
  #endif
  return Doubles(repeating: 0x1p-54).addingProduct(number, Doubles(repeating: 0x1p-53))
}

/// `logarithmOfUniform`.
@inline(__always)
func logarithmOfUniform(_ u: Doubles) -> Doubles {
  let root = Words(repeating: 0x3FE6_A09E_667F_3BCD)
  let shifted = bits(u) &+ Words(repeating: 0x3FF0_0000_0000_0000 &- 0x3FE6_A09E_667F_3BCD)
  let exponent = (shifted &>> Words(repeating: 52)) | Words(repeating: 0x4330_0000_0000_0000)
  let k = doubles(exponent) - Doubles(repeating: 0x1p52 + 1023)
  let m = doubles((shifted & Words(repeating: 0x000F_FFFF_FFFF_FFFF)) &+ root)
  let s = (m - Doubles(repeating: 1)) / (m + Doubles(repeating: 1))
  let z = s * s
  var p = horner(z, 0.14795945993960427, 0.15314050912100913)
  p = horner(z, p, 0.18183564312531783)
  p = horner(z, p, 0.22222198573435314)
  p = horner(z, p, 0.28571428742385296)
  p = horner(z, p, 0.39999999999414687)
  p = horner(z, p, 0.6666666666666734)
  return (s + s).addingProduct(s * z, p)
    .addingProduct(k, Doubles(repeating: 0.6931471805599453))
}

/// `sineCosineOfTurn`, for 0 <= v <= 1.
@inline(__always)
func sineCosineOfTurn(_ v: Doubles) -> (sine: Doubles, cosine: Doubles) {
  // Adding 1.5 * 2^52 rounds to the nearest integer, ties to even, and leaves it in the low bits.
  let magic = Doubles(repeating: 0x1.8p52)
  let rounded = magic.addingProduct(Doubles(repeating: 4), v)
  let x = v.addingProduct(rounded - magic, Doubles(repeating: -0.25))
  let z = x * x
  var p = horner(z, 3.780726143012033, -15.093797503902177)
  p = horner(z, p, 42.05868490203169)
  p = horner(z, p, -76.70585970331497)
  p = horner(z, p, 81.60524927594452)
  p = horner(z, p, -41.341702240399634)
  let s = x * horner(z, p, 6.283185307179586)
  var q = horner(z, 7.81029944559055, -26.42425743128664)
  q = horner(z, q, 60.24462009287771)
  q = horner(z, q, -85.45681709039724)
  q = horner(z, q, 64.93939402236558)
  q = horner(z, q, -19.73920880217842)
  let c = horner(z, q, 1)
  // Quadrants 1 and 3 exchange the two; the sine is negative in 2 and 3, the cosine in 1 and 2.
  let one = Words(repeating: 1)
  let quadrant = bits(rounded)
  let exchange = (bits(s) ^ bits(c)) & (Words.zero &- (quadrant & one))
  let signBit = Words(repeating: 2)
  let up = Words(repeating: 62)
  let sineSign = (quadrant & signBit) &<< up
  let cosineSign = ((quadrant &+ one) & signBit) &<< up
  return (doubles((bits(s) ^ exchange) ^ sineSign), doubles((bits(c) ^ exchange) ^ cosineSign))
}

/// `boxMuller`.
@inline(__always)
func boxMuller(_ u: Doubles, _ v: Doubles) -> (Doubles, Doubles) {
  let radius = roots(Doubles(repeating: -2) * logarithmOfUniform(u))
  let (sine, cosine) = sineCosineOfTurn(v)
  return (radius * cosine, radius * sine)
}

/// `hyperbolicTangent`.
@inline(__always)
func hyperbolicTangent(_ x: Doubles) -> Doubles {
  let sign = Words(repeating: 0x8000_0000_0000_0000)
  let size = doubles(bits(x) & ~sign)
  let limit = Doubles(repeating: 20)
  let y = Doubles(repeating: -2) * size.replacing(with: limit, where: size .> limit)
  let magic = Doubles(repeating: 0x1.8p52)
  let rounded = magic.addingProduct(y, Doubles(repeating: 1.44269504088896338700))
  let k = rounded - magic
  let r = y.addingProduct(k, Doubles(repeating: -6.93147180369123816490e-01))
    .addingProduct(k, Doubles(repeating: -1.90821492927058770002e-10))
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
  let power = doubles((bits(rounded) &+ Words(repeating: 1023)) &<< Words(repeating: 52))
  let e = (power - Doubles(repeating: 1)).addingProduct(power, p)
  let t = (Doubles.zero - e) / (e + Doubles(repeating: 2))
  return doubles(bits(t) | (bits(x) & sign))
}
