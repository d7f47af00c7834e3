internal import CProcessor

// The elementary functions in single precision: minimax polynomials (Remez) with errors below half
// a unit in the last place of a float.

#if AVX512
  typealias FloatWords = SIMD16<UInt32>
#else
  typealias FloatWords = SIMD8<UInt32>
#endif

@inline(__always)
func bits(_ x: Floats) -> FloatWords { unsafeBitCast(x, to: FloatWords.self) }
@inline(__always)
func floats(_ x: FloatWords) -> Floats { unsafeBitCast(x, to: Floats.self) }

@inline(__always)
func horner(_ x: Floats, _ a: Floats, _ b: Float) -> Floats {
  Floats(repeating: b).addingProduct(a, x)
}
@inline(__always)
func horner(_ x: Floats, _ a: Float, _ b: Float) -> Floats {
  Floats(repeating: b).addingProduct(Floats(repeating: a), x)
}

@inline(__always)
func roots(_ x: Floats) -> Floats {
  #if AVX512
    kp_roots_float16(x)
  #else
    kp_roots_float8(x)
  #endif
}

/// The nearest float to each word.
@inline(__always)
func floatsOf(_ words: FloatWords) -> Floats {
  #if AVX512
    kp_floats16(words)
  #else
    kp_floats8(words)
  #endif
}

/// The lower halves of both, as the words of twice as many replicas.
@inline(__always)
func lowerHalves(_ a: Words, _ b: Words) -> FloatWords {
  #if AVX512
    kp_lower_halves16(a, b)
  #else
    kp_lower_halves8(a, b)
  #endif
}

/// A uniform in (0, 1] from one word; the smallest is 2^-33.
@inline(__always)
func unit(_ word: FloatWords) -> Floats {
  Floats(repeating: 0x1p-33).addingProduct(floatsOf(word), Floats(repeating: 0x1p-32))
}

/// -2 ln u for a normal u in (0, 1].
@inline(__always)
func minusTwoLogarithms(_ u: Floats) -> Floats {
  let shifted = bits(u) &+ FloatWords(repeating: 0x3F80_0000 &- 0x3F35_04F3)
  let exponent = (shifted &>> FloatWords(repeating: 23)) | FloatWords(repeating: 0x4B00_0000)
  let k = floats(exponent) - Floats(repeating: 0x1p23 + 127)
  let m = floats(
    (shifted & FloatWords(repeating: 0x007F_FFFF)) &+ FloatWords(repeating: 0x3F35_04F3))
  let s = (m - Floats(repeating: 1)) / (m + Floats(repeating: 1))
  let z = s * s
  var p = horner(z, -2 * 0.2987172887747793, -2 * 0.39977541529513955)
  p = horner(z, p, -2 * 0.6666677638204443)
  return (Floats(repeating: -4) * s).addingProduct(s * z, p)
    .addingProduct(k, Floats(repeating: -2 * 0.6931471805599453))
}

/// (sin, cos) of 2 pi v for v in [0, 1].
@inline(__always)
func sineCosineOfTurn(_ v: Floats) -> (sine: Floats, cosine: Floats) {
  let magic = Floats(repeating: 0x1.8p23)
  let rounded = magic.addingProduct(Floats(repeating: 4), v)
  let x = v.addingProduct(rounded - magic, Floats(repeating: -0.25))
  let z = x * x
  var p = horner(z, -75.39356275423745, 81.59235355330219)
  p = horner(z, p, -41.341661454916526)
  let s = x * horner(z, p, 6.283185286833474)
  var q = horner(z, 59.220408219986396, -85.4428521493837)
  q = horner(z, q, 64.93931620870076)
  q = horner(z, q, -19.73920865035865)
  let c = horner(z, q, 1)
  let one = FloatWords(repeating: 1)
  let quadrant = bits(rounded)
  let exchange = (bits(s) ^ bits(c)) & (FloatWords.zero &- (quadrant & one))
  let signBit = FloatWords(repeating: 2)
  let up = FloatWords(repeating: 30)
  let sineSign = (quadrant & signBit) &<< up
  let cosineSign = ((quadrant &+ one) & signBit) &<< up
  return (floats((bits(s) ^ exchange) ^ sineSign), floats((bits(c) ^ exchange) ^ cosineSign))
}

/// Two standard normals times `scale` from two uniforms in (0, 1], |z| up to 6.8.
@inline(__always)
func boxMuller(_ u: Floats, _ v: Floats, _ scale: Floats) -> (Floats, Floats) {
  let radius = scale * roots(minusTwoLogarithms(u))
  let (sine, cosine) = sineCosineOfTurn(v)
  return (radius * cosine, radius * sine)
}

/// tanh x: `hyperbolicTangent` with fewer terms.
@inline(__always)
func hyperbolicTangent(_ x: Floats) -> Floats {
  let sign = FloatWords(repeating: 0x8000_0000)
  let magnitude = floats(bits(x) & ~sign)
  let limit = Floats(repeating: 10)
  let size = magnitude.replacing(with: limit, where: limit .< magnitude)
  let magic = Floats(repeating: 0x1.8p23)
  let rounded = magic.addingProduct(size, Floats(repeating: -2 * 1.44269504088896338700))
  let k = rounded - magic
  let m = size.addingProduct(k, Floats(repeating: 0.693359375 / 2))
    .addingProduct(k, Floats(repeating: -2.12194440e-4 / 2))
  var p = horner(m, -32 * 0.001394643433869539, 16 * 0.008366571382225614)
  p = horner(m, p, -8 * 0.04166628235471549)
  p = horner(m, p, 4 * 0.1666654312305142)
  p = horner(m, p, -2 * 0.5000000061768939)
  p = m.addingProduct(m * m, p)
  let power = (bits(rounded) &+ FloatWords(repeating: 127)) &<< FloatWords(repeating: 23)
  let factor = floats(power &+ FloatWords(repeating: 0x8080_0000))
  let e = (floats(power) - Floats(repeating: 1)).addingProduct(factor, p)
  let t = (Floats.zero - e) / (e + Floats(repeating: 2))
  return floats(bits(t) | (bits(x) & sign))
}
