/// The elementary functions that random numbers are made of, written out so that a normal has the
/// same bits on every machine: libm's differ between versions and processors.
///
/// Polynomials: FreeBSD msun `e_log.c`, `k_sin.c`, `k_cos.c` (Sun Microsystems, 1993), evaluated
/// with fused multiply-adds.

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

/// (sin, cos) of 2 pi v for v in [0, 1], to 1 ulp of the result's neighbourhood of 1.
@inlinable @inline(__always)
public func sineCosineOfTurn(_ v: Double) -> (sine: Double, cosine: Double) {
  // Octants are exact in v, so no argument reduction error arises.
  let quarter = (4 * v).rounded(.toNearestOrEven)
  let theta = 6.283185307179586477 * (v - 0.25 * quarter)
  let z = theta * theta
  let s =
    theta
    + theta * z
    * horner(
      z,
      horner(
        z,
        horner(
          z,
          horner(
            z, horner(z, 1.58969099521155010221e-10, -2.50507602534068634195e-08),
            2.75573137070700676789e-06), -1.98412698298579493134e-04), 8.33333333332248946124e-03),
      -1.66666666666666324348e-01)
  let c =
    1 - 0.5 * z
    + z * z
    * horner(
      z,
      horner(
        z,
        horner(
          z,
          horner(
            z, horner(z, -1.13596475577881948265e-11, 2.08757232129817482790e-09),
            -2.75573143513906633035e-07), 2.48015872894767294178e-05), -1.38888888888741095749e-03),
      4.16666666666666019037e-02)
  switch Int(quarter) & 3 {
  case 0: return (s, c)
  case 1: return (c, -s)
  case 2: return (-s, -c)
  default: return (-c, s)
  }
}

/// Two independent standard normals from two uniforms in (0, 1) (Box and Muller, 1958).
@inlinable @inline(__always)
public func boxMuller(_ u: Double, _ v: Double) -> (Double, Double) {
  let radius = (-2 * logarithm(u)).squareRoot()
  let (sine, cosine) = sineCosineOfTurn(v)
  return (radius * cosine, radius * sine)
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
