import Glibc
import Kramers
import Testing

@Suite struct LawSeparationTests {
  private func expected(_ inverse: [Double], escapes: Double, tau: (Double) -> Double)
    -> [ArrheniusPoint]
  {
    inverse.map {
      ArrheniusPoint(inverseTemperature: $0, escapes: escapes, exposure: escapes * tau($0))
    }
  }

  @Test("lambda of exact data is the likelihood ratio itself, and grows with the escapes")
  func noiseless() throws {
    let inverse = [2.5, 4.0, 6.0]
    let laws = try RivalLaws(
      expected(inverse, escapes: 100) { exp($0) }, predictedPower: nil)
    // Data exactly on Arrhenius' law: the shortfall of the power's fit.
    let direct =
      2
      * (try #require(laws[.arrhenius]).logLikelihood - (try #require(laws[.power]).logLikelihood))
    #expect(laws.separation.noncentrality <= direct + 1e-9)
    #expect(laws.separation.noncentrality > 0.5 * direct && laws.best == .arrhenius)
    let more = try RivalLaws(
      expected(inverse, escapes: 300) { exp($0) }, predictedPower: nil)
    #expect(abs(more.separation.noncentrality / laws.separation.noncentrality - 3) < 1e-6)
  }

  @Test("lambda = 7.85 is a power of 80 %: simulated experiments reject the power that often")
  func power() throws {
    // The number of escapes at which the design reaches 7.85.
    let inverse = [2.5, 4.0, 6.0]
    let unit = try RivalLaws(expected(inverse, escapes: 100) { exp($0) }, predictedPower: nil)
    let escapes = Int((100 * LawSeparation.needed / unit.separation.noncentrality).rounded())
    let experiments = 600
    var rejected = 0
    for experiment in 0..<experiments {
      let points = try inverse.enumerated().map { i, x in
        let sample = try exponentialSample(escapes, seed: 740 + UInt64(i), experiment)
        return ArrheniusPoint(
          inverseTemperature: x, escapes: Double(sample.escapes),
          exposure: CensoredRate(sample).exposure * exp(x))
      }
      if try RivalLaws(points, predictedPower: nil)[.power]?.isRejected == true { rejected += 1 }
    }
    // The smaller of the two ways round is what `noncentrality` is, so 80 % is a lower end; z = 3.
    let share = Double(rejected) / Double(experiments)
    #expect(share > 0.8 - 3 * (0.16 / Double(experiments)).squareRoot(), "\(share), \(escapes)")
    #expect(share < 0.95, "\(share)")
  }

  @Test("points below dE/T = 2 are marked and no law is called over them")
  func shallow() throws {
    let points = expected([1, 3, 5, 7], escapes: 1000) { exp($0) }
    let known = try RivalLaws(points, predictedPower: 0, knownBarrier: 1)
    #expect(known.shallow == [0] && known.best == nil && known.simplest == .arrhenius)
    #expect(known.warning?.contains("dE/T < 2 at point 1") == true)
    #expect(known.warning?.contains("0.125 ... 0.333") == true, "\(known.warning ?? "")")
    let cold = try RivalLaws(Array(points.dropFirst()), predictedPower: 0, knownBarrier: 1)
    #expect(cold.shallow.isEmpty && cold.best == .arrhenius && cold.warning == nil)
    // dE/T = 2 printed to four digits is no shallow point.
    let edge = expected([1.9995, 4, 6], escapes: 1000) { exp($0) }
    #expect(try RivalLaws(edge, predictedPower: 0, knownBarrier: 1).shallow.isEmpty)
  }

  @Test("two temperatures tell no activated law from a power")
  func two() throws {
    let laws = try RivalLaws(
      expected([3, 6], escapes: 1000) { exp($0) }, predictedPower: nil)
    #expect(laws.best == nil && laws.warning?.contains("give at least three") == true)
  }
}
