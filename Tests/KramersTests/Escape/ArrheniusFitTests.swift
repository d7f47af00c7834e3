import Glibc
import Kramers
import Testing

@Suite struct ArrheniusFitTests {
  @Test("escape times on Arrhenius' line give back barrier and prefactor to 1e-9, r2 = 1")
  func exact() throws {
    let barrier = 0.01389806
    let points = [3.0, 4, 5, 6].map { x in
      ArrheniusPoint(
        inverseTemperature: x / barrier, escapes: 50, exposure: 50 * exp(2 + x))
    }
    let fit = try fitArrhenius(points)
    #expect(abs(try #require(fit.barrier) / barrier - 1) < 1e-9)
    #expect(abs(try #require(fit.logPrefactor) - 2) < 1e-8)
    #expect(fit.barrierLow < barrier && barrier < fit.barrierHigh)
    #expect(abs(try #require(fit.r2) - 1) < 1e-12)
    #expect(abs(try #require(fit.span) / exp(3) - 1) < 1e-12)
  }

  @Test("two points: the barrier is the difference of ln(A/n) over that of 1/T; no r2")
  func twoPoints() throws {
    let fit = try fitArrhenius([
      ArrheniusPoint(inverseTemperature: 100, escapes: 20, exposure: 1000),
      ArrheniusPoint(inverseTemperature: 150, escapes: 4, exposure: 9000),
    ])
    #expect(abs(try #require(fit.barrier) - log(2250.0 / 50) / 50) < 1e-12)
    #expect(fit.r2 == nil)
    #expect(abs(try #require(fit.span) - 45) < 1e-10)
  }

  @Test("a cold point without escapes raises the barrier; only cold ones leave it open above")
  func censored() throws {
    let hot = ArrheniusPoint(inverseTemperature: 100, escapes: 30, exposure: 1500)
    let middle = ArrheniusPoint(inverseTemperature: 150, escapes: 30, exposure: 9000)
    let cold = ArrheniusPoint(inverseTemperature: 200, escapes: 0, exposure: 400_000)
    let two = try #require(try fitArrhenius([hot, middle]).barrier)
    let three = try fitArrhenius([hot, middle, cold])
    #expect(try #require(three.barrier) > two)
    #expect(three.barrierHigh.isFinite)
    let open = try fitArrhenius([hot, cold])
    #expect(open.barrier == nil && open.logPrefactor == nil)
    #expect(open.barrierLow > 0 && open.barrierHigh == .infinity)
    let nothing = try fitArrhenius([cold])
    #expect(nothing.barrier == nil && nothing.span == nil && nothing.r2 == nil)
    #expect(nothing.barrierLow == -.infinity && nothing.barrierHigh == .infinity)
  }
}
