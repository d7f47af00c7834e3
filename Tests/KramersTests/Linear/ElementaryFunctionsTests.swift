import Glibc
import Testing

@testable import Kramers

@Suite struct ElementaryFunctionsTests {
  private let random = RandomStream(seed: 21, purpose: .data)

  /// (a - b) in units of b's last place.
  private func ulps(_ a: Double, _ b: Double) -> Double { abs(a - b) / max(b.ulp, 0x1p-1022.ulp) }

  @Test("logarithm is within 1 ulp of libm at every exponent, around 1 and in (0, 1)")
  func logarithms() {
    var worst = 0.0
    for i in 0..<300_000 as Range<UInt32> {
      let (u, v) = random.uniforms(step: 0, i)
      let wide = Double(
        sign: .plus, exponent: Int(-1022 + 2045 * v), significand: 1 + u)
      let near = 1 + (u - 0.5) * exp2(-50 * v)
      for x in [u, wide, near] { worst = max(worst, ulps(logarithm(x), log(x))) }
    }
    #expect(logarithm(1) == 0)
    #expect(logarithm(1.0.nextDown) == log(1.0.nextDown))
    #expect(worst <= 1)
  }

  @Test("exponential is within 1 ulp of libm for |x| < 700")
  func exponentials() {
    var worst = 0.0
    for i in 0..<300_000 as Range<UInt32> {
      let (u, v) = random.uniforms(step: 1, i)
      let wide = 1400 * u - 700
      let small = (u - 0.5) * exp2(-60 * v)
      for x in [wide, small] { worst = max(worst, ulps(exponential(x), exp(x))) }
    }
    #expect(exponential(0) == 1)
    #expect(worst <= 1)
  }

  /// The oracle is libm at 2 pi n / 2^53, corrected to first order by the half and by what rounding 2 pi v
  /// lost: sin(t + d) = sin t + d cos t with |d| < 2e-15.
  @Test("sine and cosine of a turn are within 2 ulp of libm, also near their zeros")
  func turns() {
    let high = 2 * Double.pi
    let low = 2.4492935982947064e-16  // 2 pi - high
    var worst = 0.0
    func check(_ word: UInt64) {
      let v = Double(word >> 11) * 0x1p-53
      let t = high * v
      let d = (-t).addingProduct(high, v) + low * v + high * 0x1p-54
      let (sine, cosine) = sineCosineOfTurn(word)
      worst = max(worst, ulps(sine, sin(t) + d * cos(t)), ulps(cosine, cos(t) - d * sin(t)))
    }
    for i in 0..<300_000 as Range<UInt32> {
      let w = random.words(step: 2, i)
      let word = UInt64(w[1]) << 32 | UInt64(w[0])
      check(word)
      let distance = word >> (2 + UInt64(w[2] % 48))
      for zero in 0..<4 as Range<UInt64> {
        check(zero << 62 &+ distance)
        check(zero << 62 &- distance)
      }
    }
    #expect(worst <= 2)
    for (quarter, exact) in [(0, (0.0, 1.0)), (1, (1, 0)), (2, (0, -1)), (3, (-1, 0))] {
      let (sine, cosine) = sineCosineOfTurn(UInt64(quarter) << 62)
      #expect(abs(sine - exact.0) < 1e-15 && abs(cosine - exact.1) < 1e-15)
    }
  }

  @Test("ln u is within 2 ulp of libm in (0, 1]")
  func logarithmsOfUniforms() {
    var worst = 0.0
    for i in 0..<300_000 as Range<UInt32> {
      let (u, v) = random.uniforms(step: 3, i)
      let tiny = u * exp2(-52 * v)
      let near = 1 - u * exp2(-1 - 50 * v)
      for x in [u, tiny, near] { worst = max(worst, ulps(logarithmOfUniform(x), log(x))) }
    }
    #expect(logarithmOfUniform(1) == 0)
    #expect(worst <= 2)
  }

  @Test("tanh is within 3 ulp of libm at every size, odd, and 1 at infinity")
  func tangents() {
    var worst = 0.0
    for i in 0..<300_000 as Range<UInt32> {
      let (u, v) = random.uniforms(step: 4, i)
      let wide = 44 * u - 22
      let small = (u - 0.5) * exp2(-60 * v)
      for x in [wide, small] {
        worst = max(worst, ulps(hyperbolicTangent(x), tanh(x)))
        #expect(hyperbolicTangent(-x) == -hyperbolicTangent(x))
      }
    }
    #expect(worst <= 3)
    #expect(hyperbolicTangent(0) == 0 && hyperbolicTangent(.infinity) == 1)
    #expect(hyperbolicTangent(.nan).isNaN)
  }

  @Test("tanh and normals in vectors have the bits of the scalar functions")
  func vectors() {
    let z = random.normals(1000, scale: 5, step: 5) + [0, -0.0, 25, -25, 1e-300, 0.3, -0.3, 19.9]
    var h = [Double](repeating: 0, count: z.count)
    DenseKernels.tanh(z, &h, count: z.count)
    for (x, y) in zip(z, h) { #expect(hyperbolicTangent(x).bitPattern == y.bitPattern) }
    for count in [1, 2, 15, 16, 17, 33, 1000] {
      let normals = random.normals(count, scale: 0.5, step: 1 << 40)
      for k in normals.indices {
        let pair = random.normals(step: 1 << 40, UInt32(k / 2))
        #expect(normals[k].bitPattern == (0.5 * (k % 2 == 0 ? pair.0 : pair.1)).bitPattern)
      }
    }
  }
}
