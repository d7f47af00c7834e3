import Foundation
import Kramers
import Testing

/// 95 % intervals of tau over simulated exponential experiments: replicas watched for a fixed time.
@Suite struct CoverageTests {
  static let isLong = ProcessInfo.processInfo.environment["KRAMERS_LONG"] != nil

  struct Design: Sendable, CustomTestStringConvertible {
    var replicas: Int
    /// Expected escapes.
    var escapes: Double
    var testDescription: String { "\(escapes) of \(replicas)" }
  }

  static let designs = [
    Design(replicas: 64, escapes: 3), Design(replicas: 64, escapes: 6),
    Design(replicas: 64, escapes: 12), Design(replicas: 64, escapes: 20),
    Design(replicas: 64, escapes: 40), Design(replicas: 64, escapes: 64),
    Design(replicas: 256, escapes: 20), Design(replicas: 256, escapes: 128),
    Design(replicas: 8, escapes: 8), Design(replicas: 20, escapes: 20),
    Design(replicas: 1000, escapes: 3),
  ]

  @Test(
    "intervals cover at least 95 % less two standard errors; at most 97 % from 20 escapes on",
    arguments: designs)
  func coverage(design: Design) throws {
    let experiments = 2000
    let share = design.escapes / Double(design.replicas)
    let budget = share < 1 ? -log(1 - share) : Double.infinity
    var covered = 0
    for experiment in 0..<experiments {
      let sample = try exponentialSample(
        design.replicas, budget: budget, seed: 900 + UInt64(design.replicas), experiment)
      let rate = CensoredRate(sample)
      if rate.low <= 1 && 1 <= rate.high { covered += 1 }
    }
    let coverage = Double(covered) / Double(experiments)
    let error = (0.05 * 0.95 / Double(experiments)).squareRoot()
    #expect(coverage >= 0.95 - 2 * error, "covers \(coverage)")
    if design.escapes >= 20 { #expect(coverage <= 0.97, "covers \(coverage)") }
    if Self.isLong { print("coverage, \(design.testDescription) escapes: \(coverage)") }
  }

  @Test("staggered censoring changes nothing: budgets that differ between replicas")
  func staggered() throws {
    let experiments = 2000
    var covered = 0
    for experiment in 0..<experiments {
      let plain = try exponentialSample(64, seed: 911, experiment)
      let budgets = try exponentialSample(64, lag: 0.2, seed: 912, experiment).times
      let sample = try CensoredSample(
        times: zip(plain.times, budgets).map(min), escaped: zip(plain.times, budgets).map(<=))
      let rate = CensoredRate(sample)
      if rate.low <= 1 && 1 <= rate.high { covered += 1 }
    }
    let coverage = Double(covered) / Double(experiments)
    #expect(coverage >= 0.95 - 2 * (0.05 * 0.95 / 2000.0).squareRoot(), "covers \(coverage)")
    #expect(coverage <= 0.97, "covers \(coverage)")
  }

  @Test(
    "the Kaplan-Meier band at the median covers it in 95 % within 3 standard errors and 1 %")
  func band() throws {
    let experiments = 2000
    var covered = 0
    for experiment in 0..<experiments {
      let curve = KaplanMeier(try exponentialSample(64, budget: 1.2, seed: 913, experiment))
      if let row = curve.rows.last(where: { $0.step <= log(2) }),
        row.low <= 0.5 && 0.5 <= row.high
      {
        covered += 1
      }
    }
    let coverage = Double(covered) / Double(experiments)
    let error = (0.05 * 0.95 / Double(experiments)).squareRoot()
    // The log(-log) band is asymptotic; with 64 replicas 1 % is allowed.
    #expect(abs(coverage - 0.95) < 3 * error + 0.01, "covers \(coverage)")
  }

  @Test("a survival row counts what was censored before it")
  func censoredRows() throws {
    let sample = try CensoredSample(
      times: [10, 15, 20, 30, 30, 40], escaped: [true, false, true, true, false, true])
    let rows = KaplanMeier(sample).rows
    #expect(rows.map(\.step) == [10, 20, 30, 40])
    #expect(rows.map(\.censored) == [0, 1, 1, 2])
    #expect(rows.map(\.atRisk) == [6, 4, 3, 1])
  }
}
