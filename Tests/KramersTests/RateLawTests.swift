import Glibc
import Kramers
import Testing

@Suite struct RateLawTests {
  private func point(_ n: Double, _ a: Double, _ design: [Double], offset: Double = 0) -> RatePoint
  {
    RatePoint(escapes: n, survived: a, design: design, offset: offset)
  }

  @Test("a constant law is tau = total exposure / total escapes; its profile is the closed form")
  func constant() throws {
    let law = try RateLaw([point(3, 100, [1]), point(0, 250, [1]), point(7, 50, [1])])
    #expect(law.identifiable)
    #expect(abs(try #require(law.coefficients)[0] - log(40)) < 1e-12)
    let value = law.profile(of: 0, at: 3)
    #expect(abs(value - (-10 * 3 - 400 * exp(-3))) < 1e-12)
    // Both ends solve -10 ln tau - 400/tau = max - 3.8415/2.
    let (low, high) = law.profileInterval(of: 0)
    for end in [low, high] {
      #expect(abs(-10 * end - 400 * exp(-end) - law.logLikelihood + 0.5 * 3.841458820694124) < 1e-9)
    }
    #expect(low < log(40) && log(40) < high)
  }

  @Test("two points are fitted exactly: the slope is the difference of ln(A/n), to 1e-10")
  func twoPoints() throws {
    // Nearly collinear columns: 1/T = 10000 and 10010.
    let law = try RateLaw([point(5, 1e4, [1, 10_000]), point(9, 3e6, [1, 10_010])])
    let slope = (log(3e6 / 9) - log(1e4 / 5)) / 10
    let beta = try #require(law.coefficients)
    #expect(abs(beta[1] / slope - 1) < 1e-10)
    #expect(abs(beta[0] + beta[1] * 10_000 - log(2000)) < 1e-8)
  }

  @Test("an offset is a known coefficient")
  func offset() throws {
    let rows = (0..<4).map { Double($0) }
    let plain = try RateLaw(rows.map { point(4 + $0, 100 * ($0 + 1), [1, $0]) })
    let shifted = try RateLaw(
      rows.map { point(4 + $0, 100 * ($0 + 1), [1, $0], offset: 0.7 * $0) })
    let (a, b) = (try #require(plain.coefficients), try #require(shifted.coefficients))
    #expect(abs(a[0] - b[0]) < 1e-10 && abs(a[1] - b[1] - 0.7) < 1e-10)
    #expect(abs(plain.logLikelihood - shifted.logLikelihood) < 1e-10)
  }

  @Test("at the maximum the gradient of ln L vanishes by central differences")
  func stationary() throws {
    let points = (0..<6).map { i in
      let x = Double(i) / 3
      return point(Double([12, 9, 0, 4, 1, 0][i]), 100 * exp(x), [1, x, x * x])
    }
    let law = try RateLaw(points)
    let beta = try #require(law.coefficients)
    func value(_ beta: [Double]) -> Double {
      points.reduce(0) {
        $0 - $1.escapes * dot($1.design, beta) - $1.survived * exp(-dot($1.design, beta))
      }
    }
    #expect(abs(value(beta) - law.logLikelihood) < 1e-10)
    for j in 0..<3 {
      var (up, down) = (beta, beta)
      up[j] += 1e-4
      down[j] -= 1e-4
      #expect(abs(value(up) - value(down)) / 2e-4 < 1e-5)
      #expect(value(up) < law.logLikelihood && value(down) < law.logLikelihood)
    }
  }

  @Test("a single point, equal temperatures or no escapes are not identifiable, and say so")
  func notIdentifiable() throws {
    let cases = [
      [point(5, 100, [1, 2])],
      [point(5, 100, [1, 2]), point(6, 100, [1, 2])],
      [point(0, 100, [1, 2]), point(0, 100, [1, 3])],
    ]
    for points in cases {
      let law = try RateLaw(points)
      #expect(!law.identifiable && law.coefficients == nil)
      let (low, high) = law.profileInterval(of: 1)
      #expect(low == -.infinity && high == .infinity)
    }
    #expect(throws: (InputError).self) { try RateLaw([]) }
    #expect(throws: (InputError).self) { try RateLaw([point(1, 0, [1])]) }
    #expect(throws: (InputError).self) { try RateLaw([point(1, 1, [1]), point(1, 1, [1, 2])]) }
  }

  @Test("escapes only at the hot point bound the slope from below: the closed form, to 1e-8")
  func oneSided() throws {
    let law = try RateLaw([point(8, 800, [1, 0]), point(0, 5000, [1, 1])])
    #expect(!law.identifiable)
    // The supremum has tau_1 infinite: ln L = -8 ln 100 - 8.
    #expect(abs(law.logLikelihood - (-8 * log(100) - 8)) < 1e-9)
    let (low, high) = law.profileInterval(of: 1)
    #expect(high == .infinity)
    // At slope b: n ln(800 + 5000 e^-b) is the only b-dependent part of the profile.
    #expect(abs(8 * log((800 + 5000 * exp(-low)) / 800) - 0.5 * 3.841458820694124) < 1e-8)
  }

  @Test("the profile keeps its closed form where tau spans a thousand decades, to 1e-11 relative")
  func extremes() throws {
    let law = try RateLaw([point(8, 800, [1, 0]), point(0, 5000, [1, 1])])
    for b in [-3000.0, -300, -20, 0, 5, 76, 400, 3000] {
      // n ln(A_1 + A_2 e^-b), written so that e^-b cannot overflow.
      let pooled = b < 0 ? -b + log(800 * exp(b) + 5000) : log(800 + 5000 * exp(-b))
      let exact = -8 * (pooled - log(8)) - 8
      #expect(abs(law.profile(of: 1, at: b) / exact - 1) < 1e-11, "b = \(b)")
    }
  }

  @Test("an escape between two points without any is identifiable: symmetry makes the slope 0")
  func between() throws {
    let law = try RateLaw([
      point(0, 50, [1, -1]), point(4, 400, [1, 0]), point(0, 50, [1, 1]),
    ])
    #expect(law.identifiable)
    #expect(abs(try #require(law.coefficients)[1]) < 1e-9)
    let (low, high) = law.profileInterval(of: 1)
    #expect(high.isFinite && abs(low + high) < 1e-8)
  }

  @Test("the 95 % profile interval of a slope covers it, within 3 standard errors and 1 %")
  func coverage() throws {
    let experiments = 1000
    var covered = 0
    for experiment in 0..<experiments {
      let points = try (0..<5).map { i in
        let x = Double(i)
        let tau = 20 * exp(0.8 * x)
        // 12 replicas, budget 150: about 12, 12, 11, 8, 5 escapes.
        let sample = try exponentialSample(12, budget: 150 / tau, seed: UInt64(60 + i), experiment)
        return point(Double(sample.escapes), tau * CensoredRate(sample).exposure, [1, x])
      }
      let (low, high) = try RateLaw(points).profileInterval(of: 1)
      if low <= 0.8 && 0.8 <= high { covered += 1 }
    }
    let share = Double(covered) / Double(experiments)
    // Wilks' theorem is asymptotic; 1 % is allowed for about 48 escapes.
    let error = (0.95 * 0.05 / Double(experiments)).squareRoot()
    #expect(abs(share - 0.95) < 3 * error + 0.01, "covers \(share)")
  }
}
