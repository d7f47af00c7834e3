import Kramers
import Testing

/// References: python3 with mpmath, 40 digits, at the binary value of each argument.
@Suite struct SpecialFunctionsTests {
  private func close(_ x: Double, _ y: Double, _ tolerance: Double = 1e-12) -> Bool {
    abs(x - y) <= tolerance * abs(y)
  }

  @Test("P and Q agree with 20-digit values to 1e-12 relative, both of them")
  func gamma() {
    // mpmath.gammainc(a, 0, x, regularized=True), mpmath.gammainc(a, x, inf, regularized=True)
    let cases: [(a: Double, x: Double, p: Double, q: Double)] = [
      (0.5, 0.1, 0.34527915398142297956, 0.65472084601857702044),
      (0.5, 3, 0.98569412156457036047, 0.014305878435429639526),
      (1, 1, 0.6321205588285576784, 0.3678794411714423216),
      (2.5, 0.01, 2.9876015319065938441e-6, 0.99999701239846809341),
      (3, 10, 0.99723060428448842406, 0.0027693957155115759437),
      (10, 9, 0.41259175566805859376, 0.58740824433194140624),
      (64, 80, 0.97095112519726675155, 0.029048874802733248447),
      (200, 200, 0.50940341800723632503, 0.49059658199276367497),
      (1000, 900, 0.00054990226571178292301, 0.99945009773428821708),
      (4096, 4200, 0.94702246351892712932, 0.052977536481072870683),
      (100000, 100300, 0.82863631125120764767, 0.17136368874879235233),
      (0.01, 1e-05, 0.89633679826719720097, 0.10366320173280279903),
    ]
    for (a, x, p, q) in cases {
      let result = incompleteGamma(a, x)
      #expect(close(result.p, p) && close(result.q, q), "a = \(a), x = \(x)")
    }
    #expect(incompleteGamma(2, 0) == (0, 1) && incompleteGamma(2, .infinity) == (1, 0))
  }

  @Test("chi-square quantiles agree with 20-digit values to 1e-12 relative")
  func chiSquare() {
    // mpmath.findroot(lambda x: mpmath.gammainc(k/2, 0, x/2, regularized=True) - p, start)
    let cases: [(p: Double, degrees: Double, x: Double)] = [
      (0.025, 2, 0.050635615968579753654), (0.975, 2, 7.3777589082278708293),
      (0.025, 6, 1.2373442457912026001), (0.975, 8, 17.534546139484649541),
      (0.95, 1, 3.8414588206941244691), (0.025, 24, 12.401150217444433159),
      (0.975, 26, 41.923170096353907637), (0.5, 80, 79.33433002137819873),
      (0.025, 2000, 1877.9460368153904327), (0.975, 8192, 8444.7642891016288357),
      (1e-10, 3, 5.2093976214344803303e-7), (0.999999, 5, 35.888186879610420991),
    ]
    for (p, degrees, x) in cases {
      #expect(close(chiSquareQuantile(p, degrees: degrees), x), "p = \(p), \(degrees) degrees")
      #expect(abs(chiSquareSurvival(x, degrees: degrees) - (1 - p)) < 1e-12)
    }
    #expect(chiSquareQuantile(0, degrees: 3) == 0 && chiSquareQuantile(1, degrees: 3) == .infinity)
    #expect(chiSquareSurvival(-1, degrees: 3) == 1)
  }

  @Test("the inverse gamma undoes P and Q in both tails, to 1e-11 relative")
  func inverse() {
    for a in [0.01, 0.3, 1, 2.5, 40, 3000] {
      for p in [1e-200, 1e-12, 0.01, 0.3, 0.5, 0.9, 0.999] {
        let lower = inverseIncompleteGamma(a, p)
        // Below the range of doubles the quantile itself underflows.
        if lower > 1e-290 { #expect(close(incompleteGamma(a, lower).p, p, 1e-11), "\(a) \(p)") }
        let upper = inverseIncompleteGamma(a, p, upper: true)
        if upper > 1e-290 { #expect(close(incompleteGamma(a, upper).q, p, 1e-11), "\(a) \(p)") }
      }
    }
  }

  @Test("normal probabilities and quantiles agree with 20-digit values to 1e-12 relative")
  func normal() {
    // mpmath.ncdf(x)
    let probabilities: [(x: Double, p: Double)] = [
      (-37, 5.7255712225245768227e-300), (-10, 7.619853024160526066e-24),
      (-1.5, 0.066807201268858066004), (0, 0.5),
      (0.7, 0.75803634777692697138), (3, 0.99865010196836990547), (8, 0.9999999999999993779),
    ]
    for (x, p) in probabilities { #expect(close(normalCDF(x), p), "\(x)") }
    // mpmath.findroot(lambda x: mpmath.log(mpmath.ncdf(x)/p), start)
    let quantiles: [(p: Double, x: Double)] = [
      (1e-300, -37.047096299361199237), (1e-20, -9.2623400897984075796),
      (0.001, -3.0902323061678135354), (0.025, -1.9599639845400542118),
      (0.3, -0.52440051270804081597), (0.975, 1.9599639845400538556),
      (0.9999999, 5.1993375822906610937),
    ]
    for (p, x) in quantiles { #expect(close(normalQuantile(p), x), "\(p)") }
    #expect(abs(normalQuantile(0.5)) < 1e-16)
    #expect(normalQuantile(0) == -.infinity && normalQuantile(1) == .infinity)
  }

  @Test("ln Gamma agrees with 20-digit values to 1e-14 relative")
  func factorials() {
    // mpmath.loggamma(x)
    let cases: [(x: Double, value: Double)] = [
      (1e-10, 23.025850929882735237), (0.1, 2.252712651734205902), (0.5, 0.57236494292470008707),
      (1.5, -0.12078223763524522235), (3, 0.69314718055994530942),
      (10.5, 13.940625219403763633), (100, 359.13420536957539878), (1e6, 12815504.56914761166),
    ]
    for (x, value) in cases { #expect(close(logGamma(x), value, 1e-14), "\(x)") }
  }
}
