import Glibc
import Testing

@testable import Kramers

@Suite struct VaryingNoisePassageTests {
  @Test("constant noise gives the mean first-passage time of the potential, both ways, to 1e-8")
  func constantNoise() throws {
    func well(_ x: Double) -> Double { 0.25 * (x * x - 1) * (x * x - 1) }
    for temperature in [0.01, 0.05] {
      let wall = -2.0
      let exact = try #require(
        try meanFirstPassageTime(
          temperature: temperature, from: -1, to: 0.7, leftEnd: .reflecting(wall), potential: well))
      let right = VaryingNoisePassage(
        drift: { $0 - $0 * $0 * $0 }, variance: { _ in 2 * temperature })
      let up = try #require(right.logMeanTime(from: -1, to: 0.7, wall: wall))
      let down = try #require(right.logMeanTime(from: 1, to: -0.7, wall: -wall))
      #expect(abs(up - log(exact)) < 1e-8 && abs(down - log(exact)) < 1e-8)
    }
  }

  @Test("geometric Brownian motion: Brownian motion with drift in ln x, to 1e-8")
  func geometric() throws {
    // dx = m x dt + s x dW is d ln x = (m - s^2/2) dt + s dW: reflecting at ln w, from y to ln b,
    // tau = (b - y)/n - (s^2/2n^2)(e^(-2n(y-w)/s^2) - e^(-2n(b-w)/s^2)), n = m - s^2/2.
    for (m, s) in [(0.3, 0.5), (-0.2, 0.4), (0.05, 0.7)] {
      let (wall, start, end) = (0.5, 0.9, 2.0)
      let n = m - 0.5 * s * s
      let (w, y, b) = (log(wall), log(start), log(end))
      let exact =
        (b - y) / n
        - s * s / (2 * n * n) * (exp(-2 * n * (y - w) / (s * s)) - exp(-2 * n * (b - w) / (s * s)))
      let passage = VaryingNoisePassage(drift: { m * $0 }, variance: { s * s * $0 * $0 })
      let found = try #require(passage.logMeanTime(from: start, to: end, wall: wall))
      #expect(abs(found - log(exact)) < 1e-8, "m = \(m), s = \(s): \(exp(found)), not \(exact)")
    }
  }
}
